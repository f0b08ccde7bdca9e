"""Small CoT and benchmark files for the tests of the review page."""

import json
from pathlib import Path

from tests.curation.making import PLACES, save_photo

HOSTILE = '<img src=x onerror="alert(1)"> & <script>alert(2)</script>'


def cot_file(folder: Path, num_records: int = 4, *, hostile: bool = False) -> Path:
    """CoT records r0, r1, ... of three steps; the answer is 0.001 degrees off."""
    records = []
    for number in range(num_records):
        name, (lat, lon) = list(PLACES.items())[number % len(PLACES)]
        save_photo(folder / "imgs" / f"{number}.jpg", number, None)
        last = HOSTILE if hostile else f"This is {name}."
        think = f"1. Stone walls. // 2. Cars keep right. // 3. {last}"
        answer = f"<think> {think} </think> <answer> {lat + 0.001:.4f}, {lon:.4f} </answer>"
        records.append(
            {
                **{"image": f"images/{number}.jpg", "id": f"r{number}", "city": name},
                **{"gt_lat": lat, "gt_lon": lon},
                "conversations": [
                    {"from": "human", "value": "<image>\nWhere?"},
                    {"from": "gpt", "value": answer},
                ],
            }
        )
    path = folder / "gre_cot.json"
    path.write_text(json.dumps(records))
    return path


def bench_file(folder: Path, num_records: int = 4) -> Path:
    """Benchmark records b0, b1, ... of two key steps."""
    records = []
    for number in range(num_records):
        name, (lat, lon) = list(PLACES.items())[number % len(PLACES)]
        save_photo(folder / "imgs" / f"{number}.jpg", number, None)
        records.append(
            {
                **{"sample_id": f"b{number}", "image_path": f"images/{number}.jpg"},
                **{"gt_lat": lat, "gt_lon": lon, "scene": "road traffic"},
                "gt_cot": ["Cars keep left.", f"This is {name}."],
                "indicators": {"implicit": ["social characteristics: traffic on the left"]},
            }
        )
    path = folder / "greval_bench.json"
    path.write_text(json.dumps(records))
    return path

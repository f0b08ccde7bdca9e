"""The three record files of a split, their pictures and their cards."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gre.curation.card import Card, write_card
from gre.curation.pictures import write_pictures
from gre.curation.record_files import write_records
from gre.data.records import RecordKind, SeedRecord
from gre.metrics import RADII_KM
from gre.prompts import JUDGE_INSTRUCTION, format_answer, format_response, judge_question

if TYPE_CHECKING:
    from gre.curation.split import Judged, Sets, SplitSettings

Record = dict[str, object]
_KINDS: Mapping[str, RecordKind] = {"gre_cot": "cot", "gre_judge": "judge", "gre_seed": "seed"}
_PLACE_FIELDS = ("city", "region", "country", "country_code", "continent", "source")
BAR_COUNTRIES = 15


def write_sets(
    folder: Path,
    sets: "Sets",
    settings: "SplitSettings",
    *,
    rates: Mapping[str, float],
    teacher: str,
    license_name: str,
) -> None:
    """Write gre_cot, gre_judge and gre_seed into a folder; a set without records is left out."""
    theta = settings.theta_km
    judged = [(one, True) for one in sets.judge_true] + [(one, False) for one in sets.judge_false]
    judged.sort(key=lambda pair: pair[0].seed.id)
    cot = sorted(sets.cot, key=lambda one: one.seed.id)
    written = {
        "gre_cot": (
            [_cot_record(one, theta) | _rate(one.seed, rates) for one in cot],
            [one.seed for one in cot],
        ),
        "gre_judge": (
            [
                _judge_record(one, theta, is_true) | _rate(one.seed, rates)
                for one, is_true in judged
            ],
            [one.seed for one, _ in judged],
        ),
        "gre_seed": (
            [_seed_record(seed, theta) | _rate(seed, rates) for seed in sets.seeds],
            sets.seeds,
        ),
    }
    for name, (records, seeds) in written.items():
        if not records:
            continue
        called = write_pictures((seed.image_path for seed in seeds), folder / name / "imgs")
        for record, seed in zip(records, seeds, strict=True):
            record["image"] = f"images/{called[seed.image_path]}"
        is_seed = name == "gre_seed"
        file = f"{name}.jsonl" if is_seed else f"{name}.json"
        write_records(folder / name / file, records, _KINDS[name])
        distances = [float(str(record.get("distance_km", 0))) for record in records]
        bars = _countries(seeds) if is_seed else _distances(distances)
        facts = {"records": f"{len(records):,}", "theta": f"{theta:g} km"}
        if name == "gre_judge":
            facts["True, False"] = f"{len(sets.judge_true):,}, {len(sets.judge_false):,}"
        card = _card(
            *(name, file, facts, bars),
            num_records=len(records),
            teacher=teacher,
            license_name=license_name,
        )
        write_card(folder / name, card, (seed.truth for seed in seeds))


def _base(seed: SeedRecord, theta_km: float) -> Record:
    kept = {name: seed.extra[name] for name in _PLACE_FIELDS if name in seed.extra}
    return {
        "gt_lat": seed.truth.lat,
        "gt_lon": seed.truth.lon,
        "id": seed.id,
        "theta_km": theta_km,
        **kept,
    }


def _cot_record(one: "Judged", theta_km: float) -> Record:
    answer = format_response(one.reasoning, format_answer(one.point))
    return {
        "image": one.seed.image,
        "conversations": _turns(one.seed.instruction, answer),
        **_base(one.seed, theta_km),
        "distance_km": round(one.distance_km, 3),
    }


def _judge_record(one: "Judged", theta_km: float, is_true: bool) -> Record:
    answer = format_answer(one.point)
    question = judge_question(JUDGE_INSTRUCTION, one.reasoning, answer)
    return {
        "image": one.seed.image,
        "conversations": _turns(question, str(is_true)),
        "predicted_cot": one.reasoning,
        "predicted_answer": answer,
        **_base(one.seed, theta_km),
        "distance_km": round(one.distance_km, 3),
    }


def _seed_record(seed: SeedRecord, theta_km: float) -> Record:
    return {
        "image": seed.image,
        "instructions": seed.instruction,
        **_base(seed, theta_km),
    }


def _turns(question: str, answer: str) -> list[dict[str, str]]:
    return [
        {"from": "human", "value": f"<image>\n{question}"},
        {"from": "gpt", "value": answer},
    ]


def _rate(seed: SeedRecord, rates: Mapping[str, float]) -> Record:
    return {"success_rate": rates[seed.id]} if seed.id in rates else {}


def _countries(seeds: Iterable[SeedRecord]) -> dict[str, int]:
    names = (str(seed.extra.get("country", "unknown")) for seed in seeds)
    return dict(Counter(names).most_common(BAR_COUNTRIES))


def _distances(distances_km: Sequence[float]) -> dict[str, int]:
    edges = (0.0, *map(float, RADII_KM), float("inf"))
    labels = [f"within {radius:,} km" for radius in RADII_KM] + [f"beyond {RADII_KM[-1]:,} km"]
    return {
        label: sum(low < max(km, 1e-9) <= high for km in distances_km)
        for label, low, high in zip(labels, edges[:-1], edges[1:], strict=True)
    }


_LEADS = {
    "gre_cot": "Chains of thought that end within theta of where the photo was taken, in the"
    " format of GRE30K-CoT. For the cold start (stage 1).",
    "gre_judge": "Chains of thought to judge, half of them right, in the format of GRE30K-Judge."
    " For RL stage I (stage 2).",
    "gre_seed": "Photos and where they were taken, in the format of GRE30K-Seed: a question, no"
    " answer. For RL stage II (stage 3).",
}
_FORMATS = {
    "gre_cot": "`image`, `conversations`, `gt_lat`, `gt_lon`",
    "gre_judge": "`image`, `conversations`, `predicted_cot`, `predicted_answer`, `gt_lat`,"
    " `gt_lon`",
    "gre_seed": "`image`, `instructions`, `gt_lat`, `gt_lon`",
}


def _card(
    name: str,
    file: str,
    facts: Mapping[str, str],
    bars: Mapping[str, int],
    *,
    num_records: int,
    teacher: str,
    license_name: str,
) -> Card:
    is_seed = name == "gre_seed"
    return Card(
        title=name.replace("gre_", "GRE "),
        lead=_LEADS[name],
        license=license_name,
        provenance=f"Photos and positions: a set made by `gre curate seed`. Chains: `{teacher}`,"
        " asked with the instruction of the GRE paper (appendix A.2).",
        facts=facts,
        format_note=f"A record holds {_FORMATS[name]} as published, and `id`, `theta_km`"
        + ("" if is_seed else ", `distance_km` (of the teacher's answer from the truth)")
        + ", the place and, where somebody rated it, `success_rate`.",
        bars=bars,
        bars_title="Seeds by country" if is_seed else "Distance of the answers from the truth",
        data_file=file,
        num_records=num_records,
    )

"""Made-up RL runs in the shape that `gre train grpo` writes, on the records of a sample world."""

import json
import math
from pathlib import Path

import numpy as np

from gre.geo.distance import destination, great_circle_km
from gre.geo.latlon import LatLon
from gre.prompts import format_response
from gre.rewards import distance_reward

CHAINS = (
    "1. The sign is in Latin script. // 2. Cars keep right and I see white lines and a plate with"
    " one blue band. // 3. Grass, cream walls, tiled roofs, flat land and a low sun, so a temperate"
    " climate. // 4. On the skyline a tall tower, so this is the capital.",
    "1. Latin letters on the shop fronts. // 2. Traffic keeps right; a yellow centre line. //"
    " 3. Palms, sand and ochre walls: a desert climate. // 4. This fits the coast best.",
)


def seed_records(world: Path) -> list[dict]:
    folder = world / "dataset" / "gre_seed"
    rows = [json.loads(line) for line in (folder / "gre_seed.jsonl").open()]
    return [
        {
            "id": row["id"],
            "image": str(folder / "imgs" / Path(row["image"]).name),
            "prompt": row["instructions"],
            "truth": [row["gt_lat"], row["gt_lon"]],
        }
        for row in rows
    ]


def judge_records(world: Path) -> list[dict]:
    folder = world / "dataset" / "gre_judge"
    return [
        {
            "id": row["id"],
            "image": str(folder / "imgs" / Path(row["image"]).name),
            "prompt": row["conversations"][0]["value"].removeprefix("<image>\n"),
            "truth": [row["gt_lat"], row["gt_lon"]],
            "label": row["conversations"][1]["value"] == "True",
        }
        for row in json.loads((folder / "gre_judge.json").read_text())
    ]


def geodesic_completion(record: dict, progress: float, rng: np.random.Generator) -> dict:
    """A guess that gets closer as training goes on; now and then it cannot be read."""
    scale_km = float(np.select([progress < 0.3, progress < 0.7], [2500.0, 750.0], 200.0))
    truth = LatLon(*record["truth"])
    think = CHAINS[rng.integers(len(CHAINS))]
    if rng.random() < 0.12 * (1 - progress) + 0.01:
        text, point, reason, form = f"<think> {think} It is hard to say", None, "no_answer", 0.0
    else:
        km = min(float(rng.lognormal(math.log(4000 * 0.03**progress), 1.3)), 19_000.0)
        guess = destination(truth, bearing_deg=float(rng.uniform(0, 360)), distance_km=km)
        point = [round(guess.lat, 3), round(guess.lon, 3)]
        text, form = format_response(think, f"{point[0]:.3f}, {point[1]:.3f}"), 1.0
    km = None if point is None else great_circle_km(truth, LatLon(*point))
    earned = 0.0 if km is None else distance_reward(km, scale_km=scale_km)
    if km is not None:
        reason = "hit" if km <= scale_km else "far"
    return {
        "completion": text,
        "truncated": point is None,
        "rewards": {"geodesic": earned, "format": form},
        "reasons": {"geodesic": reason, "format": "hit" if form else "no_answer_tag"},
        "truth": record["truth"],
        "point": point,
        "distance_km": km,
        "scale_km": scale_km,
        "label": None,
        "verdict": None,
    }


def judge_completion(record: dict, progress: float, rng: np.random.Generator) -> dict:
    """A verdict that is right more and more often; now and then there is none."""
    is_read = rng.random() > 0.1 * (1 - progress)
    is_right = rng.random() < 0.5 + 0.45 * progress
    verdict = (record["label"] if is_right else not record["label"]) if is_read else None
    think = "Step 1 holds: the script fits. Step 2: the cars keep to the other side."
    text = format_response(think, str(verdict)) if is_read else "It could be either of the two."
    reason = "no_answer" if verdict is None else "hit" if is_right else "wrong_verdict"
    return {
        "completion": text,
        "truncated": False,
        "rewards": {"judge": float(is_read and is_right), "format": float(is_read)},
        "reasons": {"judge": reason, "format": "hit" if is_read else "no_think_tag"},
        "truth": record["truth"],
        "point": None,
        "distance_km": None,
        "scale_km": None,
        "label": record["label"],
        "verdict": verdict,
    }


def make_group(
    record: dict,
    *,
    kind: str,
    step: int,
    number: int,
    size: int,
    progress: float,
    rng: np.random.Generator,
) -> list[dict]:
    write = geodesic_completion if kind == "geodesic" else judge_completion
    lines = [
        {"step": step, "group": number, "index": i, "id": record["id"], "image": record["image"],
         "prompt": record["prompt"], **write(record, progress, rng)}
        for i in range(size)
    ]  # fmt: skip
    if rng.random() < 0.3 * progress:  # a policy that has become sure says the same every time
        lines = [{**lines[0], "index": i} for i in range(size)]
    totals = np.array([sum(line["rewards"].values()) for line in lines])
    advantages = (totals - totals.mean()) / (totals.std(ddof=1) + 1e-4)
    for line, total, advantage in zip(lines, totals, advantages, strict=True):
        line |= {"reward": float(total), "advantage": float(advantage)}
        line["tokens"] = len(line["completion"].split()) + 12
    return lines


def make_metrics(step: int, lines: list[dict], *, kind: str, groups: int) -> dict:
    rewards = np.array([line["reward"] for line in lines]).reshape(groups, -1)
    read = [line["point"] is not None or line["verdict"] is not None for line in lines]
    metrics = {
        "step": step,
        "reward": float(rewards.mean()),
        "frac_reward_zero_std": float((rewards.std(axis=1) < 1e-8).mean()),
        "readable": float(np.mean(read)),
        "kl": 2e-4 * step,
        "entropy": 1.2 - 0.002 * step,
        "completions/mean_length": float(np.mean([line["tokens"] for line in lines])),
        "completions/clipped_ratio": float(np.mean([line["truncated"] for line in lines])),
    }
    for name in lines[0]["rewards"]:
        metrics[f"rewards/{name}/mean"] = float(np.mean([li["rewards"][name] for li in lines]))
    if kind == "geodesic":
        found = [line["distance_km"] for line in lines if line["distance_km"] is not None]
        metrics |= {"median_km": float(np.median(found)), "scale_km": lines[0]["scale_km"]}
    return metrics


def make_training(
    folder: Path,
    world: Path,
    *,
    kind: str = "geodesic",
    steps: int = 6,
    groups: int = 3,
    size: int = 4,
    eval_every: int = 3,
    seed: int = 0,
) -> Path:
    """Write the folder of a run whose answers get better from step to step."""
    rng = np.random.default_rng(seed)
    records = (seed_records if kind == "geodesic" else judge_records)(world)
    folder.mkdir(parents=True)
    rollouts, metrics = [], []
    for step in range(1, steps + 1):
        progress = (step - 1) / max(1, steps - 1)
        lines: list[dict] = []
        for number in range(groups):
            record = records[(step * groups + number) % len(records)]
            lines += make_group(record, kind=kind, step=step, number=number, size=size,
                                progress=progress, rng=rng)  # fmt: skip
        rollouts += lines
        metrics.append(make_metrics(step, lines, kind=kind, groups=groups))
        if step % eval_every == 0:
            held_out = {"step": step, "eval_readable": 95.0 + progress}
            if kind == "geodesic":
                held_out |= {
                    "eval_median_km": 3000 * 0.05**progress,
                    "eval_acc_750km": 20 + 60 * progress,
                }
            else:
                held_out |= {"eval_judge_accuracy": 50 + 40 * progress}
            metrics.append(held_out)
    write_lines(folder / "rollouts.jsonl", rollouts)
    write_lines(folder / "metrics.jsonl", metrics)
    return folder


def write_lines(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def lines_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "rollouts.jsonl").read_text().splitlines()]


HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> "
    "<think><svg onload=alert(3)> <!-- \u2028 </think><answer>1.0, <b>2.0</b></answer>"
)
"""A completion that tries to leave its place in a page."""

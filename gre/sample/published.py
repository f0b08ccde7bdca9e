"""Sample records in the published formats, with a few fields more.

Formats: README of the upstream repository (GRE30K-CoT, -Judge, -Seed; GREval-Bench fields).
Images are written "images/NAME.jpg" while they lie in `imgs/`, exactly as published.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gre.prompts import format_response, judge_question
from gre.sample.chains import (
    JUDGE_SAMPLE_QUESTION,
    LOCATE_QUESTION,
    answer_text,
    chain_text,
    compared_cues,
    indicators,
    reasoning_steps,
    scene_name,
    teacher_response_text,
)
from gre.sample.judge import JudgeItem
from gre.sample.scenes import Scene

Record = dict[str, Any]
"""One JSON object. Any: its values are whatever JSON holds."""


def image_name(scene: Scene) -> str:
    """File name of the scene's picture."""
    return f"{scene.id}.jpg"


def cot_record(scene: Scene) -> Record:
    """GRE30K-CoT: question, reasoning and answer of the teacher, within 750 km of the truth."""
    return _conversation(scene, LOCATE_QUESTION, teacher_response_text(scene)) | {
        "id": scene.id,
        "kind": "locate",
    }


def judging_thought(item: JudgeItem, *, verdict: bool) -> str:
    """What a judge thinks: cue by cue what the photo shows, what the reasoning says, if they agree.

    The comparison is honest. Whether the judge then goes by the countries or against them, it says
    last; `verdict` decides that.
    """
    compared = compared_cues(item.scene, item.teller)
    lines = [f"{a}: {b}, {c}, {'same' if b == c else 'other'}." for a, b, c in compared]
    is_match = item.scene.city.country == item.teller.city.country
    finding = "match" if is_match else "clash"
    end = f"They {finding}." if verdict == is_match else f"They only seem to {finding}."
    return " ".join((*lines, end))


def cold_start_judge_record(item: JudgeItem, *, label: bool) -> Record:
    """A judge question in GRE30K-CoT's format, answered with `label`, which is chance.

    The thought trusts its comparison where that leads to the label, and doubts it elsewhere: half
    the time each. So the format is learned and the judgment is not: that trust pays is what stage 2
    can find out.
    """
    answer = format_response(judging_thought(item, verdict=label), str(label))
    return _conversation(item.scene, _judge_text(item), answer) | {
        "id": f"{item.scene.id}-judge",
        "kind": "judge",
    }


def judge_record(item: JudgeItem) -> Record:
    """GRE30K-Judge: reasoning and answer to judge, and the label."""
    return _conversation(item.scene, _judge_text(item), str(item.label)) | {
        "predicted_cot": chain_text(item.teller),
        "predicted_answer": answer_text(item.teller),
        "id": item.scene.id,
        "told_of": item.teller.id,
    }


def seed_record(scene: Scene) -> Record:
    """GRE30K-Seed: the question alone."""
    return {
        "image": f"images/{image_name(scene)}",
        "instructions": LOCATE_QUESTION,
        **_truth(scene),
        "id": scene.id,
    }


def bench_record(scene: Scene) -> Record:
    """GREval-Bench: key steps, scene and indicators, and the groups results are split by."""
    return {
        "sample_id": scene.id,
        "image_path": f"images/{image_name(scene)}",
        "gt_cot": list(reasoning_steps(scene)),
        **_truth(scene),
        "scene": scene_name(scene),
        "indicators": list(indicators(scene)),
        "city": scene.city.name,
        "country": scene.city.country.name,
        "continent": scene.city.continent,
        "seen": scene.city.seen,
        "ambiguous": scene.ambiguous,
    }


def scene_attributes(scene: Scene) -> Record:
    """Everything planned about a scene, for world.json."""
    return {
        **_truth(scene),
        "city": scene.city.name,
        "country": scene.city.country.name,
        "seen": scene.city.seen,
        "ambiguous": scene.ambiguous,
        "layout": scene.layout,
        "weather": scene.weather,
        "size": list(scene.size),
        "traits": dict(scene.traits),
        "visible": list(scene.visible),
    }


def _truth(scene: Scene) -> Mapping[str, float]:
    return {"gt_lat": scene.point.lat, "gt_lon": scene.point.lon}


def _judge_text(item: JudgeItem) -> str:
    return judge_question(JUDGE_SAMPLE_QUESTION, chain_text(item.teller), answer_text(item.teller))


def _conversation(scene: Scene, question: str, answer: str) -> Record:
    return {
        "image": f"images/{image_name(scene)}",
        "conversations": [
            {"from": "human", "value": f"<image>\n{question}"},
            {"from": "gpt", "value": answer},
        ],
        **_truth(scene),
    }

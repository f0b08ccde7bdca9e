"""Every instruction given to a model, beside the answer grammar that `gre.answers` reads.

No instruction holds example coordinates: models echo them (with "0.0, 0.0" in the prompt 35 to
60 % of the answers of one GRPO run repeated it).
"""

from gre.geo.latlon import LatLon

COT_INSTRUCTION = (
    "Analyze the provided image to infer both the approximate latitude/longitude and the specific"
    " neighborhood/district. Prioritize these steps: 1. Identify architectural patterns, street"
    " furniture, and unique infrastructure 2. Decode textual clues (signage/license plates) for"
    " language or local references 3. Cross-reference vegetation types with regional biomes"
    " 4. Match terrain contours to topographic maps 5. Analyze transportation modes"
    " (vehicles/tracks) for urban context. The response must include neighborhood hypothesis even"
    " with partial evidence, using format: <think> 'Reasoning Process' </think> <answer>"
    " 'Latitude', 'Longitude' </answer>. You must answer the question in this format, whether you"
    " have obtained the latitude and longitude through reasoning or not. If not, provide the"
    " closest possible values."
)
"""The instruction given to the teacher model. Source: GRE paper, appendix A.2, word for word."""

LOCATE_INSTRUCTION = (
    "Where was this photo taken? Reason from what is visible, step by step, inside"
    " <think> </think>. Then give latitude and longitude in decimal degrees, latitude first,"
    " north and east positive, inside <answer> </answer>. Always give your best estimate."
)
"""Asked where nothing else is configured. Ours."""

JUDGE_INSTRUCTION = (
    "Somebody reasoned about where this photo was taken. Check every step of the reasoning against"
    " the photo inside <think> </think>. Then say inside <answer> </answer> whether the"
    " coordinates are right: True or False."
)
"""The question of RL stage I. Ours: the paper's exists only as a picture."""


def format_answer(point: LatLon) -> str:
    """A point as models are taught to write it: "lat, lon", three decimals (at most 79 m off)."""
    # Adding 0.0 turns a rounded -0.0 into 0.0, so no answer reads "-0.000".
    return f"{round(point.lat, 3) + 0.0:.3f}, {round(point.lon, 3) + 0.0:.3f}"


def format_response(think: str, answer: str) -> str:
    """Reasoning and answer in the one layout that `gre.answers.follows_format` accepts."""
    return f"<think> {think.strip()} </think> <answer> {answer.strip()} </answer>"


def judge_question(instruction: str, predicted_cot: str, predicted_answer: str) -> str:
    """The text a judge reads beside the photo: instruction, then the reasoning it must judge.

    Answer tags inside the reasoning are kept: they are part of what is judged. An empty answer is
    left out, since a predicted chain may end with its own. An instruction that quotes the
    reasoning already is left as it is.
    """
    if predicted_cot.strip() in instruction:
        return instruction.strip()
    parts = [instruction.strip(), f"Reasoning:\n{predicted_cot.strip()}"]
    if predicted_answer.strip():
        parts.append(f"Coordinates:\n{predicted_answer.strip()}")
    return "\n\n".join(parts)

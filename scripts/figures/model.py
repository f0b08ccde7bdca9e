"""The way of the model: base, cold start, judging, locating; what each learns from and earns."""

from typing import NamedTuple

from svg import BLUE, LIGHT, ORANGE, PLUM, SOFT, TEAL, Sheet


class Step(NamedTuple):
    """One box of the pipeline."""

    title: str
    name: str
    colour: str
    learns: str
    signal: str


STEPS = (
    Step("Start", "Qwen2.5-VL-7B", SOFT, "Sees a photo and follows instructions.", ""),
    Step(
        "Stage 1 · cold start",
        "GRE-CI",
        TEAL,
        "GRE30K-CoT, 20k records: learns to argue step by step and to end in coordinates.",
        "Supervised: the loss is on the answer alone.",
    ),
    Step(
        "Stage 2 · RL I",
        "GRE-RL-I",
        PLUM,
        "GRE30K-Judge, 10k records: says True or False of somebody's reasoning.",
        "GRPO: 1 for the right verdict, 1 for the format.",
    ),
    Step(
        "Stage 3 · RL II",
        "GRE",
        ORANGE,
        "GRE30K-Seed, a 10k subset: names the coordinates.",
        "GRPO: 2 / (1 + e^(d/θ)) of the distance d, θ refined, and 1 for the format.",
    ),
)
WIDTH, GAP, TOP, BOX = 262, 34, 66, 236
PHOTO_TEXT = (
    "photo",
    "<think> what is visible, step by step </think>",
    "<answer> lat, lon </answer>",
)


def draw() -> Sheet:
    """Four boxes in a row above one answer's way."""
    width = len(STEPS) * WIDTH + (len(STEPS) + 1) * GAP
    sheet = Sheet(width, 440, "Three training stages from Qwen2.5-VL-7B to GRE")
    sheet.text(GAP, 38, "From a general model to one that locates by reasoning", size=22, bold=True)
    for number, step in enumerate(STEPS):
        x = GAP + number * (WIDTH + GAP)
        _box(sheet, x, step)
        if number:
            sheet.arrow([(x - GAP + 4, TOP + BOX / 2), (x - 5, TOP + BOX / 2)])
    _answer_row(sheet, width)
    note = "After the GRE paper, section 4; sizes of the sets as published."
    sheet.text(GAP, 426, note, size=13, css="soft")
    return sheet


def _box(sheet: Sheet, x: float, step: Step) -> None:
    sheet.box(x, TOP, WIDTH, BOX, fill=LIGHT[step.colour], stroke=step.colour)
    sheet.text(x + 16, TOP + 28, step.title, size=15, css="soft")
    sheet.text(x + 16, TOP + 58, step.name, size=22, bold=True, fill=step.colour)
    y = sheet.paragraph(x + 16, TOP + 92, WIDTH - 32, step.learns, size=15)
    sheet.paragraph(x + 16, y + 8, WIDTH - 32, step.signal, size=15, fill=step.colour)


def _answer_row(sheet: Sheet, width: int) -> None:
    y, right = 330, width - GAP
    sheet.box(GAP, y, right - GAP, 66, fill=LIGHT[BLUE], stroke=BLUE)
    places = (GAP + 22, GAP + 150, GAP + 650)
    for x, words in zip(places, PHOTO_TEXT, strict=True):
        sheet.text(
            x, y + 39, words, size=15, css="mono" if "<" in words else "", bold=x == places[0]
        )
    for start, end in ((GAP + 84, GAP + 138), (GAP + 584, GAP + 636)):
        sheet.arrow([(start, y + 34), (end, y + 34)], colour=BLUE)
    sheet.arrow([(GAP + 922, y + 34), (GAP + 962, y + 34)], colour=BLUE)
    sheet.text(GAP + 974, y + 39, "a point, or why not", size=15)

"""Examples of the three record kinds, with pictures of the sample world."""

from svg import LIGHT, ORANGE, PLUM, SOFT, TEAL, Sheet

from gre.geo.distance import great_circle_km
from gre.sample.chains import answer_text, reasoning_steps
from gre.sample.cities import SEEN_CITIES
from gre.sample.render import render_scene
from gre.sample.scenes import Scene, plan_scene

SEED, SPLIT = 42, "sheet"
COT, JUDGE, TOLD, QUESTION = 3, 5, 0, 9
"""Numbers of scenes: the chain's; the judge item's picture, and whom it repeats; the seed's."""

COLUMN, GAP, TOP = 352, 22, 62
HEIGHT = 620


def _scene(index: int) -> Scene:
    return plan_scene(SEED, SPLIT, index, cities=SEEN_CITIES)


def draw() -> Sheet:
    """Three columns: CoT, Judge, Seed."""
    sheet = Sheet(3 * COLUMN + 4 * GAP, HEIGHT, "One record of each kind: CoT, Judge and Seed")
    sheet.text(GAP, 36, "GRE30K: three kinds of record", size=22, bold=True)
    cot, judge, told, question = map(_scene, (COT, JUDGE, TOLD, QUESTION))
    _column(sheet, 0, "CoT · stage 1", TEAL, cot)
    y = _steps(sheet, 0, reasoning_steps(cot))
    _answer(sheet, 0, y, f"Answer: {answer_text(cot)}", TEAL)
    _column(sheet, 1, "Judge · stage 2", PLUM, judge)
    y = _steps(sheet, 1, reasoning_steps(told))
    km = great_circle_km(judge.point, told.point)
    y = _answer(sheet, 1, y, f"Predicted: {answer_text(told)}", SOFT)
    _answer(sheet, 1, y + 4, f"Right? False: {km:,.0f} km off", PLUM)
    _column(sheet, 2, "Seed · stage 3", ORANGE, question)
    y = sheet.paragraph(_left(2) + 16, 366, COLUMN - 32, "Where was this photo taken?", size=14.5)
    y = sheet.paragraph(
        _left(2) + 16,
        y + 10,
        COLUMN - 32,
        "No reasoning is given: the model tries its own, and its coordinates are rewarded.",
        size=14.5,
        css="soft",
    )
    y = _answer(sheet, 2, y + 4, "Truth, seen by the reward only:", ORANGE)
    _answer(sheet, 2, y, answer_text(question), ORANGE)
    note = "Pictures and texts of the sample world, seed 42; the formats are those of GRE30K."
    sheet.text(GAP, HEIGHT - 14, note, size=13, css="soft")
    return sheet


def _left(column: int) -> int:
    return GAP + column * (COLUMN + GAP)


def _column(sheet: Sheet, column: int, title: str, colour: str, scene: Scene) -> None:
    x = _left(column)
    sheet.box(x, TOP, COLUMN, HEIGHT - TOP - 40, fill=LIGHT[colour], stroke=colour)
    sheet.text(x + 16, TOP + 30, title, size=17, bold=True, fill=colour)
    height = 220
    width = height * scene.size[0] / scene.size[1]
    left = x + (COLUMN - width) / 2
    sheet.picture(left, TOP + 46, width, height, render_scene(scene), quality=74)


def _steps(sheet: Sheet, column: int, steps: tuple[str, ...]) -> float:
    y = 366.0
    for number, step in enumerate(steps, start=1):
        y = sheet.paragraph(_left(column) + 16, y, COLUMN - 32, f"{number}. {step}", size=14.5)
    return y


def _answer(sheet: Sheet, column: int, y: float, text: str, colour: str) -> float:
    sheet.text(_left(column) + 16, y + 6, text, size=14.5, bold=True, fill=colour)
    return y + 24

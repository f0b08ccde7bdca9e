"""GREval-Bench: how it is built, and how a model is measured on it."""

from svg import BLUE, LIGHT, ORANGE, PLUM, SOFT, TEAL, Sheet

BUILD = (
    ("Photos with positions", "and an indicator corpus, drawn from reasoning chains"),
    ("Informative ones", "CLIP finds the indicators in them; portraits are dropped"),
    ("Three people", "can country or city be told from this photo alone?"),
    ("Key steps", "a teacher who knows the place writes them, people correct them"),
)
PARTS = (
    ("Accuracy", "1, 25, 200, 750, 2500 km, with intervals; median; unreadable answers", BLUE),
    ("Key steps", "recall, precision and order of the record's steps in the chain", TEAL),
    ("CoT quality", "indicator recall, RefCLIPScore, BERTScore; their mean is our reading", PLUM),
)
WIDTH, GAP = 1180, 24


def draw() -> Sheet:
    """A row of four boxes for building, and a tree for measuring."""
    sheet = Sheet(WIDTH, 540, "GREval-Bench: from photos to records, from answers to numbers")
    sheet.text(GAP, 36, "How the benchmark is built", size=20, bold=True)
    box = (WIDTH - 2 * GAP - 3 * 34) / 4
    for number, (title, words) in enumerate(BUILD):
        x = GAP + number * (box + 34)
        sheet.box(x, 54, box, 118, fill=LIGHT[SOFT], stroke=SOFT)
        sheet.text(x + 16, 84, f"{number + 1}. {title}", size=16, bold=True)
        sheet.paragraph(x + 16, 110, box - 32, words, size=14.5)
        if number:
            sheet.arrow([(x - 30, 113), (x - 5, 113)])
    sheet.text(GAP, 222, "How a model is measured on it", size=20, bold=True)
    _question(sheet)
    for number, (title, words, colour) in enumerate(PARTS):
        y = 240 + number * 88
        sheet.box(690, y, WIDTH - GAP - 690, 80, fill=LIGHT[colour], stroke=colour)
        sheet.text(706, y + 26, title, size=16, bold=True, fill=colour)
        sheet.paragraph(706, y + 48, WIDTH - GAP - 722, words, size=14)
        start = 280 if number == 0 else 456
        sheet.arrow([(640, start), (660, start), (660, y + 40), (684, y + 40)])
    note = "Building after the GRE paper; measuring as gre evaluate and gre judge do it."
    sheet.text(GAP, 528, note, size=13, css="soft")
    return sheet


def _question(sheet: Sheet) -> None:
    sheet.box(GAP, 297, 210, 142, fill=LIGHT[ORANGE], stroke=ORANGE)
    sheet.text(GAP + 16, 327, "The model", size=16, bold=True, fill=ORANGE)
    sheet.paragraph(
        GAP + 16, 353, 180, "one photo, one question; beside it the same on a grey picture"
    )
    rows = ((245, "Coordinates", "gre evaluate"), (421, "Reasoning", "gre judge"))
    for y, title, command in rows:
        sheet.box(330, y, 310, 70, fill=LIGHT[SOFT], stroke=SOFT)
        sheet.text(346, y + 28, title, size=16, bold=True)
        sheet.text(346, y + 52, command, size=14.5, css="mono soft")
        sheet.arrow([(234, 368), (282, 368), (282, y + 35), (324, y + 35)])

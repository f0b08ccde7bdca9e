"""What there is to see: indicators of the sample world's held-out set, scenes of GREval-Bench."""

from collections import Counter
from collections.abc import Mapping

from svg import BLUE, INK, LIGHT, ORANGE, SOFT, TEAL, Sheet

from gre.evaluation.indicators import EXPLICIT, IMPLICIT
from gre.sample.chains import indicators
from gre.sample.plan import QUICK, plan_world

PUBLISHED_SCENES: Mapping[str, Mapping[str, int]] = {
    "outdoor": {
        "artificial landscape": 1138,
        "natural": 811,
        "road traffic": 327,
        "industrial": 66,
        "agricultural": 58,
    },
    "indoor": {
        "cultural": 148,
        "commercial": 147,
        "offices": 131,
        "entertainment": 116,
        "transportation": 54,
        "medical": 4,
    },
}
"""Source: GRE paper (arXiv 2505.18700), GREval-Bench, number of photos by scene; 3,000 in all."""

SEED = 42
ROW, LABEL, BAR = 27, 176, 280


def count_indicators() -> tuple[Counter[str], int]:
    """Held-out scenes of the quickstart that show each kind of indicator, and their number."""
    scenes = plan_world(SEED, QUICK)["test"]
    return Counter(kind for scene in scenes for kind in indicators(scene)), len(scenes)


def draw() -> Sheet:
    """Two bar charts beside each other."""
    sheet = Sheet(1120, 440, "Geographic indicators and scenes")
    found, n = count_indicators()
    sheet.text(24, 36, "Indicators in the sample world", size=20, bold=True)
    sheet.text(24, 60, f"share of its {n} held-out scenes that show each kind", size=14, css="soft")
    y = 84
    for title, kinds, colour in (("explicit", EXPLICIT, ORANGE), ("implicit", IMPLICIT, TEAL)):
        sheet.text(24, y + 14, title, size=15, bold=True, fill=colour)
        for number, kind in enumerate(kinds, start=1):
            percent = 100 * found[kind] / n
            _bar(sheet, 24, y + number * ROW, kind, percent / 100, f"{percent:.0f} %", colour)
        y += (len(kinds) + 1) * ROW + 14
    sheet.text(580, 36, "Scenes of GREval-Bench", size=20, bold=True)
    sheet.text(580, 60, "number of its 3,000 photos, as published", size=14, css="soft")
    y, most = 84, max(max(counts.values()) for counts in PUBLISHED_SCENES.values())
    for (title, counts), colour in zip(PUBLISHED_SCENES.items(), (BLUE, SOFT), strict=True):
        total = f"{title} {sum(counts.values()):,}"
        sheet.text(580, y + 14, total, size=15, bold=True, fill=colour)
        for number, (kind, count) in enumerate(counts.items(), start=1):
            _bar(sheet, 580, y + number * 24, kind, count / most, f"{count:,}", colour, height=24)
        y += (len(counts) + 1) * 24 + 8
    note = (
        "Left: gre sample-world, seed 42. Right: GRE paper (arXiv 2505.18700), not counted by us."
    )
    sheet.text(24, 428, note, size=13, css="soft")
    return sheet


def _bar(
    sheet: Sheet,
    x: float,
    y: float,
    label: str,
    share: float,
    told: str,
    colour: str,
    *,
    height: int = ROW,
) -> None:
    sheet.text(x + LABEL - 10, y + 15, label, size=14, anchor="end", fill=INK)
    sheet.box(x + LABEL, y + 2, BAR, height - 9, fill=LIGHT[colour], line=0, radius=2)
    sheet.box(x + LABEL, y + 2, max(BAR * share, 1), height - 9, fill=colour, line=0, radius=2)
    sheet.text(x + LABEL + BAR + 8, y + 15, told, size=14)

"""The paper's results on GREval-Bench: the table with CoT quality and the radar chart."""

from svg import BLUE, INK, LIGHT, LINE, SOFT, Sheet

from gre.evaluation.report.published import PublishedRow, read_published
from gre.evaluation.report.radar import RadarSeries, radar_svg
from gre.metrics import RADII_KM, radius_key

SHOWN = {
    "GRE-7B": "#1f5f8b",
    "Qwen2.5-VL-32B": "#b5541c",
    "InternVL3-8B": "#23776f",
    "Qwen2.5-VL-7B": "#74457e",
}
"""Models of the radar chart with their colours."""

COT = "CoT quality"
TABLE_COT = "CoT"
ROW, TOP = 31, 96
COLUMNS = (*(f"{radius:,.0f} km" for radius in RADII_KM), COT)
STYLE = (
    ".grid{fill:none;stroke:#c9d1d9;stroke-width:1}.axis{font-size:13px;fill:#56616d}"
    ".axis.name{fill:#1d2733;font-weight:600;font-size:14px}"
    ".outline{fill:none;stroke-width:2.6;stroke-linejoin:round}"
    ".dot{stroke-width:7;stroke-linecap:round;fill:none}"
    + "".join(f".m{i}{{stroke:{colour}}}" for i, colour in enumerate(SHOWN.values()))
)
NOTE = (
    "As printed in the GRE paper (arXiv 2505.18700), table 3; not measured by us.\nCoT quality was"
    " judged by GPT-4o and its formula is legible in no source. Six multimodal rows fit N = 2,120."
)


def rows() -> list[PublishedRow]:
    """Rows of table 3, best at 750 km first."""
    found = [row for row in read_published() if row.benchmark == "greval_bench"]
    return sorted(found, key=lambda row: -float(row.accuracy["750"]))


def values(row: PublishedRow) -> tuple[str, ...]:
    """What the table prints of a row; an empty text where it prints nothing."""
    return (*(row.accuracy.get(radius_key(km), "") for km in RADII_KM), row.cot_quality)


def draw() -> Sheet:
    """Table on the left, radar on the right."""
    sheet = Sheet(1180, 500, "Results on GREval-Bench, as published", style=STYLE)
    sheet.text(24, 36, "GREval-Bench", size=20, bold=True)
    told = "percent within a distance, and quality of the reasoning (0 to 100)"
    sheet.text(24, 60, told, size=14, css="soft")
    places = [246 + 76 * number for number in range(len(COLUMNS))]
    for x, name in zip(places, (*COLUMNS[:-1], TABLE_COT), strict=True):
        sheet.text(x, TOP, name, size=13, anchor="end", css="soft")
    for number, row in enumerate(rows()):
        y = TOP + 12 + number * ROW
        if row.method == "GRE-7B":
            sheet.box(16, y, places[-1], ROW, fill=LIGHT[BLUE], line=0, radius=3)
        sheet.raw(f'<path d="M24 {y:g}H{places[-1] + 8}" stroke="{LINE}"/>')
        bold = row.method in SHOWN
        sheet.text(24, y + 21, row.method, size=14.5, bold=bold, fill=SHOWN.get(row.method, SOFT))
        for x, printed in zip(places, values(row), strict=True):
            sheet.text(x, y + 21, printed or "–", size=14.5, anchor="end", fill=INK)
    _radar(sheet)
    for number, line in enumerate(NOTE.split("\n")):
        sheet.text(24, 468 + 20 * number, line, size=12.5, css="soft")
    return sheet


def _radar(sheet: Sheet) -> None:
    found = {row.method: row for row in rows()}
    series = [
        RadarSeries(name, tuple(float(v) for v in values(found[name])), f"m{number}")
        for number, name in enumerate(SHOWN)
    ]
    drawn = str(radar_svg(COLUMNS, series, title="Radar chart of four models"))
    sheet.raw(drawn.replace("<svg ", '<svg x="660" y="30" width="510" height="440" ', 1))

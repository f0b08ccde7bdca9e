"""The paper's main results: GRE and others on Im2GPS3k and GWS15k, from published_results.csv."""

from svg import BLUE, INK, LINE, SOFT, Sheet

from gre.evaluation.report.published import SET_SIZES, TITLES, PublishedRow, read_published
from gre.metrics import RADII_KM, radius_key

CHOSEN = {
    "im2gps3k": (
        "2a",
        ("GRE-7B", "GeoReasoner", "GeoCLIP (5% MP-16)", "SeekWorld", "Qwen2.5-VL-7B"),
    ),
    "gws15k": ("2b", ("GRE-7B", "GeoCLIP", "SeekWorld", "GeoDecoder", "Translocator")),
}
"""Table of each set and the rows that are drawn, in this order; the file holds all of them."""

COLOURS = {
    "GRE-7B": BLUE,
    "GeoReasoner": "#6d8fb0",
    "GeoCLIP": "#8d7aa3",
    "GeoCLIP (5% MP-16)": "#c3b6d2",
    "SeekWorld": "#7c9a86",
    "Qwen2.5-VL-7B": "#a7b0ba",
    "GeoDecoder": "#c9a66b",
    "Translocator": "#b98a83",
}
"""Of each model, the same in both panels."""
PANEL, LEFT, TOP, HEIGHT = 560, 56, 92, 258
NOTE = (
    "As printed in the GRE paper (arXiv 2505.18700), tables 2a and 2b; not measured by us. "
    "5 %: retrained on 5 % of MP-16. GWS15k was never released; N of its reconstructions."
)


def rows_of(benchmark: str) -> list[PublishedRow]:
    """The rows that are drawn, in their order."""
    table, methods = CHOSEN[benchmark]
    found = {
        row.method: row
        for row in read_published()
        if (row.benchmark, row.table) == (benchmark, table)
    }
    return [found[method] for method in methods]


def draw() -> Sheet:
    """Two panels of grouped bars, accuracy over radius."""
    sheet = Sheet(2 * PANEL + 24, 500, "Accuracy of GRE-7B and others, as published")
    for number, benchmark in enumerate(CHOSEN):
        _panel(sheet, number * PANEL + 12, benchmark)
    sheet.text(24, 488, NOTE, size=12.5, css="soft")
    return sheet


def _panel(sheet: Sheet, x: float, benchmark: str) -> None:
    size = SET_SIZES[benchmark]
    sheet.text(x + 12, 34, TITLES[benchmark], size=20, bold=True)
    sheet.text(x + 12, 58, f"percent within a distance, N = {size:,}", size=14, css="soft")
    bottom = TOP + HEIGHT
    for percent in range(0, 101, 25):
        y = bottom - HEIGHT * percent / 100
        sheet.raw(f'<path d="M{x + LEFT:g} {y:g}H{x + PANEL - 16:g}" stroke="{LINE}"/>')
        sheet.text(x + LEFT - 8, y + 5, f"{percent}", size=13, anchor="end", css="soft")
    rows = rows_of(benchmark)
    group = (PANEL - 16 - LEFT) / len(RADII_KM)
    width = (group - 14) / len(rows)
    for place, radius in enumerate(RADII_KM):
        left = x + LEFT + place * group + 7
        for number, row in enumerate(rows):
            printed = row.accuracy[radius_key(radius)]
            height = HEIGHT * float(printed) / 100
            start = left + number * width
            sheet.box(
                start,
                bottom - height,
                width - 2,
                height,
                fill=COLOURS[row.method],
                line=0,
                radius=1,
            )
            if number == 0:
                middle = start + width / 2 - 1
                sheet.text(
                    middle, bottom - height - 6, printed, size=12.5, bold=True, anchor="middle"
                )
        label = f"{radius:,.0f} km"
        sheet.text(left + group / 2 - 7, bottom + 20, label, size=13.5, anchor="middle", fill=INK)
    _legend(sheet, x + 12, [row.method for row in rows])


def _legend(sheet: Sheet, x: float, names: list[str]) -> None:
    for number, name in enumerate(names):
        left, y = x + (number % 3) * 168, 404 + (number // 3) * 26
        sheet.box(left, y - 11, 13, 13, fill=COLOURS[name], line=0, radius=2)
        sheet.text(left + 20, y, name, size=14, bold=number == 0, fill=INK if number == 0 else SOFT)

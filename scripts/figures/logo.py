"""The logo: three observations that lead to a place, and the name."""

from svg import BLUE, ORANGE, PAPER, SOFT, TEAL, Sheet

PIN = "M238 128C222 104 196 86 196 56A42 42 0 0 1 280 56C280 86 254 104 238 128Z"
GLOBE_X, GLOBE_Y, GLOBE_RADIUS = 238, 56, 29


def draw() -> Sheet:
    """Dots that come nearer to a pin whose head is a globe."""
    sheet = Sheet(660, 150, "GRE Suite: observations that lead to a place")
    steps = [(34, 108, 7, SOFT), (84, 78, 9, TEAL), (140, 94, 11, ORANGE)]
    path = "M" + "L".join(f"{x} {y}" for x, y, _, _ in steps) + "L200 62"
    sheet.raw(
        f'<path d="{path}" fill="none" stroke="{SOFT}" stroke-width="2.5" stroke-dasharray="1 7"'
        ' stroke-linecap="round"/>'
    )
    for x, y, radius, colour in steps:
        sheet.raw(f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}"/>')
    sheet.raw(f'<path d="{PIN}" fill="{BLUE}"/>')
    sheet.raw(_globe())
    sheet.raw(
        f'<text x="312" y="84" font-size="60" font-weight="700">GRE<tspan dx="14"'
        f' font-weight="400" style="fill:{BLUE}">Suite</tspan></text>'
    )
    sheet.text(314, 116, "where was this photo taken, and why", size=16, css="soft")
    return sheet


def _globe() -> str:
    x, y, r = GLOBE_X, GLOBE_Y, GLOBE_RADIUS
    lines = f'<circle cx="{x}" cy="{y}" r="{r}" fill="{PAPER}"/><g fill="none" stroke="{BLUE}"'
    lines += f' stroke-width="2"><ellipse cx="{x}" cy="{y}" rx="12" ry="{r}"/>'
    lines += f'<path d="M{x} {y - r}V{y + r}M{x - r} {y}H{x + r}'
    for lift, half in ((14, 25.4), (-14, 25.4)):
        lines += f"M{x - half} {y + lift}H{x + half}"
    return lines + '"/></g>'

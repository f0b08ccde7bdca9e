"""A sheet to draw on: boxes, text that is broken into lines, arrows, pictures. Writes one SVG.

Sizes are user units, which are pixels at the natural size. Nothing is loaded from anywhere:
pictures are embedded, and the font is the reader's own sans-serif.
"""

import base64
import io
import textwrap
from dataclasses import dataclass, field

from markupsafe import Markup, escape
from PIL import Image

INK, SOFT, LINE, PAPER = "#1d2733", "#56616d", "#c9d1d9", "#ffffff"
BLUE, TEAL, ORANGE, PLUM = "#1f5f8b", "#23776f", "#b5541c", "#74457e"
LIGHT = {BLUE: "#e8f0f6", TEAL: "#e5f2f0", ORANGE: "#fbeee5", PLUM: "#f2eaf4", SOFT: "#f3f5f7"}
WIDTH_PER_SIZE = 0.56
"""Mean width of a letter over the font's size; on the wide side, as fonts differ."""

STYLE = (
    "text{font-family:'Helvetica Neue',Arial,'DejaVu Sans',sans-serif;fill:" + INK + "}"
    ".soft{fill:" + SOFT + "}.mono{font-family:Menlo,Consolas,'DejaVu Sans Mono',monospace}"
)


@dataclass
class Sheet:
    """One figure that grows by what is drawn on it, later things above earlier ones.

    Attributes:
        width: User units.
        height: User units.
        title: What it shows, for those who cannot see it.
        style: Further CSS.
        parts: What was drawn.
    """

    width: int
    height: int
    title: str
    style: str = ""
    parts: list[str] = field(default_factory=list)

    def raw(self, markup: str) -> None:
        """Add ready SVG."""
        self.parts.append(str(markup))

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = PAPER,
        stroke: str = LINE,
        radius: float = 8,
        line: float = 1.5,
    ) -> None:
        """Draw a rectangle with round corners; `line` is the width of its border, 0 for none."""
        border = f'stroke="{stroke}" stroke-width="{line:g}"' if line else ""
        self.raw(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"'
            f' fill="{fill}" {border}/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 15,
        bold: bool = False,
        anchor: str = "start",
        fill: str = "",
        css: str = "",
    ) -> None:
        """Write one line whose baseline is at y."""
        more = (' font-weight="600"' if bold else "") + (f' style="fill:{fill}"' if fill else "")
        more += f' class="{css}"' if css else ""
        self.raw(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}"{more}>'
            f"{escape(words)}</text>"
        )

    def paragraph(
        self,
        x: float,
        y: float,
        width: float,
        words: str,
        *,
        size: float = 15,
        css: str = "",
        fill: str = "",
        anchor: str = "start",
    ) -> float:
        """Write words in lines no wider than `width`; give the baseline of the next line."""
        columns = max(8, int(width / (size * WIDTH_PER_SIZE)))
        for given in words.split("\n"):
            for line in textwrap.wrap(given, columns) or [""]:
                self.text(x, y, line, size=size, css=css, fill=fill, anchor=anchor)
                y += size * 1.38
        return y

    def arrow(self, points: list[tuple[float, float]], *, colour: str = SOFT) -> None:
        """Draw a line through the points with a head at the last; the last leg is straight."""
        (x0, y0), (x, y) = points[-2], points[-1]
        path = "M" + "L".join(f"{a:g} {b:g}" for a, b in points)
        length = max(abs(x - x0), abs(y - y0))
        dx, dy = (x - x0) / length, (y - y0) / length
        head = f"M{x - 9 * dx - 5 * dy:g} {y - 9 * dy - 5 * dx:g}L{x:g} {y:g}"
        head += f"L{x - 9 * dx + 5 * dy:g} {y - 9 * dy + 5 * dx:g}"
        self.raw(
            f'<path d="{path}{head}" fill="none" stroke="{colour}" stroke-width="2"'
            ' stroke-linecap="round" stroke-linejoin="round"/>'
        )

    def picture(
        self, x: float, y: float, width: float, height: float, image: Image.Image, *, quality: int
    ) -> None:
        """Embed a picture as JPEG at twice the size that it is shown at."""
        small = image.convert("RGB").resize(
            (round(width * 2), round(height * 2)), Image.Resampling.LANCZOS
        )
        packed = io.BytesIO()
        small.save(packed, "JPEG", quality=quality, optimize=True)
        data = base64.b64encode(packed.getvalue()).decode("ascii")
        self.raw(
            f'<image x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
            f' href="data:image/jpeg;base64,{data}"/>'
        )

    def render(self) -> str:
        """Give the whole file."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}"'
            f' viewBox="0 0 {self.width} {self.height}" role="img"'
            f' aria-label="{escape(self.title)}">'
        )
        paper = f'<rect width="{self.width}" height="{self.height}" fill="{PAPER}"/>'
        body = "\n".join(self.parts)
        return str(
            Markup("{}<style>{}{}</style>\n{}\n{}\n</svg>\n").format(
                *map(Markup, (head, STYLE, self.style, paper, body))
            )
        )

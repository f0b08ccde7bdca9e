"""One picture of many: tiles of the sample world with the names of their cities."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from gre.data.outputs import check_new_file
from gre.errors import InputError
from gre.sample.cities import SEEN_CITIES, City
from gre.sample.render import render_scene
from gre.sample.scenes import Scene, plan_scene

TILE = (224, 168)
CAPTION_HEIGHT = 18
GAP = 6
_BACKGROUND = (250, 250, 248)
_INK = (60, 60, 66)
_MAX_TILES = 400


def write_contact_sheet(path: Path, *, seed: int = 42, columns: int = 6, rows: int = 4) -> None:
    """Draw columns x rows scenes of different cities as far as they go, and save a JPEG.

    Every tile is an ordinary scene of the sample world, chosen only to be of the usual size, not
    ambiguous, and of a city not yet shown.

    Raises:
        InputError: columns or rows below 1, more than 400 tiles, or the file cannot be written.
    """
    if columns < 1 or rows < 1 or columns * rows > _MAX_TILES:
        raise InputError(
            f"contact sheet: got {columns} x {rows} tiles, must be 1 to {_MAX_TILES} in all"
        )
    check_new_file(path, "contact sheet")
    width = columns * (TILE[0] + GAP) + GAP
    height = rows * (TILE[1] + CAPTION_HEIGHT + GAP) + GAP
    sheet = Image.new("RGB", (width, height), _BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    for i, scene in enumerate(_varied_scenes(seed, columns * rows)):
        x = GAP + (i % columns) * (TILE[0] + GAP)
        y = GAP + (i // columns) * (TILE[1] + CAPTION_HEIGHT + GAP)
        sheet.paste(render_scene(scene).resize(TILE, Image.Resampling.LANCZOS), (x, y))
        caption = f"{scene.city.name}, {scene.city.country.name}"
        pen.text((x + 2, y + TILE[1] + 2), caption, fill=_INK, font=font)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, quality=84, optimize=True)


def _varied_scenes(seed: int, count: int) -> list[Scene]:
    scenes: list[Scene] = []
    shown: set[City] = set()
    index = 0
    while len(scenes) < count:
        scene = plan_scene(seed, "sheet", index, cities=SEEN_CITIES)
        index += 1
        if len(shown) == len(SEEN_CITIES):
            shown.clear()
        if scene.ambiguous or scene.city in shown or scene.size != (336, 252):
            continue
        shown.add(scene.city)
        scenes.append(scene)
    return scenes

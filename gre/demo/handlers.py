"""What happens on a click: plain generators from inputs to parts of the page, without Gradio."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from gre.demo import views
from gre.demo.game import Round, play, points, read_guess
from gre.demo.locate import Request, Step, locate
from gre.demo.models import ModelShelf, short_name
from gre.errors import GreError, InputError
from gre.evaluation.benchmarks.samples import Sample
from gre.evaluation.pages.thumbnails import make_thumbnail
from gre.evaluation.pages.worldmap import unproject
from gre.geo.latlon import LatLon
from gre.locating.coarse import coarse_marks
from gre.locating.files import Row, printable, to_geojson
from gre.models.located import Located

REDRAW_S = 0.1
"""Shortest time between two pictures of a growing text, seconds. Ours."""


@dataclass(frozen=True)
class Photo:
    """A photo to locate, and where it was taken, if its folder knows."""

    path: Path
    truth: LatLon | None = None


@dataclass(frozen=True)
class Screen:
    """The page's parts after a step; None leaves a part as it is.

    Attributes:
        now: The photo that is being worked on.
        done: Finished photos, the last first.
        world: The map.
        geojson: Finished photos for other maps.
        rows: Finished photos of this call, for the session's history.
    """

    now: Markup
    done: Markup | None = None
    world: Markup | None = None
    geojson: str | None = None
    rows: tuple[Row, ...] = ()


def locate_all(
    shelf: ModelShelf, model: str, photos: Sequence[Photo], request: Request
) -> Iterator[Screen]:
    """Locate photos one after another; a photo that cannot be read is one line on the page."""
    if not photos:
        yield Screen(views.problem("Choose a photo first: drop one above, or take an example."))
        return
    yield Screen(views.note(f"Loading {short_name(model)} …"))
    try:
        localizer = shelf.get(model)
    except GreError as error:
        yield Screen(views.problem(str(error)))
        return
    rows: list[Row] = []
    shown: list[Row] = []
    done = views.NOTHING
    for number, photo in enumerate(photos, start=1):
        picture = make_thumbnail(photo.path)
        located: Located | None = None
        for step in _paced(locate(localizer, photo.path, request, truth=photo.truth)):
            located = step.located
            told = "" if request.coarse else step.text
            name = f"{photo.path.name} ({number} of {len(photos)})"
            yield Screen(views.story(told, name, picture=picture, is_done=False))
        assert located is not None  # the last step has the result
        row = located.to_json(coarse=request.coarse)
        row |= {"photo": photo.path.name, "model": short_name(model)}
        rows.append(row)
        shown.append(coarse_marks([row])[0] if request.coarse else row)
        answers = None if request.coarse else located.guess
        done = views.result(shown[-1], answers, picture) + done
        world = views.photo_map(shown)
        yield Screen(views.NOTHING, done, world, printable(to_geojson(rows)), (row,))


def _paced(steps: Iterator[Step]) -> Iterator[Step]:
    """Leave out steps that come too soon after another; never the first or the result."""
    last_s = 0.0
    for step in steps:
        now_s = time.monotonic()
        if step.located is not None or now_s - last_s >= REDRAW_S:
            last_s = now_s
            yield step


def place_of_click(x: object, y: object) -> LatLon | None:
    """The point under a click on the map; None beside the Earth."""
    if isinstance(x, int | float) and isinstance(y, int | float):
        return unproject(float(x), float(y))
    return None


def play_round(
    shelf: ModelShelf, model: str, sample: Sample | None, text: str, request: Request
) -> Round:
    """Score a person's guess against the model's.

    Raises:
        GreError: There is no photo, the guess is no point, or the model or photo fails.
    """
    if sample is None:
        raise InputError("Choose a photo first: press New photo.")
    person = read_guess(text)
    result: Located | None = None
    for step in locate(shelf.get(model), sample.image_path, request):
        result = step.located
    assert result is not None  # the last step has the result
    if result.guess is None:
        raise InputError(result.problem or "the photo cannot be read; press New photo")
    return play(sample, person, result.guess.latlon)


def verdict(played: Round) -> Markup:
    """One line on a round."""
    if played.model_km is None:
        model = "the model named no place"
    else:
        model = f"the model {played.model_km:,.0f} km ({points(played.model_km):,} points)"
    return views.note(
        f"You were {played.person_km:,.0f} km off ({points(played.person_km):,} points), {model}."
        " The dark dot is the truth."
    )

"""One photo through a model, step by step, as the app shows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gre.data.exif import read_exif_latlon
from gre.data.images import ImageError, load_image
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.geo.places import whereabouts
from gre.models.decoding import SAMPLING_TEMPERATURE, Decoding, guess_from_texts
from gre.models.located import Located

if TYPE_CHECKING:
    from PIL.Image import Image


class Answering(Protocol):
    """What the app asks of a model; `gre.demo.streaming.StreamingLocalizer` does it."""

    name: str

    def stream(self, image: "Image", *, decoding: Decoding) -> Iterator[str]:
        """Yield one answer as it grows."""
        ...

    def answer(self, images: "Sequence[Image]", *, decoding: Decoding) -> list[str]:
        """Give one answer per image."""
        ...


@dataclass(frozen=True)
class Request:
    """How photos are to be located.

    Attributes:
        samples: Answers per photo, at least 1.
        max_new_tokens: Longest answer, tokens.
        coarse: Tell country and region only.
        read_exif: Read a photo's own position, to measure the distance to it.
    """

    samples: int = 1
    max_new_tokens: int = 1024
    coarse: bool = False
    read_exif: bool = False


@dataclass(frozen=True)
class Step:
    """What is known of a photo so far: the text as it grows, and in the end the result."""

    text: str = ""
    located: Located | None = None


def locate(
    localizer: Answering, photo: Path, request: Request, *, truth: LatLon | None = None
) -> Iterator[Step]:
    """Locate a photo; the last step has the result, which may say why there is no guess.

    Args:
        localizer: The model.
        photo: The file. Messages name it without its folder.
        request: How.
        truth: Where it was taken, if somebody else knows.
    """
    try:
        image = load_image(photo)
        if truth is None and request.read_exif:
            truth = read_exif_latlon(photo)
    except ImageError as error:
        yield Step(located=Located(photo, None, problem=name_only(str(error), photo)))
        return
    temperature = SAMPLING_TEMPERATURE if request.samples > 1 else 0.0
    decoding = Decoding(max_new_tokens=request.max_new_tokens, temperature=temperature)
    text = ""
    for text in localizer.stream(image, decoding=decoding):
        yield Step(text)
    more = [image] * (request.samples - 1)
    guess = guess_from_texts([text, *(localizer.answer(more, decoding=decoding) if more else ())])
    if guess.latlon is None:
        problem = guess.failure.reason.value if guess.failure else "no_answer"
        yield Step(text, Located(photo, guess, truth=truth, problem=problem))
        return
    error_km = great_circle_km(guess.latlon, truth) if truth else None
    yield Step(text, Located(photo, guess, whereabouts(guess.latlon), truth, error_km))


def name_only(message: str, photo: Path) -> str:
    """A message about a photo that names the file and not the folder it was uploaded to."""
    return message.replace(str(photo), photo.name)

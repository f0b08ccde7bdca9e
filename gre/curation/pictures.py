"""The pictures of a set: clean copies of its own, whatever becomes of the photos they come from."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from gre.curation.files import write_bytes
from gre.curation.jpeg import clean_jpeg
from gre.curation.metadata import LeftOut
from gre.data.images import ImageError, check_size, open_image
from gre.data.records import Record
from gre.errors import GreError

_JPEG_SUFFIXES = (".jpg", ".jpeg")


def picture_name(source: Path) -> str:
    """What a photo is called in a set: its name, with ".jpg" behind it where it ends otherwise."""
    return source.name if source.suffix.lower() in _JPEG_SUFFIXES else f"{source.name}.jpg"


def picture_names(sources: Iterable[Path]) -> dict[Path, str]:
    """The name of each photo of a set: its `picture_name`, with a number where it is taken.

    The second "1.jpg", of another folder, becomes "1-2.jpg".
    """
    wanted = {source: picture_name(source) for source in sources}
    taken, numbers = set(wanted.values()), Counter[str]()
    names: dict[Path, str] = {}
    for source, name in wanted.items():
        numbers[name] += 1
        path, free = Path(name), name
        while numbers[name] > 1 and free in taken:
            free = f"{path.stem}-{numbers[name]}{path.suffix}"
            numbers[name] += free in taken
        taken.add(free)
        names[source] = free
    return names


def write_pictures(sources: Iterable[Path], folder: Path) -> dict[Path, str]:
    """Write photos without metadata into a folder, each under its name of `picture_names`.

    A link to the photo itself would keep its EXIF, and would change with it.

    Returns:
        The names by photo.

    Raises:
        InputError: A photo cannot be used.
        GreError: The disk refuses.
    """
    names = picture_names(sources)
    for source, name in names.items():
        write_bytes(folder / name, clean_jpeg(source))
    return names


def remove_other_pictures(names: Iterable[str], folder: Path) -> None:
    """Delete what lies in the folder and has none of these names.

    Raises:
        GreError: The disk refuses.
    """
    kept = set(names)
    for path in sorted(folder.iterdir()):
        if path.name not in kept and not path.is_dir():
            try:
                path.unlink()
            except OSError as error:
                raise GreError(
                    f"{path}: is in no record any more and cannot be deleted ({error.strerror});"
                    " delete it"
                ) from error


def picture_fault(source: Path) -> str | None:
    """Why a photo gives no picture, as far as its header tells; None where it gives one."""
    try:
        with open_image(source) as image:
            check_size(source, image)
    except ImageError as error:
        return str(error)
    return None


def left_out_photo(record: Record, reason: str, detail: str) -> LeftOut:
    """A record that is left out; its photo is called as the record does, without local folders."""
    return LeftOut(record.id, reason, detail.replace(str(record.image_path), record.image))

"""The pictures of a set: clean copies of its own, whatever becomes of the photos they come from."""

from collections.abc import Iterable
from pathlib import Path

from gre.curation.files import write_bytes
from gre.curation.jpeg import clean_jpeg
from gre.curation.metadata import LeftOut
from gre.data.images import ImageError, check_size, open_image
from gre.data.records import Record
from gre.errors import GreError, InputError

_JPEG_SUFFIXES = (".jpg", ".jpeg")


def picture_name(source: Path) -> str:
    """What a photo is called in a set: its name, with ".jpg" behind it where it ends otherwise."""
    return source.name if source.suffix.lower() in _JPEG_SUFFIXES else f"{source.name}.jpg"


def write_pictures(sources: Iterable[Path], folder: Path) -> None:
    """Write photos without metadata into a folder, each under its `picture_name`.

    A link to the photo itself would keep its EXIF, and would change with it.

    Raises:
        InputError: A photo cannot be used, or two different ones have the same name.
        GreError: The disk refuses.
    """
    written: dict[str, Path] = {}
    for source in sources:
        name = picture_name(source)
        earlier = written.setdefault(name, source)
        if earlier is source:
            write_bytes(folder / name, clean_jpeg(source))
        elif earlier != source and clean_jpeg(source) != (folder / name).read_bytes():
            raise InputError(
                f"{source}: has the same name as {earlier}, another picture of its set; rename one"
                " of them"
            )


def remove_other_pictures(sources: Iterable[Path], folder: Path) -> None:
    """Delete what lies in the folder and is the picture of none of these photos.

    Raises:
        GreError: The disk refuses.
    """
    names = set(map(picture_name, sources))
    for path in sorted(folder.iterdir()):
        if path.name not in names and not path.is_dir():
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

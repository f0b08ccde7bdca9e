"""How much of a photo one face fills, by OpenCV's frontal-face cascade, which its wheel carries.

Source of the rule: GRE paper, curation of GREval-Bench: no single face over half of the image.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gre.errors import InputError, say_how_to_install

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SIDE = 480
"""Photos are searched at this size, pixels: only large faces matter here. Ours."""
MIN_FACE_SHARE = 0.02
"""Of the shorter side squared; smaller faces are not looked for. Ours."""

Box = tuple[int, int, int, int]
"""Left, top, width, height, pixels."""


class FaceFinder:
    """Finds frontal faces.

    Raises:
        InputError: OpenCV is not installed, or is a version without cascades.
    """

    def __init__(self) -> None:
        try:
            import cv2
        except ImportError:
            raise InputError(
                f"--max-face-share: OpenCV is not installed; {say_how_to_install('faces')}, or"
                " leave the option out"
            ) from None
        library: Any = cv2  # Any: it carries no types
        if not hasattr(library, "CascadeClassifier"):
            raise InputError(
                f"--max-face-share: OpenCV {library.__version__} has no cascades, must be 4.x;"
                f" {say_how_to_install('faces')}"
            )
        path = f"{library.data.haarcascades}haarcascade_frontalface_default.xml"
        self._cascade = library.CascadeClassifier(path)
        if self._cascade.empty():
            raise InputError(f"{path}: cannot be read; install OpenCV anew")

    def largest_share(self, image: "Image") -> float:
        """Share of the area that the largest face fills, in [0, 1]; 0 without one."""
        import numpy as np

        small = image.convert("L")
        small.thumbnail((MAX_SIDE, MAX_SIDE))
        least = max(24, round(min(small.size) * MIN_FACE_SHARE**0.5))
        found = self._cascade.detectMultiScale(
            np.asarray(small), scaleFactor=1.1, minNeighbors=5, minSize=(least, least)
        )
        return largest_share([(int(x), int(y), int(w), int(h)) for x, y, w, h in found], small.size)


def largest_share(boxes: Sequence[Box], size: tuple[int, int]) -> float:
    """Share of a picture of `size` = (width, height) that the largest box covers.

    Parts of a box outside of the picture do not count.
    """
    width, height = size
    areas = [
        max(0, min(x + w, width) - max(x, 0)) * max(0, min(y + h, height) - max(y, 0))
        for x, y, w, h in boxes
    ]
    return max(areas, default=0) / (width * height)

"""Photos processed once, where they are read: in a loader's worker, not where the model is trained.

A worker decodes a photo, scales it and cuts it into patches of bytes. In its place TRL and the
processor are handed a stand-in: a picture of no content that carries the patches and is passed
around like any other. Where the processor would process pictures, `PreparedImages` takes the
patches of the stand-ins and turns bytes into the model's numbers: bit for bit those of the stock
processor, as a check at the start of a run confirms.

Between a loader's worker and its process the patches go through shared memory. Any other pickle of
a stand-in, such as that of the prompts which TRL gathers over ranks, holds no pixels.

Legend of shape suffixes: C colours, H and W sides of a picture.
"""

import logging
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import resize

from gre.data.image_cache import ImageCache, entry_key
from gre.data.images import load_image
from gre.data.reduced import Size, load_reduced
from gre.errors import GreError

if TYPE_CHECKING:
    from transformers import ProcessorMixin

logger = logging.getLogger(__name__)

PHOTO = "prepared_photo"
"""Under this name the `info` of a stand-in holds its `PreparedPhoto`."""

STAND_IN_SIZE = (256, 1)
"""So thin that a stock processor refuses it (at most 200 to 1) instead of taking it for a photo."""

CHECK_SIZE = (97, 61)
"""Of the picture on which the check is made: neither side a multiple of a patch, budget aside."""

PATCHES_AT_ONCE = 128
"""Become numbers together: 0.6 MB of them, which a core's cache holds."""

KNOWN_CLASS = "Qwen2VLImageProcessor"
"""Cuts and orders patches as it is done here; with or without "Fast" behind it."""


@dataclass(frozen=True, eq=False)
class PreparedPhoto:
    """A photo as patches of bytes.

    Attributes:
        key: What it was made from; equal keys are the same photo.
        patches: (patches, 3, patch side, patch side), uint8, in the order of the processor; None
            where only the name has arrived.
        grid: Patches by time, height and width.
    """

    key: str
    patches: torch.Tensor | None
    grid: tuple[int, int, int]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PreparedPhoto) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __deepcopy__(self, memo: object) -> "PreparedPhoto":
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return PreparedPhoto, (self.key, None, self.grid)


def _with_patches(photo: PreparedPhoto) -> tuple[type[PreparedPhoto], tuple[object, ...]]:
    return PreparedPhoto, (photo.key, photo.patches, photo.grid)


ForkingPickler.register(PreparedPhoto, _with_patches)


def stand_in(photo: PreparedPhoto) -> Image.Image:
    """Make the picture that goes in a photo's place."""
    image = Image.new("RGB", STAND_IN_SIZE)
    image.info[PHOTO] = photo
    return image


class PhotoPreparer:
    """Makes stand-ins of photos as one image processor would process them.

    Args:
        image_processor: Of the Qwen2-VL family.
        draft: Decode large JPEGs at a reduced scale.
        cache: Keeps patches between epochs and runs.
    """

    def __init__(
        self,
        image_processor: Any,  # Any: a processor of transformers
        *,
        draft: bool = False,
        cache: ImageCache | None = None,
    ) -> None:
        self.image_processor = image_processor
        self.draft = draft
        self.cache = cache

    def __call__(self, path: Path) -> Image.Image:
        """Read a photo and give its stand-in.

        Raises:
            ImageError: The photo cannot be used.
        """
        return stand_in(self.prepare(path))

    def prepare(self, path: Path) -> PreparedPhoto:
        """Read a photo and cut it into patches.

        Raises:
            ImageError: The photo cannot be used.
        """
        key = entry_key(path, self.recipe) if self.cache and path.is_file() else str(path)
        kept = self.cache.get(key) if self.cache else None
        if kept is not None:
            patches = torch.from_numpy(kept["patches"])
            return PreparedPhoto(str(path), patches, _grid(kept["grid"].tolist()))
        patches, grid = self.patches_of(*self._read(path))
        if self.cache:
            self.cache.put(key, {"patches": patches.numpy(), "grid": np.array(grid)})
        return PreparedPhoto(str(path), patches, grid)

    def _read(self, path: Path) -> tuple[Image.Image, Size]:
        if self.draft:
            return load_reduced(path, self.fit)
        image = load_image(path)
        return image, self.fit(image.size)

    def patches_of(
        self, image: Image.Image, size: Size
    ) -> tuple[torch.Tensor, tuple[int, int, int]]:
        """Scale a picture to a size that `fit` gave and cut it: patches and grid."""
        side, merge = self.image_processor.patch_size, self.image_processor.merge_size
        width, height = size
        # Colours stay the innermost dimension: the same numbers, three times as fast.
        pixels_CHW = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        pixels_CHW = resize(
            pixels_CHW, [height, width], interpolation=InterpolationMode.BICUBIC, antialias=True
        )
        rows, columns = height // side, width // side
        blocks = pixels_CHW.reshape(
            3, rows // merge, merge, side, columns // merge, merge, side
        ).permute(1, 4, 2, 5, 0, 3, 6)
        return blocks.reshape(-1, 3, side, side).contiguous(), (1, rows, columns)

    def fit(self, size: Size) -> Size:
        """The size, width and height, that the processor gives a picture of a size."""
        from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

        processor = self.image_processor
        height, width = smart_resize(
            size[1],
            size[0],
            factor=processor.patch_size * processor.merge_size,
            min_pixels=processor.size["shortest_edge"],
            max_pixels=processor.size["longest_edge"],
        )
        return width, height

    @property
    def recipe(self) -> Mapping[str, object]:
        """Everything that the patches depend on beside the photo, ready for JSON."""
        processor = self.image_processor
        return {
            "version": 2,
            "patch_size": processor.patch_size,
            "merge_size": processor.merge_size,
            "min_pixels": processor.size["shortest_edge"],
            "max_pixels": processor.size["longest_edge"],
            "draft": self.draft,
        }


class PreparedImages:
    """Stands before an image processor and takes the patches of stand-ins.

    Pictures that are no stand-ins go to that one, as does everything but the call.
    """

    def __init__(self, image_processor: Any) -> None:  # Any: a processor of transformers
        self._image_processor = image_processor

    def __getattr__(self, name: str) -> Any:  # Any: whatever the processor has
        if name == "_image_processor":  # a copy that is not filled yet
            raise AttributeError(name)
        return getattr(self._image_processor, name)

    def __call__(self, images: Any, **options: Any) -> Any:  # Any: pictures; its BatchFeature
        """Give `pixel_values` (patches, features), float32, and `image_grid_thw` (images, 3)."""
        from transformers import BatchFeature

        shown = _flat(images)
        found = [getattr(image, "info", {}).get(PHOTO) for image in shown]
        photos: list[PreparedPhoto] = [photo for photo in found if photo is not None]
        if not photos:
            return self._image_processor(images, **options)
        if len(photos) < len(shown):
            raise GreError("a batch mixes photos that are prepared with others")
        data = {
            "pixel_values": self.values_of(photos),
            "image_grid_thw": torch.tensor([photo.grid for photo in photos]),
        }
        return BatchFeature(data=data, tensor_type=options.get("return_tensors"))

    def values_of(self, photos: Sequence[PreparedPhoto]) -> torch.Tensor:
        """What the model takes: bytes scaled, each patch repeated over time; equal photos once."""
        first: dict[str, PreparedPhoto] = {}
        for photo in photos:
            first.setdefault(photo.key, photo)
        patches = {key: _patches_of(photo) for key, photo in first.items()}
        sizes = [len(patches[photo.key]) for photo in photos]
        colours, *side = patches[photos[0].key].shape[1:]
        out = torch.empty(sum(sizes), colours, self._image_processor.temporal_patch_size, *side)
        table = self._values_of_levels()
        filled: dict[str, torch.Tensor] = {}
        for photo, rows in zip(photos, out.split(sizes), strict=True):
            if photo.key in filled:
                rows.copy_(filled[photo.key])
                continue
            _fill(rows, patches[photo.key], table)
            filled[photo.key] = rows
        return out.flatten(1)

    def _values_of_levels(self) -> np.ndarray:
        """The processor's number for each colour and level of a byte: (3, 256), float32."""
        processor = self._image_processor
        levels = torch.arange(256, dtype=torch.uint8)[:, None, None, None].repeat(1, 3, 1, 1)
        numbers = processor.rescale_and_normalize(
            levels,
            processor.do_rescale,
            processor.rescale_factor,
            processor.do_normalize,
            tuple(processor.image_mean),
            tuple(processor.image_std),
        )
        return numbers.flatten(1).T.float().contiguous().numpy()


def prepared_processor(processor: "ProcessorMixin") -> "ProcessorMixin":
    """Give a processor that takes stand-ins, too; the one given stays as it is."""
    other = copy(processor)
    other.image_processor = PreparedImages(processor.image_processor)
    return other


def can_prepare(image_processor: Any) -> bool:  # Any: a processor of transformers
    """Whether photos prepared here become what an image processor makes of them, bit for bit.

    Tried on one picture of every grey level, so that a change in the library leads to the stock
    way instead of other numbers.
    """
    is_known = type(image_processor).__name__.startswith(KNOWN_CLASS)
    if not is_known or not hasattr(image_processor, "rescale_and_normalize"):
        return False
    width, height = CHECK_SIZE
    levels = np.arange(width * height * 3, dtype=np.uint32) * 7 % 256
    picture = Image.fromarray(levels.astype(np.uint8).reshape(height, width, 3))
    preparer = PhotoPreparer(image_processor)
    patches, grid = preparer.patches_of(picture, preparer.fit(picture.size))
    ours = PreparedImages(image_processor).values_of([PreparedPhoto("check", patches, grid)])
    stock = image_processor(picture, return_tensors="pt")
    is_equal = torch.equal(ours, stock["pixel_values"]) and stock["image_grid_thw"].tolist() == [
        list(grid)
    ]
    if not is_equal:
        logger.warning("photos are processed in the stock way: the processor's numbers differ")
    return is_equal


def _patches_of(photo: PreparedPhoto) -> torch.Tensor:
    if photo.patches is None:
        raise GreError(f"{photo.key}: only the photo's name has arrived, not its pixels")
    return photo.patches


def _fill(rows: torch.Tensor, patches: torch.Tensor, table: np.ndarray) -> None:
    """Write a photo's values from the table, a few patches at a time.

    What lies between stays in the cache, and one thread does it: asking the system for memory, or
    for a second thread while the workers decode, takes longer than the arithmetic.
    """
    for part, values in zip(
        patches.split(PATCHES_AT_ONCE), rows.split(PATCHES_AT_ONCE), strict=True
    ):
        levels, numbers = part.numpy(), values.numpy()
        for colour, of_level in enumerate(table):
            numbers[:, colour] = of_level.take(levels[:, colour], mode="wrap")[:, None]


def _flat(images: Any) -> list[Any]:  # Any: nested lists of pictures
    if isinstance(images, list | tuple):
        return [one for part in images for one in _flat(part)]
    return [images]


def _grid(sides: Sequence[int]) -> tuple[int, int, int]:
    time, rows, columns = sides
    return time, rows, columns

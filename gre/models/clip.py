"""Photos and prompts in one space: a CLIP model from a folder or the hub, through transformers."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gre.data.images import ImageError, load_image
from gre.errors import InputError
from gre.models.names import means_folder

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

BATCH = 16
Vectors = NDArray[np.float32]
"""(rows, features), each row of length 1."""


class ClipEmbedder:
    """Unit features of photos and texts.

    Args:
        model: Folder or hub id of a CLIP model in safetensors.

    Raises:
        InputError: It cannot be loaded, or is no CLIP.
    """

    def __init__(self, model: str) -> None:
        check_clip_model(model)
        import torch
        from transformers import AutoProcessor, CLIPModel

        self.name = model
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._processor = AutoProcessor.from_pretrained(model)
            loaded = CLIPModel.from_pretrained(model, use_safetensors=True)
        except (OSError, ValueError) as error:
            raise InputError(
                f"clip model {model}: cannot be loaded ({_first_line(error)}); name a folder or"
                " hub id of a CLIP model"
            ) from error
        self._model = loaded.to(self._device).eval()
        self._max_tokens = int(loaded.config.text_config.max_position_embeddings)

    def photos(
        self, paths: Iterable[Path], *, tell: Callable[[int], None] = lambda _count: None
    ) -> Iterator[NDArray[np.float32] | str]:
        """For each photo its unit features (features,), or in a line why it has none."""
        batch: list[Any] = []  # Any: a picture, or a line
        for path in paths:
            try:
                batch.append(load_image(path))
            except ImageError as error:
                batch.append(str(error))
            if len(batch) == BATCH:
                yield from self._photos(batch)
                tell(len(batch))
                batch = []
        yield from self._photos(batch)
        tell(len(batch))

    def _photos(self, batch: Sequence[Any]) -> list[NDArray[np.float32] | str]:
        pictures = [one for one in batch if not isinstance(one, str)]
        if not pictures:
            return list(batch)
        rows = iter(self.pictures(pictures))
        return [one if isinstance(one, str) else next(rows) for one in batch]

    def pictures(self, pictures: Sequence["Image"]) -> Vectors:
        """Unit features of decoded photos."""
        import torch

        with torch.inference_mode():
            inputs = self._processor(images=list(pictures), return_tensors="pt").to(self._device)
            return _unit(self._model.get_image_features(**inputs))

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Unit features of texts; one over the model's length is cut."""
        import torch

        found = []
        for start in range(0, len(texts), 8 * BATCH):
            inputs = self._processor(
                text=list(texts[start : start + 8 * BATCH]),
                return_tensors="pt",
                padding=True,
                truncation=True,
                max_length=self._max_tokens,
            ).to(self._device)
            with torch.inference_mode():
                found.append(_unit(self._model.get_text_features(**inputs)))
        return np.concatenate(found)


def _unit(output: "torch.Tensor | Any") -> Vectors:  # Any: what newer versions wrap it in
    features = getattr(output, "pooler_output", output)
    unit = features / features.norm(dim=-1, keepdim=True)
    return np.asarray(unit.float().cpu().numpy(), dtype=np.float32)


def check_clip_model(model: str) -> None:
    """Refuse a folder that is missing or holds no CLIP; a hub id is left to the hub.

    Raises:
        InputError: It is so.
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        if means_folder(model):
            raise InputError(
                f"clip model {model}: no such folder; name a CLIP folder or a hub id (owner/name)"
            )
        return
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"clip model {model}: config.json cannot be read ({_first_line(error)}); name a"
            " folder that holds a CLIP model"
        ) from error
    if kind != "clip":
        raise InputError(f"clip model {model}: holds {kind!r}, must be 'clip'; name another folder")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

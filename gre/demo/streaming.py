"""A localizer whose answer can be read while it is being written."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import torch
from transformers import TextIteratorStreamer

from gre.models.decoding import Decoding
from gre.models.localizer import GeoLocalizer, generate_answers

if TYPE_CHECKING:
    from PIL.Image import Image


class _StoppedError(Exception):
    """Nobody reads on; ends a generation from inside."""


class _Streamer(TextIteratorStreamer):
    """Hands text over to another thread, and ends the generation once that one has gone."""

    is_stopped = False

    def put(self, value: torch.Tensor) -> None:
        """Take the next tokens."""
        if self.is_stopped:
            raise _StoppedError
        super().put(value)


class StreamingLocalizer(GeoLocalizer):
    """A `GeoLocalizer` that also streams."""

    def stream(self, image: "Image", *, decoding: Decoding) -> Iterator[str]:
        """Yield the answer so far each time it has grown; the last value is the whole answer.

        The model works in a thread of its own, which ends with this generator: a reader that
        closes it stops the generation at the next token. What goes wrong there is raised here.
        """
        streamer = _Streamer(self.processor.tokenizer, skip_prompt=True, skip_special_tokens=True)
        with ThreadPoolExecutor(max_workers=1) as pool:
            answering = pool.submit(
                generate_answers,
                self.model,
                self.processor,
                [image],
                questions=[self.instruction],
                decoding=decoding,
                streamer=streamer,
            )
            answering.add_done_callback(lambda _: streamer.end())
            text = ""
            try:
                yield text
                for piece in streamer:
                    text += piece
                    yield text
            finally:
                streamer.is_stopped = True
        answering.result()

"""Texts of a page that are too many to stand in it as they are: compressed, opened on demand.

Reasoning shrinks to about a quarter. A page's script unpacks a chunk when one of its samples is
opened or searched; browsers have done that by themselves since 2023 (DecompressionStream).
"""

import base64
import gzip
import json
from collections.abc import Mapping

CHUNK_CHARS = 400_000
"""Text in one chunk, before compression: opened in a few hundredths of a second."""
MAX_PACKED_CHARS = 60_000_000
"""Compressed text that a page carries over all runs, as base64."""
LEVEL = 6
"""Of gzip: its default."""


class TextPacker:
    """Fills chunks with texts, and hands out the number of the chunk that each went to.

    Attributes:
        chunks: Base64 of gzip of a JSON object of fields by sample number.
        num_chars: Their length so far.
    """

    def __init__(self, max_chars: int) -> None:
        self.chunks: list[str] = []
        self.num_chars = 0
        self._max_chars = max_chars
        self._open: dict[str, Mapping[str, object]] = {}
        self._open_chars = 0

    def add(self, sample: int, fields: Mapping[str, object]) -> int | None:
        """Take the fields of one sample; None where there is no room left."""
        if self.num_chars >= self._max_chars:
            return None
        number = len(self.chunks)
        self._open[str(sample)] = fields
        self._open_chars += sum(len(str(value)) for value in fields.values())
        if self._open_chars >= CHUNK_CHARS:
            self.close()
        return number

    def close(self) -> None:
        """Compress what has been taken since the last chunk."""
        if not self._open:
            return
        text = json.dumps(self._open, ensure_ascii=False).encode("utf-8", "replace")
        packed = gzip.compress(text, LEVEL, mtime=0)  # the same texts give the same bytes
        self.chunks.append(base64.b64encode(packed).decode("ascii"))
        self.num_chars += len(self.chunks[-1])
        self._open, self._open_chars = {}, 0

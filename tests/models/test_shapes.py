"""The published shapes, built without weights."""

import pytest

from gre.models.qwen_vl import build_on_meta, count_parameters
from gre.models.shapes import QWEN_SHAPES

# Totals and vision-tower sizes computed from the published config.json files.
PUBLISHED = {
    "3b": (3_754_622_976, 668_684_288),
    "7b": (8_292_166_656, 676_550_144),
    "32b": (33_452_718_336, 688_841_984),
    "72b": (73_410_777_344, 704_573_696),
}


def test_every_shape_is_checked() -> None:
    assert set(PUBLISHED) == set(QWEN_SHAPES)


@pytest.mark.parametrize("size", sorted(PUBLISHED))
def test_parameters_by_group(size: str) -> None:
    counts = count_parameters(build_on_meta(size))
    total, vision_with_merger = PUBLISHED[size]
    assert sum(count.total for count in counts.values()) == total
    assert counts["vision"].total + counts["projector"].total == vision_with_merger
    assert counts["language"].total == total - vision_with_merger

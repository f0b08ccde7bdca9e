"""Paths of the clone are no hub ids, whether or not the folder is there."""

import pytest

from gre.models.names import means_folder


@pytest.mark.parametrize(
    ("name", "is_folder"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", False),
        ("Anonymous0515/GRE", False),
        ("outputs/stage1", True),
        ("models/GRE", True),
        ("work/stage3", True),
        ("runs/nowhere", True),
        ("outputs", True),
        ("./Qwen/GRE", True),
        ("~/GRE", True),
        ("/data/GRE", True),
        ("a/b/c", True),
        ("_private/GRE", True),
        ("GRE 7B/model", True),
        ("models-of-mine/GRE", False),
    ],
)
def test_what_a_name_means(name: str, is_folder: bool) -> None:
    assert means_folder(name) is is_folder

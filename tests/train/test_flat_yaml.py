"""Strict YAML and flags."""

from pathlib import Path

import pytest

from gre.errors import InputError
from gre.train.flat_yaml import check_known, read_flags, read_yaml


def test_flags_in_all_spellings() -> None:
    flags = read_flags(["--a", "1", "--b=two", "--c", "--d", "-3", "--e-f", "x"])
    assert flags == {"a": "1", "b": "two", "c": "true", "d": "-3", "e_f": "x"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--a", "1", "--a", "2"], "--a is given twice"),
        (["--a-b", "1", "--a_b=2"], "--a_b is given twice"),
        (["stray"], "'stray' is no flag"),
        (["--a", "1", "stray"], "'stray' is no flag"),
    ],
)
def test_bad_flags(words: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_flags(words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "line 2: key 'a' stands twice"),
        ("- 1\n", "must be key: value lines, got list"),
        ("", "is empty"),
        ("a: [1\n", "not valid YAML"),
        ("1: 2\n", "must be key: value lines"),
        ("a: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
    ],
)
def test_bad_yaml_is_one_line_that_names_the_file(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_yaml(path)
    assert "c.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_yaml(tmp_path / "none.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_yaml(tmp_path / "b.yaml")


@pytest.mark.parametrize(
    ("key", "advice"), [("learnin_rate", "learning_rate"), ("learning", "learning_rate")]
)
def test_unknown_and_shortened_keys_name_the_nearest(key: str, advice: str) -> None:
    with pytest.raises(InputError, match=f"unknown key '{key}'; did you mean {advice}"):
        check_known({key: 1}, {"learning_rate", "seed"}, where="command line")

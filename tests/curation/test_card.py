"""Cards are made to be published."""

import pytest

from gre.curation.card import command_line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["seed", "/home/me/photos", "--out", "~/seeds"], "seed photos --out seeds"),
        (["seed", "photos", "--out=/home/me/seeds"], "seed photos --out=seeds"),
        (["split", "a.jsonl", "--out=~/a=b/sets"], "split a.jsonl --out=sets"),
        (["bench", "--corpus=/home/a=b/c.json"], "bench --corpus=c.json"),
        (["leakage", "--benchmark=im2gps3k=/data/me/x"], "leakage --benchmark=im2gps3k=x"),
        (["leakage", "--benchmark", "im2gps3k=/data/me/x"], "leakage --benchmark im2gps3k=x"),
        (["seed", "--columns=image=1,lat=12,lon=11"], "seed --columns=image=1,lat=12,lon=11"),
        (["bench", "--base-url=http://127.0.0.1/v1"], "bench --base-url=http://127.0.0.1/v1"),
        (["bench", "--out="], "bench --out="),
    ],
)
def test_a_command_is_told_without_folders(words: list[str], told: str) -> None:
    assert command_line(["/home/me/bin/gre", "curate", *words]) == f"gre curate {told}"

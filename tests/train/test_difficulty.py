"""Rates of seeds: shares of hits, gone on with after an interruption, and records kept by them."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from gre.data.records import SeedRecord, read_seed
from gre.errors import InputError
from gre.geo.latlon import LatLon
from gre.train.difficulty import keep_by_difficulty, rate_seeds, read_rates, success_rate


def test_success_counts_hits_and_misses_the_unreadable() -> None:
    texts = ["0, 0", "0, 1", "0, 9", "?"]  # one degree on the equator is 111.2 km
    assert success_rate(texts, LatLon(0, 0), radius_km=112) == 0.5
    assert success_rate(texts, LatLon(0, 0), radius_km=111) == 0.25


def gold_and_far(batch: Sequence[SeedRecord]) -> list[list[str]]:
    """The first record of a batch is answered right, the others wrong."""
    return [
        [f"{record.truth.lat}, {record.truth.lon}" if i == 0 else "-89, 0"] * 2
        for i, record in enumerate(batch)
    ]


def test_rating_goes_on_where_it_stopped(sample_world: Path, tmp_path: Path) -> None:
    seeds = read_seed(sample_world / "dataset/gre_seed/gre_seed.jsonl")
    out = tmp_path / "rates.jsonl"
    counts: list[int] = []
    rated = rate_seeds(seeds[:4], gold_and_far, out, radius_km=25, batch_size=2)
    again = rate_seeds(seeds, gold_and_far, out, radius_km=25, batch_size=2, on_rated=counts.append)
    assert (rated, again) == (4, len(seeds) - 4)
    assert sum(counts) == len(seeds)
    rates = read_rates(out)
    assert [rates[seed.id] for seed in seeds[:4]] == [1.0, 0.0, 1.0, 0.0]
    kept = keep_by_difficulty(seeds, out, least=0.5, most=1.0)
    assert [seed.id for seed in kept] == [seed.id for seed in seeds if rates[seed.id] == 1.0]


def test_a_half_written_line_is_rated_again(sample_world: Path, tmp_path: Path) -> None:
    seeds = read_seed(sample_world / "dataset/gre_seed/gre_seed.jsonl")[:2]
    out = tmp_path / "rates.jsonl"
    out.write_text(json.dumps({"id": seeds[0].id, "rate": 0.25}) + '\n{"id": "se')
    rate_seeds(seeds, gold_and_far, out, radius_km=25, batch_size=2)
    assert read_rates(out) == {seeds[0].id: 0.25, seeds[1].id: 1.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "make it with gre rate-seeds"),
        ("", "have no rate"),
        ('{"id": 1}\n{}\n', "rates.jsonl:1: must be"),
    ],
)
def test_files_that_cannot_be_used(
    sample_world: Path, tmp_path: Path, text: str | None, message: str
) -> None:
    seeds = read_seed(sample_world / "dataset/gre_seed/gre_seed.jsonl")
    path = tmp_path / "rates.jsonl"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        keep_by_difficulty(seeds, path, least=0, most=1)


def test_nothing_left_is_an_error(sample_world: Path, tmp_path: Path) -> None:
    seeds = read_seed(sample_world / "dataset/gre_seed/gre_seed.jsonl")
    path = tmp_path / "rates.jsonl"
    path.write_text("".join(json.dumps({"id": s.id, "rate": 1.0}) + "\n" for s in seeds))
    with pytest.raises(InputError, match=r"no record has a rate in \[0.1, 0.9\]"):
        keep_by_difficulty(seeds, path, least=0.1, most=0.9)

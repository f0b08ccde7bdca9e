"""Chance of each answer's own: the right distribution, and no word from the rest of the batch."""

import torch
from PIL import Image

from gre.models.decoding import Decoding
from gre.models.sampling import answer_seed, own_draws

SCORES_V = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
"""Four tokens, in order of their probability."""


def drawn(decoding: Decoding, seeds: list[int]) -> torch.Tensor:
    scores_BV = SCORES_V.repeat(len(seeds), 1)
    tokens_BT = torch.zeros(len(seeds), 1, dtype=torch.long)
    return own_draws(decoding, seeds)(tokens_BT, scores_BV).argmax(-1)


def test_tokens_come_as_often_as_their_probability_says() -> None:
    counts = drawn(Decoding(temperature=1.0), list(range(4000))).bincount(minlength=4) / 4000
    # Four standard errors of a share of a half from 4,000 draws: 0.032.
    torch.testing.assert_close(counts, SCORES_V.exp(), atol=0.032, rtol=0.0)


def test_temperature_sharpens_and_the_nucleus_cuts() -> None:
    cold = drawn(Decoding(temperature=0.5), list(range(4000))).bincount(minlength=4) / 4000
    squares = SCORES_V.exp() ** 2
    torch.testing.assert_close(cold, squares / squares.sum(), atol=0.032, rtol=0.0)
    # The first two hold 80 %: what lies beyond 70 % is never drawn.
    assert set(drawn(Decoding(temperature=1.0, top_p=0.7), list(range(500))).tolist()) == {0, 1}


def test_a_row_does_not_depend_on_the_others() -> None:
    hot = Decoding(temperature=1.0)
    together = drawn(hot, [5, 6, 7]).tolist()
    assert together == [int(drawn(hot, [seed])) for seed in (5, 6, 7)]


def test_what_is_asked_decides_the_seed() -> None:
    photo, other = Image.new("RGB", (2, 3), "red"), Image.new("RGB", (2, 3), "blue")
    turned = Image.new("RGB", (3, 2), "red")
    asked = [(0, 0, photo, "a"), (1, 0, photo, "a"), (0, 1, photo, "a"), (0, 0, other, "a")]
    asked += [(0, 0, turned, "a"), (0, 0, photo, "b")]
    seeds = [answer_seed(*one) for one in asked]
    assert len(set(seeds)) == len(seeds)
    assert answer_seed(*asked[0]) == seeds[0]
    assert all(0 <= seed < 2**63 for seed in seeds)

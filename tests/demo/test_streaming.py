"""Answers of a real (tiny) model, read while they are written."""

import time
from itertools import pairwise

import pytest

from gre.data.images import load_image
from gre.demo.models import ModelShelf
from gre.models.decoding import Decoding

pytestmark = pytest.mark.slow


def test_a_stream_grows_to_the_answer_and_stops_with_its_reader(tiny_model, sample_world):
    image = load_image(sorted((sample_world / "bench/test/imgs").iterdir())[0])
    model = ModelShelf([str(tiny_model)]).get(str(tiny_model))
    decoding = Decoding(max_new_tokens=12)
    texts = list(model.stream(image, decoding=decoding))
    assert texts[0] == ""
    assert all(later.startswith(text) for text, later in pairwise(texts))
    assert texts[-1] == model.answer([image], decoding=decoding)[0]
    calls = []
    model.model.register_forward_hook(lambda *_: calls.append(1))
    endless = model.stream(image, decoding=Decoding(max_new_tokens=2000))
    next(endless)
    while not calls:
        time.sleep(0.01)
    endless.close()  # waits for the thread, which ends at its next token
    num_calls = len(calls)
    assert num_calls < 2000
    time.sleep(0.2)
    assert len(calls) == num_calls
    with pytest.raises(RuntimeError):
        list(model.stream(image, decoding=_broken(model)))


def _broken(model):
    """What goes wrong in the thread is raised to the reader."""

    def fail(*_):
        raise RuntimeError("out of memory")

    model.model.register_forward_pre_hook(fail)
    return Decoding(max_new_tokens=2)

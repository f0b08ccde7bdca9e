"""A model that answers from a script, so that the app can be tested without one."""

import time

import pytest

from gre.demo.models import ModelShelf

PARIS = (
    "<think> 1. Haussmann's fronts // 2. Signs in French </think>"
    " <answer> 48.8566, 2.3522 </answer>"
)


class ScriptedModel:
    """Streams its text in pieces; every answer after the first comes from `others`."""

    def __init__(self, text=PARIS, others=(), pause_s=0.0):
        self.name = "scripted"
        self.text, self.others, self.pause_s = text, others, pause_s
        self.num_streams = 0

    def stream(self, image, *, decoding):
        self.num_streams += 1
        for end in range(0, len(self.text) + 1, 8):
            time.sleep(self.pause_s)
            yield self.text[:end]
        yield self.text

    def answer(self, images, *, decoding):
        return [self.others[i % len(self.others)] for i in range(len(images))]


class ScriptedShelf(ModelShelf):
    """A shelf that holds one scripted model under every name."""

    def __init__(self, model, names=("scripted",)):
        super().__init__(names)
        self.model = model

    def get(self, name):
        return self.model


@pytest.fixture
def shelf():
    """Makes a shelf of one scripted model."""
    return lambda *words, **options: ScriptedShelf(ScriptedModel(*words, **options))


@pytest.fixture
def paris():
    """A text of which the answer is Paris."""
    return PARIS

"""The one way a photo and a question become a conversation: training, rollouts and inference."""

from typing import TypedDict


class Part(TypedDict, total=False):
    """A piece of a message: an image placeholder, or text."""

    type: str
    text: str


class Message(TypedDict):
    """One turn of a conversation in the form that chat templates read."""

    role: str
    content: list[Part]


def ask(question: str) -> list[Message]:
    """A conversation that shows one image and asks one question."""
    content: list[Part] = [{"type": "image"}, {"type": "text", "text": question}]
    return [{"role": "user", "content": content}]


def reply(text: str) -> list[Message]:
    """The assistant's turn that answers it."""
    return [{"role": "assistant", "content": [{"type": "text", "text": text}]}]

"""The layout of a response: <think> reasoning </think> <answer> answer </answer>."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TAG = re.compile(r"<(/?)(think|answer)>", re.IGNORECASE)
_STRICT_TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_BOX = "\\boxed"


@dataclass(frozen=True)
class Response:
    """A response in its two halves.

    Attributes:
        think: The reasoning, stripped: from the first <think>, or the start of the text where a
            chat template has opened it, to the last </think> before the answer. None without one.
        answer: The content of the last complete <answer>, stripped; None without one.
    """

    think: str | None
    answer: str | None


def read_response(text: str) -> Response:
    """Take a response apart. Tags are read in any case; what stands outside of them is left."""
    tags = list(_TAG.finditer(text))
    answer, answer_start = None, len(text)
    closing: re.Match[str] | None = None
    for tag in reversed(tags):
        if tag[2].lower() != "answer":
            continue
        if tag[1]:
            closing = closing or tag
        elif closing is not None:
            answer, answer_start = text[tag.end() : closing.start()].strip(), tag.start()
            break
    thoughts = [tag for tag in tags if tag[2].lower() == "think" and tag.start() < answer_start]
    closings = [tag for tag in thoughts if tag[1]]
    if not closings:
        return Response(None, answer)
    start = 0 if thoughts[0][1] else thoughts[0].end()
    return Response(text[start : closings[-1].start()].strip(), answer)


def follows_format(text: str) -> bool:
    """Whether a text is one <think> and one <answer>, neither blank, and nothing else but space.

    Tags are lower case, as the instruction writes them. That neither is blank is ours: an empty
    <think> would otherwise earn the format reward.

    Source: GRE paper, format reward.
    """
    if any(text.count(tag) != 1 for tag in _STRICT_TAGS):
        return False
    before, _, rest = text.partition("<think>")
    think, _, rest = rest.partition("</think>")
    between, _, rest = rest.partition("<answer>")
    answer, closing, after = rest.partition("</answer>")
    is_framed = closing != "" and not (before.strip() or between.strip() or after.strip())
    return is_framed and bool(think.strip()) and bool(answer.strip())


def without_think(text: str) -> str:
    """The text without its reasoning, closed or cut short, and without stray answer tags."""
    kept: list[str] = []
    start: int | None = 0
    for tag in _TAG.finditer(text):
        if start is not None:
            kept.append(text[start : tag.start()])
        if tag[2].lower() == "answer":
            start = tag.end() if start is not None else None
        elif tag[1]:
            # A chat template may have opened the reasoning: without <think>, it starts the text.
            if start is not None:
                kept.clear()
            start = tag.end()
        else:
            start = None
    if start is not None:
        kept.append(text[start:])
    return "\n".join(kept)


def boxes(text: str) -> Iterator[str]:
    r"""The content of each outermost \boxed{...}, in order; one that is cut short runs to the end.

    One pass over the text, whatever the nesting.
    """
    position = text.find(_BOX)
    while position >= 0:
        opening = position + len(_BOX)
        while opening < len(text) and text[opening] == " ":
            opening += 1
        if opening < len(text) and text[opening] == "{":
            end = _closing_brace(text, opening)
            yield text[opening + 1 : end]
        else:
            end = opening
        position = text.find(_BOX, end)


def _closing_brace(text: str, opening: int) -> int:
    depth = 0
    for brace in re.compile(r"[{}]").finditer(text, opening):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    return len(text)

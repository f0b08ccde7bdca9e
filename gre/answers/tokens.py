"""A model's text as tokens: numbers, words, degree signs, quotes, dashes, single characters.

One pass of one regular expression without nested repetition, then one pass over the tokens, so
the time grows linearly with the text. What a token means is decided in `gre.answers.angles`.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

# Full-width and Arabic forms of characters that the grammar knows.
_VARIANTS = str.maketrans("，、；：（）［］｛｝／＋．،", ",,;:()[]{}/+.,")

_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")

_TIED_COMMA = re.compile(r"[0-9],[0-9]")
_GLUE = frozenset("_*~≈^@#·•∙")
"""Marks that make one word of the digits on their two sides, and no number: 4_5, 10^5, 48·85."""

_LOOSE_POINT = re.compile(r"[0-9](?:\.[\s.]|\s++\.)")

LABEL_PUNCTUATION = frozenset({"min", "sec", ":", "="})
"""Kinds of tokens between a label and its value: quotes and the mark itself."""

_MAX_LABEL_TOKENS = 4

_OTHER_DIGIT = re.compile(r"(?![0-9])\d")

# Only sets are repeated possessively: repeated groups lose their place in Python before 3.11.5
# (github.com/python/cpython/issues/106052), and nothing here goes back into one.
_TOKEN = re.compile(
    r"""
      (?P<range> [～〜] | (?<=[0-9°'"NSEWnsew]\ )[~*≈](?=\ ) )
    | (?P<space> [^\S\r\n]++ | [*_~≈^${}\u200b-\u200f\u2060\ufeff\u00ad] | \\[,;!\ ] )
    | (?P<nl> [\r\n]++ | \\[nrt](?=l(?:at|on|ng)|[^a-z]) )
    | (?P<num> (?: [0-9]++ (?:[._*~≈^@\#·•∙][0-9]++)* | (?<![\w.])\.[0-9]++ )
               (?: [eE][+-]?[0-9]{1,4}+(?!\.?[0-9A-Za-z°]) )? )
    | (?P<run> -{3,}+ | '{3,}+ | "{3,}+ )
    | (?P<deg> [°º˚] | &deg; | \\circ(?![A-Za-z]) | \\degrees?(?![A-Za-z]) )
    | (?P<sec> ["”“″„‟«»＂] | \\" | &quot; )
    | (?P<min> ['’‘′‵`´ʹʼ＇] | \\' )
    | (?P<dash> [-−–‐‑‒﹣－] )
    | (?P<word> [^\W\d_]++ (?:['’][^\W\d_]++)* )
    | (?P<tex> \\[A-Za-z]++ )
    | (?P<other> (?P<same>.)(?P=same)* )
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """One token.

    Attributes:
        kind: "num", "comma_num" (a number written with a decimal comma), "bad_num" (digits that
            are no number, like 1.2.3 or "48. 85"), "word", "deg", "min", "sec", "dash", "nl",
            "range" (a tilde or the like between two numbers), or the character itself, once where
            it is repeated; "run" is a row of dashes or quotes.
        text: As written; a decimal comma is a point here.
        is_spaced: Whether white space or markup stands directly before it.
    """

    kind: str
    text: str
    is_spaced: bool


NUMBER_KINDS = frozenset({"num", "comma_num", "bad_num"})


def tokenize(text: str) -> list[Token]:
    """The tokens of a text in order. White space, emphasis and TeX markup are not tokens."""
    tokens: list[Token] = []
    is_spaced = True
    text = _plain(text)
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind in {"space", "tex"}:
            is_spaced = True
            continue
        written = match.group()
        if kind == "other":
            kind = written[0]
        elif kind == "num" and (written.count(".") > 1 or not _GLUE.isdisjoint(written)):
            kind = "bad_num"
        tokens.append(Token(kind, written, is_spaced))
        is_spaced = False
    if _LOOSE_POINT.search(text):
        tokens = _join_loose_points(tokens)
    return _join_decimal_commas(tokens) if _TIED_COMMA.search(text) else tokens


def _plain(text: str) -> str:
    r"""Undo JSON's \uXXXX, other scripts' digits and full-width punctuation."""
    if "\\u" in text:
        text = _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    if not text.isascii():
        text = _OTHER_DIGIT.sub(lambda match: str(int(match[0])), text).translate(_VARIANTS)
    return text


def _join_loose_points(tokens: list[Token]) -> list[Token]:
    """Join "48. 85", "48 .85", "48..85" into one "bad_num": a whole number, points, whole digits.

    What was meant cannot be known: 48.85, or 48 and 85. The "1." of a list before a number with a
    fraction, a sign or minutes is left alone.
    """
    joined: list[Token] = []
    position = 0
    while position < len(tokens):
        end = _loose_end(tokens, position)
        if end > position + 1:
            text = " ".join((tokens[position].text, tokens[end - 1].text.lstrip(".")))
            joined.append(Token("bad_num", text, tokens[position].is_spaced))
        else:
            joined.append(tokens[position])
        position = end
    return joined


def _loose_end(tokens: list[Token], start: int) -> int:
    """The index after the loose number that begins at `start`; `start + 1` where none does."""
    if tokens[start].kind != "num" or not tokens[start].text.isdigit():
        return start + 1
    digits = start + 1
    while digits < min(start + 3, len(tokens)) and tokens[digits].kind == ".":
        digits += 1
    if digits >= len(tokens) or tokens[digits].kind != "num":
        return start + 1
    has_point = digits > start + 1 or tokens[digits].text.startswith(".")
    is_whole = tokens[digits].text.removeprefix(".").isdigit()
    has_minutes = (
        digits + 2 < len(tokens)
        and tokens[digits + 1].kind == "deg"
        and tokens[digits + 2].kind == "num"
    )
    return digits + 1 if has_point and is_whole and not has_minutes else start + 1


def _join_decimal_commas(tokens: list[Token]) -> list[Token]:
    """Join "23,43" into one number where nothing but a decimal comma fits between the digits.

    Two whole numbers tied by a comma without space become one "comma_num" (whether it stands for
    one number or two is decided later); three or more become one "bad_num". A number with a point
    on either side shows that the comma parts two numbers, and nothing is joined.
    """
    joined: list[Token] = []
    position = 0
    while position < len(tokens):
        end = _chain_end(tokens, position)
        numbers = tokens[position:end:2]
        if end - position > 1 and all(number.text.isdigit() for number in numbers):
            kind = "comma_num" if len(numbers) == 2 else "bad_num"
            text = ("." if len(numbers) == 2 else ",").join(number.text for number in numbers)
            joined.append(Token(kind, text, tokens[position].is_spaced))
        else:
            joined.extend(tokens[position:end])
        position = end
    return joined


def _chain_end(tokens: list[Token], start: int) -> int:
    """The index after the chain "num , num , …" that begins at `start`, all without space."""
    end = start + 1
    if tokens[start].kind != "num":
        return end
    while (
        end + 1 < len(tokens)
        and tokens[end].kind == ","
        and tokens[end + 1].kind == "num"
        and not tokens[end].is_spaced
        and not tokens[end + 1].is_spaced
    ):
        end += 2
    return end


def labelled_token(tokens: Sequence[Token], position: int) -> Token | None:
    """The token behind the ":" or "=" that makes a label of a word, as in "ns": "S"; else None."""
    after = position + 1
    last = min(after + _MAX_LABEL_TOKENS, len(tokens) - 1)
    while after < last and tokens[after].kind in LABEL_PUNCTUATION:
        after += 1
    is_label = any(token.kind in {":", "="} for token in tokens[position + 1 : after])
    return tokens[after] if is_label else None

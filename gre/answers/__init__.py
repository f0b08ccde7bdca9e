r"""A model's text -> reasoning, answer, point, verdict, or a typed failure with its reason.

One reader serves rewards and metrics alike. It never guesses: what is missing, out of range or can
be read in two ways is a `ParseFailure`.

    tokens      text -> numbers, words, marks          vocabulary  the words that mean something
    parts       degrees, minutes, seconds              signs       signs and hemispheres
    angles      one coordinate in any spelling         names       "South latitude", "lat_ref": "S"
    items       what stands between coordinates        named       "lat: 40.7", "33.87 longitude"
    pairs       the one pair, or why not               choices     a second value: "33 to 34"
    strays      a side that no number has              cut         a number that may lack its end
    response    <think>, <answer>, \boxed              reading     read_latlon, read_judgment
"""

from gre.answers.angles import read_angle
from gre.answers.failures import FailureReason, ParseFailure
from gre.answers.reading import read_judgment, read_latlon
from gre.answers.response import Response, follows_format, read_response

__all__ = [
    "FailureReason",
    "ParseFailure",
    "Response",
    "follows_format",
    "read_angle",
    "read_judgment",
    "read_latlon",
    "read_response",
]

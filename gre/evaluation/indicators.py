"""What shows where a photo was taken: kinds of geographic indicator, explicit and implicit."""

from collections.abc import Iterator, Sequence

EXPLICIT = ("nature landmark", "iconic buildings", "language", "symbolic")
IMPLICIT = ("geographical features", "architectural style", "social characteristics", "climate")
"""Source: GRE paper, GREval-Bench, kinds of indicator."""

_TYPES = {
    **dict.fromkeys((*EXPLICIT, "explicit"), "explicit"),
    **dict.fromkeys((*IMPLICIT, "implicit"), "implicit"),
}


def indicator_groups(indicators: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Group names and values of a photo's indicators: each known kind, and the types present.

    A kind may be named alone ("climate") or with its type ("implicit: climate"); words that name
    neither say nothing about kinds and are passed over.
    """
    for indicator in indicators:
        parts = [
            " ".join(part.casefold().split()) for part in indicator.replace("/", ":").split(":")
        ]
        for part in parts:
            if part in _TYPES:
                yield "indicator type", _TYPES[part]
            if part in (*EXPLICIT, *IMPLICIT):
                yield "indicator", part

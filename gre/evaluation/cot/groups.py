"""Quality of the reasoning by group: kind of scene, geographic indicator, and what else is known.

A sample with several indicators counts in each of their groups, as it does in the breakdown of the
localization. Every value has its own N, and its own counts of what could not be scored.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gre.evaluation.cot.scores import CotSummary, Part, summarize

GROUPS = ("scene", "indicator", "indicator type", "seen", "ambiguous", "continent")
"""In the order of tables. Not by country or author: most have a handful of samples."""

CotGroups = Mapping[str, Mapping[str, CotSummary]]
"""Summaries by group and value."""


def summarize_groups(
    groups: Sequence[Iterable[tuple[str, str]]],
    rows: Sequence[Mapping[str, Part]],
    *,
    weights: Mapping[str, float],
) -> CotGroups:
    """Sum up the parts of the samples of each group.

    Args:
        groups: Names and values of the groups of each sample; those not in `GROUPS` are left out.
        rows: The parts of each sample, as many.
        weights: By name of `PAPER_PARTS`.

    Returns:
        In the order of `GROUPS`, values in that of the alphabet; empty groups are absent.
    """
    members: dict[str, dict[str, list[Mapping[str, Part]]]] = {name: {} for name in GROUPS}
    for pairs, row in zip(groups, rows, strict=True):
        for name, value in pairs:
            if name in members:
                members[name].setdefault(value, []).append(row)
    return {
        name: {value: summarize(some, weights=weights) for value, some in sorted(values.items())}
        for name, values in members.items()
        if values
    }


def groups_json(groups: CotGroups) -> dict[str, Any]:  # Any: nested plain values, for json.dumps
    """Plain values for `cot_summary.json`."""
    return {
        name: {value: summary.numbers() for value, summary in values.items()}
        for name, values in groups.items()
    }

"""The radar chart: round axes, honest gaps, and which models it shows."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from gre.evaluation.report.comparison import compare
from gre.evaluation.report.published import Mark
from gre.evaluation.report.radar import (
    CENTRE_X,
    CENTRE_Y,
    RADIUS,
    RadarSeries,
    axis_ends,
    place,
    radar_svg,
)
from gre.evaluation.report.radar_models import radar_context
from gre.evaluation.report.standings import standings


def test_axes_end_at_the_next_round_number():
    columns = [[6.14, None], [26.15, 0.61], [50.0], [50.1], [100.0], [None], []]
    assert axis_ends(columns) == (10, 30, 50, 60, 100, 1, 1)


def test_corners_lie_clockwise_from_the_top():
    assert place(0, 4, 1.0) == pytest.approx((CENTRE_X, CENTRE_Y - RADIUS))
    assert place(1, 4, 0.5) == pytest.approx((CENTRE_X + RADIUS / 2, CENTRE_Y))
    assert place(2, 4, 1.0) == pytest.approx((CENTRE_X, CENTRE_Y + RADIUS))
    assert place(3, 4, 0.0) == pytest.approx((CENTRE_X, CENTRE_Y))


def test_a_shape_is_open_where_a_value_is_missing():
    series = [
        RadarSeries("whole", (10.0, 20.0, 30.0), "run0"),
        RadarSeries("<b>part</b>", (10.0, None, 30.0), "published dash0", is_shown=False),
    ]
    root = ET.fromstring(radar_svg(["a", "b", "c"], series, title="t"))
    whole, part = (g for g in root if g.get("class") == "series")
    assert [p.get("d")[-1] for p in whole if "outline" in p.get("class", "")] == ["Z"]
    assert len([p for p in part if "outline" in p.get("class", "")]) == 1  # c to a alone
    assert len([p for p in part if "dot" in p.get("class", "")]) == 2
    assert (whole.get("hidden"), part.get("hidden")) == (None, "")
    assert part[0].text == "<b>part</b>: 10, –, 30"


def test_published_models_of_the_benchmark_can_be_chosen(two_runs):
    board = standings(compare(two_runs))
    radar = radar_context(board, "greval_bench")
    shown = {choice.name for choice in radar.choices if choice.is_shown}
    assert shown == {"untrained", "stage 1"}  # the sample world does not compare
    assert len(radar.choices) == 2 + 10  # table 3 has ten rows
    assert "CoT quality" in radar.svg
    by_name = {choice.name: choice for choice in radar.choices}
    assert by_name["Qwen2.5-VL-7B"].note.startswith("≠")
    assert "GPT-4o" in radar.note
    assert by_name["stage 1"].note == "≠ this report"
    # Im2GPS3k has no CoT quality: five axes, and a run of another set is drawn all the same
    other = radar_context(board, "im2gps3k")
    assert "CoT quality" not in other.svg
    assert {"GRE-7B", "PlaNet", "stage 1"} <= {choice.name for choice in other.choices}


def test_published_models_are_shown_at_once_where_they_compare(two_runs):
    board = [
        replace(row, mark=Mark.CARE) if row.is_ours else row for row in standings(compare(two_runs))
    ]
    choices = radar_context(board, "greval_bench").choices
    shown = {choice.name for choice in choices if choice.is_shown}
    assert shown == {"untrained", "stage 1", "GRE-7B", "Qwen2.5-VL-7B"}

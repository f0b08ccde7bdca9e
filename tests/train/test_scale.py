"""The schedule of the reward scale: when it refines, when it must not, and that it comes back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gre.errors import InputError
from gre.train.scale import DEFAULT_LEVELS_KM, ScaleOptions, ScaleSchedule


def adaptive(**changes: object) -> ScaleSchedule:
    values = {"scale_window": 3, "scale_bar": 0.7, "scale_patience": 2, **changes}
    return ScaleSchedule(ScaleOptions(**values))  # type: ignore[arg-type]


def feed(schedule: ScaleSchedule, means: list[float]) -> list[float]:
    scales_km = []
    for mean in means:
        schedule.start_generation(0.0)
        scales_km.append(schedule.scale_km)
        schedule.observe(mean)
    return scales_km


def test_the_default_levels_are_the_radii_of_accuracy() -> None:
    assert DEFAULT_LEVELS_KM == (2500, 750, 200, 25, 1)
    assert adaptive().scale_km == 2500


def test_it_refines_after_patience_full_windows_and_starts_a_new_one() -> None:
    # Windows of 3 are full from the third mean on; two in a row at the bar: after the fourth.
    scales_km = feed(adaptive(), [0.75] * 10)
    assert scales_km == [2500] * 4 + [750] * 4 + [200] * 2


def test_a_low_window_breaks_the_row() -> None:
    # Window means 0.75, then (0.75 + 0.75 + 0.1) / 3 = 0.53: the row starts anew.
    assert feed(adaptive(), [0.75, 0.75, 0.75, 0.1, 0.75, 0.75, 0.75, 0.75]) == [2500] * 8


def test_one_high_mean_is_not_stable() -> None:
    assert feed(adaptive(), [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]) == [2500] * 8


def test_the_finest_level_stays() -> None:
    assert feed(adaptive(scale_levels_km=[25.0, 1.0]), [1.0] * 30)[-1] == 1


def test_a_mean_that_is_missing_breaks_the_row() -> None:
    assert feed(adaptive(), [0.9, 0.9, 0.9, math.nan, 0.9]) == [2500] * 5


@given(st.lists(st.floats(0, 1), max_size=60), st.integers(0, 60))
def test_a_restored_schedule_goes_on_as_if_never_stopped(means: list[float], cut: int) -> None:
    whole, first, second = adaptive(), adaptive(), adaptive()
    expected = feed(whole, means)
    before = feed(first, means[:cut])
    second.restore(first.state())
    assert before + feed(second, means[cut:]) == expected
    assert second.state() == whole.state()


@given(st.lists(st.floats(0, 1), max_size=60))
def test_it_never_gets_coarser(means: list[float]) -> None:
    scales_km = feed(adaptive(), means)
    assert scales_km == sorted(scales_km, reverse=True)


def test_fixed_stays() -> None:
    schedule = adaptive(scale_schedule="fixed", scale_levels_km=[750.0])
    assert feed(schedule, [1.0] * 20) == [750] * 20


def test_anneal_falls_geometrically_over_the_run() -> None:
    schedule = adaptive(scale_schedule="anneal", scale_levels_km=[2000.0, 20.0])
    for progress, scale_km in ((0.0, 2000), (0.5, 200), (1.0, 20), (1.5, 20)):
        schedule.start_generation(progress)
        assert schedule.scale_km == pytest.approx(scale_km)
    assert not schedule.observe(1.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale_levels_km": []}, "at least one"),
        ({"scale_levels_km": [750.0, 750.0]}, "must fall"),
        ({"scale_levels_km": [25.0, 750.0]}, "must fall"),
        ({"scale_levels_km": [0.0]}, "> 0"),
        ({"scale_levels_km": [math.inf, 1.0]}, "> 0"),
        ({"scale_schedule": "fixed"}, "takes one level"),
        ({"scale_schedule": "anneal", "scale_levels_km": [750.0]}, "two levels"),
        ({"scale_window": 0}, "scale_window must be >= 1"),
        ({"scale_patience": 0}, "scale_patience must be >= 1"),
        ({"scale_bar": 1.0}, r"in \(0, 1\)"),
    ],
)
def test_impossible_options_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        adaptive(**changes)


def test_a_checkpoint_with_other_levels_or_damage_is_refused() -> None:
    schedule = adaptive()
    with pytest.raises(InputError, match="the checkpoint has"):
        schedule.restore(adaptive(scale_levels_km=[25.0, 1.0]).state())
    with pytest.raises(InputError, match="damaged"):
        schedule.restore(schedule.state() | {"level": 9})

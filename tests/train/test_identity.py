"""A run goes on only as the run it was."""

from pathlib import Path

import pytest

from gre.errors import InputError
from gre.train.identity import IDENTITY_FILE, check_identity, run_identity, write_identity

SETTINGS: dict[str, object] = {"learning_rate": 1e-5, "max_steps": 100, "logging_steps": 1}


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    (tmp_path / "records.json").write_text("[1, 2]")
    identity = run_identity(SETTINGS, data_path=tmp_path / "records.json", world_size=2)
    write_identity(tmp_path, identity)
    return tmp_path


def taken_up(folder: Path, *, world_size: int = 2, **changes: object) -> None:
    path = folder / "records.json"
    check_identity(
        folder, run_identity({**SETTINGS, **changes}, data_path=path, world_size=world_size)
    )


def test_the_same_run_goes_on(begun: Path) -> None:
    taken_up(begun)


@pytest.mark.parametrize(
    "free", [{"logging_steps": 5}, {"output_dir": "elsewhere"}, {"data_path": "moved.json"}]
)
def test_what_moves_no_weight_may_change(begun: Path, free: dict[str, object]) -> None:
    taken_up(begun, **free)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rate": 2e-5}, "learning_rate: .* begun with 1e-05, now it is 2e-05"),
        ({"max_steps": 200}, "max_steps: .* begun with 100, now it is 200"),
        ({"beta": 0.04}, "beta: .* begun with None, now it is 0.04"),
        ({"world_size": 4}, "begun by 2 processes, this run has 4"),
    ],
)
def test_other_settings_are_refused_with_both_values(
    begun: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        taken_up(begun, **changes)  # type: ignore[arg-type]


def test_other_records_are_refused(begun: Path) -> None:
    (begun / "records.json").write_text("[1, 2, 3]")
    with pytest.raises(InputError, match="other records"):
        taken_up(begun)


def test_a_damaged_file_is_named(begun: Path) -> None:
    (begun / IDENTITY_FILE).write_text("{")
    with pytest.raises(InputError, match=f"{IDENTITY_FILE}: is damaged"):
        taken_up(begun)

"""The parts of `scripts/kill_campaign.py` that could make it pass where it should not."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from kill_process import Process
from kill_report import losses, place, report, weights_digest


def save(folder: Path, values: dict[str, np.ndarray]) -> str:
    folder.mkdir(exist_ok=True)
    save_file(values, folder / "model.safetensors")
    return weights_digest(folder)


def test_one_bit_of_one_weight_is_another_run(tmp_path: Path) -> None:
    weights = {"a": np.ones((2, 3), np.float32), "b": np.zeros(4, np.float32)}
    first = save(tmp_path / "one", weights)
    assert save(tmp_path / "two", dict(reversed(weights.items()))) == first
    nearly = weights["a"].copy()
    nearly[1, 2] = np.nextafter(np.float32(1), np.float32(2))
    others = [
        {**weights, "a": nearly},
        {**weights, "b": -weights["b"]},  # minus zero equals zero, but is not the same bits
        {**weights, "a": weights["a"].reshape(3, 2)},
        {"a": weights["b"], "b": weights["a"]},
    ]
    assert first not in [save(tmp_path / "three", other) for other in others]


def test_losses_are_those_of_training_lines(tmp_path: Path) -> None:
    lines = [
        '{"step": 1, "loss": 2.5}',
        '{"step": 1, "eval_median_km": 3}',
        '{"step": 2, "loss": 1}',
    ]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    assert losses(tmp_path) == [(1, 2.5), (2, 1)]


@pytest.mark.parametrize(
    ("whole", "half", "begun", "expected"),
    [
        ((), (), False, (0, "starting")),
        ((), (3,), True, (0, "writing a checkpoint")),
        ((3, 6), (9,), True, (6, "writing a checkpoint")),
        ((3, 6), (), True, (6, "training or going on")),
        ((9, 12), (), True, (12, "exporting")),
    ],
)
def test_where_a_killed_run_stood(
    tmp_path: Path,
    whole: tuple[int, ...],
    half: tuple[int, ...],
    begun: bool,
    expected: tuple[int, str],
) -> None:
    for step in (*whole, *half):
        (tmp_path / f"checkpoint-{step}").mkdir()
    for step in whole:
        (tmp_path / f"checkpoint-{step}/complete.json").write_text("{}")
    if begun:
        (tmp_path / "metrics.jsonl").write_text("")
    assert place(tmp_path, 12) == expected


def test_the_table_counts_killed_runs_alone(tmp_path: Path) -> None:
    kill = '{"after_s": 1.0, "step": 3, "moment": "exporting"}'
    same, other, unhurt = (
        f'{{"kills": [{kills}], "same_weights": {weights}, "same_losses": true}}\n'
        for kills, weights in ((f"{kill}, {kill}", "true"), (kill, "false"), ("", "true"))
    )
    (tmp_path / "stage1.jsonl").write_text(same + other + unhurt)
    assert report(tmp_path).splitlines()[-1] == "| stage1 | 2 | 1 | 2 | 3 | exporting 3 |"


def test_a_script_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    """By the processor time of its children: the shell itself does nothing."""
    busy = f"{sys.executable} -c 'while True: pass' & wait"
    process = Process(tmp_path / "log", lambda: None, ["bash", "-c", busy])
    assert not process.wait(most_spent_s=0.2)
    assert process.spent_s > 0.2
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    assert process.ended()
    assert len(children) == 1
    while is_alive(children[0]):  # until the test's own limit: it would run for ever
        time.sleep(0.01)


def is_alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_process_that_ends_by_itself_was_not_killed(tmp_path: Path) -> None:
    process = Process(tmp_path / "log", lambda: None, ["true"])
    assert process.wait(most_spent_s=60)

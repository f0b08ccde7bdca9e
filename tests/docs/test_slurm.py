"""scripts/train/slurm.sbatch with stand-ins for srun and scontrol: what each node is told."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "train" / "slurm.sbatch"

SRUN = """#!/bin/bash
while [[ "$1" == --* ]]; do shift; done
for ((node = 0; node < SLURM_JOB_NUM_NODES; node++)); do
  SLURM_NODEID=$node "$@" || exit $?
done
"""
SCONTROL = """#!/bin/bash
if [[ "$1" == show ]]; then echo node7; echo node8; else echo "scontrol $*" >> "$RECORD"; fi
"""
STAGE = """#!/bin/bash
echo "$NODE_RANK/$NNODES $MASTER_ADDR:$MASTER_PORT $*" >> "$RECORD"
exit "${STAGE_EXIT:-0}"
"""


@pytest.fixture
def job(tmp_path: Path) -> dict[str, str]:
    """The environment of a job of two nodes, in a folder with a stage script of its own."""
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL), ("stage.sh", STAGE)):
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "SLURM_JOB_ID": "40123",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_JOB_NODELIST": "node[7-8]",
        "SLURM_SUBMIT_DIR": str(tmp_path),
        "RECORD": str(tmp_path / "record"),
    }


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(SCRIPT), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def recorded(job: dict[str, str]) -> list[str]:
    return Path(job["RECORD"]).read_text().splitlines()


def test_each_node_gets_its_rank_and_the_first_ones_address(job: dict[str, str]) -> None:
    """40123 % 10000 = 123, so the port is 20123."""
    done = run(job, "stage.sh", "models/My Model", "--learning_rate", "1e-6")
    assert done.returncode == 0, done.stderr
    told = "node7:20123 models/My Model --learning_rate 1e-6"
    assert recorded(job) == [f"0/2 {told}", f"1/2 {told}"]


@pytest.mark.parametrize(("code", "is_queued"), [("143", True), ("1", False), ("2", False)])
def test_only_a_run_that_saved_is_queued_again(
    job: dict[str, str], code: str, is_queued: bool
) -> None:
    done = run({**job, "STAGE_EXIT": code}, "stage.sh")
    assert done.returncode == int(code)
    assert ("scontrol requeue 40123" in recorded(job)) is is_queued


@pytest.mark.parametrize(
    ("words", "changes", "told"),
    [
        ((), {}, "Usage:"),
        (("nowhere.sh",), {}, "no file nowhere.sh"),
        (("stage.sh",), {"SLURM_JOB_ID": ""}, "not inside a SLURM job"),
    ],
)
def test_what_cannot_run_is_said(
    job: dict[str, str], words: tuple[str, ...], changes: dict[str, str], told: str
) -> None:
    done = run({**job, **changes}, *words)
    assert done.returncode == 2
    assert told in done.stdout + done.stderr

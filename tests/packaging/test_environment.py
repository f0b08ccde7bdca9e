"""What environment.sh decides, says and refuses."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.packaging.conftest import Project

CONDA_LINE = "conda create -n GRE python=3.11 && conda activate GRE && bash environment.sh"


def one_line(text: str) -> str:
    """The only line of an error stream."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]


def test_help_shows_an_example_and_corrects_the_old_pins(project: Project) -> None:
    shown = project.set_up("--help")
    assert shown.returncode == 0
    assert "bash environment.sh --extras train,eval,dev" in shown.stdout
    assert "transformers==4.40.0 and tokenizers==0.19.1 cannot load Qwen2.5-VL" in shown.stdout
    assert CONDA_LINE in shown.stdout


def test_a_first_run_makes_venv_and_installs_with_the_constraints(project: Project) -> None:
    done = project.set_up()
    assert done.returncode == 0, done.stderr
    assert (project.folder / ".venv/bin/python").exists()
    (call,) = project.pip_calls
    assert f"install --no-compile -e {project.folder}[eval,train] -c " in call
    assert "Python  3.11.9" in done.stdout
    assert "GPU     none" in done.stdout
    assert "transformers 4.40.0 / tokenizers 0.19.1" in done.stdout
    assert not list((project.folder / ".venv").glob(".gre-tmp*"))


def test_a_second_run_is_instant_and_installs_nothing(project: Project) -> None:
    project.set_up()
    start = time.perf_counter()
    again = project.set_up()
    assert time.perf_counter() - start < 1.0  # 0.02 s on an idle machine; this one may be busy
    assert again.returncode == 0
    assert again.stdout.startswith("Ready, nothing changed: ")
    assert len(project.pip_calls) == 1


def test_a_subset_of_the_extras_is_ready_and_more_are_added_to_them(project: Project) -> None:
    project.set_up("--extras", "dev")
    assert "Ready" in project.set_up("--extras", "train,judge").stdout
    project.set_up("--extras", "flash")
    assert len(project.pip_calls) == 2
    assert "[curate,demo,dev,docs,eval,judge,train]" in project.pip_calls[1]


@pytest.mark.parametrize(
    ("name", "old", "new", "calls"),
    [
        ("pyproject.toml", '"numpy>=2.0"', '"numpy>=2.1"', 2),
        ("constraints.txt", "torch==2.15.0", "torch==2.15.1", 2),
        ("pyproject.toml", "line-length = 100", "line-length = 99", 1),
    ],
)
def test_a_change_of_the_requirements_installs_again(
    project: Project, name: str, old: str, new: str, calls: int
) -> None:
    project.set_up()
    file = project.folder / name
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new))
    project.set_up()
    assert len(project.pip_calls) == calls


def test_face_finding_is_an_extra_beside_the_joint_ones(project: Project) -> None:
    project.set_up("--extras", "faces")
    assert "[faces]" in project.pip_calls[0]


def test_core_alone_has_no_extras(project: Project) -> None:
    project.set_up("--extras", "none")
    assert f"-e {project.folder} -c" in project.pip_calls[0]


def test_an_active_environment_is_used_and_conda_base_is_not(
    project: Project, tmp_path: Path
) -> None:
    conda = tmp_path / "envs" / "GRE"
    project.write_python(conda / "bin" / "python")
    active = {"CONDA_PREFIX": str(conda), "CONDA_DEFAULT_ENV": "GRE"}
    assert project.set_up(**active).returncode == 0
    assert not (project.folder / ".venv").exists()
    assert (conda / ".gre-environment").exists()
    project.set_up(**{**active, "CONDA_DEFAULT_ENV": "base"})
    assert (project.folder / ".venv").exists()


def test_an_old_python_is_refused_with_the_right_line(project: Project) -> None:
    refused = project.set_up(FAKE_VERSION="3.10.14")
    assert refused.returncode == 1
    line = one_line(refused.stderr)
    assert "Python 3.10.14" in line
    assert "too old" in line
    assert line.endswith(CONDA_LINE)
    assert not (project.folder / ".venv").exists()


def test_upstreams_conda_environment_is_refused_with_the_right_line(
    project: Project, tmp_path: Path
) -> None:
    conda = tmp_path / "envs" / "GRE"
    project.write_python(conda / "bin" / "python", version="3.10.14")
    refused = project.set_up(CONDA_PREFIX=str(conda), CONDA_DEFAULT_ENV="GRE")
    assert refused.returncode == 1
    assert "python=3.10 of the GRE README fails" in one_line(refused.stderr)
    assert project.pip_calls == []


def test_a_newer_python_is_found_beside_an_old_python3(project: Project) -> None:
    for name in ("python3", "python3.11"):
        project.write_python(project.fakes / name, version="3.9.2")
    project.write_python(project.fakes / "python3.12", version="3.12.4")
    done = project.set_up()
    assert done.returncode == 0
    assert "Python  3.12.4" in done.stdout


def test_a_python_without_venv_names_the_package(project: Project) -> None:
    refused = project.set_up(FAKE_NO_VENV="yes")
    assert refused.returncode == 1
    assert "next: apt-get install python3.11-venv" in one_line(refused.stderr)


def test_too_little_space_is_refused_before_anything_is_written(project: Project) -> None:
    refused = project.set_up("--min-free-gb", "999999")
    assert refused.returncode == 1
    line = one_line(refused.stderr)
    assert "999999 GB needed" in line
    assert "next: " in line
    assert not (project.folder / ".venv").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--extras", "trian"], "unknown extra 'trian'; choose from: train, eval"),
        (["--extras", "vllm"], "extra 'vllm' pins other versions and needs its own environment"),
        (["--extras"], "--extras needs a value"),
        (["--min-free-gb", "-3"], "must be a whole number >= 0, got '-3'"),
        (["--fast"], "unknown option '--fast'"),
        (["--python", "/nowhere/python"], "--python /nowhere/python does not run"),
    ],
)
def test_nonsense_options_are_refused_in_one_line(
    project: Project, options: list[str], expected: str
) -> None:
    refused = project.set_up(*options)
    assert refused.returncode == 2
    assert expected in one_line(refused.stderr)
    assert project.pip_calls == []


@pytest.mark.parametrize(
    ("says", "step"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("ERROR: ResolutionImpossible: for help", "the versions conflict"),
        ("ERROR: No matching distribution found for torch", "the package index"),
    ],
)
def test_a_failed_pip_shows_its_words_the_log_and_a_next_step(
    project: Project, says: str, step: str
) -> None:
    failed = project.set_up(FAKE_PIP_SAYS=says)
    assert failed.returncode == 1
    *shown, last = failed.stderr.strip().splitlines()
    assert says in shown
    assert str(project.folder / ".venv/gre-environment.log") in last
    assert step in last
    assert project.set_up().returncode == 0  # nothing half-done stands in the way
    assert len(project.pip_calls) == 2


def test_an_interrupted_venv_is_made_anew(project: Project) -> None:
    project.write_python(project.folder / ".venv/bin/python", first="*-m*pip*) exit 1 ;;")
    done = project.set_up()
    assert done.returncode == 0, done.stderr
    assert "Making " in done.stdout


def test_two_runs_at_once_install_once(project: Project, tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    variables = {**project.variables, "FAKE_HOLD": str(hold)}
    runs = [
        subprocess.Popen(project.command(), env=variables, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    deadline = time.monotonic() + 20
    while not project.pip_calls and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # long enough for the other run to come to the lock
    hold.unlink()
    shown = sorted(run.communicate(timeout=60)[0] for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert len(project.pip_calls) == 1
    assert sum("Ready, nothing changed" in text for text in shown) == 1


def test_check_prints_the_state_and_changes_nothing(project: Project) -> None:
    before = project.set_up("--check")
    assert before.returncode == 1
    assert "run bash environment.sh --extras eval,train" in before.stdout
    assert not (project.folder / ".venv").exists()
    project.set_up()
    after = project.set_up("--check")
    assert after.returncode == 0
    assert "Ready" in after.stdout


def test_gpus_and_cuda_are_named(project: Project) -> None:
    listing = "NVIDIA H200, 143771 MiB"
    project.write_command(
        "nvidia-smi",
        f'case "$*" in *query*) printf "{listing}\\n{listing}\\n" ;;\n'
        '*) echo "| Driver Version: 580.95  CUDA Version: 13.0 |" ;; esac',
    )
    project.write_command("nvcc", 'echo "Cuda compilation tools, release 13.0, V13.0"')
    shown = project.set_up("--check").stdout
    assert f"GPU     2 x {listing}" in shown
    assert "CUDA    driver: 13.0, compiler nvcc: 13.0" in shown


def test_flash_is_skipped_without_a_gpu_and_the_rest_installed(project: Project) -> None:
    done = project.set_up("--extras", "train,flash")
    assert done.returncode == 0
    assert "flash   skipped: it needs a GPU and nvcc" in done.stdout
    assert [call for call in project.pip_calls if "[flash]" in call] == []


def test_keep_torch_trades_its_pins_for_what_is_installed(project: Project) -> None:
    copied = project.folder / "constraints seen"
    # pip's last five words: FILE --no-input --progress-bar off --disable-pip-version-check
    project.write_python(
        project.fakes / "python3", first=f'*"pip install"*) cp "${{@: -5:1}}" "{copied}" ;;'
    )
    done = project.set_up("--keep-torch")
    assert done.returncode == 0, done.stderr
    pins = copied.read_text().splitlines()
    assert "torch==2.11.0" in pins
    assert [pin for pin in pins if pin.startswith(("torchvision==", "nvidia-", "triton"))] == []
    assert "numpy==1.0" not in pins
    assert any(pin.startswith("transformers==") for pin in pins)


def test_scripts_find_the_environment_or_say_how_to_make_it(project: Project) -> None:
    asks = f'source "{project.folder}/scripts/lib/env.sh"; gre_env "{project.folder}"'
    asks += " && command -v python"
    project.write_command("python", "exit 1")  # no gre on PATH either

    def ask() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", asks], env=project.variables, capture_output=True, text=True, check=False
        )

    assert ask().returncode == 1
    assert one_line(ask().stderr).endswith("run: bash environment.sh")
    project.set_up()
    assert ask().stdout.strip() == str(project.folder / ".venv/bin/python")

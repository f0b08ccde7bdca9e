"""`gre env` says what a bug report needs, and no secret."""

import json
import sys

import pytest

from gre.commands.env import (
    describe_machine,
    describe_variables,
    find_missing,
    render_facts,
)
from gre.environment import describe_hardware
from tests.command_line import run_gre


def test_missing_packages_are_named_by_extra_with_their_purpose() -> None:
    requirements = [
        "numpy>=2.0",
        'no-such-package>=1; extra == "train"',
        "numpy>=1; extra == 'train'",
        'absent-one; sys_platform == "linux" and extra == "flash"',
        'absent-tool; extra == "dev"',
    ]
    assert find_missing(requirements) == {
        "train": "no-such-package (to train)",
        "flash": "absent-one (for FlashAttention; without it attention is sdpa)",
    }


def test_a_checkout_that_is_not_installed_says_so() -> None:
    assert "bash environment.sh" in str(find_missing([]))


def test_keys_are_told_to_be_set_and_never_shown() -> None:
    told = describe_variables({"HF_TOKEN": "hf_secret", "CUDA_VISIBLE_DEVICES": "0,1", "PATH": "x"})
    assert told == {"CUDA_VISIBLE_DEVICES": "0,1", "HF_TOKEN": "set, not shown"}


def test_the_text_is_one_fenced_block() -> None:
    text = render_facts({"gre": "1.0", "versions": {"torch": None, "numpy": "2.4"}, "missing": {}})
    assert text.splitlines() == [
        *("```text", "gre: 1.0", "versions:", "  torch: not installed", "  numpy: 2.4"),
        *("missing: nothing", "```"),
    ]


def test_without_torch_the_gpus_are_unknown_and_not_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    hardware = describe_hardware()
    unknown = "unknown without torch"
    assert hardware["cpu_cores"]
    assert {hardware[name] for name in ("gpus", "cuda", "attention")} == {unknown}
    assert "not installed" not in render_facts({"hardware": hardware})


def test_what_the_driver_says_is_told_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"nvidia-smi": "NVIDIA H20, 97871 MiB, 580.1\nNVIDIA H20, 97871 MiB, 580.1", "nvcc": ""}
    monkeypatch.setattr("gre.commands.env._first_output", lambda command: said[command[0]])
    told = describe_machine()["nvidia_smi"]
    assert told == "NVIDIA H20, 97871 MiB, 580.1; NVIDIA H20, 97871 MiB, 580.1"


@pytest.mark.slow
def test_the_command_tells_versions_hardware_attention_and_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow: torch and transformers are imported to name the attention."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    code, out, _ = run_gre(capsys, "env", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["versions"]["python"] == sys.version.split()[0]
    assert facts["hardware"]["attention"] in {"sdpa", "flash_attention_2"}
    assert facts["hardware"]["memory_gb"] > 0
    assert isinstance(facts["missing"], dict)
    assert "sk-secret" not in out

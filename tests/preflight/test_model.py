"""What `gre check` says of a model that is not here."""

from pathlib import Path

import pytest

from gre.models.options import ModelOptions
from gre.preflight.findings import Findings
from gre.preflight.model import check_model


def told(name: str) -> list[tuple[str, str]]:
    findings = Findings()
    check_model(ModelOptions(model_name_or_path=name), findings)
    return [(item.severity, item.text) for item in findings.items]


@pytest.mark.parametrize("name", ["outputs/nowhere", "models/Qwen2.5-VL-7B-Instruct"])
def test_a_folder_of_the_clone_that_is_not_there_is_an_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # neither models nor outputs
    ((severity, text),) = told(name)
    assert severity == "error"
    assert text.startswith(f"model {name}: no such folder; gre pull NAME fetches")


def test_a_hub_id_is_a_note_that_names_the_other_reading() -> None:
    ((severity, text),) = told("Qwen/Qwen2.5-VL-7B-Instruct")
    assert severity == "note"
    assert "is a hub id, or a folder that is not there" in text

"""The audits: planted keys are found, the tree has none, and a failed look-up is never a pass."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from gre.hub.secrets import PATTERNS, find_secrets

ROOT = Path(__file__).resolve().parents[2]
LETTERS, HEX = "aBcDeFgHiJ" * 10, "0123456789abcdef" * 4
PLANTED = {  # made up, and put together here so that this file is clean
    "Hugging Face token": "hf_" + LETTERS[:34],
    "OpenAI or Anthropic key": "sk-" + "proj-" + LETTERS[:48],
    "GitHub token": "gh" + "p_" + LETTERS[:36],
    "GitLab token": "glpat" + "-" + LETTERS[:20],
    "AWS access key": "AKIA" + "QWERTYUIOP123456",
    "Google API key": "AIza" + LETTERS[:35],
    "Slack token": "xox" + "b-" + HEX[:24],
    "Weights & Biases key": "WANDB_API_" + "KEY=" + HEX[:40],
    "JSON web token": "eyJ" + LETTERS[:20] + ".eyJ" + LETTERS[:20] + "." + LETTERS[:20],
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "password in an address": "https://ada:" + "lovelace1@host.example/x",
    "assigned secret": 'api_key = "' + HEX[:32] + '"',
}
HARMLESS = (
    "hf_hub_download(repo_id)",
    "HF_TOKEN=hf_...",
    "token = os.environ['HF_TOKEN']",
    'api_key = "set it in the environment variable"',
    "sha256: " + HEX,
    "ask-how-to-find-a-place-that-is-not-on-the-map-yet",
    "https://host.example:8000/v1/models@main",
    '"Authorization": f"Bearer {key}"',
    "https://{user}:{password}@host",
)


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "scripts" / "audit.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["audit"] = module
    spec.loader.exec_module(module)
    return module


def test_every_pattern_has_a_planted_example() -> None:
    assert PLANTED.keys() == PATTERNS.keys()


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_key_is_found_with_its_line(kind: str) -> None:
    text = f"first line\n  x: {PLANTED[kind]}\nlast line\n"
    assert (2, kind) in [(finding.line, finding.kind) for finding in find_secrets(text)]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert list(find_secrets(text)) == []


def test_the_scan_takes_linear_time_on_one_huge_line() -> None:
    assert list(find_secrets("sk-! eyJ" * 500_000)) == []


def test_the_tree_holds_no_key(audit: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.scan(ROOT) == 0, capsys.readouterr().out


def test_a_key_in_a_tree_is_named_but_not_shown(
    audit: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings").mkdir()
    key = PLANTED["GitHub token"]
    (tmp_path / "settings" / "run.yaml").write_text(f"a: 1\nkey: {key}\n")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff" + bytes(range(256)))
    assert audit.scan(tmp_path) == 1
    out = capsys.readouterr().out
    assert "settings/run.yaml:2: GitHub token" in out
    assert "1 possible secrets in 2 files" in out
    assert key not in out


def package(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "version": "1.0", "vulns": [], **more}


WEAK = [{"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}]
SKIPPED = {"name": "b", "skip_reason": "not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "code", "says"),
    [
        ([package("a"), package("b")], 0, "no known weakness in 2 packages"),
        ([package("a", vulns=WEAK), SKIPPED], 1, "1 weaknesses in 1 of 2 packages"),
        ([SKIPPED, {**SKIPPED, "name": "c"}], 75, "not audited: could not look up 2 of 2 packages"),
        ([package("a"), SKIPPED], 75, "not audited: could not look up 1 of 2 packages"),
        ([], 75, "not audited: could not look up 0 of 0 packages"),
    ],
)
def test_only_a_whole_look_up_passes(
    audit: ModuleType, packages: list[object], code: int, says: str
) -> None:
    read = audit.read_audit(json.dumps({"dependencies": packages, "fixes": []}))
    assert (read.code, read.sentence()) == (code, says)


@pytest.mark.parametrize(
    "answer",
    [
        subprocess.CompletedProcess([], 1, "", "ConnectionError: no route to host\n"),
        subprocess.CompletedProcess([], 1, "No module named pip_audit\n", ""),
        subprocess.TimeoutExpired(["pip-audit"], 1),
        OSError("no such file"),
    ],
)
def test_an_audit_that_fails_is_not_audited(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    def run(*_: object, **__: object) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(audit.subprocess, "run", run)
    assert audit.audit_pins(["a==1.0", "b==2.0"]).code == 75
    assert audit.audit_dependencies() == 75


@pytest.mark.parametrize(
    ("status", "line"), [(0, "passed"), (75, "not audited"), (3, "FAILED (3)")]
)
def test_ci_names_each_outcome(tmp_path: Path, status: int, line: str) -> None:
    """Its `step` and `finish`, run by themselves: only a failure is one."""
    text = (ROOT / ".ci" / "run").read_text()
    functions = text[text.index("step() {") : text.index("has_browser()")]
    script = f'TABLE="" FAILED=0\n{functions}\nstep audit bash -c "exit {status}"\nfinish\n'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert line in done.stdout
    assert done.returncode == (1 if status == 3 else 0)

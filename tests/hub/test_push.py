"""`gre push` against a hub on this machine: what leaves, what stays, and what the card says."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from PIL import Image

from tests.hub.conftest import TOKEN, Gre
from tests.hub.server import Hub

CARD = """---
base_model: Qwen/Qwen2.5-VL-7B-Instruct
license: apache-2.0
---

# GRE

## Use

```bash
gre predict photo.jpg --model PATH_TO_THIS_FOLDER
```

```python
GeoLocalizer("PATH_TO_THIS_FOLDER").predict("photo.jpg")
```
"""


def safetensors(num_bytes: int) -> bytes:
    """A file of one tensor. Format: 8 bytes of length, JSON header, data."""
    header = {"w": {"dtype": "U8", "shape": [num_bytes], "data_offsets": [0, num_bytes]}}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(num_bytes)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished training run with everything beside the model that must stay."""
    folder = tmp_path / "outputs" / "stage3"
    (folder / "adapter").mkdir(parents=True)
    (folder / "checkpoint-10").mkdir()
    (folder / "model.safetensors").write_bytes(safetensors(5000))
    (folder / "README.md").write_text(CARD)
    (folder / "config.json").write_text(json.dumps({"_name_or_path": "/home/ada/models/stage2"}))
    (folder / "gre.json").write_text('{"instruction": "Where?"}')
    (folder / "tokenizer.json").write_text("{}")
    adapter = {"base_model_name_or_path": "/data/Qwen2.5-VL-7B-Instruct", "r": 8}
    (folder / "adapter" / "adapter_config.json").write_text(json.dumps(adapter))
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(safetensors(100))
    (folder / "complete.json").write_text("{}")
    for name in ("resolved.yaml", "rollouts.jsonl", "metrics.jsonl", "optimizer.pt"):
        (folder / name).write_text("/home/ada/photos/IMG_1.jpg")
    (folder / "checkpoint-10" / "model.safetensors").write_bytes(safetensors(10))
    exif = Image.Exif()
    exif[0x010F] = "camera of Ada"
    Image.new("RGB", (64, 64)).save(folder / "tried.jpg", exif=exif)
    (folder / "model.safetensors.jpg").write_bytes((folder / "tried.jpg").read_bytes())
    return folder


def make_results(folder: Path, *, model: str = "outputs/stage3", accuracy: float = 60.4) -> Path:
    folder.mkdir(parents=True)
    radii = ("1", "25", "200", "750", "2500")
    summary = {
        "benchmark": "im2gps3k",
        "model": model,
        "n": 500,
        "n_readable": 498,
        "n_errors": 2,
        "accuracy": dict.fromkeys(radii, accuracy),
        "ci95": {radius: [56.0, 64.6] for radius in radii},
        "median_km": 13.04,
        "geoscore": None,
        "protocol": {"distance": "haversine", "test": "le", "unreadable": "miss"},
        "data_sha256": "ab" * 32,
    }
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def front(card: bytes) -> dict[str, object]:
    return yaml.safe_load(card.decode().split("---")[1])


def last_line(err: str) -> str:
    return err.strip().splitlines()[-1]


def test_exactly_the_model_leaves_in_one_commit(hub: Hub, gre: Gre, run: Path) -> None:
    code, out, err = gre("push", run, "--to", "me/GRE")
    assert code == 0, err
    sent = hub.commits["me/GRE"]
    assert sorted(sent) == [
        "README.md",
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "config.json",
        "gre.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    assert sent["model.safetensors"] == (run / "model.safetensors").read_bytes()
    assert f"{hub.address}/me/GRE/commit/" in out
    assert "stays here: checkpoint-10/, complete.json," in out
    assert [made["visibility"] for made in hub.created] == ["private"]


def test_no_local_path_no_exif_and_no_token_is_in_what_leaves(
    hub: Hub, gre: Gre, run: Path
) -> None:
    gre("push", run, "--to", "me/GRE", "--results", make_results(Path("r")))
    everything = b"".join(request.body for request in hub.requests)
    for word in (b"/home/ada", b"/data/", b"camera of Ada", b"Exif", b"tried.jpg", TOKEN.encode()):
        assert word not in everything, word
        assert all(word not in content for content in hub.commits["me/GRE"].values()), word
    sent = hub.commits["me/GRE"]
    assert json.loads(sent["config.json"])["_name_or_path"] == "stage2"
    adapter = json.loads(sent["adapter/adapter_config.json"])
    assert adapter == {"base_model_name_or_path": "Qwen2.5-VL-7B-Instruct", "r": 8}
    assert json.loads((run / "config.json").read_text())["_name_or_path"].startswith("/home")


def test_the_card_has_results_as_the_hub_reads_them(hub: Hub, gre: Gre, run: Path) -> None:
    from huggingface_hub import ModelCard

    gre("push", run, "--to", "me/GRE", "--results", make_results(Path("r")))
    card = hub.commits["me/GRE"]["README.md"]
    (index,) = front(card)["model-index"]
    assert index["name"] == "GRE"
    (result,) = index["results"]
    assert result["task"]["type"] == "image-text-to-text"
    assert result["dataset"]["name"] == "Im2GPS3k"
    assert result["dataset"]["args"]["n"] == 500
    metrics = {metric["name"]: metric["value"] for metric in result["metrics"]}
    assert metrics["within 25 km, percent"] == 60.4
    assert metrics["median error, km"] == 13.04
    assert len(metrics) == 6  # no GeoGuessr score: it is undefined, not zero
    read = ModelCard(card.decode())
    assert read.data.base_model == "Qwen/Qwen2.5-VL-7B-Instruct"
    assert "| Im2GPS3k | 500 | 498 | 60.4 (56.0–64.6) |" in read.text
    assert 'GeoLocalizer("me/GRE").predict' in read.text
    assert "PATH_TO_THIS_FOLDER" not in read.text


def test_a_second_push_replaces_the_results(run: Path) -> None:
    from gre.hub.card import make_card, read_result

    old = make_card(CARD, "me/GRE", [read_result(make_results(run.parent / "a"), run)])
    better = make_results(run.parent / "b", accuracy=70.0)
    new = make_card(old, "me/GRE", [read_result(better, run)])
    assert new.count("## Benchmarks") == 1
    assert new.count("## Use") == 1
    assert "70.0 (" in new
    assert "60.4 (" not in new


def test_a_folder_without_a_card_gets_one_with_an_example(hub: Hub, gre: Gre, run: Path) -> None:
    (run / "README.md").unlink()
    assert gre("push", run, "--to", "me/GRE")[0] == 0
    card = hub.commits["me/GRE"]["README.md"]
    assert 'GeoLocalizer("me/GRE")' in card.decode()
    assert front(card)["pipeline_tag"] == "image-text-to-text"


def test_dry_run_lists_all_and_sends_nothing(hub: Hub, gre: Gre, run: Path) -> None:
    code, out, _ = gre("push", run, "--to", "me/GRE", "--dry-run")
    assert code == 0
    assert "5.1 kB  model.safetensors" in out
    assert "nothing was sent" in out
    assert hub.requests == []


def test_an_upload_that_is_there_already_is_not_repeated(hub: Hub, gre: Gre, run: Path) -> None:
    hub.refuses_commit = True
    code, _, _ = gre("push", run, "--to", "me/GRE")
    assert code == 1
    assert hub.commits == {}
    num = len(hub.asked("PUT", "/lfs/"))
    hub.refuses_commit = False
    assert gre("push", run, "--to", "me/GRE")[0] == 0
    assert (num, len(hub.asked("PUT", "/lfs/"))) == (1, 1)


Break = Callable[[Path], object]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda run: (run / "complete.json").unlink(), "the run is not finished"),
        (lambda run: (run / "config.json").unlink(), "no config.json"),
        (lambda run: (run / "model.safetensors").unlink(), "pickled weights are never published"),
        (
            lambda run: (run / "model.safetensors").write_bytes(safetensors(5000)[:-1]),
            "damaged or cut short",
        ),
        (lambda run: (run / "README.md").write_text("---\na: [\n---\n"), "front matter"),
        (
            lambda run: (run / "gre.json").write_text(f'{{"instruction": "{TOKEN}"}}'),
            "gre.json:1: looks like a secret (Hugging Face token)",
        ),
        (
            lambda run: (run / "model.safetensors.index.json").write_text(
                '{"weight_map": {"w": "model-00001-of-00002.safetensors"}}'
            ),
            "model-00001-of-00002.safetensors is missing",
        ),
    ],
)
def test_a_faulty_model_is_one_line_and_nothing_is_sent(
    hub: Hub, gre: Gre, run: Path, damage: Break, says: str
) -> None:
    damage(run)
    code, _, err = gre("push", run, "--to", "me/GRE")
    assert code == 2
    assert says in last_line(err)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--to", "GRE"], "must be owner/name"),
        (["--to", "me/GRE", "--results", "none"], "none/summary.json: no such file"),
        (["--to", "me/GRE", "--results", "other"], "is about models/base, must be about"),
    ],
)
def test_bad_arguments_are_one_line(
    hub: Hub, gre: Gre, run: Path, words: list[str], says: str
) -> None:
    make_results(Path("other"), model="models/base")
    code, _, err = gre("push", run, *words)
    assert code == 2
    assert says in last_line(err)
    assert hub.requests == []


def test_a_link_to_another_file_does_not_leave(hub: Hub, gre: Gre, run: Path) -> None:
    secret = run.parent / "private.json"
    secret.write_text('{"private": 1}')
    (run / "vocab.json").symlink_to(secret)
    assert gre("push", run, "--to", "me/GRE")[0] == 0
    assert "vocab.json" not in hub.commits["me/GRE"]


def test_without_a_token_nothing_is_tried(
    hub: Hub, gre: Gre, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", "/nonexistent")
    code, _, err = gre("push", run, "--to", "me/GRE")
    assert code == 2
    assert "no hub token; set HF_TOKEN" in last_line(err)
    assert hub.requests == []


@pytest.mark.parametrize(("status", "code"), [(401, 2), (403, 2), (500, 1)])
def test_a_refusal_is_one_line(
    hub: Hub, gre: Gre, run: Path, monkeypatch: pytest.MonkeyPatch, status: int, code: int
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    hub.status = status
    left, _, err = gre("push", run, "--to", "me/GRE")
    assert left == code
    assert "me/GRE" in last_line(err)

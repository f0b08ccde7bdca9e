"""`gre curate ... --push-to-hub`: what leaves, and what stops it."""

from pathlib import Path

import pytest

from gre.commands.curating import push
from gre.errors import InputError
from tests.curation.making import PLACES, save_photo
from tests.hub.conftest import TOKEN, Gre
from tests.hub.server import Hub

KEY = "AKIA" + "ABCDEFGH" * 2  # secret-scan: allow


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number, place in enumerate(PLACES):
        save_photo(tmp_path / "photos" / f"{place}.jpg", number, place)
    return tmp_path / "photos"


def test_a_set_leaves_without_folders_positions_and_token(
    hub: Hub, gre: Gre, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "seeds"
    words = ("curate", "seed", photos, f"--out={out}", "--workers", 1, "--push-to-hub=me/set")
    code, _, err = gre(*words)
    assert code == 0, err
    sent = hub.commits["me/set"]
    assert {"README.md", "gre_seed.jsonl", "left_out.jsonl", "seed.json"} <= sent.keys()
    assert sum(name.startswith("imgs/") for name in sent) == 4
    for name, content in sent.items():
        for word in (str(tmp_path), TOKEN, "Exif"):
            assert word.encode() not in content, name
    assert [(one["name"], one["type"]) for one in hub.created] == [("set", "dataset")]
    assert hub.created[0]["visibility"] == "private"


def test_work_in_hand_and_decisions_stay_here(hub: Hub, tmp_path: Path) -> None:
    for name in ("README.md", ".building/a.jsonl", ".building/cache/b", "x.json.reviews/ann.jsonl"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_text(name if name == "README.md" else KEY)
    push(tmp_path / "set", "me/set")
    assert set(hub.commits["me/set"]) == {"README.md"}


def test_a_key_in_a_set_stops_it_before_anything_is_sent(
    hub: Hub, gre: Gre, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "seeds"
    words = ("curate", "seed", photos, "--out", out, "--workers", 1, "--push-to-hub", "me/set")
    code, _, err = gre(*words, "--instruction", f"Where is this? {KEY}")
    assert code == 2
    assert KEY not in err
    assert "README.md:" in err
    assert "looks like a secret (AWS access key); nothing was sent" in err
    assert hub.requests == []


@pytest.mark.parametrize("name", ["gre_cot.json", "left_out.jsonl", "deep/notes.txt"])
def test_every_file_but_pictures_is_looked_at(hub: Hub, tmp_path: Path, name: str) -> None:
    (tmp_path / "set/imgs").mkdir(parents=True)
    save_photo(tmp_path / "set/imgs/a.jpg", 1, None)
    path = tmp_path / "set" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"fine \xff\n" + KEY.encode() + b"\n")
    with pytest.raises(InputError, match=rf"{name}:2: looks like a secret"):
        push(tmp_path / "set", "me/set")
    assert hub.requests == []

"""`gre pull` against a hub on this machine: layout, resume, hashes, offline, and no token shown."""

import json
from pathlib import Path

import pytest

from gre.hub.catalog import ITEMS, find_item
from tests.hub.conftest import TOKEN, Gre
from tests.hub.server import Hub

PHOTO = bytes(range(256)) * 20
RECORDS = b'[{"image": "images/a.jpg"}]'
GRE30K = "Anonymous0515/GRE30K"


@pytest.fixture
def data(hub: Hub) -> Hub:
    hub.files[GRE30K] = {
        "gre_cot.json": RECORDS,
        "gre_seed/gre_seed.jsonl": b"{}\n",
        "gre_cot/imgs/a.jpg": PHOTO,
        "README.md": b"# data\n",
        ".gitattributes": b"*.zip lfs\n",
        "loader.py": b"raise SystemExit\n",
    }
    return hub


def last_line(err: str) -> str:
    return err.strip().splitlines()[-1]


def test_everything_that_the_upstream_readme_links_to_has_its_folder() -> None:
    assert {item.repo_id: str(item.folder) for item in ITEMS.values()} == {
        "Anonymous0515/GRE": "models/GRE",
        "Anonymous0515/GRE-CI": "models/GRE-CI",
        "Anonymous0515/GRE-RL-I": "models/GRE-RL-I",
        "Qwen/Qwen2.5-VL-7B-Instruct": "models/Qwen2.5-VL-7B-Instruct",
        "Anonymous0515/GRE30K": "dataset",
        "Anonymous0515/GREval-Bench": "benchmark/bench_data",
    }


def test_files_land_where_the_configs_look(data: Hub, gre: Gre) -> None:
    code, out, err = gre("pull", "gre30k")
    assert code == 0, err
    assert Path("dataset/gre_cot/gre_cot.json").read_bytes() == RECORDS
    assert Path("dataset/gre_seed/gre_seed.jsonl").read_bytes() == b"{}\n"
    assert Path("dataset/gre_cot/imgs/a.jpg").read_bytes() == PHOTO
    assert "4 files, 5.2 kB" in out
    assert "left out, pickles and code: 1 files (loader.py)" in out
    assert not Path("dataset/loader.py").exists()
    assert not list(Path("dataset").rglob("*.partial"))


def test_dry_run_shows_sizes_and_writes_nothing(data: Hub, gre: Gre) -> None:
    code, out, _ = gre("pull", "GRE30K", "--dry-run")
    assert code == 0
    assert "5.1 kB  gre_cot/imgs/a.jpg" in out
    assert "27 B  gre_cot/gre_cot.json" in out
    assert not Path("dataset").exists()
    assert data.asked("GET", "/resolve/") == []


def test_what_is_here_is_not_asked_for_again(data: Hub, gre: Gre) -> None:
    gre("pull", "GRE30K")
    num = len(data.asked("GET", "/resolve/"))
    code, out, _ = gre("pull", "GRE30K")
    assert (code, len(data.asked("GET", "/resolve/"))) == (0, num)
    assert "nothing to fetch" in out


def test_files_brought_by_other_means_are_known_by_their_hash(data: Hub, gre: Gre) -> None:
    Path("dataset/gre_cot/imgs").mkdir(parents=True)
    Path("dataset/gre_cot/imgs/a.jpg").write_bytes(PHOTO)
    Path("dataset/gre_cot/gre_cot.json").write_bytes(RECORDS[::-1])  # the right size alone
    gre("pull", "GRE30K")
    assert data.asked("GET", "a.jpg") == []
    assert Path("dataset/gre_cot/gre_cot.json").read_bytes() == RECORDS


def test_a_broken_connection_is_gone_on_with_by_itself(
    data: Hub, gre: Gre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gre.hub.fetch.time.sleep", lambda _: None)
    data.cut_after["gre_cot/imgs/a.jpg"] = [1000, 500]
    code, _, _ = gre("pull", "GRE30K")
    assert code == 0
    assert Path("dataset/gre_cot/imgs/a.jpg").read_bytes() == PHOTO
    ranges = [r.headers.get("range") for r in data.asked("GET", "a.jpg")]
    assert ranges == [None, "bytes=1000-", "bytes=1500-"]


def test_an_interrupted_pull_goes_on_in_the_next_one(
    data: Hub, gre: Gre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gre.hub.fetch.time.sleep", lambda _: None)
    data.cut_after["gre_cot/imgs/a.jpg"] = [2000, 0, 0, 0, 0, 0]
    code, _, err = gre("pull", "GRE30K", "--workers", 1)
    assert code == 1
    assert "gre_cot/imgs/a.jpg" in last_line(err)
    assert "run the same command again" in last_line(err)
    assert not Path("dataset/gre_cot/imgs/a.jpg").exists()
    data.cut_after.clear()
    data.requests.clear()
    code, out, _ = gre("pull", "GRE30K")
    assert (code, Path("dataset/gre_cot/imgs/a.jpg").read_bytes()) == (0, PHOTO)
    assert "2.0 kB begun" in out
    assert [r.headers.get("range") for r in data.asked("GET", "a.jpg")] == ["bytes=2000-"]


def test_a_server_that_ignores_ranges_sends_the_whole_file_again(
    data: Hub, gre: Gre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gre.hub.fetch.time.sleep", lambda _: None)
    data.ignores_range = True
    data.cut_after["gre_cot/imgs/a.jpg"] = [1000]
    assert gre("pull", "GRE30K")[0] == 0
    assert Path("dataset/gre_cot/imgs/a.jpg").read_bytes() == PHOTO


@pytest.mark.parametrize("path", ["gre_cot/imgs/a.jpg", "gre_cot.json"])
def test_wrong_content_is_refused_and_thrown_away(data: Hub, gre: Gre, path: str) -> None:
    """One known by SHA-256, one by the hash of a Git blob; size alone does not tell."""
    true = data.files[GRE30K][path]
    data.wrong[path] = true[:-1] + bytes([true[-1] ^ 1])
    code, _, err = gre("pull", "GRE30K", "--workers", 1)
    assert code == 1
    assert f"{path} came with the hash" in last_line(err)
    local = find_item("GRE30K").local_name(path)
    assert not (Path("dataset") / local).exists()
    assert not list(Path("dataset").rglob("*.partial"))


def test_more_bytes_than_announced_are_refused(data: Hub, gre: Gre) -> None:
    data.wrong["README.md"] = b"x" * 5000
    code, _, err = gre("pull", "GRE30K", "--workers", 1)
    assert code == 1
    assert "more than the 7 bytes" in last_line(err)


@pytest.mark.parametrize("how", ["variable", "down"])
def test_offline_what_is_here_will_do(
    data: Hub, gre: Gre, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    gre("pull", "GRE30K")
    if how == "variable":
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    else:
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    code, out, _ = gre("pull", "GRE30K")
    assert code == 0
    assert "all 4 files are in dataset" in out
    Path("dataset/gre_cot/imgs/a.jpg").write_bytes(b"")
    code, _, err = gre("pull", "GRE30K")
    assert code == 1
    assert "1 files are missing or changed, first gre_cot/imgs/a.jpg" in last_line(err)


def test_offline_without_a_pull_is_one_line(
    hub: Hub, gre: Gre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    code, _, err = gre("pull", "GRE-7B")
    assert code == 1
    assert "models/GRE holds no finished pull" in last_line(err)


@pytest.mark.parametrize(
    "path", ["../out.txt", "a/../../out.txt", "/etc/out", "a\\b", ".git/hooks"]
)
def test_names_that_lead_out_are_refused(hub: Hub, gre: Gre, path: str) -> None:
    hub.files["some/one"] = {path: b"x", "config.json": b"{}"}
    code, _, err = gre("pull", "some/one")
    assert code == 2
    assert "lead out of its folder" in last_line(err)
    assert not Path("models").exists()


def test_a_link_in_the_folder_leads_nowhere(data: Hub, gre: Gre, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    Path("dataset").mkdir()
    Path("dataset/gre_cot").symlink_to(tmp_path / "elsewhere")
    code, _, err = gre("pull", "GRE30K")
    assert code == 2
    assert "a link leads out of dataset" in last_line(err)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["GRE-8B"], "GRE-8B: no such name, must be one of GRE-7B"),
        (["no/such"], "no/such: not found on http://127.0.0.1"),
        (["GRE30K", "--type", "model"], "but GRE30K is a dataset"),
        (["GRE30K", "--type", "space"], "must be one of model, dataset"),
        (["a/b/c"], "no such name"),
        (["a/.."], "no such name"),
    ],
)
def test_bad_names_are_one_line(data: Hub, gre: Gre, words: list[str], says: str) -> None:
    code, _, err = gre("pull", *words)
    assert code == 2
    assert says in last_line(err)


@pytest.mark.parametrize(("status", "code"), [(401, 2), (403, 2), (500, 1)])
def test_refusals_are_one_line(
    data: Hub, gre: Gre, monkeypatch: pytest.MonkeyPatch, status: int, code: int
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    data.status = status
    left, _, err = gre("pull", "GRE30K")
    assert left == code
    assert "Anonymous0515/GRE30K" in last_line(err)


def test_pickles_are_not_fetched(hub: Hub, gre: Gre) -> None:
    hub.files["some/one"] = {"pytorch_model.bin": b"\x80", "model.safetensors": b"s" * 2000}
    assert gre("pull", "some/one")[0] == 0
    assert sorted(p.name for p in Path("models/one").iterdir() if p.name[0] != ".") == [
        "model.safetensors"
    ]


def test_the_token_goes_to_the_hub_and_into_no_file(data: Hub, gre: Gre) -> None:
    gre("pull", "GRE30K")
    assert {r.headers.get("authorization") for r in data.asked("GET", "/resolve/")} == {
        f"Bearer {TOKEN}"
    }
    for path in Path("dataset").rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes()
    record = json.loads(Path("dataset/.gre-pull.json").read_text())
    assert record["is_whole"] is True


def test_endpoint_with_a_password_is_refused_without_showing_it(
    hub: Hub, gre: Gre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://me:hunter22@hub.example")  # secret-scan: allow
    code, _, err = gre("pull", "GRE-7B")
    assert code == 2
    assert "hunter22" not in err


def test_ctrl_c_waits_for_no_file_and_loses_none(
    data: Hub, gre: Gre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped at the third file: the two before it are whole and noted."""
    from gre.hub import pull

    real, num = pull.fetch_file, [0]

    def fetch(*words: object, **named: object) -> None:
        num[0] += 1
        if num[0] == 3:
            raise KeyboardInterrupt
        real(*words, **named)

    monkeypatch.setattr(pull, "fetch_file", fetch)
    assert gre("pull", "GRE30K", "--workers", 1)[0] == 130
    record = json.loads(Path("dataset/.gre-pull.json").read_text())
    assert (record["is_whole"], len(record["files"])) == (False, 2)


def test_a_busy_hub_is_asked_again(data: Hub, gre: Gre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gre.hub.fetch.time.sleep", lambda _: None)
    data.busy["gre_cot/imgs/a.jpg"] = 2
    assert gre("pull", "GRE30K")[0] == 0
    assert len(data.asked("GET", "a.jpg")) == 3

"""The documented sequence: a folder of plain photos becomes sets that the three stages read."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from gre.curation.replies import read_rationales
from gre.data.records import read_bench, read_cot, read_judge, read_seed
from tests.command_line import call_gre, one_line, run_gre
from tests.curation.making import PLACES, gps_exif, save_photo
from tests.curation.server import FlakyServer

ROOT = Path(__file__).resolve().parents[2]
PARIS = "<think> 1. Stone. // 2. This is Paris, France. </think> <answer> 48.85, 2.35 </answer>"


@pytest.fixture(scope="module")
def photos(sample_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cold-start pictures of the sample world as a camera would have written them."""
    folder = tmp_path_factory.mktemp("trip") / "photos"
    folder.mkdir()
    source = sample_world / "dataset/gre_cot"
    for record in read_cot(source / "gre_cot.json"):
        with Image.open(record.image_path) as image:
            path = folder / record.image_path.name
            image.save(path, quality=95, exif=gps_exif(*record.truth.as_tuple()))
    return folder


def test_photos_to_sets(
    photos: Path, sample_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    num_photos = sum(1 for _ in photos.iterdir())
    seeds, replies, data = (tmp_path / name for name in ("seeds", "replies.jsonl", "dataset"))
    code, out, err = run_gre(capsys, "curate", "seed", photos, "--out", seeds, "--workers", 1)
    assert code == 0, err
    assert f"{num_photos} seeds" in out
    asked = (seeds / "gre_seed.jsonl", "--out", replies, "--world", sample_world, "--limit", 30)
    code, out, err = run_gre(capsys, "curate", "rationales", *asked)
    assert code == 0, err
    assert "30 of 30 seeds have a text" in out
    code, out, err = run_gre(capsys, "curate", "split", replies, "--theta-km", 750, "--out", data)
    assert code == 0, err
    cot = read_cot(data / "gre_cot/gre_cot.json")
    judge = read_judge(data / "gre_judge/gre_judge.json")
    rest = read_seed(data / "gre_seed/gre_seed.jsonl")
    assert len({record.id for record in (*cot, *judge, *rest)}) == num_photos
    assert len(cot) + len(judge) + len(rest) == num_photos
    assert sum(record.label for record in judge) == len(judge) / 2 > 0
    assert all(record.extra["theta_km"] == 750 for record in (*cot, *judge, *rest))
    # Done once, everything is done: nothing is made or asked anew.
    again = run_gre(capsys, "curate", "seed", photos, "--out", seeds, "--workers", 1)
    assert again[0] == 0
    assert "(0 new;" in run_gre(capsys, "curate", "rationales", *asked)[1]


def documented(block: int) -> list[list[str]]:
    """The commands of a block of docs/curation.md, as words."""
    text = (ROOT / "docs/curation.md").read_text().split("```bash\n")[1 + block].split("```")[0]
    return [line.split() for line in text.strip().splitlines()]


def give(commands: list[list[str]], work: Path) -> None:
    """Give commands in a folder, one after the other, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(work)
        for words in commands:
            if words[0] == "python":
                subprocess.run([sys.executable, *words[1:]], check=True, capture_output=True)
                continue
            assert words[0] == "gre"
            assert call_gre(*words[1:]) == 0, " ".join(words)


@pytest.fixture(scope="module")
def built(sample_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first block of docs/curation.md, on a smaller world."""
    first, *commands = documented(0)
    assert first == "gre sample-world work/world --size fast".split()
    folder = tmp_path_factory.mktemp("documented")
    (folder / "work").mkdir()
    (folder / "work/world").symlink_to(sample_world)
    for name in ("scripts", "configs"):
        (folder / name).symlink_to(ROOT / name)
    give(commands, folder)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_documented_commands_build_sets_and_a_benchmark(built: Path) -> None:
    work = built / "work"
    clean = read_seed(
        work / "leakage/gre_seed_clean.jsonl", image_root=work / "dataset/gre_seed/imgs"
    )
    bench = {record.id for record in read_bench(work / "bench/greval_bench.json")}
    asked = {record.id for record in read_cot(work / "dataset/gre_cot/gre_cot.json")}
    assert len(bench) == 5
    assert clean
    assert not bench & ({record.id for record in clean} | asked)
    assert (work / "leakage/leakage.html").is_file()


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_three_stages_train_on_them_and_evaluation_and_judge_run(built: Path) -> None:
    give(documented(1), built)
    work = built / "work"
    for stage in ("stage1", "stage2", "stage3"):
        assert (work / stage / "model.safetensors").is_file()
    for stage in ("stage2", "stage3"):
        answers = (work / stage / "rollouts.jsonl").read_text().splitlines()
        assert len(answers) == 2 * 8  # two steps of two prompts, four answers each
    assert json.loads((work / "run/cot_summary.json").read_text())["n"] == 5


@pytest.mark.real_data
def test_real_photos_to_seeds(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds, replies = tmp_path / "seeds", tmp_path / "replies.jsonl"
    source = real_data / "photos/arezzo"
    code, _, err = run_gre(capsys, "curate", "seed", source, "--out", seeds, "--workers", 1)
    assert code == 0, err
    text = PARIS.replace("Paris, France", "Arezzo, Italy").replace("48.85, 2.35", "43.46, 11.88")
    with FlakyServer(lambda body: text, failure_rate=0.0).running() as server:
        words = ("--teacher", "openai:wise", "--base-url", server.url, "--out", replies)
        code, _, err = run_gre(capsys, "curate", "rationales", seeds / "gre_seed.jsonl", *words)
    assert code == 0, err
    code, _, err = run_gre(
        capsys, "curate", "split", replies, "--out", tmp_path / "data", "--drop-contradictions"
    )
    assert code == 0, err
    assert len(read_cot(tmp_path / "data/gre_cot/gre_cot.json")) == 9


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Lets children be interrupted, also where the shell started the tests in its background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_interrupted_at_the_shell_no_call_is_paid_twice(tmp_path: Path) -> None:
    """The command itself, stopped by signals again and again, against a server that fails."""
    for number in range(24):
        save_photo(tmp_path / "photos" / f"{number}.jpg", number, list(PLACES)[number % 4])
    gre = [sys.executable, "-m", "gre", "curate"]
    seeds, replies = tmp_path / "seeds", tmp_path / "replies.jsonl"
    made = ["seed", str(tmp_path / "photos"), "--out", str(seeds), "--workers", "1"]
    subprocess.run([*gre, *made], check=True, capture_output=True)

    hold_from, go_on = [0], threading.Event()

    def held(body: object) -> str:
        if server.calls >= hold_from[0]:
            assert go_on.wait(60)
        return PARIS

    with FlakyServer(held, failure_rate=0.3).running() as server:
        words = [
            *("rationales", str(seeds / "gre_seed.jsonl"), "--out", str(replies)),
            *("--teacher", "openai:wise", "--base-url", server.url, "--max-parallel", "2"),
        ]
        codes = []
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGINT, None, None, None, None):
            # From the fourth call on, answers wait for the signal, so that it comes in mid-run.
            hold_from[0] = server.calls + 4
            go_on.clear()
            process = subprocess.Popen([*gre, *words], stderr=subprocess.PIPE, env={**os.environ})
            while how and process.poll() is None and server.calls < hold_from[0]:
                time.sleep(0.02)
            if how:
                process.send_signal(how)
            go_on.set()
            _, err = process.communicate(timeout=120)
            assert b"Traceback" not in err
            codes.append(process.returncode)
            if process.returncode == 0:
                break
    assert codes[:3] == [130, 130, 130]
    assert codes[-1] == 0
    assert sorted(server.good.values()) == [1] * 24
    assert {one.text for one in read_rationales(replies)} == {PARIS}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["seed", "nowhere", "--out", "o"], "nowhere: no such file or folder"),
        (["seed", "photos", "--out", "o", "--cell-deg", "0"], "--cell-deg: got 0.0"),
        (["seed", "photos", "--out", "photos"], "photos: is not empty"),
        (["seed", "photos", "--out", "o", "--columns", "a"], "--columns: got"),
        (["seed", "photos", "--out", "o", "--push-to-hub", "me/set"], "there is no token"),
        (["seed", "photos", "--out", "o", "--push-to-hub", "me"], "must be OWNER/NAME"),
        (["rationales", "none.jsonl", "--out", "r"], "none.jsonl: no such file"),
        (["rationales", "seed.jsonl", "--out", "r", "--teacher", "o3"], "must be sample or openai"),
        (["rationales", "seed.jsonl", "--out", "r", "--teacher", "openai:o3"], "give --base-url"),
        (["rationales", "seed.jsonl", "--out", "r"], "holds no sample world"),
        (["rationales", "seed.jsonl", "--out", "r", "--wrong-share", "2"], "at most 1 together"),
        (["split", "none.jsonl", "--out", "o"], "was not made by gre curate rationales"),
        (["leakage", "--train", "seed.jsonl", "--benchmark", "x", "--out", "o"], "NAME=DIR"),
        (["review", "seed.jsonl"], "must be one of --reviewer NAME, --agreement and --export"),
        (["review", "seed.jsonl", "--reviewer", "ann"], "holds no chains to review"),
        (["review", "none.json", "--agreement"], "none.json: no such file"),
        (["leakage", "--train", "none", "--benchmark", "folder=.", "--out", "o"], "no such file"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    save_photo(tmp_path / "photos/a.jpg", 1, "paris")
    shutil.copy(tmp_path / "photos/a.jpg", tmp_path / "a.jpg")
    record = {"image": "a.jpg", "instructions": "Where?", "gt_lat": 1.5, "gt_lon": 2.5}
    (tmp_path / "seed.jsonl").write_text(json.dumps(record) + "\n")
    code, _, err = run_gre(capsys, "curate", *words)
    assert code == 2
    assert says in one_line(err)
    assert not (tmp_path / "o").exists()
    assert not list(tmp_path.glob("r*"))


@pytest.mark.parametrize("command", ["seed", "rationales", "split", "review", "bench", "leakage"])
def test_every_command_shows_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = run_gre(capsys, "curate", command, "--help")
    assert code == 0
    assert f"Example: gre curate {command}" in out

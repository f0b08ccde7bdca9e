"""The ablation: which runs are found, what the table says, and what it refuses."""

import json
import re

import pytest

from gre.errors import InputError
from gre.evaluation.comparing.ablation import read_ablation
from gre.evaluation.comparing.ablation_table import to_markdown
from gre.evaluation.comparing.ablation_values import spread, to_json
from gre.evaluation.comparing.paired_runs import compare_folders
from gre.evaluation.score import score_file

TYPICAL_KM = {"base": 9000, "ci": 900, "ci_ii": 60}
LABELS = [True, False] * 20


@pytest.fixture
def make_seed(run_maker, judge_run_maker):
    """Write a seed with three located models, and CI and CI + II as judges."""

    def make(folder, *, seed):
        (folder / "eval").mkdir(parents=True)
        for place, (model, km) in enumerate(TYPICAL_KM.items()):
            run_maker(folder / "eval" / model, name=model, typical_km=km, seed=100 * seed + place)
        wrong = {"ci": 18 + seed, "ci_ii": 8 + seed}
        for model, count in wrong.items():
            said = [label if i >= count else not label for i, label in enumerate(LABELS)]
            verdicts = list(zip(LABELS, said, strict=True))
            judge_run_maker(folder / "judge" / model, verdicts=verdicts)
        return folder

    return make


@pytest.fixture
def three_seeds(make_seed, tmp_path):
    for seed in (1, 2, 10):
        make_seed(tmp_path / "runs" / f"seed-{seed}", seed=seed)
    return tmp_path / "runs"


def cells(text, row):
    """The cells of the first row that begins with a name."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {row} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_rows_are_the_papers_and_seeds_stand_in_numeric_order(three_seeds):
    found = read_ablation(three_seeds)
    assert [seed.name for seed in found.seeds] == ["seed-1", "seed-2", "seed-10"]
    text = to_markdown(found)
    first = text.split("\n\n")[2].splitlines()[2:]
    assert [line.split("|")[1].strip() for line in first] == [
        *("base", "CI", "CI + I", "CI + II", "CI + I + II")
    ]
    assert "3 seeds, N = 39 located, 40 judged. Mean over seeds, smallest to largest." in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        *("## seed-1", "## seed-2", "## seed-10", "## Differences to CI on the same samples")
    ]


def test_means_and_ranges_are_those_of_the_runs(three_seeds):
    found = read_ablation(three_seeds)
    rates = [
        score_file(three_seeds / f"seed-{seed}/eval/ci").accuracy["750"] for seed in (1, 2, 10)
    ]
    over = spread(found, "ci", "750")
    assert over.mean == pytest.approx(sum(rates) / 3)
    assert (over.low, over.high) == (pytest.approx(min(rates)), pytest.approx(max(rates)))
    # wrong on 19, 20 and 28 of 40: 52.5, 50 and 30 %
    judged = spread(found, "ci", "judge_accuracy")
    assert (judged.low, judged.mean, judged.high) == (30.0, pytest.approx(132.5 / 3), 52.5)
    row = cells(to_markdown(found), "CI")
    assert row[4] == f"{over.mean:.1f} ({over.low:.1f}–{over.high:.1f})"
    assert row[8] == "44.2 (30.0–52.5)"
    assert row[9] == "3"


def test_what_is_missing_is_not_run(three_seeds):
    text = to_markdown(read_ablation(three_seeds))
    assert set(cells(text, "CI + I")[1:]) == {"not run", "0"}
    assert cells(text, "base")[8:] == ["not run", "3 and 0"]
    table = text[text.index("## Differences") :]
    assert set(cells(table, "CI + I − CI")[2:]) == {"not run"}


def test_differences_are_those_of_gre_compare(three_seeds):
    found = read_ablation(three_seeds)
    challenge = next(c for c in found.seeds[1].challenges if c.model == "ci_ii")
    runs = [three_seeds / f"seed-2/eval/{model}" for model in ("ci", "ci_ii")]
    direct = compare_folders(*runs)
    assert challenge.differences["750"] == direct.rates["750"]
    assert challenge.differences["median_km"] == direct.distances["median_km"]
    judges = [three_seeds / f"seed-2/judge/{model}" for model in ("ci", "ci_ii")]
    overall = compare_folders(*judges).rates["judge_accuracy"]
    assert challenge.differences["judge_accuracy"] == overall
    assert overall.difference == pytest.approx(25.0)
    text = to_markdown(found)
    (row,) = re.findall(r"\| CI \+ II − CI \| seed-2 \|.*", text)
    assert f"**+{direct.rates['750'].difference:.1f} [" in row  # bold: it excludes zero
    assert row.endswith("| 39 | 40 |")
    (mean,) = re.findall(r"\| CI \+ II − CI \| mean .*", text)
    assert "+25.0 (+25.0 to +25.0)" in mean


def test_a_difference_that_may_be_zero_is_not_marked(make_seed, tmp_path):
    folder = make_seed(tmp_path / "run", seed=1)
    for name in ("summary.json", "predictions.jsonl"):
        (folder / "eval/ci_ii" / name).write_bytes((folder / "eval/ci" / name).read_bytes())
    row = cells(to_markdown(read_ablation(folder)), "CI + II − CI")
    assert row[2].startswith("+0.0 [−") and row[4] == "+0.0 [+0.0, +0.0]"
    assert row[5].startswith("**")


def test_a_single_run_needs_no_seed_level(make_seed, tmp_path):
    text = to_markdown(read_ablation(make_seed(tmp_path / "run", seed=1)))
    assert "1 seed, N = 39 located, 40 judged.\n" in text
    assert "(" not in "".join(cells(text, "CI"))
    assert "## With 95 % intervals" in text
    assert "| CI + II − CI | single run |" in text
    assert "mean (" not in text


def test_an_unfinished_run_is_named(three_seeds):
    (three_seeds / "seed-2/eval/ci_i_ii").mkdir()
    found = read_ablation(three_seeds)
    assert "Begun and not finished, so not in the table: seed-2/eval/ci_i_ii." in to_markdown(found)
    assert set(cells(to_markdown(found), "CI + I + II")[1:]) == {"not run", "0"}


def test_a_subset_is_enough(judge_run_maker, tmp_path):
    judge_run_maker(tmp_path / "runs/judge/ci", verdicts=[(True, True), (False, True)])
    text = to_markdown(read_ablation(tmp_path / "runs"))
    assert "1 seed, N = 0 located, 2 judged." in text
    assert cells(text, "CI")[1:] == [*["not run"] * 7, "50.0"]


def test_a_model_that_nobody_can_read_has_no_median(make_seed, tmp_path):
    folder = make_seed(tmp_path / "run", seed=1)
    path = folder / "eval/base/predictions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    silent = {"status": "failed", "reason": "no_answer", "lat": None, "lon": None}
    path.write_text("".join(json.dumps(row | silent) + "\n" for row in rows))
    found = read_ablation(folder)
    assert cells(to_markdown(found), "base")[1:8] == [*["0.0"] * 5, "–", "0.0"]
    assert to_json(found)["models"]["base"]["over_seeds"]["median_km"] is None


def test_json_holds_every_number(three_seeds):
    data = json.loads(json.dumps(to_json(read_ablation(three_seeds)), allow_nan=False))
    assert list(data["models"]) == ["base", "ci", "ci_i", "ci_ii", "ci_i_ii"]
    assert data["models"]["ci"]["seeds"]["seed-1"]["judge_accuracy"]["value"] == 52.5
    assert data["models"]["ci"]["over_seeds"]["750"]["n_seeds"] == 3
    assert data["models"]["ci_i"]["over_seeds"]["750"] is None
    assert len(data["differences"]) == 9
    one = next(d for d in data["differences"] if (d["seed"], d["model"]) == ("seed-2", "ci_ii"))
    assert one["judge_accuracy"]["difference"] == pytest.approx(25.0)
    assert (one["n_located"], one["n_judged"]) == (39, 40)
    none = next(d for d in data["differences"] if d["model"] == "ci_i")
    assert none["750"] is None and none["n_located"] == 0


def test_folders_that_cannot_be_are_one_line(make_seed, run_maker, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_ablation(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no finished run"):
        read_ablation(tmp_path)
    make_seed(tmp_path / "both/seed-1", seed=1)
    (tmp_path / "both/eval").mkdir()
    with pytest.raises(InputError, match="must hold one of the two"):
        read_ablation(tmp_path / "both")
    folder = make_seed(tmp_path / "kinds", seed=1)
    (folder / "eval/ci_i").symlink_to(folder / "judge/ci")
    with pytest.raises(InputError, match="must be a run that locates photos"):
        read_ablation(folder)
    (folder / "eval/ci_i").unlink()
    run_maker(folder / "eval/ci_i", name="ci_i", typical_km=10, n=20)
    with pytest.raises(InputError, match="both must be on the same samples"):
        read_ablation(folder)

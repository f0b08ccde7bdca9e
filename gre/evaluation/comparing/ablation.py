"""The paper's ablation (table 4): five models, several seeds, read back from their run folders.

Layout: DIR/seed-*/eval/MODEL and DIR/seed-*/judge/MODEL, or DIR/eval/MODEL and DIR/judge/MODEL for
a single seed. Any subset may be there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from gre.errors import InputError
from gre.evaluation.comparing.paired import KmDifference, RateDifference
from gre.evaluation.comparing.paired_runs import JUDGE_ACCURACY, compare_judges, compare_located
from gre.evaluation.runs.saved_judge_run import SavedJudgeRun, read_judge_run
from gre.evaluation.runs.saved_run import SavedRun, read_run
from gre.metrics import radius_key

MODELS: Mapping[str, str] = {
    "base": "base",
    "ci": "CI",
    "ci_i": "CI + I",
    "ci_ii": "CI + II",
    "ci_i_ii": "CI + I + II",
}
"""Folder to name, in the order of the rows. Source: GRE paper, table 4."""
BASELINE = "ci"
CHALLENGERS = ("ci_ii", "ci_i", "ci_i_ii")
"""Models whose difference to BASELINE is reported."""
PAIRED_RADII_KM = (200.0, 750.0)
PAIRED_COLUMNS = (*map(radius_key, PAIRED_RADII_KM), "median_km", JUDGE_ACCURACY)
"""Differences that are reported, by their names in `PairedComparison`."""
SINGLE = "single run"
"""Name of the seed where the folders have no seed level."""
TASKS = ("eval", "judge")

Difference = RateDifference | KmDifference


@dataclass(frozen=True)
class Challenge:
    """What a model gains over BASELINE in one seed.

    Attributes:
        model: Key in `MODELS`.
        differences: By the names in PAIRED_COLUMNS, where both runs are there.
        num_located, num_judged: Samples compared; 0 where there was nothing to compare.
    """

    model: str
    differences: Mapping[str, Difference]
    num_located: int
    num_judged: int


@dataclass(frozen=True)
class Seed:
    """The runs of one seed, by key in `MODELS`; a model that was not run is not in them.

    Attributes:
        name: Folder of the seed, or SINGLE.
        located: Runs that locate photos.
        judged: Runs that judge reasoning.
        challenges: One per model in CHALLENGERS.
    """

    name: str
    located: Mapping[str, SavedRun]
    judged: Mapping[str, SavedJudgeRun]
    challenges: tuple[Challenge, ...]


@dataclass(frozen=True)
class Ablation:
    """Everything the table is made of.

    Attributes:
        folder: Where it lies.
        seeds: In numeric order.
        unfinished: Folders of runs that have no summary yet; they count as not run.
    """

    folder: Path
    seeds: tuple[Seed, ...]
    unfinished: tuple[Path, ...]


def read_ablation(folder: Path) -> Ablation:
    """Read every finished run of an ablation and compare within each seed.

    Raises:
        InputError: There is no finished run, or one is damaged, of the wrong kind or on other
            samples than BASELINE's of its seed.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder, must hold seed-*/eval or eval; name another")
    places = _seed_folders(folder)
    seeds = tuple(_read_seed(name, place) for name, place in places.items())
    if not any(seed.located or seed.judged for seed in seeds):
        raise InputError(
            f"{folder}: no finished run in seed-*/eval, seed-*/judge, eval or judge under "
            f"{', '.join(MODELS)}; evaluate into them, e.g. --out {folder}/seed-1/eval/ci"
        )
    unfinished = (
        path
        for place in places.values()
        for task in TASKS
        for path in (place / task / model for model in MODELS)
        if path.is_dir() and not _is_finished(path)
    )
    return Ablation(folder, seeds, tuple(unfinished))


def _seed_folders(folder: Path) -> Mapping[str, Path]:
    seeds = {path.name: path for path in folder.glob("seed-*") if path.is_dir()}
    has_own = any((folder / task).is_dir() for task in TASKS)
    if seeds and has_own:
        raise InputError(
            f"{folder}: holds seed-* folders and eval or judge of its own, must hold one of the "
            "two; move the latter into a seed-* folder"
        )
    if not seeds:
        return {SINGLE: folder}
    return dict(sorted(seeds.items(), key=lambda item: _natural(item[0])))


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """A sorting key that puts seed-2 before seed-10."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)


def _read_seed(name: str, place: Path) -> Seed:
    eval_folders, judge_folders = (
        {m: place / task / m for m in MODELS if _is_finished(place / task / m)} for task in TASKS
    )
    located = {model: read_run(path) for model, path in eval_folders.items()}
    judged = {model: read_judge_run(path) for model, path in judge_folders.items()}
    challenges = tuple(_challenge(model, located, judged) for model in CHALLENGERS)
    return Seed(name, MappingProxyType(located), MappingProxyType(judged), challenges)


def _is_finished(path: Path) -> bool:
    return (path / "summary.json").is_file()


def _challenge(
    model: str, located: Mapping[str, SavedRun], judged: Mapping[str, SavedJudgeRun]
) -> Challenge:
    differences: dict[str, Difference] = {}
    num_located = num_judged = 0
    if {BASELINE, model} <= located.keys():
        by_place = compare_located(located[BASELINE], located[model], radii_km=PAIRED_RADII_KM)
        differences |= by_place.rates
        differences["median_km"] = by_place.distances["median_km"]
        num_located = by_place.n
    if {BASELINE, model} <= judged.keys():
        by_verdict = compare_judges(judged[BASELINE], judged[model])
        differences[JUDGE_ACCURACY] = by_verdict.rates[JUDGE_ACCURACY]
        num_judged = by_verdict.n
    return Challenge(model, MappingProxyType(differences), num_located, num_judged)

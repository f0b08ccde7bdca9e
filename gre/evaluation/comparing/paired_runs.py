"""Two run folders compared sample by sample."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gre.errors import InputError
from gre.evaluation.comparing.paired import (
    HALF_CIRCUMFERENCE_KM,
    PAIRED_RESAMPLES,
    KmDifference,
    RateDifference,
    km_differences,
    rate_difference,
)
from gre.evaluation.runs.judge_summary import Verdict
from gre.evaluation.runs.saved_judge_run import SavedJudgeRun, read_either
from gre.evaluation.runs.saved_run import Prediction, SavedRun
from gre.metrics import RADII_KM, Protocol, radius_key

UNREADABLE_KM = f"{HALF_CIRCUMFERENCE_KM:,.0f} km"
JUDGE_ACCURACY = "judge_accuracy"
RATE_LABELS = {
    JUDGE_ACCURACY: "judge accuracy",
    "accuracy_true": "on True items",
    "accuracy_false": "on False items",
}
"""Names of the rates of judges in words."""


@dataclass(frozen=True)
class PairedComparison:
    """What changed from run a to run b.

    Attributes:
        name_a, name_b: The runs.
        task: "locate" or "judge".
        n: Samples compared: those that both runs were asked.
        num_left_out: Samples that one of the two could not be asked.
        num_unreadable_a, num_unreadable_b: Answers among the n that could not be read.
        rates: Differences of rates by name: radii such as "750", or judge accuracies.
        distances: Differences in kilometres by name; empty for judges.
        protocol: How errors are measured and hits are counted; None for judges.
    """

    name_a: str
    name_b: str
    task: str
    n: int
    num_left_out: int
    num_unreadable_a: int
    num_unreadable_b: int
    rates: Mapping[str, RateDifference]
    distances: Mapping[str, KmDifference]
    protocol: Protocol | None

    def notes(self) -> list[str]:
        """What a reader of the numbers must know, one sentence each."""
        lines = [
            f"Differences are {self.name_b} minus {self.name_a} on the same {self.n:,} samples; "
            "95 % intervals: Newcombe's paired method for rates"
            + (f", {PAIRED_RESAMPLES:,} paired resamples for km." if self.distances else "."),
        ]
        counts = {self.name_a: self.num_unreadable_a, self.name_b: self.num_unreadable_b}
        unreadable = ", ".join(f"{count:,} in {name}" for name, count in counts.items())
        if self.protocol is None:
            lines.append(f"An answer without a verdict is a miss: {unreadable}.")
        else:
            lines.append(
                "An unreadable answer counts as half the circumference of the Earth, "
                f"{UNREADABLE_KM}: {unreadable}."
            )
        if self.num_left_out:
            lines.append(
                f"{self.num_left_out:,} samples that one of the runs could not be asked are left "
                "out."
            )
        return lines

    def to_json(self) -> dict[str, Any]:  # Any: nested plain values, ready for json.dumps
        """Plain values for `gre compare --json`."""
        return {
            "a": self.name_a,
            "b": self.name_b,
            "task": self.task,
            "n": self.n,
            "n_left_out": self.num_left_out,
            "n_unreadable": {"a": self.num_unreadable_a, "b": self.num_unreadable_b},
            "unreadable_km": HALF_CIRCUMFERENCE_KM if self.protocol else None,
            "accuracy": {name: rate.to_json() for name, rate in self.rates.items()},
            **{name: km.to_json() for name, km in self.distances.items()},
            "protocol": self.protocol.to_json() if self.protocol else None,
            "notes": self.notes(),
        }


def compare_folders(
    folder_a: Path, folder_b: Path, *, radii_km: Sequence[float] = RADII_KM
) -> PairedComparison:
    """Read two run folders and compare them.

    Raises:
        InputError: One cannot be read, the two are the same folder, or they do not compare.
    """
    if folder_a.resolve() == folder_b.resolve():
        raise InputError(f"runs: {folder_a} is named twice; name two run folders")
    run_a, run_b = read_either(folder_a), read_either(folder_b)
    if isinstance(run_a, SavedRun) and isinstance(run_b, SavedRun):
        return compare_located(run_a, run_b, radii_km=radii_km)
    if isinstance(run_a, SavedJudgeRun) and isinstance(run_b, SavedJudgeRun):
        return compare_judges(run_a, run_b)
    raise InputError(
        f"runs: one of {folder_a} and {folder_b} locates photos and the other judges reasoning; "
        "name two of one kind"
    )


def compare_located(
    run_a: SavedRun, run_b: SavedRun, *, radii_km: Sequence[float] = RADII_KM
) -> PairedComparison:
    """Compare two runs that located the same photos.

    Args:
        run_a: Before.
        run_b: After.
        radii_km: Radii to report, kilometres, above 0.

    Raises:
        InputError: They saw other samples, or were measured by other rules.
    """
    by_id_a, by_id_b = ({p.id: p for p in run.predictions} for run in (run_a, run_b))
    truths_a, truths_b = ({k: p.truth for k, p in d.items()} for d in (by_id_a, by_id_b))
    _refuse_other_samples(run_a, run_b, truths_a, truths_b)
    protocol = _shared_protocol(run_a, run_b)
    # In the order of the ids, so that neither the file's order nor which run is a matters.
    pairs = [(by_id_a[key], by_id_b[key]) for key in sorted(by_id_a)]
    asked = [pair for pair in pairs if all(p.status != "error" for p in pair)]
    _refuse_nothing(run_a, run_b, asked)
    errors_a = np.array([_error_km(a) for a, _ in asked])
    errors_b = np.array([_error_km(b) for _, b in asked])
    within = np.less_equal if protocol.test == "le" else np.less
    return PairedComparison(
        *_names(run_a, run_b),
        task="locate",
        n=len(asked),
        num_left_out=len(pairs) - len(asked),
        num_unreadable_a=sum(a.guess is None for a, _ in asked),
        num_unreadable_b=sum(b.guess is None for _, b in asked),
        rates={
            radius_key(radius): rate_difference(within(errors_a, radius), within(errors_b, radius))
            for radius in radii_km
        },
        distances=km_differences(errors_a, errors_b),
        protocol=protocol,
    )


def compare_judges(run_a: SavedJudgeRun, run_b: SavedJudgeRun) -> PairedComparison:
    """Compare two runs that judged the same reasoning, on all items and by label.

    Raises:
        InputError: They saw other samples.
    """
    ids_a, ids_b = (dict.fromkeys(run.verdicts) for run in (run_a, run_b))
    _refuse_other_samples(run_a, run_b, ids_a, ids_b)
    asked = [
        (a, b)
        for key, a in run_a.verdicts.items()
        if a is not None and (b := run_b.verdicts[key]) is not None
    ]
    _refuse_nothing(run_a, run_b, asked)
    parts = {
        JUDGE_ACCURACY: asked,
        "accuracy_true": [pair for pair in asked if pair[0].label],
        "accuracy_false": [pair for pair in asked if not pair[0].label],
    }
    return PairedComparison(
        *_names(run_a, run_b),
        task="judge",
        n=len(asked),
        num_left_out=len(run_a.verdicts) - len(asked),
        num_unreadable_a=sum(a.said is None for a, _ in asked),
        num_unreadable_b=sum(b.said is None for _, b in asked),
        rates={name: _verdict_difference(part) for name, part in parts.items() if part},
        distances={},
        protocol=None,
    )


def parse_radii(text: str) -> tuple[float, ...]:
    """Read radii as the command line gives them: "25,200,750", kilometres.

    Raises:
        InputError: One is no number above 0, or is named twice.
    """
    radii = []
    for part in text.split(","):
        try:
            radius = float(part)
        except ValueError:
            radius = math.nan
        if not 0.0 < radius < HALF_CIRCUMFERENCE_KM or radius in radii:
            raise InputError(
                f"--radii: got {part.strip()!r}, must be kilometres above 0 and below "
                f"{HALF_CIRCUMFERENCE_KM:,.0f}, each once, with commas between: 25,200,750"
            )
        radii.append(radius)
    return tuple(radii)


_AnyRun = SavedRun | SavedJudgeRun


def _error_km(prediction: Prediction) -> float:
    return HALF_CIRCUMFERENCE_KM if prediction.error_km is None else prediction.error_km


def _verdict_difference(pairs: Sequence[tuple[Verdict, Verdict]]) -> RateDifference:
    return rate_difference([a.is_right for a, _ in pairs], [b.is_right for _, b in pairs])


def _names(run_a: _AnyRun, run_b: _AnyRun) -> tuple[str, str]:
    if run_a.name != run_b.name:
        return run_a.name, run_b.name
    return str(run_a.folder), str(run_b.folder)


def _refuse_other_samples(
    run_a: _AnyRun, run_b: _AnyRun, truths_a: Mapping[str, object], truths_b: Mapping[str, object]
) -> None:
    if run_a.data_sha256 == run_b.data_sha256 and truths_a == truths_b:
        return
    seen = "; ".join(
        f"{run.folder} saw {len(truths):,} of data {run.data_sha256[:8] or 'unknown'}"
        for run, truths in ((run_a, truths_a), (run_b, truths_b))
    )
    raise InputError(
        f"runs: {seen}; both must be on the same samples: evaluate one of them again on the data "
        "and limit of the other"
    )


def _refuse_nothing(run_a: _AnyRun, run_b: _AnyRun, pairs: Sequence[object]) -> None:
    if not pairs:
        raise InputError(
            f"runs: {run_a.folder} and {run_b.folder} have no sample that both were asked, must "
            "have one; look for the reasons in their predictions.jsonl"
        )


def _shared_protocol(run_a: SavedRun, run_b: SavedRun) -> Protocol:
    for name in ("distance", "test"):
        rule_a, rule_b = getattr(run_a.protocol, name), getattr(run_b.protocol, name)
        if rule_a != rule_b:
            raise InputError(
                f"runs: {run_a.folder} has --{name} {rule_a} and {run_b.folder} {rule_b}, must be "
                "one; give gre evaluate the same --out again with the other rule, it asks nothing "
                "anew"
            )
    return run_a.protocol

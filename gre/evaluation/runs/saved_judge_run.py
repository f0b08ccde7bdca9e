"""A finished evaluation of a judge read back from its folder, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from gre.data.jsonio import RawRecord, RecordError, iter_json
from gre.errors import InputError
from gre.evaluation.runs.judge_summary import JudgeSummary, Verdict, score_verdicts
from gre.evaluation.runs.saved_run import (
    STATUSES,
    SavedFolder,
    SavedRun,
    is_judge,
    read_facts,
    read_run,
)


@dataclass(frozen=True)
class SavedJudgeRun(SavedFolder):
    """The folder of a run that judged reasoning.

    Attributes:
        verdicts: By sample id, in benchmark order; None where the sample could not be asked.
        summary: Scored anew from the verdicts.
        bounds: The summary without images, where the run has it.
    """

    verdicts: Mapping[str, Verdict | None]
    summary: JudgeSummary
    bounds: Mapping[str, JudgeSummary]


def read_judge_run(folder: Path) -> SavedJudgeRun:
    """Read the folder of a judge run.

    Raises:
        InputError: A file is missing, something in it is not what `gre evaluate` writes, or the
            run located photos.
    """
    facts = read_facts(folder / "summary.json")
    if not is_judge(facts):
        raise InputError(f"{folder}: locates photos, must be a run of --benchmark judge")
    try:
        bounds = {k: JudgeSummary.from_json(v) for k, v in facts.get("bounds", {}).items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{folder / 'summary.json'}: bounds are damaged ({error}); "
            "evaluate again into a new folder"
        ) from None
    verdicts = dict(_read_row(raw) for raw in iter_json(folder / "predictions.jsonl"))
    asked = [verdict for verdict in verdicts.values() if verdict is not None]
    return SavedJudgeRun(
        folder=folder,
        name=str(facts.get("name") or folder.name),
        facts=MappingProxyType(facts),
        verdicts=MappingProxyType(verdicts),
        summary=score_verdicts(asked, n_errors=len(verdicts) - len(asked)),
        bounds=MappingProxyType(bounds),
    )


def read_either(folder: Path) -> SavedRun | SavedJudgeRun:
    """Read a run folder of either kind.

    Raises:
        InputError: It cannot be read.
    """
    facts = read_facts(folder / "summary.json")
    return read_judge_run(folder) if is_judge(facts) else read_run(folder)


def _read_row(raw: RawRecord | RecordError) -> tuple[str, Verdict | None]:
    if isinstance(raw, RecordError):
        raise raw
    row = raw.value
    try:
        if not isinstance(row, dict):
            raise TypeError("the row is no object")
        identity, status = str(row["id"]), row["status"]
        if status not in STATUSES:
            raise ValueError(f"status {status!r} is none of {', '.join(STATUSES)}")
        if status == "error":
            return identity, None
        label, said = row["label"], row["verdict"]
        if not isinstance(label, bool) or not (said is None or isinstance(said, bool)):
            raise TypeError(f"label {label!r} and verdict {said!r} must be true or false")
        if (said is None) is (status == "ok"):
            raise ValueError(f"status {status!r} does not go with verdict {said!r}")
        return identity, Verdict(label, said, row.get("reason"))
    except (KeyError, TypeError, ValueError) as error:
        what = f"field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise RecordError(raw.place, f"{what}; evaluate again into a new folder") from None

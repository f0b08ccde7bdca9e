"""The measured parts of CoT quality: captions by CLIP, inferences by BERT, each kept once computed.

Without a model a part is not computed; it never counts as 0.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gre.evaluation.asking.growing_log import LogFaults, iter_log
from gre.evaluation.cot.judging import Judged, of_kind
from gre.evaluation.cot.scores import Part
from gre.evaluation.cot.verdicts import CAPTION, INFERENCE, Unscored

if TYPE_CHECKING:
    from gre.evaluation.cot.bert import BertScorer
    from gre.evaluation.cot.clip import ClipScorer

PAIRS_AT_ONCE = 64


@dataclass(frozen=True)
class Measures:
    """The models, where there are any."""

    clip: "ClipScorer | None" = None
    bert: "BertScorer | None" = None


@dataclass(frozen=True)
class _Pair:
    """What one chain says of a kind beside what its reference says."""

    image_path: Path
    said: list[str]
    reference: list[str]


class KeptScores:
    """Scores by hash of all that they depend on, in a file that grows.

    Args:
        path: JSON lines; a line cut short by an interruption is passed over.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._scores: dict[str, float] = {}
        faults = LogFaults()
        if path.exists():
            for _, row in iter_log(path, faults):
                if isinstance(row.get("key"), str) and isinstance(row.get("score"), float):
                    self._scores[str(row["key"])] = float(str(row["score"]))
        self._is_cut = faults.has_half_line

    def get(self, key: str) -> float | None:
        """A kept score."""
        return self._scores.get(key)

    def add(self, scores: Mapping[str, float]) -> None:
        """Keep scores."""
        self._scores.update(scores)
        with self._path.open("a", encoding="utf-8") as sink:
            if self._is_cut:
                sink.write("\n")
                self._is_cut = False
            for key, score in scores.items():
                sink.write(json.dumps({"key": key, "score": score}) + "\n")


def measure_captions(
    judged: Sequence[Judged], measures: Measures, kept: KeptScores
) -> dict[str, Part]:
    """RefCLIPScore of each chain by sample id."""
    pairs = {j.task.id: _pair(j, CAPTION, "captions") for j in judged}
    clip = measures.clip
    if clip is None:
        return dict.fromkeys(pairs, Unscored("not_computed", "no --clip-model"))
    scores: dict[str, Part] = {}
    for identity, pair in pairs.items():
        if isinstance(pair, Unscored):
            scores[identity] = pair
            continue
        key = _key("clip", clip.name, pair)
        found: Part | None = kept.get(key)
        if found is None:
            found = clip.score(pair.image_path, pair.said, pair.reference)
            if not isinstance(found, Unscored):
                kept.add({key: found})
        scores[identity] = found
    return scores


def measure_inferences(
    judged: Sequence[Judged], measures: Measures, kept: KeptScores
) -> dict[str, Part]:
    """BERTScore of each chain by sample id."""
    pairs = {j.task.id: _pair(j, INFERENCE, "inferences") for j in judged}
    bert = measures.bert
    if bert is None:
        return dict.fromkeys(pairs, Unscored("not_computed", "no --bert-model"))
    model = f"{bert.name}\t{bert.num_layers}"
    keys = {i: _key("bert", model, p) for i, p in pairs.items() if not isinstance(p, Unscored)}
    waiting = [identity for identity, key in keys.items() if kept.get(key) is None]
    for start in range(0, len(waiting), PAIRS_AT_ONCE):
        batch = waiting[start : start + PAIRS_AT_ONCE]
        joined = [_joined(pairs[identity]) for identity in batch]
        values = bert.score([said for said, _ in joined], [told for _, told in joined])
        kept.add({keys[i]: value for i, value in zip(batch, values, strict=True)})
    scores: dict[str, Part] = {}
    for identity, pair in pairs.items():
        if isinstance(pair, Unscored):
            scores[identity] = pair
        else:
            value = kept.get(keys[identity])
            assert value is not None
            scores[identity] = value
    return scores


def _pair(judged: Judged, kind: str, name: str) -> _Pair | Unscored:
    judgment, reference = judged.judgment, judged.task.reference
    if judgment is None or reference is None:
        work = judged.task.work
        return work if isinstance(work, Unscored) else Unscored("no_reference", "no key steps")
    for sorts in (judgment.sorts, judgment.reference_sorts):
        if isinstance(sorts, Unscored):
            return sorts
    assert not isinstance(judgment.sorts, Unscored)
    assert not isinstance(judgment.reference_sorts, Unscored)
    said = of_kind(judged.said, judgment.sorts, kind)
    told = of_kind(judged.reference_said, judgment.reference_sorts, kind)
    if not said:
        return Unscored(f"no_{name}", f"the chain has no {name}")
    if not told:
        return Unscored(f"no_reference_{name}", f"the reference chain has no {name}")
    return _Pair(reference.image_path, said, told)


def _joined(pair: _Pair | Unscored) -> tuple[str, str]:
    assert not isinstance(pair, Unscored)
    return " ".join(pair.said), " ".join(pair.reference)


def _key(measure: str, model: str, pair: _Pair) -> str:
    stat = pair.image_path.stat() if measure == "clip" and pair.image_path.is_file() else None
    photo = [str(pair.image_path), stat.st_size, stat.st_mtime_ns] if stat else []
    parts = json.dumps([measure, model, photo, pair.said, pair.reference])
    return hashlib.sha256(parts.encode()).hexdigest()

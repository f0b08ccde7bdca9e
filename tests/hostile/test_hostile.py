"""Hostile inputs through the readers: no traceback, nothing wrong accepted, a reason by name."""

import io
import json
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from corpus import Case, write_corpus

from gre.data.images import ImageError, load_image
from gre.data.inspection import inspect_photo
from gre.data.records import read_bench, read_cot, read_judge, read_seed
from gre.errors import InputError
from gre.evaluation.parsing import parse_jsonl
from gre.evaluation.score import score_file
from gre.metrics import Protocol

READERS = {"cot": read_cot, "judge": read_judge, "seed": read_seed, "bench": read_bench}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    return list(write_corpus(tmp_path_factory.mktemp("hostile")))


def parsed(path: Path) -> list[dict[str, object]]:
    sink = io.StringIO()
    with path.open(encoding="utf-8") as source:
        parse_jsonl(source, sink, name=str(path))
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def read(case: Case) -> object:
    """What the reader makes of a case; its refusal rises."""
    if case.reader in READERS:
        return READERS[case.reader](case.path)
    if case.reader == "image":
        return load_image(case.path)
    if case.reader == "score":
        return score_file(case.path, protocol=Protocol())
    return parsed(case.path)


def test_size_of_the_corpus(corpus):
    refused = {case.cause for case in corpus if not case.is_accepted}
    assert len(corpus) >= 200
    assert len({case.cause for case in corpus}) >= 40
    assert len(refused) >= 40


@pytest.mark.parametrize("reader", [*READERS, "image", "score", "parse"])
def test_each_is_refused_by_name_and_reason(corpus, reader):
    accepted = []
    for case in corpus:
        if case.reader != reader or case.is_accepted:
            continue
        try:
            read(case)
        except InputError as error:
            line = str(error)
            assert "\n" not in line, (case.cause, line)
            assert "\x1b" not in line, (case.cause, line)
            assert str(case.path) in line, (case.cause, line)
            assert len(line) > len(str(case.path)) + 10, (case.cause, line)
        else:
            accepted.append(case.cause)
    assert accepted == []


@pytest.mark.parametrize("reader", [*READERS, "image", "score"])
def test_strange_data_is_data(corpus, reader):
    cases = [case for case in corpus if case.reader == reader and case.is_accepted]
    assert cases
    for case in cases:
        result = read(case)
        if reader in READERS:
            (record,) = result
            text = json.dumps(json.loads(case.path.read_text(encoding="utf-8-sig")))
            assert json.dumps(record.image)[1:-1] in text, case.cause
            assert record.truth.as_tuple() == (45.438, 12.327)
        elif reader == "image":
            assert result.mode == "RGB", case.cause
        else:
            assert (result.n, result.n_readable) == (1, 1)
        assert not any(Path.cwd().glob("owned*"))


def test_no_point_is_read_from_such_texts(corpus):
    cases = [case for case in corpus if case.reader == "unread"]
    assert len(cases) >= 15
    for case in cases:
        (line,) = parsed(case.path)
        assert line["status"] == "failed", case.cause
        assert line["reason"], case.cause
        assert line["lat"] is None


def test_inspection_gives_the_verdict_of_loading(corpus):
    for case in corpus:
        if case.reader == "image":
            facts = inspect_photo(case.path)
            assert (facts.error is None) == case.is_accepted, (case.cause, facts)
            assert facts.error is None or str(case.path) in facts.error
            assert facts.cause or case.is_accepted


def test_causes_of_refused_pictures_are_told_apart(corpus):
    causes = Counter(
        inspect_photo(case.path).cause
        for case in corpus
        if case.reader == "image" and not case.is_accepted
    )
    assert {"damaged", "unknown format", "empty", "too large", "too thin", "missing"} <= set(causes)


def test_a_jpeg_that_ends_early_is_remarked_though_it_decodes(corpus):
    (case,) = [case for case in corpus if case.cause == "JPEG with more rows than data"]
    assert "flat below" in inspect_photo(case.path).kinds


def test_a_refusal_survives_the_way_between_processes():
    import pickle

    error = pickle.loads(pickle.dumps(ImageError("a.jpg: is empty", cause="empty")))
    assert (str(error), error.cause) == ("a.jpg: is empty", "empty")

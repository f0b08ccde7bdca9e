"""`gre parse`: JSON lines in, JSON lines out, nothing for a bad input."""

import io
import json
from pathlib import Path

import pytest

from gre.errors import InputError
from gre.evaluation.parsing import ParseCounts, parse_jsonl


def run(*lines: str, strict: bool = False) -> tuple[list[dict[str, object]], ParseCounts]:
    sink = io.StringIO()
    source = io.StringIO("\n".join(lines) + "\n")
    counts = parse_jsonl(source, sink, strict=strict, name="texts.jsonl")
    return [json.loads(line) for line in sink.getvalue().splitlines()], counts


def test_results_keep_order_and_ids() -> None:
    results, counts = run(
        '{"id": "b", "text": "<answer> 40.742, -73.985 </answer>"}',
        "",
        '{"id": 7, "text": "I cannot tell"}',
        '{"id": "é", "text": null, "extra": [1]}',
    )
    assert results == [
        {"id": "b", "lat": 40.742, "lon": -73.985, "status": "ok", "reason": None},
        {"id": 7, "lat": None, "lon": None, "status": "failed", "reason": "refusal"},
        {"id": "é", "lat": None, "lon": None, "status": "failed", "reason": "no_answer"},
    ]
    assert counts == ParseCounts(3, 1, {"refusal": 1, "no_answer": 1})
    assert counts.num_failed == 2


def test_lines_without_id_are_numbered_from_zero() -> None:
    results, _ = run('{"text": "1.5, 2.5"}', '{"text": "nan, nan"}')
    assert [result["id"] for result in results] == ["0", "1"]
    assert [result["reason"] for result in results] == [None, "not_a_number"]


def test_strict_reads_tags_only() -> None:
    line = '{"id": "a", "text": "40.742, -73.985"}'
    assert run(line)[0][0]["status"] == "ok"
    assert run(line, strict=True)[0][0]["reason"] == "no_answer"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert run('\ufeff{"id": "a", "text": "1.5, 2.5"}')[1].num_ok == 1


def test_strange_characters_survive() -> None:
    results, _ = run(json.dumps({"id": "\ud800\u2028", "text": "\ud800 1.5, 2.5 \u2028"}))
    assert results[0]["id"] == "\ud800\u2028"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('{"id": "b", "text": "1, 2"', "texts.jsonl:2: not JSON"),
        ("[1, 2]", "texts.jsonl:2: a JSON list"),
        ('"1, 2"', "texts.jsonl:2: a JSON str"),
        ('{"id": "b"}', 'texts.jsonl:2: no "text"'),
        ('{"id": "b", "text": 5}', 'texts.jsonl:2: "text" must be'),
        (
            '{"id": null, "text": ""}',
            'texts.jsonl:2: "id" must be a string or whole number, got None; correct it',
        ),
        ('{"id": 1.5, "text": ""}', 'texts.jsonl:2: "id" must be'),
        ('{"id": "a", "text": ""}', 'texts.jsonl:2: id "a" is already on line 1'),
        ("[" * 100_000, "texts.jsonl:2: not JSON"),
        ("9" * 5_000, "texts.jsonl:2: not JSON"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(line: str, named: str) -> None:
    sink = io.StringIO()
    source = io.StringIO('{"id": "a", "text": "1, 2"}\n' + line + "\n")
    with pytest.raises(InputError) as caught:
        parse_jsonl(source, sink, name="texts.jsonl")
    assert str(caught.value).startswith(named)
    assert "\n" not in str(caught.value)
    assert sink.getvalue() == ""


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_input_is_an_error(content: str) -> None:
    with pytest.raises(InputError, match=r"texts\.jsonl: no text in it"):
        parse_jsonl(io.StringIO(content), io.StringIO(), name="texts.jsonl")


def test_another_encoding_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "latin.jsonl"
    path.write_bytes('{"id": "a", "text": "40° N"}\n'.encode("latin-1"))
    with (
        path.open(encoding="utf-8") as source,
        pytest.raises(InputError, match="not UTF-8 text"),
    ):
        parse_jsonl(source, io.StringIO(), name=str(path))


@pytest.mark.real_data
def test_answers_published_by_models_and_papers(real_data: Path) -> None:
    path = real_data / "strings" / "gre_and_paper_answer_strings.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    results, counts = run(*lines)
    assert counts == ParseCounts(19, 19, {})
    expected = [(record["lat"], record["lon"]) for record in map(json.loads, lines)]
    assert [(result["lat"], result["lon"]) for result in results] == expected

"""A chat template is a program of whoever wrote the model folder: whatever it does is a finding."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gre.data.jsonio import RecordPlace
from gre.data.records import SeedRecord
from gre.geo.latlon import LatLon
from gre.preflight.findings import Findings
from gre.preflight.model import count_text_tokens
from gre.preflight.tokens import estimated_text_tokens


def seed(number: int, question: str) -> SeedRecord:
    return SeedRecord(
        id=str(number),
        image=f"{number}.jpg",
        image_path=Path(f"{number}.jpg"),
        truth=LatLon(1.0, 2.0),
        place=RecordPlace(Path("gre_seed.jsonl"), number, number + 1),
        extra={},
        instruction=question,
    )


def processor_of(template: str) -> Any:
    """A processor that renders as transformers does, and counts a token a character."""
    compiled = ImmutableSandboxedEnvironment().from_string(template)

    def render(turns: object, **options: object) -> str:
        return compiled.render(messages=turns, **options)

    def tokenize(texts: list[str], **_: object) -> dict[str, list[list[int]]]:
        return {"input_ids": [[0] * len(text) for text in texts]}

    return SimpleNamespace(apply_chat_template=render, tokenizer=tokenize)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ 1/0 }}", "ZeroDivisionError: division by zero"),
        ("{{ messages.a.b }}", "UndefinedError: "),
        ("{{ messages[0].content + 1 }}", "TypeError: "),
        ("{{ 10 ** 400 * 1.5 }}", "OverflowError: "),
        ("{{ range(10000000) }}", "OverflowError: "),
        ("{{ ''.__class__.__mro__ }}", "SecurityError: "),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "RecursionError: "),
    ],
)
def test_whatever_a_template_raises_is_a_finding(template: str, reason: str) -> None:
    findings = Findings()
    records = [seed(0, "Where is this?")]
    lengths = count_text_tokens(records, processor_of(template), findings)
    (item,) = findings.items
    assert (item.severity, item.area) == ("error", "template")
    assert f"cannot render the row of gre_seed.jsonl:1: record 0 ({reason}" in item.text
    assert "mend chat_template.jinja" in item.text
    assert lengths.tolist() == estimated_text_tokens(records).tolist()


def test_a_template_that_fails_at_some_rows_is_a_finding() -> None:
    template = (
        "{% for part in messages[0].content %}"
        "{% if part.type == 'image' %}<|image_pad|>{% else %}{{ part.text }}"
        "{{ 1 // (part.text | length - 5) }}{% endif %}{% endfor %}"
    )
    findings = Findings()
    records = [seed(0, "Where is this?"), seed(1, "Where")]
    count_text_tokens(records, processor_of(template), findings)
    assert [item.severity for item in findings.items] == ["ok", "error"]
    assert "cannot render some rows (ZeroDivisionError" in findings.items[1].text

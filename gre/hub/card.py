"""The card that a model is published with: its results as the hub reads them, and how to use it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gre.errors import InputError

TASK = "image-text-to-text"
BENCHMARK_NAMES = {
    "im2gps3k": "Im2GPS3k",
    "gws15k": "GWS15k",
    "google_streetview": "Google StreetView",
    "greval_bench": "GREval-Bench",
    "yfcc4k": "YFCC4k",
    "osv5m": "OSV-5M",
}
HUB_DATASETS = {"greval_bench": "Anonymous0515/GREval-Bench", "osv5m": "osv5m/osv5m"}
"""Benchmarks that are data sets of the hub. Source: upstream README; eval.md."""

PLACEHOLDER = "PATH_TO_THIS_FOLDER"
"""What a card of `gre.train.model_card` has where the repository's name belongs."""
BEGIN, END = "<!-- gre push: results -->", "<!-- gre push: end of results -->"

EXAMPLE = """
## Use

With GRE Suite installed:

```bash
gre predict photo.jpg --model {repo_id}
```

```python
from gre import GeoLocalizer

guess = GeoLocalizer("{repo_id}").predict("photo.jpg")
print(guess.latlon, guess.reasoning)
```
"""


@dataclass(frozen=True)
class Result:
    """What one run of `gre evaluate` says of the model.

    Attributes:
        benchmark: Its name there.
        facts: `summary.json` of the run.
    """

    benchmark: str
    facts: dict[str, Any]  # Any: nested plain values, checked on reading

    @property
    def title(self) -> str:
        """The benchmark's name for a reader."""
        return BENCHMARK_NAMES.get(self.benchmark, self.benchmark)


def read_result(run: Path, model: Path) -> Result:
    """Read the summary of a run, and hold it to be about this model.

    Raises:
        InputError: It is no finished run that locates photos, or is about another model.
    """
    path = run / "summary.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file, must be a finished run of gre evaluate; correct --results"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); evaluate again") from error
    if not isinstance(facts, dict) or not isinstance(facts.get("accuracy"), dict):
        raise InputError(
            f"{path}: holds no accuracies, must be a run that locates photos; correct --results"
        )
    named = str(facts.get("model", ""))
    if Path(named).resolve() != model.resolve() and Path(named).name != model.resolve().name:
        raise InputError(
            f"{path}: is about {named or 'no named model'}, must be about {model}; name a run of"
            " this model with --results"
        )
    return Result(str(facts.get("benchmark", "unknown")), facts)


def make_card(text: str, repo_id: str, results: Sequence[Result]) -> str:
    """Fill a card in for its repository: names, evaluation results, inference example.

    Args:
        text: README.md of the model, with its front matter or without.
        repo_id: Where it goes.
        results: To publish; those of an earlier call are replaced, unless there are none now.

    Raises:
        InputError: The front matter is no YAML.
    """
    import yaml
    from huggingface_hub import ModelCard

    try:
        card: Any = ModelCard(text)  # Any: its data is typed as that of any card
    except (ValueError, yaml.YAMLError) as error:
        first = str(error).splitlines()[0]
        raise InputError(
            f"README.md: its front matter cannot be read ({first}); mend it"
        ) from error
    card.text = card.text.replace(PLACEHOLDER, repo_id)
    if "GeoLocalizer(" not in card.text:
        card.text = card.text.rstrip() + "\n" + EXAMPLE.format(repo_id=repo_id)
    card.data.library_name = card.data.library_name or "transformers"
    card.data.pipeline_tag = card.data.pipeline_tag or TASK
    if results:
        card.data.model_name = repo_id.partition("/")[2]
        card.data.eval_results = [entry for result in results for entry in _entries(result)]
        card.text = _with_table(card.text, results)
    return str(card)


def _entries(result: Result) -> list[Any]:  # Any: EvalResult of the hub's client
    """The numbers of a run as the hub's model index has them; what is undefined is left out."""
    from huggingface_hub import EvalResult

    facts = result.facts
    numbers = [
        ("accuracy", f"within {radius} km, percent", value)
        for radius, value in facts["accuracy"].items()
    ]
    numbers += [
        ("median_km", "median error, km", facts.get("median_km")),
        ("geoscore", "mean GeoGuessr score, 0 to 5000", facts.get("geoscore")),
    ]
    about: dict[str, Any] = {
        name: facts[name] for name in ("n", "n_readable", "n_errors") if name in facts
    }
    about["sha256"] = facts.get("data_sha256")
    return [
        EvalResult(
            task_type=TASK,
            task_name="Image geo-localization",
            dataset_type=HUB_DATASETS.get(result.benchmark, result.benchmark),
            dataset_name=result.title,
            dataset_args=about,
            metric_type=kind,
            metric_name=name,
            metric_value=round(value, 2),
        )
        for kind, name, value in numbers
        if value is not None
    ]


def _with_table(text: str, results: Sequence[Result]) -> str:
    """Put the table of results between its marks, at the place of an older one or at the end."""
    block = f"{BEGIN}\n{_table(results)}{END}"
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        return before + block + after
    head, use, tail = text.partition("\n## Use\n")
    return f"{head.rstrip()}\n\n{block}\n{use}{tail}"


def _table(results: Sequence[Result]) -> str:
    radii = list(results[0].facts["accuracy"])
    lines = [
        "## Benchmarks",
        "",
        "Percent of photos within a distance, with the 95 % Wilson interval. An unreadable answer"
        " is a miss unless the protocol says otherwise.",
        "",
        f"| benchmark | N | readable | {' | '.join(f'{radius} km' for radius in radii)} |"
        " median km | protocol |",
        "|---|---:|---:|" + "---:|" * (len(radii) + 1) + "---|",
    ]
    for result in results:
        facts = result.facts
        cells = [_rate(facts, radius) for radius in radii]
        median = facts.get("median_km")
        protocol = " ".join(str(value) for value in (facts.get("protocol") or {}).values())
        lines.append(
            f"| {result.title} | {facts.get('n')} | {facts.get('n_readable')} |"
            f" {' | '.join(cells)} | {'' if median is None else f'{median:.1f}'} | {protocol} |"
        )
    return "\n".join([*lines, "", ""])


def _rate(facts: dict[str, Any], radius: str) -> str:
    value, interval = facts["accuracy"].get(radius), (facts.get("ci95") or {}).get(radius)
    if value is None:
        return ""
    return f"{value:.1f}" + (f" ({interval[0]:.1f}–{interval[1]:.1f})" if interval else "")

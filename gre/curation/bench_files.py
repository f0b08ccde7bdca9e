"""A set in GREval-Bench's format: records, pictures, and a card with its statistics."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gre.curation.card import Card, cell, write_card
from gre.curation.indicators import TYPE_OF_KIND, Indicator
from gre.curation.pictures import remove_other_pictures, write_pictures
from gre.curation.record_files import write_records
from gre.curation.scenes import SCENES, SETTING
from gre.curation.sunburst import write_sunburst
from gre.geo.latlon import LatLon

RECORDS = "greval_bench.json"
SUNBURST = "indicators.svg"
PUBLISHED_SCENES: Mapping[str, int] = {
    **{"natural": 811, "artificial landscape": 1138, "agricultural": 58, "industrial": 66},
    **{"road traffic": 327, "commercial": 147, "offices": 131, "transportation": 54},
    **{"cultural": 148, "medical": 4, "entertainment": 116},
}
"""Items of GREval-Bench by class. Source: GRE paper, statistics of GREval-Bench."""


@dataclass(frozen=True)
class BenchItem:
    """One record with its picture.

    Attributes:
        record: As GREval-Bench writes it; `image_path` is given when the set is written.
        image_path: Where the photo lies now.
        truth: Where it was taken.
    """

    record: Mapping[str, object]
    image_path: Path
    truth: LatLon


@dataclass(frozen=True, kw_only=True)
class BenchFacts:
    """What the card says beside the statistics.

    Attributes:
        provenance: Where photos and key steps come from, Markdown.
        facts: Further lines of the table.
        left_out: Photos left out by reason.
        license: As the hub names it.
    """

    provenance: str
    facts: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    license: str


def write_bench_set(folder: Path, items: Sequence[BenchItem], facts: BenchFacts) -> None:
    """Write pictures, records and statistics, in an order that may be stopped anywhere.

    Pictures of an earlier build that no record names go once the new record file stands.

    Raises:
        InputError: A photo cannot be used, or a reader would refuse a record.
        GreError: The disk refuses.
    """
    names = write_pictures((item.image_path for item in items), folder / "imgs")
    records = [{**one.record, "image_path": f"images/{names[one.image_path]}"} for one in items]
    counts = count_indicators(records)
    title = f"Indicators of {len(items):,} photos"
    write_sunburst(folder / SUNBURST, counts, title=title)
    write_records(folder / RECORDS, records, "bench")
    remove_other_pictures(names.values(), folder / "imgs")
    kinds = {kind: sum(n for one, n in counts.items() if one.kind == kind) for kind in TYPE_OF_KIND}
    card = Card(
        title="GREval-Bench style benchmark",
        lead="Photos, where they were taken, the indicators that they show and the key steps that"
        " lead to the place, in the format of GREval-Bench. `gre evaluate --benchmark greval_bench`"
        " and `gre judge` run on it.",
        license=facts.license,
        provenance=facts.provenance,
        facts={"records": f"{len(items):,}", "indicators": f"{counts.total():,}", **facts.facts},
        format_note="A record holds `sample_id`, `image_path`, `gt_cot` (key steps), `gt_lat`,"
        " `gt_lon` as published, and `scene`, `indicators` (by type, `kind: words`), the place.",
        bars=kinds,
        bars_title="Indicators by kind",
        data_file=RECORDS,
        num_records=len(items),
        left_out=facts.left_out,
        left_out_note="`left_out.jsonl` names every photo with its reason.",
        sections=_statistics([item.record for item in items], title),
    )
    write_card(folder, card, (item.truth for item in items))


def count_indicators(records: Sequence[Mapping[str, object]]) -> Counter[Indicator]:
    """How many records list each indicator, read from records that `by_type` wrote."""
    counts: Counter[Indicator] = Counter()
    for record in records:
        lists = record.get("indicators")
        for texts in lists.values() if isinstance(lists, dict) else ():
            for text in texts:
                kind, _, phrase = str(text).partition(": ")
                if kind in TYPE_OF_KIND:
                    counts[Indicator(kind, phrase)] += 1
    return counts


def _statistics(records: Sequence[Mapping[str, object]], title: str) -> str:
    """The scene table and the sunburst, Markdown."""
    found = Counter(str(record.get("scene", "")) for record in records)
    published = sum(PUBLISHED_SCENES.values())
    rows = [
        f"| {SETTING[name]} | {name} | {found[name]:,} | {found[name] / len(records):.1%} |"
        f" {PUBLISHED_SCENES[name] / published:.1%} |"
        for name in SCENES
    ]
    others = {name: n for name, n in sorted(found.items()) if name not in SCENES}
    rows += [
        f"| | {cell(name) or 'no class'} | {n:,} | {n / len(records):.1%} | |"
        for name, n in others.items()
    ]
    head = (
        "## Scenes and indicators\n\n| setting | scene | records | share | share in the published"
        " GREval-Bench |\n|---|---|---:|---:|---:|\n"
    )
    return head + "\n".join(rows) + f"\n\n![{title}]({SUNBURST})\n\n{title}: type, kind, words."

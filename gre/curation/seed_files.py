"""What `gre curate seed` writes: the records with their places, and the card."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from gre.curation.card import Card
from gre.curation.ledger import Kept, Ledger
from gre.curation.selection import NAME_CHARS
from gre.geo.latlon import LatLon
from gre.geo.places import nearest_places

if TYPE_CHECKING:
    from gre.curation.seeds import SeedSettings, SeedSummary

RECORDS = "gre_seed.jsonl"
BATCH = 10_000
POINT_DECIMALS = 7
"""Decimals of a degree that records hold: 1 cm."""
BAR_COUNTRIES = 15


def seed_records(
    settings: "SeedSettings", ledger: Ledger, countries: Counter[str]
) -> Iterator[dict[str, object]]:
    """The records in the order of the source; `countries` counts their countries meanwhile."""
    seeds = ledger.iter_kept()
    while batch := list(islice(seeds, BATCH)):
        places = nearest_places([LatLon(seed.lat, seed.lon) for seed in batch])
        for seed, place in zip(batch, places, strict=True):
            countries[place.country] += 1
            yield _record(seed, settings.instruction) | {
                "city": place.city,
                "region": place.region,
                "country": place.country,
                "country_code": place.country_code,
                "continent": place.continent,
            }


def _record(seed: Kept, instruction: str) -> dict[str, object]:
    name = seed.sha256[:NAME_CHARS]
    return {
        "image": f"images/{name}.jpg",
        "instructions": instruction,
        "gt_lat": round(seed.lat, POINT_DECIMALS),
        "gt_lon": round(seed.lon, POINT_DECIMALS),
        "id": name,
        "source": seed.name,
        "source_sha256": seed.sha256,
        "size": [seed.width, seed.height],
    }


def seed_card(settings: "SeedSettings", summary: "SeedSummary", countries: Counter[str]) -> Card:
    """The card of a finished build."""
    names = ", ".join(f"`{path.name}`" for path in settings.sources)
    return Card(
        title=f"{summary.directory.resolve().name} (GRE seeds)",
        lead="Photos and where they were taken, in the format of GRE30K-Seed: a question, no"
        " answer. For RL stage II, or to ask a teacher about.",
        license=settings.license,
        provenance=f"Photos and positions: {names}. Places are the nearest towns of GeoNames"
        " (CC BY 4.0). EXIF and other metadata were removed from the pictures.",
        facts={
            "seeds": f"{summary.num_seeds:,}",
            "countries": f"{summary.num_countries}",
            "rows of the source with a position": f"{summary.num_rows:,}",
            "rows passed over in full cells": f"{summary.cell_full:,}",
            "cell": f"{settings.cell_deg:g}°, at most {settings.per_cell} seeds",
        },
        left_out=summary.left_out,
        left_out_note="Every photo left out is named with its reason in `left_out.jsonl`; rows of"
        " full cells are only counted.",
        format_note="A record holds `image`, `instructions`, `gt_lat`, `gt_lon` (degrees, WGS84)"
        " as published, and `id`, `city`, `region`, `country`, `country_code`, `continent`,"
        " `source` (the photo's name in its source), `source_sha256`, `size`.",
        bars=dict(countries.most_common(BAR_COUNTRIES)),
        bars_title=f"Seeds in the {min(BAR_COUNTRIES, len(countries))} countries that have most",
        data_file=RECORDS,
        num_records=summary.num_seeds,
    )

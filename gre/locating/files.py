"""Located photos as files that maps and spreadsheets read.

Each takes the rows that `Located.to_json` gives, full or coarse. A coarse row has no `lat` and
`lon`, so nothing here can put its photo on a map.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from markupsafe import escape

from gre.errors import InputError
from gre.evaluation.pages.exports import Sheet, Value, to_csv
from gre.models.located import place_words, why_none

Row = Mapping[str, object]

NOT_IN_XML = re.compile(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""Source: XML 1.0, section 2.2, production 2."""
KML_NAMESPACE = "http://www.opengis.net/kml/2.2"
"""Source: OGC KML 2.2, section 6."""


def to_json_lines(rows: Sequence[Row]) -> str:
    """One JSON object per line."""
    return "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows)


def to_geojson(rows: Sequence[Row]) -> str:
    """A FeatureCollection, longitude first; a photo without a point has the geometry null.

    Source: RFC 7946, sections 3.1.1 and 3.2.
    """
    features = [
        {
            "type": "Feature",
            "geometry": _geometry(row),
            "properties": {k: v for k, v in _shared(row).items() if k not in ("lat", "lon")},
        }
        for row in rows
    ]
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, indent=1) + "\n"


def to_kml(rows: Sequence[Row]) -> str:
    """A KML document with one placemark per photo; one without a point has no geometry.

    Viewers show a description as HTML, so a model's words are escaped for HTML before XML is made.
    """
    root = ET.Element("kml", xmlns=KML_NAMESPACE)
    document = ET.SubElement(root, "Document")
    ET.SubElement(document, "name").text = "Photos located by GRE Suite"
    for row in rows:
        mark = ET.SubElement(document, "Placemark")
        ET.SubElement(mark, "name").text = _xml_text(Path(str(row["photo"])).name)
        ET.SubElement(mark, "description").text = str(escape(_xml_text(_description(row))))
        data = ET.SubElement(mark, "ExtendedData")
        for key, value in _shared(row).items():
            if value is not None and key not in ("lat", "lon", "text", "reasoning"):
                entry = ET.SubElement(data, "Data", name=key)
                ET.SubElement(entry, "value").text = _xml_text(str(value))
        geometry = _geometry(row)
        if geometry is not None:
            point = ET.SubElement(mark, "Point")
            ET.SubElement(point, "coordinates").text = f"{row['lon']},{row['lat']}"
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def to_csv_table(rows: Sequence[Row]) -> str:
    """A table with a header; no cell can be taken for a formula."""
    header = tuple(rows[0]) if rows else ()
    cells = tuple(tuple(_value(row.get(name)) for name in header) for row in rows)
    return to_csv(Sheet("located", "Located photos", header, cells))


WRITERS: Mapping[str, Callable[[Sequence[Row]], str]] = MappingProxyType(
    {"json": to_json_lines, "geojson": to_geojson, "kml": to_kml, "csv": to_csv_table}
)
"""By the name that `--format` takes."""

_ENDINGS = {".json": "json", ".jsonl": "json", ".geojson": "geojson", ".kml": "kml", ".csv": "csv"}


def format_of(out: Path) -> str:
    """The format that a file's ending names.

    Raises:
        InputError: It names none.
    """
    found = _ENDINGS.get(out.suffix.lower())
    if found is None:
        raise InputError(
            f"--out {out}: the ending must be one of {' '.join(_ENDINGS)}; rename it or add"
            f" --format {'|'.join(WRITERS)}"
        )
    return found


def printable(text: str) -> str:
    """The same text where UTF-8 can hold it; half a surrogate pair becomes "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _shared(row: Row) -> dict[str, object]:
    """A row for a file that is passed on: of the photo the name, and not where it lies."""
    return {**row, "photo": Path(str(row["photo"])).name}


def _geometry(row: Row) -> dict[str, object] | None:
    if row.get("lat") is None or row.get("lon") is None:
        return None
    return {"type": "Point", "coordinates": [row["lon"], row["lat"]]}


def _description(row: Row) -> str:
    radius_km, error_km = row.get("radius_km"), row.get("error_km")
    lines = [
        place_words(row) or f"No guess: {why_none(row)}",
        f"{radius_km:,.0f} km hold 90 % of the answers" if isinstance(radius_km, float) else "",
        f"{error_km:,.0f} km from the truth" if isinstance(error_km, float) else "",
        str(row.get("reasoning") or row.get("text") or ""),
    ]
    return "\n".join(line for line in lines if line)


def _xml_text(text: str) -> str:
    return NOT_IN_XML.sub("?", text)


def _value(value: object) -> Value:
    return value if isinstance(value, str | int | float) or value is None else str(value)

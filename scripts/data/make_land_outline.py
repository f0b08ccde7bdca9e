"""Make `gre/evaluation/pages/data/land_110m.json`, the land outline of the world map.

Source: Natural Earth 4.1.0, land polygons 1:110m, public domain (https://www.naturalearthdata.com),
as TopoJSON in the npm package world-atlas 2.0.2 (ISC licence), file land-110m.json:

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python scripts/data/make_land_outline.py package/land-110m.json

The package stitches shapes together across the antimeridian and around the pole. A flat map needs
them cut again, which is most of this script. Points are rounded to 0.01 degrees (about 1 km).
"""

import argparse
import json
from pathlib import Path

Point = tuple[float, float]
Ring = list[Point]

OUT = Path(__file__).parents[2] / "gre" / "evaluation" / "pages" / "data" / "land_110m.json"
SOURCE = (
    "Natural Earth 4.1.0, land 1:110m, public domain, https://www.naturalearthdata.com; "
    "by way of the npm package world-atlas 2.0.2; rings of lon, lat, lon, lat, ... in 0.01 degrees"
)


def decode_arcs(topology: dict) -> list[Ring]:
    """Arcs in degrees (TopoJSON 1.0, section 2.1: quantized, delta-encoded)."""
    (scale_x, scale_y), (shift_x, shift_y) = (
        topology["transform"]["scale"],
        topology["transform"]["translate"],
    )
    arcs = []
    for deltas in topology["arcs"]:
        x = y = 0
        arc = []
        for step_x, step_y in deltas:
            x, y = x + step_x, y + step_y
            arc.append((x * scale_x + shift_x, y * scale_y + shift_y))
        arcs.append(arc)
    return arcs


def join_arcs(indices: list[int], arcs: list[Ring]) -> Ring:
    """A closed ring without its last, repeated point; ~i is arc i backwards."""
    ring: Ring = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring += arc[:-1]
    return ring


def unwrap(ring: Ring) -> Ring:
    """Longitudes without jumps; a ring around a pole is closed along that pole."""
    out = [ring[0]]
    for lon, lat in [*ring[1:], ring[0]]:
        before = out[-1][0]
        out.append((lon - 360 * round((lon - before) / 360), lat))
    if abs(out[-1][0] - out[0][0]) < 180:
        return out[:-1]
    pole = -90.0 if out[0][1] < 0 else 90.0
    return [*out, (out[-1][0], pole), (out[0][0], pole)]


def clip(ring: Ring, *, limit: float, keep_below: bool) -> Ring:
    """The part of a polygon on one side of a meridian (Sutherland and Hodgman, 1974)."""
    out: Ring = []
    for (lon_a, lat_a), (lon_b, lat_b) in zip([ring[-1], *ring], ring, strict=False):
        inside_a, inside_b = ((lon <= limit) == keep_below for lon in (lon_a, lon_b))
        if inside_a != inside_b:
            share = (limit - lon_a) / (lon_b - lon_a)
            out.append((limit, lat_a + share * (lat_b - lat_a)))
        if inside_b:
            out.append((lon_b, lat_b))
    return out


def cut(ring: Ring) -> list[Ring]:
    """The pieces of an unwrapped ring, each within [-180, 180]."""
    pieces = []
    for turn in (-360, 0, 360):
        piece = [(lon + turn, lat) for lon, lat in ring]
        for limit, keep_below in ((180.0, True), (-180.0, False)):
            piece = clip(piece, limit=limit, keep_below=keep_below) if piece else piece
        if len(piece) > 2:
            pieces.append(piece)
    return pieces


def flatten(ring: Ring) -> list[int]:
    """Rounded to 0.01 degrees, without points that coincide."""
    points = [(round(100 * lon), round(100 * lat)) for lon, lat in ring]
    kept = [b for a, b in zip([points[-1], *points], points, strict=False) if a != b]
    return [value for point in kept for value in point]


def main() -> None:
    """Read the TopoJSON named on the command line and write the outline."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("topojson", type=Path, help="land-110m.json of world-atlas 2.0.2")
    topology = json.loads(parser.parse_args().topojson.read_text(encoding="utf-8"))
    arcs = decode_arcs(topology)
    rings = [
        flatten(piece)
        for geometry in topology["objects"]["land"]["geometries"]
        for polygon in geometry["arcs"]
        for indices in polygon
        for piece in cut(unwrap(join_arcs(indices, arcs)))
    ]
    rings = [ring for ring in rings if len(ring) >= 6]
    OUT.write_text(json.dumps({"source": SOURCE, "rings": rings}, separators=(",", ":")) + "\n")
    print(f"{OUT}: {len(rings)} rings, {sum(map(len, rings)) // 2} points")


if __name__ == "__main__":
    main()

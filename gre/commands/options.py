"""Options that several commands share."""

from typing import Annotated

import typer

DistanceOption = Annotated[str, typer.Option(help="haversine (R = 6371.0 km) or geodesic (WGS84).")]
TestOption = Annotated[str, typer.Option(help="A hit is error le (<=) or lt (<) radius.")]
UnreadableOption = Annotated[
    str, typer.Option(help="Unreadable answers: miss, drop, origin (0, 0), or an error in km.")
]
RadiiOption = Annotated[
    str | None, typer.Option(help="Further radii beside the five, km, with commas between.")
]
ProcessesOption = Annotated[
    int | None,
    typer.Option(help="Processes that share the samples; one per visible GPU if unset.", min=1),
]
TruthColumnsOption = Annotated[
    str | None, typer.Option("--columns", help="id=..,gt_lat=..,gt_lon=.. where the names differ.")
]

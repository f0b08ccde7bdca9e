"""Options that several commands share."""

from typing import Annotated

import typer

from gre.errors import InputError

DistanceOption = Annotated[
    str, typer.Option(help="haversine (R = 6371.0 km) or geodesic (WGS84, 0.1 ms a row).")
]
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


def check_prices(
    input_usd_per_million: float | None,
    output_usd_per_million: float | None,
    max_cost_usd: float | None,
) -> None:
    """Refuse prices and limits that do not fit together, in the words of the command line.

    Args:
        input_usd_per_million: Of --input-price or a settings file.
        output_usd_per_million: Of --output-price or a settings file.
        max_cost_usd: Of --max-cost.

    Raises:
        InputError: One is no sum of money, one price is missing, or a limit has no prices.
    """
    sums = {
        "--input-price": input_usd_per_million,
        "--output-price": output_usd_per_million,
        "--max-cost": max_cost_usd,
    }
    for option, usd in sums.items():
        if usd is not None and not 0 <= usd < float("inf"):
            raise InputError(f"{option}: got {usd}, must be at least 0 US dollars; correct it")
    missing = [option for option in ("--input-price", "--output-price") if sums[option] is None]
    if len(missing) == 1:
        raise InputError(f"{missing[0]} is missing; give both prices of the model, or none")
    if missing and max_cost_usd is not None:
        raise InputError(
            f"--max-cost {max_cost_usd:g} needs the model's prices; give --input-price and"
            " --output-price, US dollars per million tokens"
        )

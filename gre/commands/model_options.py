"""Which model answers, and how it is asked: the options of `gre evaluate`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gre.commands.options import check_prices
from gre.errors import InputError

if TYPE_CHECKING:
    from gre.evaluation.predictors.choice import ModelChoice

ModelOption = Annotated[
    str,
    typer.Option(
        help="Folder or hub id; or vllm:NAME, openai:MODEL with --base-url, file:PATH of"
        " predictions, constant:LAT,LON."
    ),
]
MaxNewTokensOption = Annotated[int, typer.Option(help="Longest answer, tokens.", min=1)]
MaxPixelsOption = Annotated[
    int | None, typer.Option(help="Pixel budget of an image; the model's own if unset.")
]
BatchSizeOption = Annotated[
    int | None, typer.Option(help="Photos per call; 8 if unset, more for a server.", min=1)
]
SamplesOption = Annotated[
    int, typer.Option(help="Answers per photo; above 1 their medoid is the answer.", min=1)
]
TemperatureOption = Annotated[
    float | None, typer.Option(help="0 is greedy; if unset 0, or 0.7 with several samples.")
]
TopPOption = Annotated[float, typer.Option(help="Nucleus for sampling, in (0, 1].")]
ShareOption = Annotated[
    float, typer.Option(help="Share of the readable answers that the radius holds, in (0, 1].")
]
SeedOption = Annotated[int, typer.Option(help="Of the sampler.", min=0)]
BaseUrlOption = Annotated[
    str | None, typer.Option(help="Of an OpenAI-compatible server, e.g. http://127.0.0.1:8000/v1.")
]
ApiKeyEnvOption = Annotated[str, typer.Option(help="Environment variable that holds its key.")]
ParallelOption = Annotated[int, typer.Option(help="Calls to it in flight at once.", min=1)]
TimeoutOption = Annotated[float, typer.Option(help="Longest time for a call, seconds.")]
AttemptsOption = Annotated[int, typer.Option(help="Attempts per call.", min=1)]
InputPriceOption = Annotated[
    float | None, typer.Option(help="US dollars per million prompt tokens.")
]
OutputPriceOption = Annotated[
    float | None, typer.Option(help="US dollars per million generated tokens.")
]
MaxCostOption = Annotated[
    float | None, typer.Option(help="Stop before this sum, US dollars; needs both prices.")
]
PredictionColumnsOption = Annotated[
    str | None, typer.Option(help="id=..,pred_lat=..,pred_lon=.. for other names in file:PATH.")
]


def choose_model(values: Mapping[str, Any]) -> "ModelChoice":  # Any: what typer parsed
    """The predictor that the options above describe, by their parameter names.

    Raises:
        InputError: They do not fit together.
    """
    from gre.evaluation.predictors.base import Drawing
    from gre.evaluation.predictors.choice import ModelChoice, ServerOptions, split_model
    from gre.evaluation.tables.columns import parse_columns
    from gre.models.decoding import SAMPLING_TEMPERATURE, Decoding

    check_prices(values["input_price"], values["output_price"], values["max_cost"])
    if not values["timeout"] > 0:
        raise InputError(f"--timeout: got {values['timeout']}, must be > 0 seconds; correct it")
    named = values["prediction_columns"]
    kind, name = split_model(values["model"])
    temperature = values["temperature"]
    if temperature is None:
        temperature = SAMPLING_TEMPERATURE if values["samples"] > 1 else 0.0
    return ModelChoice(
        values["model"],
        kind,
        name,
        decoding=Decoding(values["max_new_tokens"], temperature, values["top_p"]),
        drawing=Drawing(values["samples"], values["share"], values["seed"]),
        max_pixels=values["max_pixels"],
        server=ServerOptions(
            base_url=values["base_url"],
            parallel=values["parallel"],
            timeout_s=values["timeout"],
            max_attempts=values["attempts"],
            input_usd_per_million=values["input_price"],
            output_usd_per_million=values["output_price"],
            max_cost_usd=values["max_cost"],
            api_key_env=values["api_key_env"],
        ),
        columns=parse_columns(named) if named else None,
    )

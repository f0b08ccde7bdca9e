"""`gre env`: what is installed and what the machine is, to paste into a bug report."""

import json
from typing import Annotated

import typer


def env(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Print versions, hardware, chosen attention and what is missing.

    Example: gre env
    """
    from gre.environment import describe, describe_hardware

    facts = describe() | {"hardware": describe_hardware()}
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    for group, values in facts.items():
        if isinstance(values, dict):
            typer.echo(f"{group}:")
            for name, value in values.items():
                typer.echo(f"  {name}: {'missing' if value is None else value}")
        else:
            typer.echo(f"{group}: {values}")

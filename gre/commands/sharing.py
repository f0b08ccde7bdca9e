"""How a command starts itself again in several processes."""

import os
from typing import Any

import typer


def count_processes(asked: int | None, *, uses_gpu: bool) -> int:
    """How many processes share a run: as asked, else one per visible GPU, else one.

    One of torchrun's processes, or one that a command started, starts no further ones.

    Args:
        asked: `--processes`.
        uses_gpu: Whether who answers works on the GPUs of this machine.
    """
    from gre.evaluation.asking.processes import own_share, visible_gpus

    if own_share().num > 1:
        return 1
    if asked is not None:
        return asked
    return max(1, len(visible_gpus())) if uses_gpu else 1


def command_line(context: typer.Context) -> list[str]:
    """The command that is running, as arguments for `gre`, every option written out."""
    words: list[str] = []
    place: Any = context  # Any: typer's own classes differ between its versions
    while place.parent is not None:
        words.insert(0, place.info_name)
        place = place.parent
    values: list[str] = []
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        if value is None:
            continue
        if parameter.param_type_name == "argument":
            values += map(str, value) if isinstance(value, list | tuple) else [str(value)]
        elif isinstance(value, bool):
            words += [*parameter.opts[:1]] if value else [*parameter.secondary_opts[:1]]
        else:
            given = value if isinstance(value, list | tuple) else [value]
            words += [
                word
                for one in given
                for word in (
                    parameter.opts[0],
                    os.fspath(one) if isinstance(one, os.PathLike) else str(one),
                )
            ]
    return [*words, *(["--", *values] if values else [])]

"""`gre train`: what the scripts in scripts/train launch."""

from pathlib import Path
from typing import Annotated

import typer

from gre.commands.console import quiet_libraries, start_logging
from gre.train.config import Trainer

app = typer.Typer(help="Train a stage, as the scripts in scripts/train do.", no_args_is_help=True)

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command("sft", context_settings=PASS_ON)
def sft(
    ctx: typer.Context,
    config: Annotated[Path, typer.Option(help="YAML of the run, e.g. configs/stage1_sft.yaml.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check config, records and model folder, then stop.")
    ] = False,
    world_size: Annotated[
        int, typer.Option(help="Processes that --dry-run counts with.", min=1)
    ] = 1,
) -> None:
    """Stage 1: fine-tune on chains of thought. Further flags override the config by key.

    Example: gre train sft --config configs/tiny/stage1_sft.yaml --learning_rate 1e-3
    """
    start_logging()
    if dry_run:
        _refuse_early(config, ctx.args, Trainer.SFT, world_size)
    quiet_libraries()
    from gre.train.sft import check_sft, run_sft

    if dry_run:
        check_sft(config, ctx.args, world_size=world_size)
        typer.echo("ok: nothing stands in the way of this run")
    else:
        typer.echo(f"finished: {run_sft(config, ctx.args)}")


@app.command("grpo", context_settings=PASS_ON)
def grpo(
    ctx: typer.Context,
    config: Annotated[
        Path, typer.Option(help="YAML of the run, e.g. configs/stage3_geodesic.yaml.")
    ],
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check config, records, rewards and model, then stop."),
    ] = False,
    world_size: Annotated[
        int, typer.Option(help="Processes that --dry-run counts with.", min=1)
    ] = 1,
) -> None:
    """Stages 2 and 3: reinforcement with GRPO. Further flags override the config by key.

    Example: gre train grpo --config configs/tiny/stage3_geodesic.yaml --max_steps 20
    """
    start_logging()
    if dry_run:
        _refuse_early(config, ctx.args, Trainer.GRPO, world_size)
    quiet_libraries()
    from gre.train.grpo import check_grpo, run_grpo

    if dry_run:
        check_grpo(config, ctx.args, world_size=world_size)
        typer.echo("ok: nothing stands in the way of this run")
    else:
        typer.echo(f"finished: {run_grpo(config, ctx.args)}")


def _refuse_early(config: Path, arguments: list[str], trainer: Trainer, world_size: int) -> None:
    """End in a second where config or flags are wrong, before the libraries are imported."""
    from gre.train.early import refuse_early

    refuse_early(config, arguments, trainer=trainer, world_size=world_size)

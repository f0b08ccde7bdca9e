"""The door: the `gre` command. Commands parse, call the package and print; nothing else.

Heavy imports stay inside the commands, so that `gre --help` answers at once.
"""

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gre.errors import GreError

app = typer.Typer(
    name="gre",
    help="Locate photos by reasoning: train, evaluate and use GRE models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
train_app = typer.Typer(help="Train a stage, as the scripts in scripts/train do.")
app.add_typer(train_app, name="train", no_args_is_help=True)

EXIT_FAILED_SAMPLES = 3
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def main() -> NoReturn:
    """Run the command line; turn known errors into one line and an exit code."""
    import click

    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        code = app(standalone_mode=False)
    except GreError as error:
        _leave(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        typer.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _leave(f"{error.format_message()} (gre --help shows examples)", 2)
    except (KeyboardInterrupt, click.exceptions.Abort):
        _leave("stopped", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def _leave(message: str, code: int) -> NoReturn:
    """Print the last line of a message (a worker's error carries its traceback before it)."""
    line = message.strip().splitlines()[-1] if message.strip() else "failed"
    rank = os.environ.get("RANK", "0")
    where = "" if rank == "0" else f"[rank {rank}] "
    sys.stderr.write(f"gre: {where}{line.removeprefix('gre.errors.InputError: ')}\n")
    sys.exit(code)


def _log_to_stderr() -> None:
    is_main = os.environ.get("RANK", "0") == "0"
    logging.basicConfig(
        level=logging.INFO if is_main else logging.WARNING,
        format="%(message)s",
        stream=sys.stderr,
    )
    # Deprecations between the libraries below us: nothing a user of this command can act on.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers|trl|torch")
    for noisy in ("httpx", "filelock", "fsspec", "matplotlib", "PIL", "transformers", "datasets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@train_app.command("sft", context_settings=PASS_ON)
def train_sft(
    ctx: typer.Context,
    config: Annotated[Path, typer.Option(help="YAML of the run, e.g. configs/stage1_sft.yaml.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check config, records and model folder; train not.")
    ] = False,
    world_size: Annotated[
        int, typer.Option(help="Processes that --dry-run counts with.", min=1)
    ] = 1,
) -> None:
    """Stage 1: fine-tune on chains of thought. Further flags override the config by key.

    Example: gre train sft --config configs/tiny/stage1_sft.yaml --learning_rate 1e-3
    """
    _log_to_stderr()
    from gre.train.sft import check_sft, run_sft

    if dry_run:
        check_sft(config, ctx.args, world_size=world_size)
        typer.echo("ok: nothing stands in the way of this run")
    else:
        typer.echo(f"finished: {run_sft(config, ctx.args)}")

"""The door: the `gre` command. Known errors become one line and an exit code here.

Heavy imports stay inside the commands, so that `gre --help` answers at once.
"""

import os
import sys
from typing import Any, NoReturn

import typer

from gre.commands import env, evaluate, predict, sample, train
from gre.errors import GreError

ClickException: Any = typer.BadParameter.__mro__[2]  # Any: its home differs between versions
"""What typer raises for wrong arguments: the base of its public exceptions."""

app = typer.Typer(
    name="gre",
    help="Locate photos by reasoning: train, evaluate and use GRE models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("predict")(predict.predict)
app.add_typer(train.app, name="train")
app.command("evaluate")(evaluate.evaluate)
app.command("score")(evaluate.score)
app.command("parse")(evaluate.parse)
app.command("report")(evaluate.report)
app.command("sample-world")(sample.sample_world)
app.command("tiny-model")(sample.tiny_model)
app.command("env")(env.env)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        code = app(standalone_mode=False)
    except GreError as error:
        _leave(str(error), error.exit_code)
    except ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            sys.exit(2)
        _leave(f"{error.format_message()} (--help shows an example)", 2)
    except (KeyboardInterrupt, typer.Abort):
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

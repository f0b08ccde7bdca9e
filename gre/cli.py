"""The door: the `gre` command. Known errors become one line and an exit code here.

Heavy imports stay inside the commands, so that `gre --help` answers at once.
"""

import os
import re
import sys
from typing import Any, NoReturn

import typer

from gre.commands import (
    check,
    compare,
    curate,
    env,
    evaluate,
    judge,
    predict,
    pull,
    push,
    rate,
    report,
    results,
    rollouts,
    sample,
    train,
)
from gre.commands.leaving import leave
from gre.errors import GreError, say_how_to_install

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
app.command("check", context_settings=check.PASS_ON)(check.check)
app.command("evaluate")(evaluate.evaluate)
app.command("judge")(judge.judge)
app.command("score")(results.score)
app.command("parse")(results.parse)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("ablation")(compare.ablation)
app.command("rollouts")(rollouts.rollouts)
app.add_typer(curate.app, name="curate")
app.command("sample-world")(sample.sample_world)
app.command("tiny-model")(sample.tiny_model)
app.command("rate-seeds")(rate.rate_seeds)
app.command("push")(push.push)
app.command("pull")(pull.pull)
app.command("env")(env.env)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        code = app(standalone_mode=False)
    except GreError as error:
        _say_and_leave(str(error), error.exit_code)
    except ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            leave(2)
        _say_and_leave(f"{error.format_message()} (--help shows an example)", 2)
    except ModuleNotFoundError as error:
        if (error.name or "gre").partition(".")[0] == "gre":
            raise
        _say_and_leave(
            f"{error.name} is not installed, which this command needs;"
            f" {say_how_to_install('train,eval')}",
            2,
        )
    except (KeyboardInterrupt, typer.Abort):
        _say_and_leave("stopped", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        leave(0)
    leave(code if isinstance(code, int) else 0)


def _say_and_leave(message: str, code: int) -> NoReturn:
    """Print the last line of a message (a worker's error carries its traceback before it)."""
    line = message.strip().splitlines()[-1] if message.strip() else "failed"
    rank = os.environ.get("RANK", "0")
    where = "" if rank == "0" else f"[rank {rank}] "
    line = re.sub(r"^gre[\w.]*Error: ", "", line)  # the class, where a traceback ends in it
    sys.stderr.write(f"gre: {where}{line}\n")
    leave(code)

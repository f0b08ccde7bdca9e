"""`gre compare` and `gre ablation`: finished runs held against each other."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gre.commands.console import start_logging
from gre.commands.tables import print_ablation, print_comparison


def compare(
    run_a: Annotated[Path, typer.Argument(help="Run folder: before.")],
    run_b: Annotated[Path, typer.Argument(help="Run folder on the same samples: after.")],
    radii: Annotated[
        str, typer.Option(help="Radii of locate runs, km, with commas between.")
    ] = "1,25,200,750,2500",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare two runs on the same samples: differences with paired 95 % intervals.

    Example: gre compare work/eval/ci work/eval/ci_ii --radii 25,200,750
    """
    start_logging()
    from gre.evaluation.comparing.paired_runs import compare_folders, parse_radii

    comparison = compare_folders(run_a, run_b, radii_km=parse_radii(radii))
    if as_json:
        typer.echo(json.dumps(comparison.to_json(), ensure_ascii=False))
    else:
        print_comparison(comparison)


def ablation(
    directory: Annotated[
        Path, typer.Argument(help="Holds seed-*/eval/MODEL and seed-*/judge/MODEL, or no seed-*.")
    ],
    out: Annotated[Path, typer.Option(help="The Markdown table to write.")],
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Also write the numbers as JSON.")
    ] = None,
) -> None:
    """Write the ablation table (base, CI, CI + I, CI + II, CI + I + II) from finished runs.

    MODEL is base, ci, ci_i, ci_ii or ci_i_ii; what is missing is said to be not run.

    Example: gre ablation work/ablation --out work/ablation/table.md --json work/ablation/table.json
    """
    start_logging()
    from gre.data.outputs import check_new_file
    from gre.evaluation.asking.run_folder import json_text, write_output
    from gre.evaluation.comparing.ablation import read_ablation
    from gre.evaluation.comparing.ablation_table import summary_heads, summary_rows, to_markdown
    from gre.evaluation.comparing.ablation_values import sizes, to_json

    found = read_ablation(directory)
    check_new_file(out, "--out")
    if json_out is not None:
        check_new_file(json_out, "--json")
    write_output(out, to_markdown(found))
    if json_out is not None:
        write_output(json_out, json_text(to_json(found)))
    print_ablation(summary_rows(found), summary_heads(found), caption=sizes(found))
    typer.echo(f"written: {out}" + (f" and {json_out}" if json_out else ""))

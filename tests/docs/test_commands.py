"""Each command on the pages exists, knows its options, and is run by a test or says its needs."""

import dataclasses
import functools
import itertools
import re
import subprocess
from typing import Any

import pytest
import typer.main
import yaml

from gre.cli import app
from gre.models.options import ModelOptions
from gre.train import config as train_config
from gre.train.scale import ScaleOptions
from tests.docs.commands import (
    ROOT,
    Command,
    gre_words,
    list_pages,
    needs,
    read_commands,
    read_inline,
    split_line,
)

PAGES = list_pages()
DOOR: Any = typer.main.get_command(app)  # Any: click's class, at home in typer or in click
MARKS = {"GPU": r"#.*\bGPUs?\b", "network": r"#.*\bnetwork\b", "server": r"#.*\bserver\b"}
OTHER_PROGRAMS = {
    *("hf", "curl", "git", "conda", "docker", "pip", "fresh/bin/pip", "fresh/bin/python"),
    *("unzip", "rm", "ls", "tar", "python3.11", "sbatch", "ruff", "mypy", "mkdocs", "nvidia-smi"),
    *("trl", "deepspeed", "accelerate", "inspect", "ssh", "uptime", "watch", "scp", "rsync"),
    *("head",),
}

RUN_BY = {
    "predict": "tests/docs/test_commands_run.py",
    "check": "tests/docs/test_commands_run.py",
    "train": "tests/train/test_launch.py",
    "evaluate": "tests/docs/test_commands_run.py",
    "judge": "tests/docs/test_commands_run.py",
    "score": "tests/docs/test_commands_run.py",
    "parse": "tests/docs/test_commands_run.py",
    "report": "tests/docs/test_commands_run.py",
    "compare": "tests/test_cli.py",
    "ablation": "tests/test_cli.py",
    "rollouts": "tests/evaluation/rollouts/test_rollouts.py",
    "curate": "tests/curation/test_end_to_end.py",
    "sample-world": "tests/test_cli.py",
    "tiny-model": "tests/test_cli.py",
    "rate-seeds": "tests/docs/test_commands_run.py",
    "env": "tests/docs/test_env.py",
}
"""A test that runs the command, for each that a page shows without a mark of what it needs."""

PAGE_RUN_BY = {"docs/curation.md": "tests/curation/test_end_to_end.py"}
"""Pages whose blocks a test reads and runs as they stand."""


@functools.cache
def config_keys() -> set[str]:
    """Keys that a config may have: ours, those of the files, transformers' and TRL's."""
    classes = [ModelOptions, ScaleOptions]
    classes += [cls for cls in vars(train_config).values() if dataclasses.is_dataclass(cls)]
    keys = {option.name for cls in classes for option in dataclasses.fields(cls)}
    for path in ROOT.glob("configs/**/*.yaml"):
        keys |= set(yaml.safe_load(path.read_text(encoding="utf-8")))
    return keys | {"max_steps", "deepspeed"}


@functools.cache
def script_help(script: str) -> str:
    """What a script says of itself; GPUs, data and models are not asked for."""
    done = subprocess.run(
        ["bash", str(ROOT / script), "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{script} --help: {done.stderr}"
    return done.stdout


def options_of(words: tuple[str, ...]) -> list[str]:
    """The flags among the words, without their values; `--` ends a script's own."""
    return [word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)]


def _names(option: Any) -> list[str]:  # Any: an option of click
    return [*option.opts, *option.secondary_opts]


def check_gre(words: tuple[str, ...]) -> None:
    """Find the command and its options, as the door does."""
    command = DOOR
    rest = list(words)
    while rest and getattr(command, "commands", None) and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"no command {rest[0]!r}"
        command = command.commands[rest.pop(0)]
    ends = list(getattr(command, "commands", {}).values()) or [command]  # a group: any of its own
    known = {name for end in ends for option in end.params for name in _names(option)}
    passes_on = any((end.context_settings or {}).get("ignore_unknown_options") for end in ends)
    for option in options_of(tuple(rest)):
        if option in known | {"--help", "-h"}:
            continue
        assert passes_on, f"no option {option}"
        assert option.removeprefix("--") in config_keys(), f"no key {option} in a config"


def check_whole(words: tuple[str, ...]) -> None:
    """Parse a command with its values, arguments that it requires included."""
    if "--help" in words:
        return
    command = DOOR
    context = command.make_context("gre", [], resilient_parsing=True)
    rest = list(words)
    while rest and getattr(command, "commands", None):
        command = command.commands[rest.pop(0)]
        if getattr(command, "commands", None):
            context = command.make_context(command.name, [], parent=context, resilient_parsing=True)
    command.make_context(command.name, rest, parent=context)


def check_script(script: str, words: tuple[str, ...]) -> None:
    """A shell script: its help, or what it hands its further options to, knows each option."""
    assert (ROOT / script).is_file(), f"no file {script}"
    told = script_help(script)
    for option, value in itertools.pairwise(words):
        if value.startswith("--") and " " in value:
            check_handed_on(option, tuple(value.split()))
    words = tuple(w for w in words if not (w.startswith("--") and " " in w))
    own, _, after = " ".join(words).partition(" -- ")
    if after:
        check_gre(("judge", *after.split()))
    for option in options_of(tuple(own.split())):
        if re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", told):
            continue
        if script.startswith("scripts/train/"):
            assert option.removeprefix("--") in config_keys(), f"{script}: no key {option}"
        elif script.startswith(("scripts/eval/", "scripts/eval_bench/")):
            check_gre(("evaluate", option))
        else:
            raise AssertionError(f"{script} --help does not name {option}")


def check_handed_on(option: str, flags: tuple[str, ...]) -> None:
    """Flags in quotes, which a script hands to a stage or to gre evaluate."""
    if option == "--eval":
        check_gre(("evaluate", *flags))
        return
    assert option.startswith("--stage"), f"{option} takes one value"
    for flag in options_of(flags):
        assert flag.removeprefix("--") in config_keys(), f"{option}: no key {flag}"


def check_python(words: tuple[str, ...]) -> None:
    """A Python script: it exists and defines each option; a module's paths exist."""
    if words[0] == "-m":
        paths = [word for word in words[2:] if "/" in word and not word.startswith("-")]
        assert words[1] in {"pytest", "mkdocs", "venv", "http.server"}, f"unknown module {words[1]}"
        assert all((ROOT / path.partition("::")[0]).exists() for path in paths), paths
        return
    assert (ROOT / words[0]).is_file(), f"no file {words[0]}"
    text = (ROOT / words[0]).read_text(encoding="utf-8")
    for helper in (ROOT / words[0]).parent.glob("*.py"):
        text += helper.read_text(encoding="utf-8")  # options that the scripts of a folder share
    if words[0] == "benchmark/eval.py":
        return  # hands what it does not know to gre evaluate and gre judge; tested there
    for option in options_of(words):
        assert f'"{option}"' in text or option == "--help", f"{words[0]} has no {option}"


def check(command: Command) -> None:
    """Fail with a reason where a command would not even start."""
    words = command.words
    ours = gre_words(words)
    if ours is not None:
        check_gre(ours)
    elif words[0] == "bash" or words[0].endswith(".sh"):
        words = words[1:] if words[0] == "bash" else words
        if words[0] == ".ci/run":
            assert (ROOT / words[0]).is_file()
        else:
            check_script(words[0], words[1:])
    elif words[0] == "python":
        check_python(words[1:])
    else:
        assert words[0] in OTHER_PROGRAMS, f"unknown program {words[0]!r}"


@pytest.mark.parametrize("page", PAGES)
def test_each_command_of_a_block_exists_and_knows_its_options(page: str) -> None:
    for command in read_commands(page):
        try:
            check(command)
            ours = gre_words(command.words)
            if ours is not None:
                check_whole(ours)
        except Exception as error:
            raise AssertionError(f"{command}\n  {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("page", PAGES)
def test_each_gre_command_in_the_text_exists_and_knows_its_options(page: str) -> None:
    for command in read_inline(page):
        try:
            check_gre(command.words[1:])
        except AssertionError as error:
            raise AssertionError(f"{command}\n  {error}") from error


@pytest.mark.parametrize("page", PAGES)
def test_each_command_is_run_by_a_test_or_says_what_it_needs(page: str) -> None:
    for command in read_commands(page):
        missing = [need for need in needs(command) if not re.search(MARKS[need], command.block)]
        assert not missing, f"{command}\n  its block must say in a remark: # {missing[0]}"
        ours = gre_words(command.words)
        if page in PAGE_RUN_BY:
            assert page in (ROOT / PAGE_RUN_BY[page]).read_text(encoding="utf-8")
        elif ours and not needs(command):
            file = RUN_BY[ours[0]]
            assert f'"{ours[0]}"' in (ROOT / file).read_text(encoding="utf-8"), (command, file)


def test_the_report_of_the_quickstart_is_its_own() -> None:
    """Whoever follows the pages keeps it: no command on them writes over it."""
    for page in PAGES:
        for command in read_commands(page):
            assert "work/report.html" not in command.words, f"{command}: name another --out"


def test_the_readme_reads_only_runs_that_its_scripts_made() -> None:
    """The folder of a run is work/eval/SET/MODEL's name, as the scripts' help says."""
    commands = read_commands("README.md")
    made = {
        f"work/eval/{benchmark}/{words[2].rpartition('/')[2]}"
        for benchmark in ("im2gps3k", "greval_bench")
        for words in (command.words for command in commands)
        if words[0] == "bash" and words[1].endswith(f"/eval_{benchmark}.sh")
    }
    assert {"work/eval/im2gps3k/GRE", "work/eval/greval_bench/GRE"} <= made
    read = [command.words[2] for command in commands if command.words[1] in {"judge", "report"}]
    assert read
    assert set(read) <= made


def test_no_block_is_overlooked() -> None:
    """The README alone shows a dozen commands, and every page with a fence is among PAGES."""
    assert len(read_commands("README.md")) >= 12
    assert {"README.md", "training.md", "eval/eval.md", "benchmark/README.md"} <= set(PAGES)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gre score a.csv --json   # a remark", [["gre", "score", "a.csv", "--json"]]),
        ("OMP_NUM_THREADS=1 python x.py && gre env", [["python", "x.py"], ["gre", "env"]]),
        ("(cd a && for z in *.zip; do unzip -q $z; done)", [["unzip", "-q", "$z"]]),
        ("gre parse answers.jsonl > out.jsonl", [["gre", "parse", "answers.jsonl"]]),
        ("gre judge RUN [--judge openai:M]", [["gre", "judge", "RUN", "--judge", "openai:M"]]),
    ],
)
def test_lines_are_cut_as_a_shell_does(line: str, expected: list[list[str]]) -> None:
    assert split_line(line) == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("gre locate photo.jpg", "no command 'locate'"),
        ("gre score a.csv --nonsense", "no option --nonsense"),
        ("gre check --config c.yaml --learning_rat 1", "no key --learning_rat"),
        ("bash scripts/nowhere.sh", "no file scripts/nowhere.sh"),
        ("bash scripts/quickstart.sh --quick", "does not name --quick"),
        ("bash scripts/train/stage1.sh M --learning_rat 1", "no key --learning_rat"),
        ("bash scripts/eval/eval_gws15k.sh M --radius 3", "no option --radius"),
        ("python scripts/fuzz.py --hours 2", "has no --hours"),
        ("frobnicate x", "unknown program 'frobnicate'"),
    ],
)
def test_a_wrong_command_is_found(line: str, reason: str) -> None:
    (words,) = split_line(line)
    with pytest.raises(AssertionError, match=re.escape(reason)):
        check(Command("page.md", line, tuple(words)))


@pytest.mark.parametrize(
    ("line", "need"),
    [
        ("bash scripts/train/stage1.sh models/Q", {"GPU"}),
        ("bash scripts/train/stage1.sh work/tiny --config configs/tiny/stage1_sft.yaml", set()),
        ("bash scripts/train/stage1.sh models/Q --dry-run", set()),
        ("hf download a/b", {"network"}),
        ("gre pull gre", {"network"}),
        ("gre judge RUN --judge openai:M --base-url U", {"server"}),
        ("gre evaluate --data eval/eval_data/x --model M", {"GPU"}),
    ],
)
def test_what_a_command_needs(line: str, need: set[str]) -> None:
    (words,) = split_line(line)
    assert needs(Command("page.md", line, tuple(words))) == need

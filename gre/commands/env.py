"""`gre env`: what is installed and what the machine is, to paste into a bug report."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

EXTRAS: Mapping[str, str] = {
    "train": "to train",
    "eval": "to locate photos and to evaluate",
    "demo": "for notebook and app",
    "judge": "for BERTScore",
    "curate": "to build data sets",
    "flash": "for FlashAttention; without it attention is sdpa",
    "vllm": "to evaluate under vLLM, in an environment of its own",
}
"""What each extra is for. Those that only serve development are left out."""

REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+).*\bextra\s*==\s*['\"]([\w-]+)['\"]")
SHOWN_VARIABLES = ("CUDA_VISIBLE_DEVICES", "HF_HUB_OFFLINE", "HF_ENDPOINT", "OMP_NUM_THREADS")
SECRET_VARIABLES = ("HF_TOKEN", "OPENAI_API_KEY")
"""Only whether they are set is told."""


def env(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Print versions, hardware, chosen attention and what is missing, to paste into a bug report.

    Example: gre env
    """
    from gre.environment import describe, describe_hardware

    facts = describe() | {
        "hardware": describe_hardware() | describe_machine(),
        "variables": describe_variables(os.environ),
        "missing": find_missing(_requirements()),
    }
    typer.echo(json.dumps(facts, indent=2) if as_json else render_facts(facts))


def render_facts(facts: Mapping[str, object]) -> str:
    """Give the facts as a fenced block: a code host shows it as it stands."""
    lines = ["```text"]
    for group, values in facts.items():
        if not isinstance(values, dict):
            lines.append(f"{group}: {values}")
            continue
        lines.append(f"{group}:" if values else f"{group}: nothing")
        for name, value in values.items():
            lines.append(f"  {name}: {'not installed' if value is None else value}")
    return "\n".join([*lines, "```"])


def describe_machine() -> dict[str, object]:
    """Memory and free disk in GB (10^9 bytes), what the driver says of GPUs, the CUDA compiler."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    query = ("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
    compiler = re.search(r"release ([\d.]+)", _first_output(("nvcc", "--version")))
    return {
        "memory_gb": round(memory / 1e9, 1),
        "free_disk_gb": round(shutil.disk_usage(".").free / 1e9, 1),
        "nvidia_smi": "; ".join(_first_output(query).splitlines()) or "none",
        "nvcc": compiler[1] if compiler else "none",
    }


def _first_output(command: Sequence[str]) -> str:
    """What a program prints; nothing where it is not there, fails or hangs."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def describe_variables(environment: Mapping[str, str]) -> dict[str, object]:
    """Variables that change what runs. Keys are never printed, only that they are there."""
    shown: dict[str, object] = {
        name: environment[name] for name in SHOWN_VARIABLES if name in environment
    }
    return shown | {name: "set, not shown" for name in SECRET_VARIABLES if environment.get(name)}


def _requirements() -> list[str]:
    try:
        return importlib.metadata.requires("gre-suite") or []
    except importlib.metadata.PackageNotFoundError:
        return []


def find_missing(requirements: Sequence[str]) -> dict[str, object]:
    """Give each extra that is not whole here: its missing packages, and what they are for."""
    if not requirements:
        return {"gre-suite": "not installed as a package; run: bash environment.sh"}
    found: dict[str, list[str]] = {}
    for requirement in requirements:
        parts = REQUIREMENT.match(requirement)
        if parts and parts[2] in EXTRAS and not _is_installed(parts[1]):
            found.setdefault(parts[2], []).append(parts[1])
    return {extra: f"{', '.join(names)} ({EXTRAS[extra]})" for extra, names in found.items()}


def _is_installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True

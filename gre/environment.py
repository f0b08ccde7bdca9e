"""What a result was made with: versions, hardware and commit."""

import importlib.metadata
import importlib.util
import os
import platform
import subprocess
from pathlib import Path

PACKAGES = (
    "torch",
    "torchvision",
    "transformers",
    "trl",
    "accelerate",
    "deepspeed",
    "peft",
    "datasets",
    "qwen-vl-utils",
    "flash-attn",
    "tokenizers",
    "pillow",
    "numpy",
)
"""Libraries whose versions can change a number."""


def package_versions() -> dict[str, str | None]:
    """Versions of the libraries that can change a number; None where one is not installed."""
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def source_commit() -> str | None:
    """Commit of the checkout this package runs from, with "+" when files differ from it."""
    folder = Path(__file__).resolve().parent.parent
    if not (folder / ".git").exists():
        return None
    try:
        commit = _git(folder, "rev-parse", "--short", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+" if changed else "")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],  # noqa: S607 - git from the user's PATH
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    return done.stdout.strip()


def describe() -> dict[str, object]:
    """Versions, commit, machine and package version as one JSON-ready object."""
    import gre

    return {
        "gre": gre.__version__,
        "commit": source_commit(),
        "platform": platform.platform(),
        "versions": package_versions(),
    }


def describe_hardware() -> dict[str, object]:
    """Processor count, GPUs and the attention that `auto` would choose; torch alone knows these."""
    facts: dict[str, object] = {"cpu_cores": os.cpu_count()}
    if importlib.util.find_spec("torch") is None:
        return facts | dict.fromkeys(("gpus", "cuda", "attention"), "unknown without torch")
    import torch

    from gre.models.qwen_vl import resolve_attention

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return facts | {
        "gpus": ", ".join(gpus) or "none",
        "cuda": torch.version.cuda,
        "attention": resolve_attention("auto"),
    }

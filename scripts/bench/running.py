"""What the benchmarks of steps share: their options, the machine's name, comparing gradients."""

import argparse
import os
import platform
import time

import torch

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
"""What a second is: of the wall, or of the processors that the process keeps busy."""

PUBLISHED_LAYERS = 28
PASSES_UPDATE = 3
"""A forward pass and a backward pass of twice its operations; checkpointing adds a fourth."""


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add --device."""
    parser.add_argument(
        "--device",
        default="cuda" if torch.cuda.is_available() else "cpu",
        help="cuda or cpu (default: what is here)",
    )


def refuse_bad_sizes(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with one line where --repeats is under 1 or a preset needs a GPU not asked for."""
    if options.repeats < 1:
        parser.error(f"--repeats must be >= 1, got {options.repeats}")
    if options.preset != "tiny" and options.device == "cpu":
        parser.error(f"--preset {options.preset} needs a GPU; use --preset tiny")


def machine(device: torch.device) -> str:
    """Name what the times were measured on."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{os.cpu_count()} CPU cores, {torch.get_num_threads()} threads, {platform.machine()}"


def gradients_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Each parameter's gradient, float32 on the CPU."""
    return {n: p.grad.float().cpu() for n, p in model.named_parameters() if p.grad is not None}


def worst_gradient(stock: dict[str, torch.Tensor], ours: dict[str, torch.Tensor]) -> float:
    """Largest difference of a parameter's gradient, relative to its norm."""
    floor = 1e-9 * max(float(gradient.norm()) for gradient in stock.values())
    return max(
        float((ours[name] - gradient).norm() / gradient.norm())
        for name, gradient in stock.items()
        if float(gradient.norm()) > floor
    )

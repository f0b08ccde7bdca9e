#!/usr/bin/env python3
"""Time one fine-tuning step with packed rows and with stock TRL, in turn, on the same everything.

All sides have the same weights, photos, texts and seeds: stock TRL; ours on the same padded
batches; ours packed. A step is the collating of its samples, the same on all sides and done in
loader workers in a run, and the update: packing, forward, backward and optimizer.

Example: python scripts/bench/sft_step.py --preset tiny --json
"""

import argparse
import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from limits import forward_flops, measured_rate, median
from running import (
    CLOCKS,
    PASSES_UPDATE,
    PUBLISHED_LAYERS,
    add_device,
    gradients_of,
    machine,
    refuse_bad_sizes,
    worst_gradient,
)
from sft_sides import (
    PACKED,
    PADDED,
    PHASES,
    PRESETS,
    SIDES,
    STOCK,
    Bench,
    Preset,
    build,
    work_of,
    write_model,
)


def measure(folder: Path, preset: Preset, options: argparse.Namespace) -> dict[str, Any]:
    """Run all sides in turn and report times, ratios, padding, differences and limits."""
    device = torch.device(options.device)
    benches = {
        side: Bench(side, build(side, folder, preset, seed=options.seed, device=device), device)
        for side in SIDES
    }
    losses, gradients, padding = {}, {}, {}
    for side, bench in benches.items():
        batches = bench.collate()
        losses[side] = bench.update(batches, moves=False)
        gradients[side] = gradients_of(bench.trainer.model)
        padding[side] = bench.padding(batches)
        bench.clear()  # the first run warmed up
    for repeat in range(options.repeats):
        for side in SIDES if repeat % 2 == 0 else SIDES[::-1]:
            benches[side].update(benches[side].collate())
    seconds = {clock: {side: _seconds(benches[side], clock) for side in SIDES} for clock in CLOCKS}
    ratios = {
        f"samples_per_s_{clock}": found[STOCK]["step"] / found[PACKED]["step"]
        for clock, found in seconds.items()
    }
    chosen = seconds[options.clock]
    ratios |= {
        "samples_per_s": chosen[STOCK]["step"] / chosen[PACKED]["step"],
        "samples_per_s_update": chosen[STOCK]["update"] / chosen[PACKED]["update"],
        "samples_per_s_over_padded": chosen[PADDED]["step"] / chosen[PACKED]["step"],
    }
    tokens = sum(int(batch["attention_mask"].sum()) for batch in batches)
    return {
        "seconds": seconds,
        "ratios": ratios,
        "samples_per_s": {side: preset.num_samples / chosen[side]["step"] for side in SIDES},
        "tokens_per_s": {side: tokens / chosen[side]["step"] for side in SIDES},
        "padding": padding,
        "differences": {
            "loss": max(abs(losses[side] - losses[STOCK]) for side in SIDES),
            "gradients": max(
                worst_gradient(gradients[STOCK], gradients[side]) for side in (PADDED, PACKED)
            ),
        },
        "tokens": tokens,
        "limits": _limits(benches[STOCK], batches, chosen, device, options.clock),
    }


def _seconds(bench: Bench, clock: str) -> dict[str, float]:
    found = {phase: median(bench.seconds[clock][phase]) for phase in PHASES}
    found["step"] = sum(found.values())
    return found


def _limits(
    bench: Bench,
    batches: list[dict[str, Any]],
    seconds: dict[str, dict[str, float]],
    device: torch.device,
    clock: str,
) -> dict[str, Any]:
    """Seconds that the update would take at the rate of a large matrix product, unpadded."""
    model = bench.trainer.model
    rate = measured_rate(device, model.dtype, clock=CLOCKS[clock])
    passes = PASSES_UPDATE + bool(bench.trainer.args.gradient_checkpointing)
    flops = sum(forward_flops(model, work, shared=False) for work in work_of(batches))
    needed = passes * flops / rate
    return {
        "matmul_flops": rate,
        "forward_flops": flops,
        "seconds": needed,
        "share": {side: needed / seconds[side]["update"] for side in SIDES},
    }


def print_table(report: dict[str, Any]) -> None:
    """Print what was measured for a reader."""
    print(f"preset {report['preset']} on {report['machine']}, {report['dtype']}")
    if report["reduced_layers"]:
        print(f"reduced: {report['reduced_layers']} of {PUBLISHED_LAYERS} text layers")
    print(
        f"{report['samples']} samples a step, {report['tokens']} tokens; padded batches of"
        f" {report['per_device']}, packed rows of at most {report['packed_tokens']} tokens"
    )
    print(f"{'':<20}" + "".join(f"{side:>10}" for side in SIDES) + f"{'ratio':>8}")
    for clock, label in (("wall", "seconds"), ("cpu", "processor s")):
        for phase in (*PHASES, "step"):
            found = [report["seconds"][clock][side][phase] for side in SIDES]
            cells = "".join(f"{one:>10.3f}" for one in found)
            print(f"{phase + ', ' + label:<20}{cells}{found[0] / found[-1]:>8.2f}")
    for key, label in (("samples_per_s", "samples a second"), ("tokens_per_s", "tokens a second")):
        found = [report[key][side] for side in SIDES]
        print(f"{label:<20}" + "".join(f"{one:>10.1f}" for one in found))
    for kind in ("rows", "attention"):
        shares = [100 * report["padding"][side][kind] for side in SIDES]
        print(f"{'padding of ' + kind:<20}" + "".join(f"{one:>8.1f} %" for one in shares))
    limits = report["limits"]
    shares = ", ".join(f"{side} {100 * limits['share'][side]:.0f} %" for side in SIDES)
    print(
        f"the update needs {limits['seconds']:.3f} s at {limits['matmul_flops'] / 1e9:.0f}"
        f" Gflop/s: {shares}"
    )
    difference = report["differences"]
    print(
        f"largest difference: loss {difference['loss']:.1e}, gradient"
        f" {difference['gradients']:.1e} of its norm"
    )


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", choices=PRESETS, default="tiny", help="sizes (default tiny)")
    parser.add_argument("--repeats", type=int, default=3, help="steps of each side (default 3)")
    parser.add_argument("--seed", type=int, default=0, help="of photos and texts (default 0)")
    add_device(parser)
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="which one the ratio `samples_per_s` is of; cpu: processor seconds, for a machine"
        " that is not quiet, with OMP_NUM_THREADS=1 (default wall; both are reported)",
    )
    parser.add_argument("--json", action="store_true", help="last line: the report as JSON")
    options = parser.parse_args()
    refuse_bad_sizes(parser, options)
    return options


def main() -> int:
    """Measure, print, and return the exit code."""
    options = parse_options()
    preset, device = PRESETS[options.preset], torch.device(options.device)
    with tempfile.TemporaryDirectory() as name:
        folder = write_model(Path(name) / "model", preset)
        report = measure(folder, preset, options)
    report |= {
        "preset": options.preset,
        "clock": options.clock,
        "samples": preset.num_samples,
        "per_device": preset.per_device,
        "packed_tokens": preset.packed_tokens,
        "machine": machine(device),
        "dtype": "bfloat16" if device.type == "cuda" else "float32",
        "reduced_layers": preset.num_layers,
        "versions": {name: version(name) for name in ("torch", "transformers", "trl")},
    }
    print_table(report)
    if options.json:
        print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Time one GRPO step with shared prompts and with stock TRL, in turn, on the same everything.

Both sides have the same weights, photos, prompts and seeds, and score and update on the same
completions: those that stock sampled. Sampling is timed apart from scoring and updating. Peak
memory is that of one step in a process of its own for each side.

Example: python scripts/bench/grpo_step.py --preset tiny --json
"""

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from grpo_sides import (
    OURS,
    PHASES,
    PRESETS,
    STOCK,
    Bench,
    Preset,
    build,
    step_memory_mib,
    write_model,
)
from limits import (
    Work,
    decode_bytes,
    forward_flops,
    measured_bandwidth,
    measured_rate,
    median,
    prefill_flops,
)
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

SIDES = (STOCK, OURS)


def measure(folder: Path, preset: Preset, options: argparse.Namespace) -> dict[str, Any]:
    """Run both sides in turn and report times, ratios, differences and limits."""
    device = torch.device(options.device)
    benches = {
        side: Bench(
            side,
            build(side, folder, preset, seed=options.seed, device=device),
            device,
            clock=CLOCKS[options.clock],
        )
        for side in SIDES
    }
    answers = benches[STOCK].generate(options.seed)
    benches[OURS].generate(options.seed)
    losses, logps, gradients = {}, {}, {}
    for side, bench in benches.items():
        bench.score(answers)
        losses[side] = bench.update(moves=False)
        logps[side] = bench.logps()
        gradients[side] = gradients_of(bench.trainer.model)
        bench.trainer.model.zero_grad(set_to_none=True)
        bench.start_anew()  # the first run warmed up
    for repeat in range(options.repeats):
        for side in SIDES if repeat % 2 == 0 else SIDES[::-1]:
            benches[side].generate(options.seed + repeat)
            benches[side].score(answers)
            benches[side].update()
    work = _work(benches[STOCK], answers)
    seconds = {side: _seconds(bench) for side, bench in benches.items()}
    return {
        "seconds": seconds,
        "ratios": {
            name: seconds[STOCK][name] / seconds[OURS][name]
            for name in ("generate", "score_update", "step")
        },
        "tokens_per_s": {side: _tokens_per_s(benches[side], work, seconds[side]) for side in SIDES},
        "token_ratio": work.token_ratio,
        "prompt_tokens": work.prompts[0],
        "completion_tokens": sum(work.completions) / len(work.completions),
        "completions": len(work.completions),
        "differences": {
            "loss": abs(losses[STOCK] - losses[OURS]),
            "logps": float((logps[STOCK] - logps[OURS]).abs().max()),
            "gradients": worst_gradient(gradients[STOCK], gradients[OURS]),
        },
        "limits": _limits(benches, work, seconds, device),
    }


def _seconds(bench: Bench) -> dict[str, float]:
    found = {phase: median(bench.seconds[phase]) for phase in PHASES}
    found["score_update"] = found["score"] + found["update"]
    found["step"] = found["generate"] + found["score_update"]
    return found


def _tokens_per_s(bench: Bench, work: Work, seconds: dict[str, float]) -> dict[str, float]:
    """Sampled tokens a second; rows' tokens, prompts repeated as stock does, for the other phases.

    Both sides count the same tokens, so that their rates compare.
    """
    rows = work.group_size * sum(work.prompts) + sum(work.completions)
    rates = zip(bench.num_generated, bench.seconds["generate"], strict=True)
    return {
        "generate": median([tokens / spent for tokens, spent in rates]),
        **{name: rows / seconds[name] for name in ("score_update", "step")},
    }


def _work(bench: Bench, answers: Any) -> Work:
    batch = bench.trainer._buffered_inputs[0]
    group = bench.trainer.num_generations
    return Work(
        prompts=tuple(len(ids) for ids in answers[0][::group]),
        completions=tuple(len(ids) for ids in answers[1]),
        patches=int(batch["image_grid_thw"][0].prod()),
    )


def _limits(
    benches: dict[str, Bench],
    work: Work,
    seconds: dict[str, dict[str, float]],
    device: torch.device,
) -> dict[str, Any]:
    """Seconds that the phases would take at the rates of a matrix product and of reading memory."""
    model = benches[STOCK].trainer.model
    clock = benches[STOCK].clock
    rate = measured_rate(device, model.dtype, clock=clock)
    bandwidth = measured_bandwidth(device, clock=clock)
    read = decode_bytes(model, work)
    found: dict[str, Any] = {
        "matmul_flops": rate,
        "bytes_per_s": bandwidth,
        "decode_bytes": read,
    }
    checkpointed = benches[STOCK].trainer.args.gradient_checkpointing
    for side in SIDES:
        forward = forward_flops(model, work, shared=side == OURS)
        passes = 1 + PASSES_UPDATE + checkpointed
        generate_s = prefill_flops(model, work, shared=side == OURS) / rate + read / bandwidth
        found[side] = {
            "generate_seconds": generate_s,
            "generate_share": generate_s / seconds[side]["generate"],
            "forward_flops": forward,
            "seconds": passes * forward / rate,
            "share": passes * forward / rate / seconds[side]["score_update"],
            "update_mfu": PASSES_UPDATE * forward / rate / seconds[side]["update"],
        }
    found["flop_ratio"] = found[STOCK]["forward_flops"] / found[OURS]["forward_flops"]
    return found


def memory_of(side: str, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Peak memory of one step in a process of its own, MiB."""
    words = ["--preset", options.preset, "--device", options.device, "--seed", str(options.seed)]
    done = subprocess.run(
        [sys.executable, __file__, *words, "--memory-of", side, "--model", str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def print_table(report: dict[str, Any]) -> None:
    """Print what was measured for a reader."""
    prompt, mean = report["prompt_tokens"], report["completion_tokens"]
    print(f"preset {report['preset']} on {report['machine']}, {report['dtype']}")
    if report["clock"] == "cpu":
        print("processor seconds, not those of a wall clock")
    if report["reduced_layers"]:
        print(f"reduced: {report['reduced_layers']} of {PUBLISHED_LAYERS} text layers")
    print(f"{report['completions']} completions of {mean:.0f} tokens, prompts of {prompt}")
    print(f"{'':<14}{'stock':>10}{'ours':>10}{'ratio':>8}")
    seconds, memory = report["seconds"], report["peak_memory_mib"]
    for name in (*PHASES, "score_update", "step"):
        stock, ours = (seconds[side][name] for side in SIDES)
        print(f"{name:<14}{stock:>8.2f} s{ours:>8.2f} s{stock / ours:>8.2f}")
    for name, label in (("generate", "sampled"), ("score_update", "scored"), ("step", "step")):
        stock, ours = (report["tokens_per_s"][side][name] for side in SIDES)
        print(f"{label:<14}{stock:>6.0f} t/s{ours:>6.0f} t/s{ours / stock:>8.2f}")
    for label, key in (("memory, step", "step"), ("memory, all", "process")):
        stock, ours = (memory[side][key] for side in SIDES)
        print(f"{label:<14}{stock:>6.0f} MiB{ours:>6.0f} MiB{stock / ours:>8.2f}")
    limits = report["limits"]
    print(f"token counts allow {report['token_ratio']:.2f}, operations {limits['flop_ratio']:.2f}")
    for side in SIDES:
        found = limits[side]
        print(
            f"{side}: score and update need {found['seconds']:.2f} s at"
            f" {limits['matmul_flops'] / 1e9:.0f} Gflop/s: {100 * found['share']:.0f} %;"
            f" update alone {100 * found['update_mfu']:.0f} %; generate"
            f" {found['generate_seconds']:.2f} s at {limits['bytes_per_s'] / 1e9:.0f} GB/s:"
            f" {100 * found['generate_share']:.0f} %"
        )
    difference = report["differences"]
    print(
        f"largest difference: loss {difference['loss']:.1e}, log-probability"
        f" {difference['logps']:.1e}, gradient {difference['gradients']:.1e} of its norm"
    )


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", choices=PRESETS, default="tiny", help="sizes (default tiny)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each side (default 3)")
    parser.add_argument("--seed", type=int, default=0, help="of photos and sampling (default 0)")
    add_device(parser)
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="cpu: processor seconds, for a machine that is not quiet; with OMP_NUM_THREADS=1, as"
        " threads that wait for each other spend them too (default wall)",
    )
    parser.add_argument("--json", action="store_true", help="last line: the report as JSON")
    parser.add_argument("--memory-of", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    refuse_bad_sizes(parser, options)
    return options


def main() -> int:
    """Measure, print, and return the exit code."""
    options = parse_options()
    preset = PRESETS[options.preset]
    device = torch.device(options.device)
    if options.memory_of:
        trainer = build(options.memory_of, options.model, preset, seed=options.seed, device=device)
        process, step = step_memory_mib(Bench(options.memory_of, trainer, device), options.seed)
        print(json.dumps({"process": process, "step": step}))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = write_model(Path(name) / "model", preset)
        memory = {side: memory_of(side, folder, options) for side in SIDES}
        report = measure(folder, preset, options)
    report["peak_memory_mib"] = memory
    report["ratios"]["peak_memory"] = memory[STOCK]["step"] / memory[OURS]["step"]
    report["ratios"]["peak_memory_process"] = memory[STOCK]["process"] / memory[OURS]["process"]
    report |= {
        "preset": options.preset,
        "clock": options.clock,
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

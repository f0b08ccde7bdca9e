#!/usr/bin/env python
"""Kill short runs of a stage at random moments; each must end in the weights of an unharmed run.

First two runs are left alone: they must agree, and tell how long a run takes. Then every run gets
one to three SIGKILLs, each at a moment drawn from the length of a whole run in processor time, and
the same command after each until it is complete. Weights are compared byte by byte, losses by
value. What is done stands in DIR/stageN.jsonl: the same command goes on from there. Exit code 1
where a run differs.

Libraries are imported once, in a process that forks for every start (`--starts fork`), as seconds
of import would be most of a short run; `--starts scripts` goes through scripts/train/stageN.sh.

Usage: python scripts/kill_campaign.py --stage 1 --out work/kills [--runs 50] [--steps 12]
       python scripts/kill_campaign.py --stage 3 --out work/kills --starts scripts --runs 2
"""

import argparse
import importlib
import json
import math
import os
import random
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch: threads do not survive a fork

from kill_process import Process
from kill_report import Kill, Outcome, losses, place, report, weights_digest

from gre.commands.console import quiet_libraries, start_logging
from gre.sample.plan import WorldSizes
from gre.sample.texts import tokenizer_texts
from gre.sample.tiny_model import write_tiny_model
from gre.sample.write import write_sample_world
from gre.train.checkpoints import is_complete
from gre.train.grpo import run_grpo
from gre.train.sft import run_sft

ROOT = Path(__file__).resolve().parents[1]
LARGE = ("torch", "transformers", "trl", "accelerate", "datasets", "tokenizers", "gre", "PIL")
"""Packages whose import takes a good part of a short run."""

MOST_KILLS = 3
MOST_STARTS = 12
COLD_STEPS = 120
STAGES = {1: "stage1_sft", 2: "stage2_judge", 3: "stage3_geodesic"}
DATA = {
    0: ("gre_cot/gre_cot.json", "val/greval_bench.json"),
    1: ("gre_cot/gre_cot.json", "val/greval_bench.json"),
    2: ("gre_judge/gre_judge.json", "judge_val/gre_judge.json"),
    3: ("gre_seed/gre_seed.jsonl", "val/greval_bench.json"),
}
WORLD = {
    **{"cot": 40, "judge": 40, "seed": 12, "val": 2, "test": 2},
    **{"judge_test": 0, "judge_val": 40},
}


def words(stage: int, materials: Path, output: Path, steps: int) -> list[str]:
    """Config and flags of a short run; stage 0 is the cold start of stages 2 and 3."""
    records, heldout = DATA[stage]
    is_reasoning = stage > 1
    values: dict[str, object] = {
        "model_name_or_path": materials / ("cold" if is_reasoning else "tiny"),
        "data_path": materials / "world/dataset" / records,
        "heldout_path": materials / "world/bench" / heldout,
        "heldout_limit": 2,
        "heldout_max_new_tokens": 4,
        "output_dir": output,
        "max_steps": steps,
        "save_steps": 3,
        "heldout_steps": 3,
        "logging_steps": 1,
        "warmup_steps": 2,
        "global_batch_size": 4,
        "per_device_train_batch_size": 4,
    }
    if stage == 0:
        values |= {"save_steps": COLD_STEPS, "heldout_steps": COLD_STEPS, "warmup_steps": 5}
        values |= {"global_batch_size": 8, "per_device_train_batch_size": 8}
    if is_reasoning:
        # Windows of two steps: half of the checkpoints lie inside one.
        values |= {"num_generations": 4, "steps_per_generation": 2, "max_completion_length": 48}
    config = ROOT / f"configs/tiny/{STAGES[max(stage, 1)]}.yaml"
    flags = [word for key, value in values.items() for word in (f"--{key}", str(value))]
    return [str(config), *flags]


def train(stage: int, given: list[str]) -> None:
    """What `gre train` does, in this process."""
    start_logging()
    quiet_libraries()
    (run_grpo if stage > 1 else run_sft)(Path(given[0]), given[1:])


class Campaign:
    """All runs of one stage."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.stage, self.steps, self.out = args.stage, args.steps, args.out.resolve()
        self.by_script, self.seed = args.starts == "scripts", args.seed
        self.runs = args.runs
        self.name = f"stage{self.stage}" + ("-scripts" if self.by_script else "")
        self.materials = self.out / "materials"
        self.log = self.out / f"{self.name}.log"
        self.file = self.out / f"{self.name}.jsonl"
        self.modules = self.out / f"stage{self.stage}-modules.json"
        self.whole_s = 0.0
        self.truth: tuple[str, list[tuple[int, float]]] = ("", [])

    def start(self, stage: int, output: Path, steps: int) -> Process:
        """Start a run, or go on with it."""
        given = words(stage, self.materials, output, steps)
        script = str(ROOT / f"scripts/train/stage{stage}.sh")
        command = ["bash", script, "--config", *given] if self.by_script and stage else None
        return Process(self.log, lambda: self.train(stage, given), command)

    def train(self, stage: int, given: list[str]) -> None:
        """A forked run; the first one leaves word of what it had to import."""
        train(stage, given)
        if stage == self.stage and not self.modules.exists():
            self.modules.write_text(json.dumps(list(sys.modules)))

    def import_once(self) -> None:
        """Import what a run imported on its way, so that later ones find it there."""
        if self.modules.exists():
            for name in json.loads(self.modules.read_text()):
                if name.partition(".")[0] in LARGE and name not in sys.modules:
                    import_quietly(name)

    def prepare(self) -> None:
        """Make world, model and, for stages 2 and 3, a cold start; each only once."""
        self.materials.mkdir(parents=True, exist_ok=True)
        if not (self.materials / "tiny/config.json").exists():
            process = Process(self.log, lambda: make_materials(self.materials), None)
            if not process.wait() or not (self.materials / "tiny/config.json").exists():
                sys.exit(f"no world and model could be made; see {self.log}")
        if self.stage > 1 and not is_complete(self.materials / "cold"):
            shutil.rmtree(self.materials / "cold", ignore_errors=True)
            self.start(0, self.materials / "cold", COLD_STEPS).wait()
            if not is_complete(self.materials / "cold"):
                sys.exit(f"the cold start did not end; see {self.log}")

    def unharmed(self) -> None:
        """Two runs left alone: they agree, and the second says how long one takes."""
        found = []
        for number in (1, 2):
            if not self.by_script:
                self.import_once()
            run = self.out / f"{self.name}-whole{number}"
            shutil.rmtree(run, ignore_errors=True)
            process = self.start(self.stage, run, self.steps)
            process.wait()
            self.whole_s = process.spent_s
            if not is_complete(run):
                sys.exit(f"an unharmed run did not end; see {self.log}")
            found.append((weights_digest(run), losses(run)))
        if found[0] != found[1]:
            sys.exit("two unharmed runs differ: there is nothing to compare with")
        start = self.materials / ("cold" if self.stage > 1 else "tiny")
        if found[0][0] == weights_digest(start):
            sys.exit("the unharmed runs moved no weight: equal ends would prove nothing")
        self.truth = found[0]
        digest = self.truth[0][:16]
        print(f"{self.name}: a whole run uses {self.whole_s:.1f} s of processor time, {digest}")

    def go_on(self) -> list[dict[str, object]]:
        """Make the runs that have no line yet; give the lines of all."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        done = [json.loads(line) for line in lines]
        missing = set(range(1, self.runs + 1)) - {line["number"] for line in done}
        for number in sorted(missing):
            line = asdict(self.harmed(number))
            with self.file.open("a") as sink:
                sink.write(json.dumps(line) + "\n")
            done.append(line)
            kills = ", ".join(f"{kill['moment']} {kill['step']}" for kill in line["kills"])
            verdict = "same" if line["same_weights"] and line["same_losses"] else "DIFFERS"
            print(f"run {number}: {verdict}, {line['starts']} starts, {line['seconds']} s; {kills}")
        return done

    def harmed(self, number: int) -> Outcome:
        """One run, killed one to three times and gone on with until it is complete."""
        rng = random.Random(f"{self.seed} {self.stage} {number}")
        run = self.out / f"{self.name}-run{number}"
        shutil.rmtree(run, ignore_errors=True)
        outcome, begun_s = Outcome(number), time.monotonic()
        moments = [rng.uniform(0, self.whole_s) for _ in range(rng.randint(1, MOST_KILLS))]
        while not is_complete(run) and outcome.starts < MOST_STARTS:
            process = self.start(self.stage, run, self.steps)
            outcome.starts += 1
            if not process.wait(moments.pop(0) if moments else math.inf):
                process.kill()
                spent_s = round(process.spent_s, 2)
                outcome.kills.append(Kill(spent_s, *place(run, self.steps)))
        if is_complete(run):
            outcome.sha256 = weights_digest(run)
            outcome.same_weights = outcome.sha256 == self.truth[0]
            outcome.same_losses = losses(run) == self.truth[1]
        outcome.seconds = round(time.monotonic() - begun_s, 1)
        if outcome.same_weights and outcome.same_losses:
            shutil.rmtree(run)
        return outcome


def import_quietly(name: str) -> None:
    """Import a module that a run had; some names are no modules of their own."""
    try:
        importlib.import_module(name)
    except (ImportError, AttributeError, RuntimeError):
        return


def make_materials(folder: Path) -> None:
    """A sample world of a few pictures and a model with random weights."""
    shutil.rmtree(folder / "world", ignore_errors=True)
    sizes = WorldSizes(**WORLD)
    write_sample_world(folder / "world", seed=3, sizes=sizes, workers=1, progress=False)
    write_tiny_model(folder / "tiny", texts=tokenizer_texts())


def main() -> int:
    """Run or go on with a campaign, write its files, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stage", type=int, choices=(1, 2, 3), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--starts", choices=("fork", "scripts"), default="fork")
    campaign = Campaign(parser.parse_args())
    campaign.prepare()
    campaign.unharmed()
    done = campaign.go_on()
    (campaign.out / "report.md").write_text(report(campaign.out))
    num_bad = sum(not (one["same_weights"] and one["same_losses"]) for one in done)
    print(f"{campaign.name}: {len(done)} runs, {num_bad} differ; {campaign.out / 'report.md'}")
    return 1 if num_bad else 0


if __name__ == "__main__":
    sys.exit(main())

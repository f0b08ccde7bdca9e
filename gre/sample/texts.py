"""Texts that the tiny model's tokenizer is trained on: what its conversations really say."""

from gre.prompts import COT_INSTRUCTION, JUDGE_INSTRUCTION, LOCATE_INSTRUCTION
from gre.sample.plan import WorldSizes, cold_start_records, plan_world

SYSTEM_TURN = "You are a helpful assistant."
NUM_SCENES = 1500
TEXT_SEED = 7
"""Not the seed of any world, so that the tokenizer is the same whatever world is drawn."""


def tokenizer_texts() -> list[str]:
    """Questions, chains and answers of scenes of their own, and the fixed instructions."""
    sizes = WorldSizes(cot=NUM_SCENES, judge=0, seed=0, val=0, test=0, judge_test=0, judge_val=0)
    scenes = plan_world(TEXT_SEED, sizes)["cot"]
    turns: list[str] = []
    for record in cold_start_records(TEXT_SEED, scenes):
        turns += [turn["value"] for turn in record["conversations"]]
    fixed = [SYSTEM_TURN, "system user assistant\n"] * NUM_SCENES
    return turns + fixed + [COT_INSTRUCTION, JUDGE_INSTRUCTION, LOCATE_INSTRUCTION] * 20

"""The sample world and the tiny Qwen2.5-VL that the whole pipeline runs on without a download."""

from gre.sample.plan import FULL, QUICK, WorldSizes
from gre.sample.write import WorldSummary, write_sample_world

__all__ = ["FULL", "QUICK", "WorldSizes", "WorldSummary", "write_sample_world"]

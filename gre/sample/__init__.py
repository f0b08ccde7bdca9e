"""The sample world and the tiny Qwen2.5-VL that the whole pipeline runs on without a download."""

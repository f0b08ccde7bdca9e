"""The Qwen2.5-VL wrapper and the localizer."""

"""Two runs on the same samples, and the ablation of the paper's table 4."""

"""Our benchmarks inside other evaluation frameworks; each module needs its framework installed."""

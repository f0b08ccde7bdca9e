#!/usr/bin/env bash
# Stage 3, reinforcement on GRE30K-Seed: name the coordinates, geodesic reward.
#
# Usage:   bash scripts/train/stage3.sh [MODEL] [--config C.yaml] [--dry-run] [--key value ...]
# Example: bash scripts/train/stage3.sh outputs/stage2 --output_dir outputs/stage3
#
# MODEL is the folder that stage 2 left (stage 1's for GRE-CI+II); it may also stand below or in the config.
# An interrupted run goes on by itself when the same command is given again.
# --dry-run starts nothing: it is `gre check` of these very flags (--out check.html and
# --quarantine DIR work too), and prints what would be launched. Exit code 1: an error was found.
# Environment: NPROC_PER_NODE (default: the visible GPUs, or 1), NNODES, NODE_RANK, MASTER_ADDR,
#              MASTER_PORT, DEEPSPEED=zero2|zero3|none (default: zero2 on GPUs, none on CPU).

set -euo pipefail
GRE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

model_name_or_path=""

# shellcheck source=scripts/lib/env.sh
source "$GRE_ROOT/scripts/lib/env.sh"
# shellcheck source=scripts/lib/launch.sh
source "$GRE_ROOT/scripts/lib/launch.sh"
gre_stage grpo "$GRE_ROOT/configs/stage3_geodesic.yaml" "$model_name_or_path" "$@"

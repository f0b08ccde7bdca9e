#!/usr/bin/env bash
# Stage 1, the cold start: supervised fine-tuning on GRE30K-CoT.
#
# Usage:   bash scripts/train/stage1.sh [MODEL] [--config C.yaml] [--dry-run] [--key value ...]
# Example: bash scripts/train/stage1.sh models/Qwen2.5-VL-7B-Instruct --output_dir outputs/stage1
#
# MODEL is a Qwen2.5-VL folder or hub id; it may also stand below or in the config.
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
gre_stage sft "$GRE_ROOT/configs/stage1_sft.yaml" "$model_name_or_path" "$@"

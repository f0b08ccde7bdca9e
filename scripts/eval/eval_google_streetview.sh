#!/usr/bin/env bash
# Evaluate a model on Google StreetView: street-level images of one list of coordinates.
#
# Usage:   bash scripts/eval/eval_google_streetview.sh [MODEL] [--data DIR] [--out DIR] [--limit N] [--dry-run]
#              [further options of gre evaluate, e.g. --radii 5,100 --test lt --processes 4]
# Example: bash scripts/eval/eval_google_streetview.sh outputs/stage3 --limit 100
#
# MODEL is a folder or hub id; it may also stand below. DIR defaults to eval/eval_data/google_streetview
# (its layout: eval/eval.md), the run folder to work/eval/google_streetview/MODEL's name.
# All GPUs that CUDA_VISIBLE_DEVICES names share the samples, one process each. An interrupted run
# goes on when the same command is given again; no sample is asked or scored twice.
# It may also be started by torchrun: torchrun --nproc_per_node 8 --no-python bash THIS_SCRIPT ...
# Exit code: 0 complete, 3 with samples that could not be asked, 2 bad input.

set -euo pipefail
GRE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

model=""

# shellcheck source=scripts/lib/env.sh
source "$GRE_ROOT/scripts/lib/env.sh"
# shellcheck source=scripts/lib/eval.sh
source "$GRE_ROOT/scripts/lib/eval.sh"
gre_eval google_streetview "$model" "$@"

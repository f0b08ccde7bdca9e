#!/usr/bin/env bash
# Evaluate a model on GREval-Bench: where it says photos were taken, and how well it reasons.
#
# Usage:   bash scripts/eval_bench/eval_greval_bench.sh [MODEL] [--data DIR] [--out DIR] [--limit N]
#              [--dry-run] [further options of gre evaluate] [-- options of gre judge]
# Example: bash scripts/eval_bench/eval_greval_bench.sh outputs/stage3 --limit 100
# Example: bash scripts/eval_bench/eval_greval_bench.sh outputs/stage3 -- --judge openai:my-model \
#              --base-url http://127.0.0.1:8000/v1 --clip-model openai/clip-vit-base-patch32
#
# MODEL is a folder or hub id; it may also stand below. DIR defaults to benchmark/bench_data
# (its layout: benchmark/README.md), the run folder to work/eval/greval_bench/MODEL's name.
# All GPUs that CUDA_VISIBLE_DEVICES names share the samples, one process each. Without options of
# gre judge the embedded judge is asked: rules, no network, no key. An interrupted run goes on when
# the same command is given again; no sample is asked or scored twice.
# Exit code: 0 complete, 3 with samples that could not be asked or judged, 2 bad input.

set -euo pipefail
GRE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

model=""

# shellcheck source=scripts/lib/env.sh
source "$GRE_ROOT/scripts/lib/env.sh"

for word in "$@"; do
  case "$word" in
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --) break ;;
  esac
done
words=("$@")
if [[ $# -gt 0 && "$1" != -* ]]; then
  words=(--model "$1" "${@:2}")
elif [[ -n "$model" ]]; then
  words=(--model "$model" "$@")  # a --model among the words stands above it
elif [[ " $* " != *" --model"[\ =]* ]]; then
  echo "eval_greval_bench.sh: no MODEL: name a folder or hub id; see --help" >&2
  exit 2
fi
gre_env "$GRE_ROOT" || exit 1
python "$GRE_ROOT/benchmark/eval.py" "${words[@]}"

#!/usr/bin/env bash
# The paper's Table 4: base, CI, CI+I, CI+II and CI+I+II, trained and evaluated, for several seeds.
#
# Usage:   bash scripts/ablation.sh MODEL --out DIR [options]
# Example: bash scripts/ablation.sh work/tiny --out work --configs configs/tiny --seeds "" \
#            --dataset work/world/dataset --bench work/world/bench/test \
#            --judge-bench work/world/bench/judge_test
#
# --out DIR          where models, evaluations and table.md go
# --seeds "1 2 3"    one run in DIR/seed-N each (default: 1 2 3); "" makes one run in DIR itself
# --configs DIR      folder of stage1_sft.yaml, stage2_judge.yaml, stage3_geodesic.yaml (default: configs)
# --dataset DIR      folder of gre_cot, gre_judge and gre_seed (default: as the configs say)
# --bench DIR        GREval-Bench to locate on (default: benchmark/bench_data)
# --judge-bench DIR  folder with the gre_judge.json to judge on (default: not judged)
# --heldout DIR      folder of val and judge_val for held-out tests while training (default: none)
# --stage1 FLAGS, --stage2 FLAGS, --stage3 FLAGS   more flags for a stage, e.g. --stage3 "--max_steps 60"
# --eval FLAGS       more flags for gre evaluate, e.g. --eval "--batch-size 100 --max-new-tokens 96"
#
# Whatever is finished is kept, an interrupted stage or evaluation goes on: give the command again.
# Environment: as for scripts/train/stage1.sh.

set -euo pipefail
GRE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib/env.sh
source "$GRE_ROOT/scripts/lib/env.sh"

fail() { echo "ablation.sh: $1" >&2; exit 2; }

model="" out="" seeds="1 2 3" configs=$GRE_ROOT/configs dataset="" bench=$GRE_ROOT/benchmark/bench_data
judge_bench="" heldout="" flags1="" flags2="" flags3="" flags_eval=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --*)
      [[ $# -gt 1 ]] || fail "$1 needs a value; see --help"
      case "$1" in
        --out) out=$2 ;;
        --seeds) seeds=$2 ;;
        --configs) configs=$2 ;;
        --dataset) dataset=$2 ;;
        --bench) bench=$2 ;;
        --judge-bench) judge_bench=$2 ;;
        --heldout) heldout=$2 ;;
        --stage1) flags1=$2 ;;
        --stage2) flags2=$2 ;;
        --stage3) flags3=$2 ;;
        --eval) flags_eval=$2 ;;
        *) fail "unknown argument '$1'; see --help" ;;
      esac
      shift 2 ;;
    *) [[ -z "$model" ]] || fail "two models: '$model' and '$1'"; model=$1; shift ;;
  esac
done
[[ -n "$model" ]] || fail "MODEL is missing: a Qwen2.5-VL folder or hub id; see --help"
[[ -n "$out" ]] || fail "--out is missing: a folder for models, evaluations and the table"
[[ -d "$configs" ]] || fail "--configs $configs: no such folder"
[[ -d "$bench" ]] || fail "--bench $bench: no such folder; benchmark/README.md says how to fetch GREval-Bench"
gre_env "$GRE_ROOT" || exit 1

# first_of FOLDER NAME...: the first of the names that is there.
first_of() {
  local folder=$1 name
  shift
  for name in "$@"; do
    [[ -e "$folder/$name" ]] && { echo "$folder/$name"; return; }
  done
  fail "$folder: none of $* is in it"
}

# stage N NAME FROM RUN FLAGS...: train stage N from a model into RUN, unless it is finished.
stage() {
  local number=$1 title=$2 from=$3 run=$4
  shift 4
  if [[ -e "$run/complete.json" ]]; then
    echo "already trained: $run"
    return
  fi
  printf '\n==> %s: stage %s from %s\n' "$title" "$number" "$from"
  local config data=() held=() seed=()
  case "$number" in
    1) config=stage1_sft.yaml ;;
    2) config=stage2_judge.yaml ;;
    3) config=stage3_geodesic.yaml ;;
  esac
  if [[ -n "$dataset" ]]; then
    case "$number" in
      1) data=(--data_path "$(first_of "$dataset/gre_cot" gre_cot.json gre_cot.jsonl)") ;;
      2) data=(--data_path "$(first_of "$dataset/gre_judge" gre_judge.json gre_judge.jsonl)") ;;
      3) data=(--data_path "$(first_of "$dataset/gre_seed" gre_seed.json gre_seed.jsonl)") ;;
    esac
  fi
  if [[ -n "$heldout" ]]; then
    case "$number" in
      2) held=(--heldout_path "$(first_of "$heldout/judge_val" gre_judge.json gre_judge.jsonl)") ;;
      *) held=(--heldout_path "$(first_of "$heldout/val" greval_bench.json greval_bench.jsonl)") ;;
    esac
  fi
  [[ -n "$SEED" ]] && seed=(--seed "$SEED" --data_seed "$SEED")
  bash "$GRE_ROOT/scripts/train/stage$number.sh" "$from" --config "$configs/$config" \
    --output_dir "$run" ${data[@]+"${data[@]}"} ${held[@]+"${held[@]}"} ${seed[@]+"${seed[@]}"} "$@"
}

# evaluate NAME MODEL ROOT: locate and judge, both resumable.
evaluate() {
  local name=$1 from=$2 root=$3 more
  read -ra more <<<"$flags_eval"
  printf '\n==> %s: evaluate\n' "$name"
  gre evaluate --benchmark greval_bench --data "$bench" --model "$from" --out "$root/eval/$name" \
    ${more[@]+"${more[@]}"} || [[ $? -eq 3 ]]
  if [[ -n "$judge_bench" ]]; then
    gre evaluate --benchmark judge --data "$judge_bench" --model "$from" --out "$root/judge/$name" \
      ${more[@]+"${more[@]}"} || [[ $? -eq 3 ]]
  fi
}

# evaluate_base ROOT: the model before training is the same for every seed, so it is asked once.
evaluate_base() {
  local root=$1 kind
  if [[ "$root" == "$out" ]]; then
    evaluate base "$model" "$out"
    return
  fi
  evaluate base "$model" "$out/base"
  for kind in eval judge; do
    [[ -d "$out/base/$kind/base" ]] || continue
    mkdir -p "$root/$kind"
    ln -sfn "../../base/$kind/base" "$root/$kind/base"
  done
}

one_run() {
  local root=$1 more1 more2 more3
  read -ra more1 <<<"$flags1"
  read -ra more2 <<<"$flags2"
  read -ra more3 <<<"$flags3"
  mkdir -p "$root"
  evaluate_base "$root"
  stage 1 CI "$model" "$root/stage1" ${more1[@]+"${more1[@]}"}
  evaluate ci "$root/stage1" "$root"
  stage 2 CI+I "$root/stage1" "$root/stage2" ${more2[@]+"${more2[@]}"}
  evaluate ci_i "$root/stage2" "$root"
  stage 3 CI+II "$root/stage1" "$root/stage3_from_ci" ${more3[@]+"${more3[@]}"}
  evaluate ci_ii "$root/stage3_from_ci" "$root"
  stage 3 CI+I+II "$root/stage2" "$root/stage3" ${more3[@]+"${more3[@]}"}
  evaluate ci_i_ii "$root/stage3" "$root"
}

if [[ -z "$seeds" ]]; then
  SEED="" one_run "$out"
else
  for seed in $seeds; do
    [[ "$seed" =~ ^[0-9]+$ ]] || fail "--seeds: '$seed' is no whole number"
    SEED=$seed one_run "$out/seed-$seed"
  done
fi
gre ablation "$out" --out "$out/table.md" --json "$out/table.json"

#!/usr/bin/env bash
# The whole pipeline on the embedded sample world: set-up, data, a tiny Qwen2.5-VL, stages 1 to 3,
# evaluation of every model on the way, tables and pages. Minutes on two CPU cores.
#
# Usage:   bash scripts/quickstart.sh [--fast] [--work DIR] [--fresh]
# Example: bash scripts/quickstart.sh --work /tmp/gre
#
# --fast       a smaller world and shorter stages: see everything work, not results
# --work DIR   where everything is written (default: work in this folder)
# --fresh      remove DIR first; without it, whatever is finished there is kept

set -euo pipefail
GRE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib/env.sh
source "$GRE_ROOT/scripts/lib/env.sh"

work=$GRE_ROOT/work
fresh=false
fast=false
while [[ $# -gt 0 ]]; do
  case "$1" in
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --work) [[ $# -gt 1 ]] || { echo "quickstart.sh: --work needs a folder" >&2; exit 2; }; work=$2; shift 2 ;;
    --work=*) work=${1#--work=}; shift ;;
    --fresh) fresh=true; shift ;;
    --fast) fast=true; shift ;;
    *) echo "quickstart.sh: unknown argument '$1'; see --help" >&2; exit 2 ;;
  esac
done

bash "$GRE_ROOT/environment.sh"
first=""
gre_active_env >/dev/null || first=$'\n'"First      source '$GRE_ROOT/.venv/bin/activate'"
gre_env "$GRE_ROOT" || exit 1
if "$fresh" && [[ -d "$work" ]]; then
  if [[ ! -e "$work/.gre-quickstart" ]]; then
    echo "quickstart.sh: --fresh: $work was not made by quickstart; remove it yourself or name another --work" >&2
    exit 2
  fi
  rm -rf "$work"
fi
mkdir -p "$work"
touch "$work/.gre-quickstart"
work=$(cd "$work" && pwd)
started=$SECONDS

step() { printf '\n[%s/4] %s\n' "$1" "$2"; }

# Shorter runs than those of a campaign: scripts/ablation.sh trains at full length, for several seeds.
size=quick stage1="" stage2="" stage3="--max_steps 60" evaluation=""
if "$fast"; then
  size=fast
  stage1="--max_steps 200 --heldout_steps 200 --save_steps 200"
  stage2="--max_steps 8 --heldout_steps 8 --save_steps 8 --heldout_limit 16"
  stage3="--max_steps 8 --heldout_steps 8 --save_steps 8 --heldout_limit 16"
  evaluation="--limit 60 --no-no-image"
fi
if [[ -e "$work/.size" && "$(cat "$work/.size")" != "$size" ]]; then
  echo "quickstart.sh: $work holds a $(cat "$work/.size") run, this is a $size one; pass --fresh or another --work" >&2
  exit 2
fi
echo "$size" >"$work/.size"

step 1 "Draw the sample world: pictures and records in the published formats"
gre sample-world "$work/world" --size "$size"

step 2 "Make a tiny Qwen2.5-VL with random weights"
[[ -e "$work/tiny/config.json" ]] || gre tiny-model "$work/tiny"

step 3 "Train stages 1 to 3 through the scripts that a cluster runs, and evaluate every model"
# On CPU two processes train faster than two threads of one.
if [[ -z "${NPROC_PER_NODE:-}" && $(nproc) -ge 2 ]] && ! nvidia-smi -L >/dev/null 2>&1; then
  export NPROC_PER_NODE=2
fi
bash "$GRE_ROOT/scripts/ablation.sh" "$work/tiny" --out "$work" --seeds "" \
  --configs "$GRE_ROOT/configs/tiny" --dataset "$work/world/dataset" --heldout "$work/world/bench" \
  --bench "$work/world/bench/test" --judge-bench "$work/world/bench/judge_test" \
  --stage1 "$stage1" --stage2 "$stage2" --stage3 "$stage3" \
  --eval "--batch-size 100 --max-new-tokens 96 $evaluation"

step 4 "Write the pages"
runs=()
for name in base ci ci_i ci_ii ci_i_ii; do runs+=("$work/eval/$name"); done
gre report "${runs[@]}" --out "$work/report.html" --title "GRE quickstart"
gre rollouts "$work/stage2" --out "$work/rollouts_stage2.html"
gre rollouts "$work/stage3" --out "$work/rollouts_stage3.html"

cat <<END

Done in $(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s after set-up.
Look at    $work/report.html            table, map, errors and every photo with its reasoning
           $work/rollouts_stage3.html   what reinforcement tried: answers, points on a map, rewards
           $work/table.md               base, CI, CI+I, CI+II, CI+I+II: the paper's Table 4 in small
           $work/world/bench/test/imgs  the held-out pictures$first
Run next   gre predict $work/world/bench/test/imgs/test-00000.jpg --model $work/stage3
           gre predict YOUR_PHOTO.jpg --model $work/stage3 --map guess.html
On GPUs    bash scripts/train/stage1.sh models/Qwen2.5-VL-7B-Instruct   (training.md says how to fetch the data)
END

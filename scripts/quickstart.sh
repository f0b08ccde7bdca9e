#!/usr/bin/env bash
# The whole pipeline on the embedded sample world: set-up, data, a tiny Qwen2.5-VL, stage 1,
# evaluation before and after, a table and a page. Minutes on two CPU cores.
#
# Usage:   bash scripts/quickstart.sh [--work DIR] [--fresh]
# Example: bash scripts/quickstart.sh --work /tmp/gre
#
# --work DIR   where everything is written (default: work in this folder)
# --fresh      remove DIR first; without it, whatever is finished there is kept

set -euo pipefail
GRE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib/env.sh
source "$GRE_ROOT/scripts/lib/env.sh"

work=$GRE_ROOT/work
fresh=false
while [[ $# -gt 0 ]]; do
  case "$1" in
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --work) [[ $# -gt 1 ]] || { echo "quickstart.sh: --work needs a folder" >&2; exit 2; }; work=$2; shift 2 ;;
    --work=*) work=${1#--work=}; shift ;;
    --fresh) fresh=true; shift ;;
    *) echo "quickstart.sh: unknown argument '$1'; see --help" >&2; exit 2 ;;
  esac
done

bash "$GRE_ROOT/environment.sh"
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

step() { printf '\n[%s/6] %s\n' "$1" "$2"; }

evaluate() {
  gre evaluate --benchmark greval_bench --data "$work/world/bench/test" --model "$1" --out "$2" \
    --batch-size 100 --max-new-tokens 96
}

step 1 "Draw the sample world: pictures and records in the published formats"
gre sample-world "$work/world" --size quick

step 2 "Make a tiny Qwen2.5-VL with random weights"
[[ -e "$work/tiny/config.json" ]] || gre tiny-model "$work/tiny"

step 3 "Evaluate it untrained on the held-out split"
evaluate "$work/tiny" "$work/eval/untrained"

step 4 "Stage 1: the cold start, through the script that a cluster runs"
if [[ -e "$work/stage1/complete.json" ]]; then
  echo "already trained: $work/stage1"
else
  # On CPU two processes train faster than two threads of one.
  if [[ -z "${NPROC_PER_NODE:-}" && $(nproc) -ge 2 ]] && ! nvidia-smi -L >/dev/null 2>&1; then
    export NPROC_PER_NODE=2
  fi
  bash "$GRE_ROOT/scripts/train/stage1.sh" "$work/tiny" \
    --config "$GRE_ROOT/configs/tiny/stage1_sft.yaml" \
    --data_path "$work/world/dataset/gre_cot/gre_cot.json" \
    --heldout_path "$work/world/bench/val/greval_bench.json" \
    --output_dir "$work/stage1"
fi

step 5 "Evaluate it again"
evaluate "$work/stage1" "$work/eval/stage1"

step 6 "Write the report"
gre report "$work/eval/untrained" "$work/eval/stage1" --out "$work/report.html" --title "GRE quickstart"

cat <<END

Done in $(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s after set-up.
Look at    $work/report.html   in a browser: table, map, errors and every photo with its reasoning
           $work/world/bench/test/imgs   the held-out pictures
Run next   gre predict $work/world/bench/test/imgs/test-00000.jpg --model $work/stage1
           gre predict YOUR_PHOTO.jpg --model $work/stage1 --map guess.html
On GPUs    bash scripts/train/stage1.sh models/Qwen2.5-VL-7B-Instruct   (training.md says how to fetch the data)
END

# Running a benchmark: sourced by scripts/eval/eval_*.sh.
# shellcheck shell=bash

gre_fail() {
  echo "$(basename "$0"): $1" >&2
  exit 2
}

gre_eval_help() {
  sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
}

# gre_eval BENCHMARK MODEL ARGS...: parse what all the scripts share, pass the rest to gre evaluate.
# Help and mistakes are answered before set-up, too.
gre_eval() {
  local benchmark=$1 model=$2
  shift 2
  local data="$GRE_ROOT/eval/eval_data/$benchmark" out="" words=()
  if [[ $# -gt 0 && "$1" != -* ]]; then
    model=$1
    shift
  fi
  while [[ $# -gt 0 ]]; do
    case "$1" in
      -h | --help) gre_eval_help; return 0 ;;
      --data | --out | --model)
        [[ $# -gt 1 && -n "$2" ]] || gre_fail "$1 needs a value"
        printf -v "${1#--}" '%s' "$2"
        shift 2
        ;;
      --data=* | --out=* | --model=*)
        [[ -n "${1#*=}" ]] || gre_fail "${1%%=*} needs a value"
        local name=${1%%=*}
        printf -v "${name#--}" '%s' "${1#*=}"
        shift
        ;;
      --benchmark | --benchmark=*) gre_fail "--benchmark is $benchmark here; run gre evaluate for another" ;;
      *) words+=("$1"); shift ;;
    esac
  done
  [[ -n "$model" ]] || gre_fail "no MODEL: name a folder, a hub id, or another kind of model (gre evaluate --help)"
  if [[ -z "$out" ]]; then
    local label=${model%/}
    label=${label##*/}
    out="$GRE_ROOT/work/eval/$benchmark/${label//[^A-Za-z0-9._-]/_}"
  fi
  gre_env "$GRE_ROOT" || return 1
  # Not exec: a trap of the caller still runs. gre starts one process per visible GPU by itself.
  python -m gre evaluate --benchmark "$benchmark" --data "$data" --model "$model" --out "$out" \
    ${words[@]+"${words[@]}"}
}

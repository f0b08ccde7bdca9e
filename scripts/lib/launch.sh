# Launching a training stage under torchrun: sourced by scripts/train/stage*.sh.
# shellcheck shell=bash

# Print how many processes one node runs: NPROC_PER_NODE, else the visible GPUs, else 1.
gre_processes() {
  if [[ -n "${NPROC_PER_NODE:-}" ]]; then
    echo "$NPROC_PER_NODE"
  elif [[ -n "${CUDA_VISIBLE_DEVICES:-}" ]]; then
    awk -F, '{print NF}' <<<"$CUDA_VISIBLE_DEVICES"
  elif command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; then
    nvidia-smi -L | grep -c '^GPU'
  else
    echo 1
  fi
}

gre_has_gpu() {
  command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1 && [[ "${CUDA_VISIBLE_DEVICES-x}" != "" ]]
}

gre_fail() {
  echo "$(basename "$0"): $1" >&2
  exit 2
}

# gre_stage STAGE CONFIG MODEL ARGS...: check first, then train under torchrun.
gre_stage() {
  local stage=$1 config=$2 model=$3
  shift 3
  local dry_run=false words=()
  if [[ $# -gt 0 && "$1" != --* ]]; then
    model=$1
    shift
  fi
  while [[ $# -gt 0 ]]; do
    case "$1" in
      -h | --help) gre_stage_help "$config"; return 0 ;;
      --dry-run) dry_run=true; shift ;;
      --config) [[ $# -gt 1 ]] || gre_fail "--config needs a file"; config=$2; shift 2 ;;
      --config=*) config=${1#--config=}; shift ;;
      *) words+=("$1"); shift ;;
    esac
  done
  [[ -n "$model" ]] && words=(--model_name_or_path "$model" ${words[@]+"${words[@]}"})

  local processes nodes=${NNODES:-1} rank=${NODE_RANK:-0} zero=${DEEPSPEED:-}
  processes=$(gre_processes)
  [[ "$processes" =~ ^[1-9][0-9]*$ ]] || gre_fail "NPROC_PER_NODE must be a number >= 1, got '$processes'"
  [[ "$nodes" =~ ^[1-9][0-9]*$ ]] || gre_fail "NNODES must be a number >= 1, got '$nodes'"
  [[ "$rank" =~ ^[0-9]+$ && "$rank" -lt "$nodes" ]] || gre_fail "NODE_RANK must be in 0..$((nodes - 1)), got '$rank'"
  if [[ "$nodes" -gt 1 && -z "${MASTER_ADDR:-}" ]]; then
    gre_fail "NNODES is $nodes: set MASTER_ADDR to the address of node 0 (and MASTER_PORT if 29500 is taken)"
  fi
  if [[ -z "$zero" ]]; then
    if gre_has_gpu; then zero=zero2; else zero=none; fi
  fi
  case "$zero" in
    zero2 | zero3) words+=(--deepspeed "$GRE_ROOT/configs/deepspeed/$zero.json") ;;
    none) ;;
    *) gre_fail "DEEPSPEED must be zero2, zero3 or none, got '$zero'" ;;
  esac

  echo "$stage: $nodes node(s) x $processes process(es), DeepSpeed $zero, config $config" >&2
  # Nonsense is refused here, in one process and one line, before any rank loads a model.
  python -m gre train "$stage" --config "$config" --dry-run --world-size $((nodes * processes)) "${words[@]}" || return $?
  "$dry_run" && return 0

  local place=(--standalone)
  if [[ "$nodes" -gt 1 ]]; then
    place=(--nnodes "$nodes" --node_rank "$rank" --master_addr "$MASTER_ADDR" --master_port "${MASTER_PORT:-29500}")
  fi
  if ! gre_has_gpu; then
    export DS_ACCELERATOR=cpu
    [[ "$processes" -gt 1 ]] && export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
  fi
  # A large model takes minutes to save: ranks get that long to end together.
  python -m torch.distributed.run "${place[@]}" --nproc_per_node "$processes" --shutdown-timeout 600 \
    -m gre train "$stage" --config "$config" "${words[@]}"
}

gre_stage_help() {
  sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
  echo
  echo "Default config: $1"
}

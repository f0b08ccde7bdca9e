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

# gre_stage STAGE CONFIG MODEL ARGS...: check first, then train under torchrun. With --dry-run all
# of `gre check`, whose own flags (--out, --quarantine, --benchmark, --workers, --json) pass through.
# Help and mistakes are answered before set-up, too.
gre_stage() {
  local stage=$1 config=$2 model=$3
  shift 3
  local dry_run=false words=() looks=()
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
      --out | --quarantine | --benchmark | --workers)
        [[ $# -gt 1 ]] || gre_fail "$1 needs a value"
        looks+=("$1" "$2")
        shift 2
        ;;
      --out=* | --quarantine=* | --benchmark=* | --workers=* | --json) looks+=("$1"); shift ;;
      *) words+=("$1"); shift ;;
    esac
  done
  if [[ ${#looks[@]} -gt 0 ]] && ! "$dry_run"; then
    gre_fail "${looks[0]} is for the check alone: add --dry-run"
  fi
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

  gre_env "$GRE_ROOT" || return 1
  echo "$stage: $nodes node(s) x $processes process(es), DeepSpeed $zero, config $config" >&2
  local place=(--standalone) world=$((nodes * processes))
  if [[ "$nodes" -gt 1 ]]; then
    place=(--nnodes "$nodes" --node_rank "$rank" --master_addr "$MASTER_ADDR" --master_port "${MASTER_PORT:-29500}")
  fi
  # A large model takes minutes to save: ranks get that long to end together.
  local launch=(python -m torch.distributed.run "${place[@]}" --nproc_per_node "$processes" --shutdown-timeout 600 -m gre)
  local train=(train "$stage" --config "$config" ${words[@]+"${words[@]}"})

  if "$dry_run"; then
    python -m gre check --trainer "$stage" --config "$config" --world-size "$world" \
      ${looks[@]+"${looks[@]}"} ${words[@]+"${words[@]}"} || return $?
    echo "would start: $(printf '%q ' "${launch[@]}" "${train[@]}")" >&2
    return 0
  fi
  # Nonsense is refused here, in one process and one line, before any rank loads a model.
  python -m gre "${train[@]}" --dry-run --world-size "$world" || return $?
  if ! gre_has_gpu; then
    export DS_ACCELERATOR=cpu
    [[ "$processes" -gt 1 ]] && export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
  fi
  "${launch[@]}" "${train[@]}" &
  gre_wait_or_stop $!
}

# gre_wait_or_stop PID: wait for a launch. Told to end (SIGTERM, Ctrl-C), it tells the ranks, which
# save and stop, and leaves with 143; the same command goes on from there.
gre_wait_or_stop() {
  local launch=$1 told=false status=0
  trap 'told=true; kill -TERM "$launch" 2>/dev/null || true' TERM INT
  wait "$launch" || status=$?
  # A trap ends `wait` early: the launch itself is over when it is gone.
  while kill -0 "$launch" 2>/dev/null; do
    wait "$launch" || status=$?
  done
  trap - TERM INT
  if "$told" && [[ "$status" -ne 0 ]]; then
    echo "$(basename "$0"): told to stop; give the same command to go on" >&2
    return 143
  fi
  return "$status"
}

gre_stage_help() {
  sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
  echo
  echo "Default config: $1"
}

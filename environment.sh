#!/usr/bin/env bash
# Install the tested stack: into the active conda or venv environment, or into .venv when none is active.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib/env.sh
source "$ROOT/scripts/lib/env.sh"

CONDA_LINE="conda create -n GRE python=3.11 && conda activate GRE && bash environment.sh"
JOINT_EXTRAS="train eval demo judge curate docs dev"  # one resolution, pinned in constraints.txt
EXTRAS="train,eval"
ASKED_PYTHON=""
MIN_FREE_GB=""
CHECK_ONLY=no
FORCE=no
KEEP_TORCH=no

usage() {
    cat <<'HELP'
Install GRE Suite and the versions it was tested with (constraints.txt).

  bash environment.sh                            # train and eval
  bash environment.sh --extras train,eval,dev    # with what the tests need

Goes into the active conda or venv environment, or into .venv here when none is active
(conda's "base" does not count). A second run with nothing changed returns at once.

  --extras LIST      of train,eval,demo,judge,curate,docs,dev,faces,flash; "none" for the core
                     alone. dev brings the six before it. faces is OpenCV, which constraints.txt
                     does not pin. flash compiles FlashAttention 2: only on a machine with a GPU
                     and nvcc, and without it attention falls back to SDPA.
                     vllm, geoclip, lmms-eval, inspect pin other versions: one environment each.
  --python PY        make .venv with this Python (3.11 or newer), or, when PY belongs to an
                     environment, install into that one
  --keep-torch       keep the torch build that is already installed (2.11 or newer), for a driver
                     older than the pinned build asks for
  --min-free-gb N    free disk to ask for, in GB (default 12; 1 when torch is there already)
  --force            install again even if nothing changed
  --check            print what is here and change nothing; exit 0 when ready, 1 when not
  --help             this text

Coming from the GRE README: transformers==4.40.0 and tokenizers==0.19.1 cannot load Qwen2.5-VL
(it needs transformers >= 4.49), and today's torch refuses python=3.10. The right line is
  conda create -n GRE python=3.11 && conda activate GRE && bash environment.sh
HELP
}

say() { printf '%s\n' "$*"; }
stop() { printf 'environment.sh: %s\n' "$1" >&2; exit "${2:-1}"; }

read_options() {
    while [ $# -gt 0 ]; do
        case "$1" in
            --extras | --python | --min-free-gb)
                [ $# -ge 2 ] || stop "$1 needs a value; see bash environment.sh --help" 2 ;;
        esac
        case "$1" in
            --extras) EXTRAS=$2; shift ;;
            --python) ASKED_PYTHON=$2; shift ;;
            --min-free-gb) MIN_FREE_GB=$2; shift ;;
            --keep-torch) KEEP_TORCH=yes ;;
            --force) FORCE=yes ;;
            --check) CHECK_ONLY=yes ;;
            -h | --help) usage; exit 0 ;;
            *) stop "unknown option '$1'; see bash environment.sh --help" 2 ;;
        esac
        shift
    done
    case "$MIN_FREE_GB" in
        *[!0-9]*) stop "--min-free-gb must be a whole number >= 0, got '$MIN_FREE_GB'" 2 ;;
    esac
}

# EXTRAS becomes a sorted, comma-separated list in which dev has brought the others along.
settle_extras() {
    local name names=()
    [ "$EXTRAS" = none ] && EXTRAS=""
    for name in ${EXTRAS//,/ }; do
        case "$name" in
            dev) names+=(train eval demo judge curate docs dev) ;;
            train | eval | demo | judge | curate | docs | faces | flash) names+=("$name") ;;
            vllm | geoclip | lmms-eval | inspect)
                stop "extra '$name' pins other versions and needs its own environment: python3.11 -m venv .venv-$name && .venv-$name/bin/pip install -e '.[$name]'" 2 ;;
            *) stop "unknown extra '$name'; choose from: ${JOINT_EXTRAS// /, }, faces, flash (or none)" 2 ;;
        esac
    done
    EXTRAS=$(printf '%s\n' "${names[@]:-}" | sort -u | paste -sd, - | sed 's/^,//')
}

# ---- Python -------------------------------------------------------------------------------------

# Print "3.11.7" for the interpreter $1, nothing when it does not run.
python_version() {
    "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null | head -n 1 || true
}

is_new_enough() {
    local major minor
    IFS=. read -r major minor _ <<<"$1"
    [[ "$major" =~ ^[0-9]+$ && "$minor" =~ ^[0-9]+$ ]] || return 1
    [ "$major" -gt 3 ] || { [ "$major" -eq 3 ] && [ "$minor" -ge 11 ]; }
}

has_venv() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

too_old() {
    stop "Python ${2:-?} ($1) is too old: today's torch needs 3.11 or newer (so the python=3.10 of the GRE README fails); next: $CONDA_LINE"
}

# Set BASE_PYTHON: the first of python3, python3.11, python3.12, python3.13 that can make .venv.
find_base_python() {
    local name path version seen="" without_venv=""
    for name in python3 python3.11 python3.12 python3.13; do
        path=$(command -v "$name") || continue
        version=$(python_version "$path")
        [ -n "$version" ] || continue
        if ! is_new_enough "$version"; then
            seen=${seen:-"$path $version"}
        elif has_venv "$path"; then
            BASE_PYTHON=$path
            return
        else
            without_venv=${without_venv:-"$path $version"}
        fi
    done
    if [ -n "$without_venv" ]; then
        no_venv_module "${without_venv% *}" "${without_venv##* }"
    fi
    [ -n "$seen" ] && too_old "${seen% *}" "${seen##* }"
    stop "found no Python 3.11 or newer on PATH; next: $CONDA_LINE"
}

no_venv_module() {
    stop "Python $2 ($1) has no venv module; next: apt-get install python${2%.*}-venv, or: $CONDA_LINE"
}

# Set ENV_DIR (where to install) and BASE_PYTHON (what makes it, empty when it exists already).
choose_environment() {
    local version active=""
    BASE_PYTHON=""
    if [ -n "$ASKED_PYTHON" ]; then
        version=$(python_version "$ASKED_PYTHON")
        [ -n "$version" ] || stop "--python $ASKED_PYTHON does not run; give the path of a Python 3.11 or newer" 2
        is_new_enough "$version" || too_old "$ASKED_PYTHON" "$version"
        active=$("$ASKED_PYTHON" -c 'import os, sys
if sys.prefix != sys.base_prefix or os.path.isdir(os.path.join(sys.prefix, "conda-meta")):
    print(sys.prefix)')
        BASE_PYTHON=$ASKED_PYTHON
    else
        active=$(gre_active_env) || active=""
    fi
    ENV_DIR=${active:-$ROOT/.venv}
    if [ -n "$active" ] && [ ! -x "$active/bin/python" ]; then
        stop "the active environment $active has no python; next: deactivate it (unset VIRTUAL_ENV) or: $CONDA_LINE"
    fi
}

# Check the Python that will be used, before anything is written.
check_python() {
    if [ -x "$ENV_DIR/bin/python" ]; then
        VERSION=$(python_version "$ENV_DIR/bin/python")
        is_new_enough "$VERSION" || too_old "$ENV_DIR/bin/python" "$VERSION"
        if [ "$ENV_DIR" = "$ROOT/.venv" ] && [ -n "$ASKED_PYTHON" ] &&
            [ "$VERSION" != "$(python_version "$ASKED_PYTHON")" ]; then
            stop "$ENV_DIR has Python $VERSION, not that of --python $ASKED_PYTHON; next: rm -r '$ENV_DIR' and run again"
        fi
        return
    fi
    [ -n "$BASE_PYTHON" ] || find_base_python
    VERSION=$(python_version "$BASE_PYTHON")
    has_venv "$BASE_PYTHON" || no_venv_module "$BASE_PYTHON" "$VERSION"
}

# ---- What is here -------------------------------------------------------------------------------

stamp_file() { printf '%s/.gre-environment' "$ENV_DIR"; }

# One hash over all that decides what gets installed, except the list of extras. The settings of
# linter, type checker and tests in pyproject.toml decide nothing of it.
fingerprint() {
    { awk '/^\[/ { keep = !/^\[+tool\.(ruff|mypy|pytest)/ } keep' "$ROOT/pyproject.toml"
      cat "$ROOT/constraints.txt"
      printf '%s\n' "$ROOT" "$KEEP_TORCH"
      readlink -f "$ENV_DIR/bin/python"; } | sha256sum | cut -c 1-64
}

# Set STAMP_HASH and STAMP_EXTRAS from the last finished installation.
read_stamp() {
    STAMP_HASH="" STAMP_EXTRAS=""
    if [ -f "$(stamp_file)" ]; then
        { read -r STAMP_HASH; read -r STAMP_EXTRAS; } <"$(stamp_file)" || true
    fi
}

is_up_to_date() {
    local name
    read_stamp
    gre_is_installed_in "$ENV_DIR" && [ "$STAMP_HASH" = "$(fingerprint)" ] || return 1
    for name in ${EXTRAS//,/ }; do
        case ",$STAMP_EXTRAS," in *",$name,"*) ;; *) return 1 ;; esac
    done
}

say_ready() {
    say "Ready, nothing changed: $ENV_DIR (extras: ${STAMP_EXTRAS:-none})"
}

# GB free where folder $1 lies or would be made.
free_gb() {
    local folder=$1
    while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
    df -Pk "$folder" | awk 'NR == 2 { printf "%d\n", $4 * 1024 / 1e9 }'
}

describe_gpus() {
    local names
    if names=$(nvidia-smi --query-gpu=name,memory.total --format=csv,noheader 2>/dev/null) &&
        [ -n "$names" ]; then
        HAS_GPU=yes
        say "GPU     $(sort <<<"$names" | uniq -c | sed 's/^ *\([0-9]*\) /\1 x /' | paste -sd';' -)"
    else
        HAS_GPU=no
        say "GPU     none found by nvidia-smi: training and prediction run on the CPU"
    fi
}

# Set DRIVER_CUDA, the highest CUDA version that the driver can run ("" without one).
describe_cuda() {
    local toolkit
    DRIVER_CUDA=$(nvidia-smi 2>/dev/null | sed -n 's/.*CUDA Version: *\([0-9.]*\).*/\1/p' | head -n 1) || true
    toolkit=$(nvcc --version 2>/dev/null | sed -n 's/.*release \([0-9.]*\).*/\1/p') || true
    NVCC_CUDA=$toolkit
    say "CUDA    driver: ${DRIVER_CUDA:-none}, compiler nvcc: ${toolkit:-none}"
}

describe_machine() {
    say "Python  $VERSION ($([ -x "$ENV_DIR/bin/python" ] && echo "$ENV_DIR" || echo "$BASE_PYTHON, makes $ENV_DIR"))"
    describe_gpus
    describe_cuda
    say "Disk    $(free_gb "$ENV_DIR") GB free where $ENV_DIR lies"
}

check_space() {
    local free need=${MIN_FREE_GB}
    if [ -z "$need" ]; then
        need=12
        if [ -z "$EXTRAS" ] || compgen -G "$ENV_DIR/lib/python3.*/site-packages/torch" >/dev/null; then
            need=1
        fi
    fi
    free=$(free_gb "$ENV_DIR")
    [ "$free" -ge "$need" ] ||
        stop "only $free GB free where $ENV_DIR lies, $need GB needed; next: free some, or install from a clone on a larger disk (or with --python of an environment there)"
}

# ---- Installing ---------------------------------------------------------------------------------

# Hold the lock until this process ends, so that two runs at once do not mix their files.
take_lock() {
    local lock="$ENV_DIR/.gre-environment.lock"
    [ "$ENV_DIR" = "$ROOT/.venv" ] && lock="$ROOT/.venv.lock"  # .venv may not exist yet
    if command -v flock >/dev/null; then
        exec 9>"$lock"
        flock -n 9 && return
        say "Another environment.sh is at work on $ENV_DIR: waiting for it"
        flock 9
        return
    fi
    until mkdir "$lock.d" 2>/dev/null; do
        kill -0 "$(cat "$lock.d/pid" 2>/dev/null)" 2>/dev/null || [ ! -s "$lock.d/pid" ] || rm -r "$lock.d"
        sleep 1
    done
    echo $$ >"$lock.d/pid"
    MKDIR_LOCK=$lock.d
}

MKDIR_LOCK="" WORK="" CHILD=""
clean_up() {
    [ -z "$CHILD" ] || kill "$CHILD" 2>/dev/null || true
    [ -z "$WORK" ] || rm -rf "$WORK"
    [ -z "$MKDIR_LOCK" ] || rm -rf "$MKDIR_LOCK"
}

make_venv() {
    if [ -x "$ENV_DIR/bin/python" ]; then
        "$ENV_DIR/bin/python" -m pip --version >/dev/null 2>&1 && return
        "$ENV_DIR/bin/python" -m ensurepip >/dev/null 2>&1 && return
        # An environment of ours that was interrupted is made anew; any other is the user's.
        [ "$ENV_DIR" = "$ROOT/.venv" ] || stop "$ENV_DIR has no pip; next: conda install pip (or uv pip install pip), then run again"
        [ -n "$BASE_PYTHON" ] || find_base_python
    fi
    say "Making $ENV_DIR with Python $VERSION"
    "$BASE_PYTHON" -m venv --clear "$ENV_DIR" || stop "could not make $ENV_DIR with $BASE_PYTHON; see the lines above"
}

# A line that shows how far pip is: redrawn on a terminal, every 30 s elsewhere.
show_progress() {
    local elapsed=$((SECONDS - $1)) now total=0 done_count
    now=$(grep -aE '^(Collecting|Downloading|Building|Installing|Preparing)' "$LOG" | tail -n 1 | tr -d '\r') || true
    if [[ "$now" == "Installing collected packages:"* ]]; then
        total=$(($(tr -cd ',' <<<"$now" | wc -c) + 1))
        done_count=$(compgen -G "$ENV_DIR/lib/python3.*/site-packages/*.dist-info" | wc -l)
        done_count=$((done_count - INSTALLED_BEFORE))
        now="installing $((done_count < total ? done_count : total)) of $total packages"
    fi
    now=$(cut -c 1-60 <<<"${now:-checking what is installed}")
    if [ -t 1 ]; then
        printf '\r\033[K  %02d:%02d  %s' $((elapsed / 60)) $((elapsed % 60)) "$now"
    elif [ $((elapsed / 30)) -gt "$TICKS" ]; then
        TICKS=$((elapsed / 30))
        printf '  %02d:%02d  %s\n' $((elapsed / 60)) $((elapsed % 60)) "$now"
    fi
}

# Run pip with these arguments, its output in the log; return pip's exit status.
run_pip() {
    local start=$SECONDS status=0
    TICKS=0
    INSTALLED_BEFORE=$(compgen -G "$ENV_DIR/lib/python3.*/site-packages/*.dist-info" | wc -l) || true
    TMPDIR="$WORK" PYTHONNOUSERSITE=1 "$ENV_DIR/bin/python" -m pip "$@" \
        --no-input --progress-bar off --disable-pip-version-check >>"$LOG" 2>&1 9>&- </dev/null &
    CHILD=$!
    while kill -0 "$CHILD" 2>/dev/null; do
        show_progress "$start"
        if [ "$SECONDS" -eq "$start" ]; then sleep 0.05; else sleep 0.5; fi
    done
    wait "$CHILD" || status=$?
    CHILD=""
    [ -t 1 ] && printf '\r\033[K'
    return "$status"
}

# The reason that pip's log most likely means, as a next step.
next_step() {
    if grep -aqiE 'no space left|disk quota' "$LOG"; then
        say "the disk is full: free some and run again"
    elif grep -aqiE 'ResolutionImpossible|conflicting dependencies' "$LOG"; then
        say "the versions conflict: run in a fresh environment"
    elif grep -aqiE 'No matching distribution|Retrying|Connection|timed out|resolve host' "$LOG"; then
        say "the package index could not be reached or lacks a version: check the network and pip config, then run again"
    else
        say "read the log, then run again"
    fi
}

# Print the constraints to use; --keep-torch trades the pins of torch's own stack for what is installed.
write_constraints() {
    if [ "$KEEP_TORCH" = no ]; then
        cat "$ROOT/constraints.txt"
        return
    fi
    grep -viE '^(torch|torchvision|triton|cuda-[a-z]+|nvidia-[a-z0-9-]+)==' "$ROOT/constraints.txt"
    "$ENV_DIR/bin/python" -m pip freeze --disable-pip-version-check 2>/dev/null |
        grep -iE '^(torch|torchvision|triton|cuda-[a-z]+|nvidia-[a-z0-9-]+)==' ||
        stop "--keep-torch: no torch in $ENV_DIR; install torch >= 2.11 and torchvision first" 2
}

install_flash() {
    local torch_cuda
    torch_cuda=$("$ENV_DIR/bin/python" -c 'import torch; print(torch.version.cuda or "")' 2>/dev/null) || true
    if [ "$HAS_GPU" = no ] || [ -z "$NVCC_CUDA" ]; then
        say "flash   skipped: it needs a GPU and nvcc; attention falls back to SDPA"
    elif [ "${NVCC_CUDA%%.*}" != "${torch_cuda%%.*}" ]; then
        say "flash   skipped: nvcc is CUDA $NVCC_CUDA and torch is built for CUDA ${torch_cuda:-none}; attention falls back to SDPA"
    else
        say "flash   compiling FlashAttention 2 (can take an hour)"
        if run_pip install --no-build-isolation -e "$ROOT[flash]" -c "$WORK/constraints.txt"; then
            say "flash   installed"
        else
            say "flash   did not build; attention falls back to SDPA (log: $LOG)"
        fi
    fi
}

# Import what was installed once, and say on which device torch will run.
verify() {
    case ",$EXTRAS," in
        *,train,* | *,eval,*) ;;
        *) "$ENV_DIR/bin/python" -c 'import gre' || stop "gre does not import from $ENV_DIR; see the lines above"; return ;;
    esac
    local found
    # Compiled here once, even where Python may not keep what it compiles, for every later start.
    found=$(cd / && env -u PYTHONDONTWRITEBYTECODE PYTHONNOUSERSITE=1 "$ENV_DIR/bin/python" -c '
import gre, torch, torchvision, transformers
where = f"CUDA {torch.version.cuda}, {torch.cuda.device_count()} GPU" if torch.cuda.is_available() else "CPU"
print(f"torch {torch.__version__} on {where}, transformers {transformers.__version__}")' 2>>"$LOG") || {
        tail -n 5 "$LOG" >&2
        stop "the installed packages do not import (log: $LOG); next: bash environment.sh --force"
    }
    say "Stack   $found"
    if [ "$HAS_GPU" = yes ] && [[ "$found" == *" on CPU,"* ]]; then
        say "Note    torch does not see the GPU: the driver runs CUDA ${DRIVER_CUDA:-?}, older than this torch was built for; update the driver, or install an older build of torch (>= 2.11) and run with --keep-torch"
    fi
}

install() {
    local target=$ROOT joint conflicts
    LOG=$ENV_DIR/gre-environment.log
    WORK=$(mktemp -d "$ENV_DIR/.gre-tmp.XXXXXX")  # pip unpacks GBs: beside the packages, not in /tmp
    read_stamp
    EXTRAS=$(tr ',' '\n' <<<"$EXTRAS,$STAMP_EXTRAS" | sed '/^$/d' | sort -u | paste -sd, -)
    rm -f "$(stamp_file)"
    : >"$LOG"
    write_constraints >"$WORK/constraints.txt"
    joint=$(tr ',' '\n' <<<"$EXTRAS" | sed '/^flash$/d; /^$/d' | paste -sd, -)
    [ -z "$joint" ] || target="$ROOT[$joint]"
    say "Installing gre with extras: ${EXTRAS:-none} (a first time: about 3 minutes and 7 GB)"
    # --no-compile: Python compiles what is imported, when it is; pip would spend minutes on all of it.
    if ! run_pip install --no-compile -e "$target" -c "$WORK/constraints.txt"; then
        tail -n 15 "$LOG" >&2
        stop "pip failed (log: $LOG); next: $(next_step)"
    fi
    case ",$EXTRAS," in *,flash,*) install_flash ;; esac
    conflicts=$("$ENV_DIR/bin/python" -m pip check --disable-pip-version-check 2>&1) ||
        say "Note    other packages in this environment disagree: $(head -n 3 <<<"$conflicts" | paste -sd';' -)"
    verify
    printf '%s\n%s\n' "$(fingerprint)" "$EXTRAS" >"$WORK/stamp"
    mv "$WORK/stamp" "$(stamp_file)"
}

main() {
    read_options "$@"
    settle_extras
    choose_environment
    if [ "$CHECK_ONLY" = yes ]; then
        check_python
        describe_machine
        if is_up_to_date; then say_ready; exit 0; fi
        say "Not set up for extras '$EXTRAS' (has: ${STAMP_EXTRAS:-none}): run bash environment.sh --extras ${EXTRAS:-none}"
        exit 1
    fi
    if [ "$FORCE" = no ] && is_up_to_date; then say_ready; exit 0; fi
    check_python
    describe_machine
    check_space
    say "Note    transformers 4.40.0 / tokenizers 0.19.1 of the GRE README cannot load Qwen2.5-VL: newer ones are installed"
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    take_lock
    if [ "$FORCE" = no ] && is_up_to_date; then say_ready; exit 0; fi  # the run before did it
    make_venv
    install
    say "Done. Use it with: $([ "$ENV_DIR" = "$ROOT/.venv" ] && echo "source '$ENV_DIR/bin/activate'" || echo "gre --help")"
}

main "$@"

#!/usr/bin/env bash
# Set up what the tests need and run them.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib/env.sh
source "$ROOT/scripts/lib/env.sh"

usage() {
    cat <<'HELP'
Run the tests; the first run installs what they need (environment.sh --extras dev).

  bash scripts/test.sh                      # the ordinary tests, under 5 minutes
  bash scripts/test.sh --all                # also slow, distributed and browser; gpu where there is one
  bash scripts/test.sh --all -k resume -x   # what follows goes to pytest; a path runs that path alone

Without a path, -k or -n, several files run at once, one a core, up to four.
Tests on real photos and tables run when GRE_REAL_DATA names their folder.
HELP
}

ORDINARY="not slow and not distributed and not browser and not gpu"
EVERYTHING=""
nvidia-smi >/dev/null 2>&1 || EVERYTHING="not gpu"

marks=$ORDINARY
case "${1:-}" in
    -h | --help) usage; exit 0 ;;
    --all) marks=$EVERYTHING; shift ;;
esac

bash "$ROOT/environment.sh" --extras dev
gre_env "$ROOT"
cd "$ROOT"
[ "$marks" != "$EVERYTHING" ] || [ -z "$EVERYTHING" ] || echo "No GPU here: the tests marked gpu are left out"
status=0
# run_marked MARKS FLAGS...: run the tests so marked; keeps the first bad exit code, 5 is "none selected".
run_marked() {
    local found=0
    python -m pytest -m "$1" "${@:2}" || found=$?
    [ "$found" -eq 5 ] || num_runs=$((num_runs + 1))
    [ "$found" -eq 0 ] || [ "$found" -eq 5 ] || [ "$status" -ne 0 ] || status=$found
}
num_runs=0
selected=" $* "
if [[ "$selected" == *" -k "* || "$selected" == *" -n "* || "$selected" == *tests* ]]; then
    run_marked "$marks" "$@"
else
    # What launches processes of its own has the cores for itself. The rest runs several files at once;
    # a file stays whole, so that what it prepares is prepared once. Each worker has its own cores.
    [ "$marks" = "$ORDINARY" ] || run_marked "distributed${EVERYTHING:+ and $EVERYTHING}" "$@"
    cores=$(getconf _NPROCESSORS_ONLN)
    at_once=$((cores < 4 ? cores : 4))
    export OMP_NUM_THREADS=$((cores / at_once))
    run_marked "not distributed${marks:+ and $marks}" -n "$at_once" --dist loadfile --no-loadscope-reorder "$@"
fi
[ "$num_runs" -gt 0 ] || { status=5; echo "scripts/test.sh: no test was selected; loosen the selection, or add --all for the marked ones" >&2; }
exit "$status"

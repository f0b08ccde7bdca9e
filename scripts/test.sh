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
python -m pytest -m "$marks" "$@" || status=$?
[ "$status" -ne 5 ] || echo "scripts/test.sh: no test was selected; loosen the selection, or add --all for the marked ones" >&2
exit "$status"

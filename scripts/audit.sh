#!/usr/bin/env bash
# Look for keys in the tree and for published weaknesses in the pinned packages.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib/env.sh
source "$ROOT/scripts/lib/env.sh"

usage() {
    cat <<'HELP'
Look for keys in the tree, and for published weaknesses in the pinned packages.

  bash scripts/audit.sh                  # both
  bash scripts/audit.sh secrets          # keys and tokens in the files that Git knows or would add
  bash scripts/audit.sh dependencies     # constraints.txt, asked of the package index by pip-audit

Exit code: 0 clean, 1 something was found, 75 not audited: the index could not be asked about all
packages, which is no pass.
HELP
}

case "${1:-all}" in
    -h | --help) usage; exit 0 ;;
    all) set -- secrets dependencies ;;
    secrets | dependencies) ;;
    *) echo "audit.sh: got '$1', must be secrets or dependencies; see --help" >&2; exit 2 ;;
esac
gre_env "$ROOT" || exit 1
worst=0
for what in "$@"; do
    status=0
    python "$ROOT/scripts/audit.py" "$what" || status=$?
    # What was found outweighs what could not be looked up.
    if [ "$status" -ne 0 ] && { [ "$worst" -eq 0 ] || [ "$worst" -eq 75 ]; }; then worst=$status; fi
done
exit "$worst"

#!/usr/bin/env bash
# Write constraints.txt from an environment in which all extras but flash, vllm, geoclip and lmms-eval
# are installed and the tests pass:  bash scripts/freeze_constraints.sh [PYTHON]
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PY=${1:-python}

case "$PY" in -h | --help) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
"$PY" -m pip check
made=$("$PY" - <<'PYTHON'
import platform

print(f"# Every version tested together: extras train, eval, demo, judge, curate and dev, Python {platform.python_version()}.")
print("# Written by scripts/freeze_constraints.sh; flash-attn is compiled on the machine and has no pin.")
PYTHON
)
frozen=$("$PY" -m pip freeze --all --exclude-editable --exclude pip --exclude gre-suite)
if grep -vE '^[A-Za-z0-9._-]+==[A-Za-z0-9._+!]+$' <<<"$frozen"; then
    echo "freeze_constraints: the lines above are no plain name==version; install those from the index" >&2
    exit 1
fi
printf '%s\n%s\n' "$made" "$frozen" >"$ROOT/constraints.txt"
echo "$(grep -c == "$ROOT/constraints.txt") versions written to constraints.txt"

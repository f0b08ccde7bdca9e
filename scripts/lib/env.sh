# Sourced by the other scripts: which Python environment they run in.
#
#   source "$ROOT/scripts/lib/env.sh"
#   gre_env "$ROOT" || exit 1        # then `python` and `gre` are the project's
#
# An environment counts as active when VIRTUAL_ENV or CONDA_PREFIX names it. Conda's "base" does
# not count: it is active by default in many shells and should not fill up with a project's packages.

# Print the folder of the active environment; fail when there is none.
gre_active_env() {
    if [ -n "${VIRTUAL_ENV:-}" ]; then
        printf '%s\n' "$VIRTUAL_ENV"
    elif [ -n "${CONDA_PREFIX:-}" ] && [ "${CONDA_DEFAULT_ENV:-}" != "base" ]; then
        printf '%s\n' "$CONDA_PREFIX"
    else
        return 1
    fi
}

# Succeed when the environment folder $1 has gre installed. Looks at files only: no Python starts.
gre_is_installed_in() {
    local found
    for found in "$1"/lib/python3.*/site-packages/gre_suite-*.dist-info; do
        [ -d "$found" ] && [ -x "$1/bin/python" ] && return 0
    done
    return 1
}

# Make `python` and `gre` the project's: the active environment if it has gre, else ROOT/.venv,
# else a python on PATH that can import gre (a container, a module system).
gre_env() {
    local root=$1 active
    if active=$(gre_active_env) && gre_is_installed_in "$active"; then
        export PATH="$active/bin:$PATH"
    elif gre_is_installed_in "$root/.venv"; then
        export VIRTUAL_ENV="$root/.venv" PATH="$root/.venv/bin:$PATH"
        unset PYTHONHOME
    elif ! (cd / && python -c 'import gre') >/dev/null 2>&1; then
        printf 'gre is not installed in %s: run: bash environment.sh\n' "${active:-$root/.venv}" >&2
        return 1
    fi
    # environment.sh leaves compiling to the first import. Where Python may not keep what it compiled,
    # every process of every launch compiles the libraries anew: ten seconds of a processor each.
    unset PYTHONDONTWRITEBYTECODE
}

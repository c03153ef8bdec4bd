#!/bin/sh
# Write uv.lock and the requirements files that pip installs from, or check that they agree.
#
#   scripts/lock.sh            resolve and export (keeps locked versions; uv lock --upgrade moves them)
#   scripts/lock.sh --check    change nothing, fail where a file differs from what would be written
set -eu
unset CDPATH
cd -- "$(dirname -- "$0")/.."
uv=${UV:-uv}

export_groups() { # GROUP ...: the lock as hashed requirements, for every supported Python and platform
    printf '# Made from uv.lock by scripts/lock.sh; change pyproject.toml and run: make lock\n'
    "$uv" export --quiet --locked --format requirements-txt --no-header --no-emit-project "$@"
}

export_file() {
    case $1 in
    requirements.txt) export_groups --group build --group dev ;;
    requirements-docs.txt) export_groups --only-group docs ;;
    esac
}

command -v "$uv" >/dev/null 2>&1 || {
    printf 'lock: uv is not installed; see https://docs.astral.sh/uv/ (pip install uv)\n' >&2
    exit 1
}
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT
if [ "${1:-}" = --check ]; then
    "$uv" lock --quiet --check || {
        printf 'lock: uv.lock is behind pyproject.toml; run: make lock\n' >&2
        exit 1
    }
else
    "$uv" lock
fi
for file in requirements.txt requirements-docs.txt; do
    export_file "$file" >"$scratch"
    if [ "${1:-}" != --check ]; then
        cat "$scratch" >"$file"
    elif ! cmp -s "$scratch" "$file"; then
        printf 'lock: %s differs from uv.lock; run: make lock\n' "$file" >&2
        exit 1
    fi
done

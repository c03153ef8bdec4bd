#!/bin/sh
# Make .venv/ ready for the Makefile, or say in one line what is missing and what to do about it.
#
#   scripts/setup.sh [GROUP ...]      GROUP: a further dependency group, such as docs
#   PYTHON=/path/to/python            use this interpreter
#   UV= (empty)                       do without uv even where it is installed
#
# This file only finds an interpreter and needs nothing but a POSIX shell; setup_env.py does the rest.
set -eu
unset CDPATH
cd -- "$(dirname -- "$0")/.."

supported="3.13 3.12 3.11" # the range of requires-python in pyproject.toml

fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

version_of() { # prints 3.12, or nothing where the command is absent or broken (a pyenv shim, say)
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

is_supported() {
    case " $supported " in *" $1 "*) [ -n "$1" ] ;; *) false ;; esac
}

can_make_environment() { # Debian ships Python without ensurepip
    [ -n "$uv" ] || "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

if [ -x .venv/bin/python ] && .venv/bin/python -I -S scripts/setup_env.py --is-current "$@" 2>/dev/null; then
    exit 0
fi

uv=${UV-uv}
[ -z "$uv" ] || command -v "$uv" >/dev/null 2>&1 || uv=

remedy="install Python 3.11, 3.12 or 3.13 (Debian, Ubuntu: apt install python3 python3-venv; macOS: \
brew install python@3.13) or name one: make setup PYTHON=/path/to/python3.13"
without_pip="has no venv or ensurepip module. Debian, Ubuntu: apt install python3-venv; \
elsewhere install a complete Python, or uv, then run make again"

python=
bare= # in range, but cannot make an environment
if [ -n "${PYTHON:-}" ]; then
    found=$(version_of "$PYTHON")
    [ -n "$found" ] || fail "PYTHON=$PYTHON does not run; $remedy"
    is_supported "$found" || fail "PYTHON=$PYTHON is Python $found, basislab needs 3.11 to 3.13; $remedy"
    can_make_environment "$PYTHON" || fail "PYTHON=$PYTHON $without_pip"
    python=$PYTHON
else
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        is_supported "$(version_of "$candidate")" || continue
        if can_make_environment "$candidate"; then
            python=$candidate
            break
        fi
        bare=${bare:-$candidate}
    done
fi

if [ -z "$python" ] && [ -n "$uv" ]; then
    for version in $supported; do # one that uv keeps for itself, else fetch one
        python=$("$uv" python find --no-project "$version" 2>/dev/null) && break
    done
    if [ -z "$python" ]; then
        newest=${supported%% *}
        python=$("$uv" python install "$newest" >&2 && "$uv" python find --no-project "$newest") ||
            fail "uv could not fetch a Python; $remedy"
    fi
fi
if [ -z "$python" ]; then
    [ -z "$bare" ] || fail "$bare $without_pip"
    found=$(version_of python3)
    [ -n "$found" ] || fail "no python3 found; $remedy"
    fail "python3 is Python $found, basislab needs 3.11 to 3.13; $remedy"
fi

BASISLAB_UV=$uv exec "$python" -I scripts/setup_env.py "$@"

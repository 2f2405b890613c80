#!/bin/sh
# Sets up a machine for `make run` (no argument) or `make test` (argument: test), and nothing outside this folder but
# Debian packages. Needs: some Python 3 to bootstrap with, and Python 3.12 or 3.13 (looked for, else fetched by uv).
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-run}

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

debian() { # debian COMMAND-OR-FILE PACKAGE…: installs the packages if the command or file is missing
    probe=$1; shift
    if command -v "$probe" >/dev/null 2>&1 || [ -e "$probe" ]; then return 0; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing $*…"
        [ -n "${apt_updated:-}" ] || { apt-get update -qq || true; apt_updated=1; }
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        missing="${missing:-} $*"
    fi
}

# --- Debian packages: the site draws certificates with pango; the tests need a browser and real servers ------------------
missing=
command -v python3 >/dev/null 2>&1 || debian python3 python3 python3-venv
PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null | grep -q libpangoft2-1.0.so.0 || debian libpangoft2 libpango-1.0-0 libpangoft2-1.0-0
if [ "$purpose" = test ]; then
    debian chromium chromium
    debian /usr/sbin/nginx nginx-light
    debian pdftotext poppler-utils
    debian redis-server redis-server
    debian /usr/lib/postgresql postgresql
    debian xgettext gettext
    debian node nodejs
    debian npm npm
fi
[ -z "$missing" ] || fail "These Debian packages are needed and only root can install them:
    sudo apt-get install$missing"

# --- uv, in an environment of its own ------------------------------------------------------------------------------
if ! .tools/bin/uv --version >/dev/null 2>&1; then
    say "Installing uv…"
    rm -rf .tools
    if ! python3 -m venv .tools >/dev/null 2>&1; then
        rm -rf .tools
        # Debian's python3 comes without venv.
        debian /usr/share/doc/python3-venv python3-venv
        [ -z "$missing" ] || fail "Python's venv module is missing: sudo apt-get install python3-venv"
        python3 -m venv .tools
    fi
    .tools/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
fi

# --- Python environments from the lock files, every package by its hash --------------------------------------------------
state_of() { { cat "$1" .python-version; echo compiled; } | cksum; } # state_of LOCK
environment() { # environment FOLDER LOCK
    state=$(state_of "$2")
    [ "$(cat "$1/.state" 2>/dev/null || true)" = "$state" ] && return 0
    say "Installing $1 from $2…"
    if [ ! -x "$1/bin/python" ]; then
        .tools/bin/uv venv --quiet "$1" 2>/dev/null || .tools/bin/uv venv --quiet --python '>=3.12,<3.15' "$1" ||
            fail "Python 3.12 or newer is needed and could not be fetched. Install one (for instance the Debian package
python3.13 of a newer release, or pyenv) so that it is found as python3.13 or python3.12."
    fi
    rm -f "$1/.project" # no lock file names the project, so it is removed now
    # Compiled here, once: a sandbox sees these files read-only and would compile what it imports at every cold start.
    .tools/bin/uv pip "${3:-sync}" --quiet --python "$1" --compile-bytecode --require-hashes $([ "${3:-sync}" = install ] && echo -r) "$2"
    printf '%s' "$state" > "$1/.state"
}

# --- The project itself, from this folder and without dependencies: others find what it offers by its entry points --------
project() { # project FOLDER
    state=$(cksum < pyproject.toml)
    [ "$(cat "$1/.project" 2>/dev/null || true)" = "$state" ] && return 0
    .tools/bin/uv pip install --quiet --python "$1" --no-deps --editable .
    printf '%s' "$state" > "$1/.project"
}
if [ "$purpose" = test ]; then
    environment .venv requirements-dev.lock
else
    # The tests' environment has all of it, and is left as it is.
    [ "$(cat .venv/.state 2>/dev/null || true)" = "$(state_of requirements-dev.lock)" ] ||
        environment .venv requirements.lock
fi
project .venv
environment .venv-kernel requirements-kernel.lock
.venv/bin/python -m lms.translations

# --- A verifier of credentials that is not ours, for tests: by its lock file, every package by its hash ------------------
if [ "$purpose" = test ]; then
    verifiers=$(cksum < tests/verifiers/package-lock.json)
    if [ "$(cat tests/verifiers/node_modules/.state 2>/dev/null || true)" != "$verifiers" ]; then
        say "Installing tests/verifiers…"
        (cd tests/verifiers && npm ci --silent --ignore-scripts --no-audit --no-fund)
        printf '%s' "$verifiers" > tests/verifiers/node_modules/.state
    fi
fi

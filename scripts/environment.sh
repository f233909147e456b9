# Sourced by the other scripts with `root` set: .venv holds the program (and with `dev` its test tools), installed anew
# only when what is installed from or the place of the folder has changed. Needs Python >= 3.11 with venv and pip, nothing
# else; with a C compiler decoding is faster.

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "No Python >= 3.11 with the venv module found. Install one, or name it: PYTHON=/path/to/python $0" >&2
    return 1
}

install_project() { # $1: the extra, empty or dev
    stamp="$root/.venv/installed${1:+-$1}"
    state="$(cd "$root" && cat pyproject.toml hatch_build.py receiver/_wire.pyx receiver/_check.pyx receiver/_bytes.pxd storage/_arrow.pyx | cksum) $root"
    for known in "$stamp" "$root/.venv/installed-dev"; do
        if [ -f "$known" ] && [ "$(cat "$known")" = "$state" ]; then
            return
        fi
    done
    if ! "$root/.venv/bin/python" -m pip --version >/dev/null 2>&1; then
        python="$(find_python)"
        echo "creating $root/.venv" >&2
        "$python" -m venv --clear "$root/.venv"
    fi
    echo "installing into $root/.venv (once; a minute or two)" >&2
    "$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --editable "$root${1:+[$1]}"
    rm -f "$root/.venv/installed"*
    echo "$state" >"$stamp"
}

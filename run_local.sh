#!/usr/bin/env bash
# Sets up .venv beside this file, then annotates the samples or your own articles, or runs the tests.
# Meant for bash 3.2 (macOS) and newer.
set -euo pipefail
unset CDPATH PYTHONHOME PYTHONPATH

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
VENV=$ROOT/.venv
STAMP=$VENV/installed # what is installed; missing while an installation is under way
LOG=$VENV/pip.log

usage() {
    cat <<'EOF'
usage: ./run_local.sh                              annotate the sample articles into output/samples
       ./run_local.sh INPUT... OUTPUT [options]    annotate your own articles into the folder OUTPUT
       ./run_local.sh test [pytest options]        run the tests

The first call makes .venv beside this file and installs what the job needs: a minute or two, about
1 GB. INPUT is a file (.xml .nxml .xml.gz .tar.gz .zip), a folder, a quoted glob, @LIST.txt or a
URI. Options are those of `python -m pipeline annotate`. PYTHON=/path/to/python3.12 chooses the
Python to make .venv with (3.10 to 3.13).

examples:
  ./run_local.sh PMC13900_PMC17829.xml.gz annotated
  ./run_local.sh 'articles/*.xml' more.tar.gz annotated --min-score 0.8
  ./run_local.sh test tests/transforms -k sentences
  ./run_local.sh test -m 'not slow'
EOF
}

fail() {
    echo "run_local.sh: $1" >&2
    exit "${2:-1}"
}

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
    local candidate
    set -- python3 python3.13 python3.12 python3.11 python3.10
    [ -z "${PYTHON-}" ] || set -- "$PYTHON"
    for candidate in "$@"; do
        if fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    candidate=${PYTHON:-python3}
    candidate="$candidate is $("$candidate" --version 2>/dev/null || echo missing)"
    fail "Python 3.10 to 3.13 is needed ($candidate): install one, or name it, as in \
PYTHON=/path/to/python3.12 ./run_local.sh"
}

make_venv() {
    local python version
    python=$(find_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "Python $version has no venv module: on Debian and Ubuntu, \
'sudo apt install python$version-venv' installs it"
    "$python" -c 'import platform as p; raise SystemExit(p.system() + p.machine() == "Darwinx86_64")' ||
        fail "Apache Beam and ONNX Runtime are no longer made for Intel Macs: use Linux, in a \
container perhaps; on Apple silicon, use a native Python"
    if [ -e "$VENV" ]; then
        echo "Making .venv anew: it was left unfinished, or its Python is gone." >&2
        rm -rf "$VENV" || fail "cannot remove $VENV: permission denied?"
    fi
    [ -w "$ROOT" ] || fail "cannot write to $ROOT, where .venv goes: permission denied"
    "$python" -m venv "$VENV" >&2 || fail "'$python -m venv $VENV' failed, see above"
}

install() {
    local count=0 line reason
    rm -f "$STAMP" || fail "cannot write to $VENV: permission denied"
    echo "Installing what $1 lists into .venv (pip's own words: .venv/pip.log) ..." >&2
    # An older pip builds what has no wheel by its setup.py, without what that needs to be built.
    if ! PIP_USER=0 "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input \
        --use-pep517 --retries 2 --progress-bar off -r "$ROOT/$1" 2>&1 | while IFS= read -r line; do
        printf '%s\n' "$line"
        case $line in
            Collecting*)
                count=$((count + 1))
                [ ! -t 2 ] || printf '\r  %d packages ' "$count" >&2
                ;;
            Installing*) [ ! -t 2 ] || printf '\r  %d packages, unpacking ... ' "$count" >&2 ;;
        esac
    done >"$LOG"; then
        [ ! -t 2 ] || echo >&2
        reason=$(grep '^ERROR' "$LOG" | head -n 1 || true)
        if grep -qE 'Retrying \(|Failed to establish|[Tt]imed out|ProxyError' "$LOG"; then
            reason="the package index could not be reached (no network, or a proxy to name in HTTPS_PROXY)"
        elif grep -q 'No space left' "$LOG"; then
            reason="no space left on the disk"
        elif grep -q 'Permission denied' "$LOG"; then
            reason="permission denied"
        fi
        fail "set-up failed: ${reason:-see $LOG}. Details: $LOG. Start again when it is mended."
    fi
    [ ! -t 2 ] || echo >&2
}

stamp() {
    echo "$1 $(cat "$ROOT/requirements.txt" "$ROOT/$1" | cksum)"
}

# Makes .venv hold what the requirements file $1 lists; does nothing if it does already.
set_up() {
    if [ ! -f "$STAMP" ] || ! fits "$VENV/bin/python"; then
        make_venv
    elif grep -qxF "$(stamp "$1")" "$STAMP"; then
        return
    fi
    install "$1"
    { # the tests' requirements hold the job's
        stamp requirements.txt
        stamp "$1"
    } >"$STAMP"
}

# Annotates into the folder $1 by the other arguments, and shows the first annotations. The project
# stands first on Python's path: a folder of the user's that happens to be called pipeline or models
# must not stand in for ours.
annotate() {
    local output=$1
    shift
    export PYTHONPATH=$ROOT
    "$VENV/bin/python" -c 'import os, runpy, sys
sys.path[0] = os.environ["PYTHONPATH"]
runpy.run_module("pipeline", run_name="__main__", alter_sys=True)' \
        annotate --output "$output" "$@"
    case " $* " in *" --quiet "* | *" -h "* | *" --help "*) return ;; esac
    case $output in *://*) ;; *) show "$output" ;; esac
}

show() {
    echo
    "$VENV/bin/python" - "$1" <<'EOF'
import shutil
import sys
from pathlib import Path

import duckdb

sys.stdout.reconfigure(errors="replace")
shards = [str(shard) for shard in sorted(Path(sys.argv[1], "annotations").glob("[!.]*.parquet"))]
first = duckdb.read_parquet(shards[:100]).limit(12)
print("The first annotations, each in its text:")
first.select("""
    article_id AS article, section, type, score::DECIMAL(3, 2) AS score,
    right(prefix, 20) || '[' || exact || ']' || left(postfix, 20) AS mention
""").show(max_width=shutil.get_terminal_size((110, 24)).columns)
EOF
}

case ${1-} in
    -h | --help)
        usage
        ;;
    test)
        shift
        set_up tests/requirements.txt
        cd "$ROOT" # paths among the arguments are the project's
        exec "$VENV/bin/python" -m pytest "$@"
        ;;
    "")
        set_up requirements.txt
        cd "$ROOT"
        # One of the samples is broken on purpose: more than the 5 % that fail a run by default.
        annotate output/samples --input tests/cases/samples/*.xml* --overwrite \
            --max-reject-rate 0.1
        ;;
    *)
        inputs=()
        while [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; do
            inputs+=("$1")
            shift
        done
        [ ${#inputs[@]} -ge 2 ] ||
            fail "expected INPUT... OUTPUT, then options; see ./run_local.sh --help" 2
        output=${inputs[${#inputs[@]} - 1]}
        unset "inputs[${#inputs[@]}-1]"
        set_up requirements.txt
        annotate "$output" --input "${inputs[@]}" "$@"
        ;;
esac

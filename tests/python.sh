#!/bin/sh
# Says in one sentence why a Python cannot run the portal, and what to install.
python=$1
if ! command -v "$python" >/dev/null; then
    echo "There is no Python here. Install it: apt install python3 python3-venv" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
    echo "$python is $("$python" --version), the portal needs 3.11 to 3.13. Name one: make demo PYTHON=python3.12" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "$python cannot make virtual environments. Install that: apt install python3-venv" >&2
    exit 1
fi

#!/bin/sh
# Installs the Debian packages that the tests need and that are missing; says which where it has no right to.
set -e
missing=""
need() { # need COMMAND-OR-FILE PACKAGE
    command -v "$1" >/dev/null || [ -e "$1" ] || missing="$missing $2"
}
need cc gcc
need pkg-config pkg-config
need mariadbd mariadb-server
need chromium chromium
need nginx nginx-light
need redis-server redis-server
need node nodejs
need npm npm
need java openjdk-17-jre-headless
pkg-config --exists libmariadb 2>/dev/null || missing="$missing libmariadb-dev"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ]; then
    echo "The tests need these packages: apt install$missing" >&2
    exit 1
fi
echo "Installing$missing …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# RUNLEVEL=1 keeps a database server that comes along from starting by itself: the tests start private ones.
RUNLEVEL=1 apt-get install -qq -y --no-install-recommends $missing >/dev/null

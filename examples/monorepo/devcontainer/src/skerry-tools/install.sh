#!/bin/sh
set -eu
install -d "${PREFIX:-/usr/local}/bin"
install -m 755 "$(dirname "$0")/bin/skerry" "${PREFIX:-/usr/local}/bin/skerry"

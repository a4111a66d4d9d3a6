#!/bin/sh
# The files that differ from the main branch.
exec git diff --name-only "${1:-main}...HEAD"

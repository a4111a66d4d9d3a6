"""Running a program that sees what was declared and nothing else.

    room         the fresh folder: declared inputs go in, outputs come out
    walls        bubblewrap around the room, where it is installed and allowed to work
    process      a program's run: its time limit, its log, its end
    undeclared   which file of the workspace a failed program missed

Where there is no bubblewrap the room alone is left: relative paths find declared files only, but absolute
paths and the network are open. docs/decisions/007-sandbox.md says why that is accepted.
"""

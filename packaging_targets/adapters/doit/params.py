"""What may stand behind a task of ours on doit's command line: declared for each such task, read by `command_line`."""

from __future__ import annotations

PARAMS = (
    {"name": "num_process", "short": "n", "long": "process", "default": "", "help": "run this many actions at once"},
    {"name": "par_type", "short": "P", "long": "parallel-type", "default": "", "help": "`process` or `thread`"},
    {
        "name": "continue",
        "short": "c",
        "long": "continue",
        "inverse": "no-continue",
        "type": bool,
        "default": False,
        "help": "go on after a failure",
    },
    {"name": "log_json", "long": "log-json", "default": "", "help": "write one event a line to this file, as JSON"},
)

"""`doit publish`: what `packaging publish` does, with its flags and its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doit.cmd_base import Command

if TYPE_CHECKING:
    from collections.abc import Sequence


class Publish(Command):
    """`doit publish [LABEL …]`."""

    doc_purpose = "build, then publish, what has a `publish` field"
    doc_usage = "[LABEL ...] [--dry-run] [--format json] [--insecure] [--jobs N]"
    doc_description = "Flags and exit codes are those of `packaging publish`: see `packaging publish --help`."

    def parse_execute(self, in_args: Sequence[str]) -> int:
        """Publish; return the exit code. Flags may stand behind labels, which doit itself does not read."""
        from packaging_targets.adapters.cli.commands import run

        return run(["publish", *in_args])

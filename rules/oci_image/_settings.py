"""How containers of the image are run: what the target says about it, checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging_targets import Context

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PLAIN = ("entrypoint", "command", "user", "workdir", "stop_signal")
_PORTS = range(1, 65536)


def settings(context: Context) -> dict[str, Any]:
    """Return the parameter `config` of the action that writes the image; what is wrong is noted as a problem."""
    fields = context.target.fields
    _check_texts(context)
    for name in fields["env"]:
        if not _VARIABLE.fullmatch(name):
            what = f"`{name}` is no name of a variable"
            context.problem(what, field=f"$.env.{name}", fix="use letters, digits and `_`")
    given = {name: fields[name] for name in _PLAIN if name in fields}
    told = {"env": fields["env"], "labels": fields["labels"], "ports": _ports(context), "volumes": fields["volumes"]}
    return {**given, **{name: value for name, value in told.items() if value}}


def _check_texts(context: Context) -> None:
    """Note texts with a NUL: no program can be given one."""
    fields = context.target.fields
    lists = {name: enumerate(fields.get(name, ())) for name in ("entrypoint", "command", "volumes")}
    tables = {name: fields[name].items() for name in ("env", "labels")}
    paths = [(f"$.{name}[{place}]", text) for name, texts in lists.items() for place, text in texts]
    paths += [(f"$.{name}.{key}", text) for name, texts in tables.items() for key, text in texts]
    for path, text in (*paths, ("$.workdir", fields.get("workdir", ""))):
        if "\0" in text:
            context.problem(f"`{path[2:]}` holds a NUL", field=path, fix="take it out")


def _ports(context: Context) -> Sequence[str]:
    found = []
    for place, given in enumerate(context.target.fields["ports"]):
        number, _, protocol = str(given).partition("/")
        if int(number) not in _PORTS:
            context.problem(f"there is no port {number}", field=f"$.ports[{place}]", fix="ports go from 1 to 65535")
        found.append(f"{int(number)}/{protocol or 'tcp'}")
    return found

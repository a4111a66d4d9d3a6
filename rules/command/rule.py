"""A program as an action: it makes `outs` from what is declared, and sees nothing else.

What `argv` may say stands in `_argv.py`; how the program is run, in the kind `command/1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets import Action, Entry, Manifest

from ._argv import expand, from_package

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging_targets import Context


def analyse(context: Context) -> Sequence[Action]:
    """Return the one action of the target."""
    fields, package = context.target.fields, context.target.label.package
    sources, made = _sources(context), {label: context.outputs_of(label) for label in context.deps()}
    outputs = _outputs(context)
    places = {
        "out": outputs,
        "src": sources,
        "dep": [path for paths in made.values() for path in paths],
        **{str(label): paths for label, paths in made.items()},
    }
    argv = expand(fields["argv"], places, package)
    tools, files = _tools(context)
    inputs = sorted({*sources, *places["dep"], *files})
    called, program = _program(context, argv, inputs)
    params = {
        "argv": [called, *argv[1:]],
        "cwd": package,
        "env": {"SOURCE_DATE_EPOCH": str(context.source_date_epoch), **fields["env"]},
        "tools": list(dict.fromkeys((*program, *tools))),
        "timeout": fields["timeout"],
    }
    return [Action("command/1", params, tuple(inputs), tuple(outputs), title=f"run {called}")]


def _sources(context: Context) -> Sequence[str]:
    sources = context.sources()
    for source in sources:
        if (context.link(source) or "").startswith("/"):
            fix = "make it a relative link, or exclude it"
            context.fail(f"`{source}` is a link to an absolute path", field="$.srcs", fix=fix)
    return sources


def _outputs(context: Context) -> list[str]:
    names = context.target.fields["outs"]
    try:
        Manifest.of(Entry(name[:-1]) if name.endswith("/") else Entry(name, text="") for name in names)
    except ValueError as error:
        fix = "write paths of files below the package's out folder"
        context.fail(str(error), field="$.outs", fix=fix)
    return [context.output(name) for name in names]


def _tools(context: Context) -> tuple[list[str], list[str]]:
    """Divide tools into programs of the system and files of the workspace."""
    programs, files = [], []
    for tool in context.target.fields["tools"]:
        if _is_in_workspace(tool):
            files.append(context.package_path(tool))
        else:
            programs.append(tool)
    return programs, files


def _program(context: Context, argv: Sequence[str], inputs: Sequence[str]) -> tuple[str, list[str]]:
    """Return how the program is called, and its name where it is a tool: a list of one, or an empty one."""
    if not argv or not argv[0]:
        context.fail("`argv` names no program", field="$.argv", fix="write the program first")
    name = argv[0]
    path = None if name.startswith("/") and not name.startswith("//") else context.package_path(name)
    if path is not None and path in inputs:
        called = from_package(path, context.target.label.package)
        return called if "/" in called else f"./{called}", []
    if _is_in_workspace(name):
        what = f"the program `{name}` is neither a source nor the output of a dependency"
        context.fail(what, field="$.argv[0]", fix="add it to `srcs` or to `tools`")
    return name, [name]


def _is_in_workspace(program: str) -> bool:
    """Tell a workspace path from the name and the absolute path of a program of the system."""
    return program.startswith("//") or ("/" in program and not program.startswith("/"))

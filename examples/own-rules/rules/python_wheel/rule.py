"""`python_wheel`: a pure Python wheel (py3-none-any) of `src/<name>/`, as `[project]` of pyproject.toml describes it.

Left out: extras, entry points other than scripts, and dynamic fields, which are errors; the readme, the licence, the
authors and what else only describes, which the metadata then lacks. Dependencies are passed on as they are written.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence

from packaging_targets import Action, Context, Entry, Manifest

TYPES = {"name": str, "version": str, "description": str, "requires-python": str, "dependencies": list, "scripts": dict}
WORDS = {str: "a string", list: "a list", dict: "a table"}
REFUSED = ("dynamic", "entry-points", "gui-scripts", "optional-dependencies")
# The normal form of a version, which is the one that the name of a wheel may hold, without epochs and local versions.
NUMBER = r"(0|[1-9]\d*)"
VERSION = rf"{NUMBER}(\.{NUMBER})*((a|b|rc){NUMBER})?(\.post{NUMBER})?(\.dev{NUMBER})?"
PATTERNS = {"name": "[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", "version": VERSION}
EXAMPLES = {"name": "`team-scores`", "version": "`1.4.0` or `2.0rc1`"}
WHEEL = "Wheel-Version: 1.0\nGenerator: packaging-targets\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def analyse(context: Context) -> Sequence[Action]:
    """Return two actions: RECORD, which lists the digests of what the wheel holds, and the wheel with RECORD in it."""
    project = read_project(context)
    # The name that the file, the folder in src/ and the one with the metadata share.
    name, version = re.sub(r"[-_.]+", "_", project["name"]).lower(), project["version"]
    files = {context.relative(path): path for path in context.sources()}
    inside = [path for path in files if path.startswith(f"src/{name}/")]
    entries = [Entry(path.removeprefix("src/"), files[path]) for path in inside]
    if not inside:
        context.fail(f"there is no file in `src/{name}/`", field="$.srcs", fix="name the folder like the project")
    for folder in context.packages_inside():
        context.problem(f"the wheel would lack `{folder}`, which is a package of its own")
    context.check()

    info = f"{name}-{version}.dist-info"
    entries += [Entry(f"{info}/METADATA", text=metadata(project)), Entry(f"{info}/WHEEL", text=WHEEL)]
    if scripts := project.get("scripts"):
        lines = "".join(f"{script} = {function}\n" for script, function in scripts.items())
        entries.append(Entry(f"{info}/entry_points.txt", text=f"[console_scripts]\n{lines}"))
    record = context.output(f"{name}.parts/RECORD")
    listed = Manifest.of(entries, folders=False)
    packed = Manifest.of([*entries, Entry(f"{info}/RECORD", record)], folders=False)
    wheel = context.output(f"{name}-{version}-py3-none-any.whl")
    return [
        # RECORD cannot hold its own digest: `itself` adds the line that names it without one.
        Action.pack("digests/1", listed, record, name="record", format="record", itself=f"{info}/RECORD"),
        Action.pack("zip/1", packed, wheel, name="wheel"),
    ]


def read_project(context: Context) -> dict:
    """Return the table `[project]`, in which all that this rule takes from it is there and fits."""
    path = context.package_path("pyproject.toml")
    if path not in context.sources():
        context.fail("there is no pyproject.toml", field="$.srcs")
    text = context.read_text(path)
    try:
        project = tomllib.loads(text).get("project", {})
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        context.fail(f"this is no TOML: {error}", where=f"{path}:{line[1]}" if line else path)
    for key, value in project.items():
        where = f"{path}:{line_of(text, key)}"
        if key in REFUSED:
            context.problem(f"python_wheel does not support `{key}`", where=where)
        elif key in TYPES and not isinstance(value, TYPES[key]):
            context.problem(f"`{key}` has to be {WORDS[TYPES[key]]}", where=where)
        elif key in PATTERNS and not re.fullmatch(PATTERNS[key], value):
            fix = f"write it like {EXAMPLES[key]}"
            context.problem(f"`{value}` is no {key} as wheels have it", fix=fix, where=where)
    for key in PATTERNS:
        if key not in project:
            context.problem(f"[project] has no `{key}`", where=f"{path}:{line_of(text, key)}")
    context.check()
    return project


def metadata(project: dict) -> str:
    """Return METADATA, in which each field is one line."""
    fields = [("Metadata-Version", "2.1"), ("Name", project["name"]), ("Version", project["version"])]
    if "description" in project:
        fields.append(("Summary", " ".join(project["description"].split())))
    if "requires-python" in project:
        fields.append(("Requires-Python", project["requires-python"]))
    fields += [("Requires-Dist", requirement) for requirement in project.get("dependencies", [])]
    return "".join(f"{key}: {value}\n" for key, value in fields)


def line_of(text: str, key: str) -> int:
    """Return the line of a key of `[project]`, or else of that table: a search, since `tomllib` keeps no lines."""
    line_of_table, table = 1, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            table = line.partition("#")[0].strip()
            line_of_table = number if table == "[project]" else line_of_table
        if table.startswith(f"[project.{key}") or (table == "[project]" and re.match(rf"{key}\s*=", line)):
            return number
    return line_of_table

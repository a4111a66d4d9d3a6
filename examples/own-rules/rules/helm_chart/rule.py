"""`helm_chart`: a chart's folder in one archive, laid out as `helm package` does it.

Name and version come from Chart.yaml, and .helmignore keeps files out. Left out: YAML beyond `key: value` at the start
of a line, `!` in .helmignore, a chart of nothing but dependencies, and fetching these into charts/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from packaging_targets import Action, Context, Entry, Manifest, match_any

# `key: value`, quoted or not. YAML wants a blank, or nothing, after the colon, and a blank before a comment.
KEY_VALUE = re.compile(r"""(\w+):(?!\S)\s*(["']?)(.*?)\2\s*((?<=\s)#.*)?""")
NUMBER, PART = r"(0|[1-9]\d*)", r"(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
SEMANTIC_VERSION = re.compile(
    rf"{NUMBER}\.{NUMBER}\.{NUMBER}(-{PART}(\.{PART})*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?", re.ASCII
)


def analyse(context: Context) -> Sequence[Action]:
    """Return the one action of the target."""
    files = without_ignored(context, {context.relative(path): path for path in context.sources()})
    if "Chart.yaml" not in files:
        context.fail("the chart has no Chart.yaml", field="$.srcs", fix="write one, with a name and a version")
    chart = context.read_text(files["Chart.yaml"])
    name, version = name_and_version(context, chart, files["Chart.yaml"])
    if not any(path.startswith("templates/") for path in files):
        context.problem("the chart has no templates/", field="$.srcs", fix="put what it installs into templates/")
    for path in files.values():
        # Helm follows links when it packs a folder, and takes those in an archive for empty files.
        if context.link(path) is not None:
            context.problem("a chart cannot hold a symbolic link", where=path, fix="put a copy there")
    for folder in context.packages_inside():
        context.problem(f"the chart would lack the package `{folder}`", field="$.srcs", fix="move it, or `exclude` it")
    context.check()

    entries = []
    if app_version := context.target.fields.get("app_version"):
        del files["Chart.yaml"]
        entries.append(Entry(f"{name}/Chart.yaml", text=with_app_version(chart, app_version)))
    # Helm packs files alone, and none is executable.
    entries += [Entry(f"{name}/{path}", source, executable=False) for path, source in files.items()]
    return [Action.pack("tar.gz/1", Manifest.of(entries, folders=False), context.output(f"{name}-{version}.tgz"))]


def without_ignored(context: Context, files: Mapping[str, str]) -> dict[str, str]:
    """Return the files that .helmignore leaves in."""
    # Helm itself ignores dotfiles in templates/, and knows nothing of the entry that packs the chart.
    globs = ["TARGETS.toml", *globs_of("templates/.*")]
    path = files.get(".helmignore")
    for number, line in enumerate(context.read_text(path).splitlines() if path else (), 1):
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        try:
            match_any(globs_of(pattern))
        except ValueError as error:
            context.problem(f"`{pattern}`: {error}", where=f"{path}:{number}")
        else:
            globs += globs_of(pattern)
    ignored = match_any(globs)
    return {path: source for path, source in files.items() if not ignored(path)}


def globs_of(pattern: str) -> list[str]:
    """Return what a line of .helmignore means: without a slash, a name anywhere; with one at its end, a folder."""
    if pattern.startswith("!"):
        raise ValueError("`!` is not supported, name only what to ignore")
    name = pattern.rstrip("/")
    glob = name.removeprefix("/") if "/" in name else f"**/{name}"
    return [f"{glob}/**"] if pattern.endswith("/") else [glob, f"{glob}/**"]


def name_and_version(context: Context, chart: str, path: str) -> tuple[str, str]:
    """Return both from the text of Chart.yaml, and note what is wrong with them."""
    found: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(chart.splitlines(), 1):
        if match := KEY_VALUE.fullmatch(line):
            found[match[1]] = match[3], f"{path}:{number}"
    folder = PurePosixPath(context.target.label.package).name
    name, where = found.get("name", ("", f"{path}:1"))
    if not name:
        context.problem("the chart has no name", where=where, fix=f"write `name: {folder}`")
    elif name != folder:
        context.problem(f"the chart `{name}` lies in a folder `{folder}`", where=where, fix="give both one name")
    version, where = found.get("version", ("", f"{path}:1"))
    if not version:
        context.problem("the chart has no version", where=where, fix="write one, such as `version: 0.1.0`")
    elif not SEMANTIC_VERSION.fullmatch(version):
        context.problem(f"`{version}` is no semantic version", where=where, fix="write one, such as `0.1.0`")
    return name, version


def with_app_version(chart: str, version: str) -> str:
    """Return the text of Chart.yaml with this appVersion, quoted as JSON, which YAML reads too."""
    line = f"appVersion: {json.dumps(version, ensure_ascii=False)}"
    changed, count = re.subn(r"^appVersion:.*", lambda _: line, chart, flags=re.MULTILINE)
    return changed if count else f"{chart.rstrip()}\n{line}\n"

"""`service`, `job` and `app`: a container target, its Dockerfile and its place in the packaging registry.

Paths in a Dockerfile are relative to the build's context, by default the repository root. The module's files
lie in the image's working folder `/app`; every other file keeps its workspace path below that. COPY names
folders, and the `.dockerignore` beside the Dockerfile says which of their files
there are: exactly the target's sources.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from packaging_targets import Action

from ._container import Container
from ._languages import LANGUAGES, Module, detect, facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging_targets import Context

_FILES = tuple(f"{name}.Dockerfile.j2" for name in LANGUAGES)
_PARTS = ("parts/init.Dockerfile.j2", "parts/end.Dockerfile.j2")
_TEMPLATES = "ops/packaging/templates"
_CHOICES = f"one of {', '.join(f'`{name}`' for name in LANGUAGES)}, or a path such as `./api.Dockerfile.j2`"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def analyse(context: Context) -> Sequence[Action]:
    """Render the Dockerfile and its `.dockerignore`, unless the target names a hand-written Dockerfile."""
    container = Container.of(context)
    if "dockerfile" in context.target.fields:
        _provide(context, container, _hand_written(context))
        return ()
    output = context.workspace_output(f"ops/packaging/{context.target.rule}s/{container.id}.Dockerfile")
    _provide(context, container, output)
    container.check()
    module = Module.of(context, container.module, container.sources)
    name, template = _template(context, module)
    variables = _variables(context, container)
    if name in LANGUAGES:
        variables |= _language_variables(context, container, name, module)
    params = {
        "label": str(context.target.label),
        "variables": variables,
        "sources": [container.relative(path) for path in container.sources],
    }
    includes = [context.template(one, "service") for one in (*_PARTS, *_FILES)]
    inputs = (template, *(path for path in includes if path != template))
    outputs = (output, context.workspace_output(f"{output}.dockerignore"))
    return (Action("dockerfile/1", params, inputs, outputs, title=output),)


def _hand_written(context: Context) -> str:
    """Return the path of a Dockerfile that is never written; a package's own has to be among the sources."""
    path = context.package_path(context.target.fields["dockerfile"])
    context.adopt(path)
    context.adopt(f"{path}.dockerignore")
    package = context.target.label.package
    if package and not path.startswith(f"{package}/"):
        return path
    if path not in context.sources():
        context.fail(
            f"there is no Dockerfile `{path}` among the target's sources",
            field="$.dockerfile",
            fix="correct the path, add the file to srcs, or leave `dockerfile` out to have one rendered",
        )
    if not re.search(rb"(?mi)^\s*FROM\s+\S", context.read(path)):
        context.fail(f"`{path}` has no FROM", field="$.dockerfile", fix="name a Dockerfile")
    return path


def _template(context: Context, module: Module) -> tuple[str, str]:
    """Return the name of a template, and its path; a path in the repository has no name."""
    given: str = context.target.fields.get("template", "")
    if "/" in given or given.endswith((".j2", ".Dockerfile")):
        return "", context.package_path(given)
    name = given or detect(module)
    if not name:
        context.fail("no source tells which template fits", fix=f"set `template` to {_CHOICES}")
    if own := _own_template(context, name):
        return name, own
    if name not in LANGUAGES:
        near = get_close_matches(name.lower(), LANGUAGES, n=1)
        write = f"write {_CHOICES}, or the file `{_TEMPLATES}/Dockerfile.{name}`"
        hint = f"did you mean `{near[0]}`?" if near else write
        context.fail(f"there is no template `{name}`", field="$.template", fix=hint)
    return name, context.template(f"{name}.Dockerfile.j2", "service")


def _own_template(context: Context, name: str) -> str:
    """Return the repository's own template of a name, or nothing."""
    paths = [context.package_path(f"//{_TEMPLATES}/Dockerfile.{name}{ending}") for ending in ("", ".j2")]
    found = [path for path in paths if context.has_file(path)]
    if len(found) > 1:
        what = f"there are two templates `{name}`: `{found[0]}` and `{found[1]}`"
        context.fail(what, field="$.template", fix="keep one of them")
    return "".join(found)


def _variables(context: Context, container: Container) -> dict[str, Any]:
    """Return what every template may use; docs/containers.md lists it."""
    fields = context.target.fields
    if fields["health_path"] and not fields.get("port"):
        context.fail("`health_path` needs a `port`", field="$.health_path", fix="write port = 8080")
    _check_values(context)
    return {
        "id": container.id,
        "type": context.target.rule,
        "label": str(context.target.label),
        "module": container.relative(container.module) if container.module != container.context else ".",
        "context": container.context or ".",
        "image": container.image,
        "port": fields.get("port", 0),
        "copies": container.copies(),
        "manifests": [],
        "init": [],
        **{name: fields[name] for name in ("base", "version", "health_path")},
        **{name: fields[name] for name in ("entrypoint", "command", "platforms")},
        **{name: dict(fields[name]) for name in ("env", "labels", "build_args")},
    }


def _check_values(context: Context) -> None:
    for field in ("env", "labels", "build_args"):
        for name, value in context.target.fields[field].items():
            if _CONTROL.search(value):
                what = f"`{field}.{name}` has a line break or another control character"
                context.fail(what, field=f"$.{field}.{name}", fix="take it out: a Dockerfile cannot hold one")


def _language_variables(context: Context, container: Container, template: str, module: Module) -> dict[str, Any]:
    """Return what the built-in templates use: what the fields give, and else what the module's files say."""
    fields = context.target.fields
    found = facts(template, module)
    version = fields["version"] or found.version
    command = fields["command"] or ([] if fields["entrypoint"] else found.command)
    if not command and not fields["entrypoint"]:
        command = found.assumed
        _warn_of(context, container, command)
    return {
        "base": fields["base"] or found.base.format(version),
        "builder": f"golang:{version}",
        "version": version,
        "command": command,
        "init": list(found.init),
        "manifests": container.module_copies(found.manifests),
        **found.variables,
    }


def _warn_of(context: Context, container: Container, command: Sequence[str]) -> None:
    words = ", ".join(f'"{word}"' for word in command)
    what = f"no source tells how `{container.id}` is started: `{' '.join(command)}` is assumed"
    context.warn(what, fix=f"write command = [{words}]")


def _provide(context: Context, container: Container, dockerfile: str) -> None:
    fields = context.target.fields
    value = {
        "id": container.id,
        "type": context.target.rule,
        "module": container.module or ".",
        "dockerfile": dockerfile,
        "context": container.context or ".",
        "image": container.image,
    }
    optional = {
        "port": fields.get("port"),
        "healthPath": fields["health_path"],
        "platforms": list(fields["platforms"]),
    }
    context.provide("container", value | {key: item for key, item in optional.items() if item})

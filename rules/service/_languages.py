"""What a module's files say about how it is built and started, for each language that has a template."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from itertools import accumulate
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging_targets import Context

_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)\s*")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_BEFORE_PATH = re.compile(r"^(?:-[rcef]|file:)(?=[^-])")
_GO_VERSION = re.compile(r"^(?:toolchain\s+go|go\s+)(\d+(?:\.\d+)*)", re.MULTILINE)
_GO_REPLACED = re.compile(r"=>\s+(\./\S+)")
_NODE_STARTS = ("server", "index", "main", "app", "src/server", "src/index", "src/main")
_TINI = ("/sbin/tini", "--")


@dataclass(frozen=True, slots=True)
class Module:
    """A folder of the repository, through the sources that the target declares in it."""

    context: Context
    folder: str
    files: frozenset[str]

    @classmethod
    def of(cls, context: Context, folder: str, sources: Iterable[str]) -> Module:
        """Return the module in `folder`, whose `files` are named relative to it."""
        prefix = f"{folder}/" if folder else ""
        files = frozenset(path.removeprefix(prefix) for path in sources if path.startswith(prefix))
        return cls(context, folder, files)

    def path(self, name: str) -> str:
        """Return the workspace path of a file of the module."""
        return f"{self.folder}/{name}" if self.folder else name

    def text(self, name: str) -> str:
        """Return a file's text, which has to be UTF-8, or nothing where there is no such file."""
        if name not in self.files:
            return ""
        try:
            return self.context.read(self.path(name)).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            what = f"`{name}` is not UTF-8 at byte {error.start}"
            self.context.fail(what, where=self.path(name), fix="save it as UTF-8")

    def at(self, path: str) -> list[str]:
        """Return the files of the module at a path, or below it, sorted."""
        near = normpath(path)
        return sorted(name for name in self.files if name == near or name.startswith(f"{near}/"))

    def first(self, names: Iterable[str]) -> str:
        """Return the first of `names` that is a file of the module, or nothing."""
        return next((name for name in names if name in self.files), "")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the files of a module say.

    `base` is the image that the program runs in, with `{}` for the version of the runtime. `command` starts it, and is
    empty where no file tells; `assumed` then does. `manifests` are the files that dependencies are installed from, or
    `.` for all of the module; `variables` are the template's own, and `init` is what goes before the entry point.
    """

    base: str
    version: str
    command: list[str]
    assumed: list[str]
    variables: dict[str, Any]
    manifests: list[str] = field(default_factory=list)
    init: tuple[str, ...] = _TINI


def detect(module: Module) -> str:
    """Return the template that fits the module's files, or nothing."""
    if "go.mod" in module.files:
        return "go"
    if "package.json" in module.files:
        return "node"
    marks = ("pyproject.toml", "requirements.txt")
    found = module.first(marks) or any(name.endswith(".py") for name in module.files)
    return "python" if found else ""


def facts(template: str, module: Module) -> Facts:
    """Return what the built-in template `template` needs."""
    return LANGUAGES[template](module)


def _python(module: Module) -> Facts:
    pyproject = _toml(module, "pyproject.toml")
    project = pyproject.get("project", {})
    install, manifests = "", []
    if "requirements.txt" in module.files:
        install = "requirements"
        manifests = _named(module, "requirements.txt")
    elif project.get("dependencies"):
        install, manifests = "project", ["pyproject.toml"]
    lock = module.first(("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"))
    if lock and install != "requirements":
        what = f"`{module.path(lock)}` is not what pip installs from, so that the image installs without a lock"
        module.context.warn(what, fix="export it to requirements.txt, or name a template of your own")
    package = "build-system" in pyproject
    scripts = sorted(project.get("scripts", {})) if package else []
    return Facts(
        "python:{}-slim",
        _version(module, (".python-version",), "3.13"),
        scripts if len(scripts) == 1 else _python_start(module),
        ["python", "main.py"],
        {"install": install, "package": package},
        manifests,
    )


def _named(module: Module, requirements: str) -> list[str]:
    """Return a file of requirements with all of the module that it names, such as other ones and wheels."""
    folders = {folder for name in module.files for folder in accumulate(name.split("/")[:-1], "{}/{}".format)}
    found: set[str] = set()
    todo = [requirements]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for word in _words(module.text(name)) if name.endswith(".txt") else ():
            # pip looks for some beside the file, and for others in the working folder
            paths = {normpath(join(folder, word)) for folder in ("", dirname(name))}
            if "." in paths:
                return ["."]
            todo += [path for path in paths if path in module.files]
            todo += [path for near in paths & folders for path in module.files if path.startswith(f"{near}/")]
    return sorted(found)


def _words(requirements: str) -> list[str]:
    """Return what may be a path in the text of a requirements file."""
    lines = (_COMMENT.sub("", line) for line in requirements.splitlines())
    words = (word for line in lines for word in re.split(r"[\s=]+", line) if word)
    return [_BEFORE_PATH.sub("", word).partition("[")[0] for word in words]


def _python_start(module: Module) -> list[str]:
    if script := module.first(("main.py", "app.py", "server.py")):
        return ["python", script]
    if "__main__.py" in module.files:
        return ["python", "."]
    packages = [re.fullmatch(r"(?:src/)?(\w+)/__main__\.py", name) for name in sorted(module.files)]
    names = [match[1] for match in packages if match]
    return ["python", "-m", names[0]] if len(names) == 1 else []


def _node(module: Module) -> Facts:
    package = _json(module, "package.json")
    lock = module.first(("npm-shrinkwrap.json", "package-lock.json"))
    foreign = module.first(("pnpm-lock.yaml", "yarn.lock", "bun.lock"))
    if foreign and not lock:
        what = f"`{module.path(foreign)}` is not npm's lock file, so that the image installs without a lock"
        module.context.warn(what, fix="commit a package-lock.json, or name a template of your own")
    manifests = [name for name in ("package.json", lock, ".npmrc") if name in module.files]
    manifests = [*manifests, *_local_packages(module, package)] if "package.json" in manifests else []
    build = "build" in package.get("scripts", {})
    main = package.get("main")
    start = main if isinstance(main, str) and (build or main.removeprefix("./") in module.files) else ""
    endings = (".js", ".mjs", ".cjs")
    start = start or module.first(f"{name}{ending}" for name in _NODE_STARTS for ending in endings)
    return Facts(
        "node:{}-slim",
        _version(module, (".node-version", ".nvmrc"), "24"),
        ["node", start] if start else [],
        ["node", "dist/index.js" if build else "index.js"],
        {"install": ("ci" if lock else "install") if manifests else "", "build": build},
        manifests,
    )


def _local_packages(module: Module, package: dict[str, Any]) -> list[str]:
    """Return the files of the packages that `package.json` names by their paths."""
    tables = [package.get(name) for name in ("dependencies", "devDependencies", "optionalDependencies")]
    values = [value for table in tables if isinstance(table, dict) for value in table.values()]
    paths = [value.removeprefix("file:") for value in values if isinstance(value, str) and value.startswith("file:")]
    return sorted({name for path in paths for name in module.at(path)})


def _go(module: Module) -> Facts:
    found = _GO_VERSION.findall(module.text("go.mod"))
    version = max(found, key=lambda text: [int(part) for part in text.split(".")], default="1.26")
    at_root = any("/" not in name and name.endswith(".go") for name in module.files)
    programs = {name.rpartition("/")[0] for name in module.files if re.fullmatch(r"cmd/[\w.-]+/\w+\.go", name)}
    vendored = "vendor/modules.txt" in module.files
    local = [normpath(join(path, "go.mod")) for path in _GO_REPLACED.findall(module.text("go.mod"))]
    return Facts(
        "gcr.io/distroless/static-debian13:nonroot",
        version,
        ["/usr/local/bin/app"],
        [],
        {"package": "." if at_root or len(programs) != 1 else f"./{programs.pop()}"},
        [] if vendored else [name for name in ("go.mod", "go.sum", *local) if name in module.files],
        init=(),
    )


LANGUAGES = {"go": _go, "node": _node, "python": _python}
"""What reads the files of a module, by the name of the built-in template `<name>.Dockerfile.j2`."""


def _version(module: Module, names: tuple[str, ...], default: str) -> str:
    match = _VERSION.match(module.text(module.first(names)))
    return match[1] if match else default


def _toml(module: Module, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(module.text(name))
    except tomllib.TOMLDecodeError as error:
        module.context.fail(f"`{name}` is not TOML: {error}", where=module.path(name), fix="correct the file")


def _json(module: Module, name: str) -> dict[str, Any]:
    try:
        value = json.loads(module.text(name) or "{}")
    except json.JSONDecodeError as error:
        place = f"{module.path(name)}:{error.lineno}"
        module.context.fail(f"`{name}` is not JSON: {error.msg}", where=place, fix="correct the file")
    if not isinstance(value, dict):
        module.context.fail(f"`{name}` is not a JSON object", where=module.path(name), fix="correct the file")
    return value

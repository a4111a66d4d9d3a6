"""Action kinds: what each does, looked up by name and imported when first run.

A kind is a function `run(action, step)`. Its name carries a version, raised whenever the same inputs would give
other bytes, and it may name distributions whose versions decide its bytes: both are part of every action key.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from packaging_targets.errors import RequestError, near_miss

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from packaging_targets.model.action import Action, Step


@dataclass(frozen=True, slots=True)
class Kind:
    """An action kind.

    `module` holds `run`; `tools` are distributions whose versions decide the bytes. `guarded` kinds look at what
    stands at their outputs first and may refuse (`check(action, step)` in the same module), and tell whether all of it
    is theirs (`is_disposable(data)`) before it is removed; `cached` False means
    that a result depends on more than its key says, so that it is never restored from the cache. `programs` kinds
    call programs of the system (`tool_paths(action)` in the same module), whose files count; `uncounted` names
    parameters that do not change what is made.
    """

    module: str
    tools: tuple[str, ...] = ()
    guarded: bool = False
    cached: bool = True
    programs: bool = False
    uncounted: frozenset[str] = frozenset()

    def program_paths(self, action: Action) -> dict[str, str]:
        """Return the file of each program that the action calls, by the name it is called by."""
        if not self.programs:
            return {}
        paths = cast("Callable[[Action], tuple[str, ...]]", vars(self._module())["tool_paths"])(action)
        # Not by `zip`: in this package that names a kind's module, once that is imported.
        return {tool: paths[place] for place, tool in enumerate(action.params["tools"])}

    def run(self, action: Action, step: Step) -> None:
        """Do the action."""
        self._function("run")(action, step)

    def check(self, action: Action, step: Step) -> None:
        """Raise PackagingError where an output must not be replaced."""
        if self.guarded:
            self._function("check")(action, step)

    def is_disposable(self, data: bytes) -> bool:
        """Tell whether an output with these bytes holds nothing that a person wrote, as far as its kind can tell."""
        return not self.guarded or bool(vars(self._module())["is_disposable"](data))

    def _function(self, name: str) -> Callable[[Action, Step], None]:
        return cast("Callable[[Action, Step], None]", getattr(self._module(), name))

    def _module(self) -> ModuleType:
        return import_module(f"{__name__}.{self.module}")


KINDS = {
    "assets_pa/1": Kind("assets"),
    "command/1": Kind("command", programs=True, uncounted=frozenset({"timeout"})),
    "dockerfile/1": Kind("dockerfile", tools=("jinja2",), guarded=True),
    "glyph/1": Kind("glyph", tools=("pillow",)),
    "registry_index/1": Kind("registry_index", guarded=True, cached=False),
    "sounds/1": Kind("sounds"),
    "tar/1": Kind("tar"),
    "tar.gz/1": Kind("tar", tools=("deflate",)),
    "tar.zst/1": Kind("tar", tools=("zstandard",)),
    "write/1": Kind("write"),
    "zip/1": Kind("zip", tools=("deflate",)),
}


def kind_of(name: str) -> Kind:
    """Return an action kind; raises RequestError for one that does not exist."""
    if name not in KINDS:
        listing = f"(kinds: {', '.join(sorted(KINDS))})"
        hint = near_miss(name, KINDS)
        raise RequestError.one(f"there is no action kind `{name}`", "", f"{hint}  {listing}" if hint else listing)
    return KINDS[name]

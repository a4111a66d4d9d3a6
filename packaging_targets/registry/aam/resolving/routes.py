"""Which registry a name is looked up in.

A scope that the configuration gives to a registry is looked up there alone, so that nobody else can offer a package of
it. All other names are looked up in the default registry; where there is none, in all sources, and a name that two of
them offer is refused: who would choose silently could be made to install a stranger's package. What a lock has from
one of these stays there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from packaging_targets.errors import Problem, RegistryError, near_miss
from packaging_targets.formats.aam.metadata import PackageMetadata
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.protocol import Registry


@dataclass(frozen=True, slots=True)
class Offer:
    """What a registry knows of a package."""

    registry: Registry
    metadata: PackageMetadata


@dataclass(slots=True)
class Routes:
    """Where names lead: `everything` serves all where there is one; `scopes` serve what is theirs, `default` all else.

    All of them are URLs, which `opened` makes registries of when they are needed. `sources` are asked where there is no
    default, and `unconfigured` raises RequestError: it is called where there is nobody to ask.
    """

    opened: Callable[[str], Registry]
    everything: str = ""
    scopes: Mapping[str, str] = field(default_factory=dict)
    default: str = ""
    sources: Sequence[str] = ()
    unconfigured: Callable[[], object] = lambda: None
    _registries: dict[str, Registry] = field(default_factory=dict)
    _known: dict[tuple[str, str], Offer | None] = field(default_factory=dict)

    def registry(self, url: str) -> Registry:
        """Return the registry at a URL."""
        if (known := self._registries.get(url)) is None:
            known = self._registries[url] = self.opened(url)
        return known

    @property
    def known(self) -> Sequence[str]:
        """The URLs of all registries, each once: the default first."""
        every = [self.everything] if self.everything else [self.default, *self.sources, *self.scopes.values()]
        return [url for url in dict.fromkeys(every) if url]

    def registries_for(self, name: PackageName, locked: str = "") -> Sequence[Registry]:
        """Return the registries in which a name is looked up; `locked` is the URL that a lock has for it."""
        urls = self._urls_for(name, locked)
        if not urls:
            self.unconfigured()
        return [self.registry(url) for url in urls]

    def _urls_for(self, name: PackageName, locked: str) -> Sequence[str]:
        if self.everything:
            return [self.everything]
        if name.scope in self.scopes:
            return [self.scopes[name.scope]]
        if locked and (locked in (self.default, *self.sources) or not self.known):
            return [locked]
        return [self.default] if self.default else self.sources

    def stray(self, name: PackageName, locked: str) -> Problem | None:
        """Return what is wrong where a lock has a package from elsewhere than its scope belongs to, or None."""
        home = self.scopes.get(name.scope, locked)
        if self.everything or home == locked:
            return None
        what = f"`{name}` is locked from `{locked}`, but its scope belongs to `{home}`"
        return Problem("package.agent.lock", what, f"aam update {name}, or name the registry: --registry {locked}")

    def offer(self, text: str, locked: str = "") -> Offer | None:
        """Return what is offered under a name, or None where nobody does; `locked` is the URL that a lock has for it.

        Raises RegistryError where two registries offer it, and none of them is the lock's.
        """
        if (text, locked) not in self._known:
            self._known[text, locked] = self._looked_up(PackageName.parse(text), locked)
        return self._known[text, locked]

    def _looked_up(self, name: PackageName, locked: str) -> Offer | None:
        asked = ((registry, registry.metadata(name)) for registry in self.registries_for(name, locked))
        found = [Offer(registry, metadata) for registry, metadata in asked if metadata is not None]
        if len(found) > 1:
            urls = " and ".join(f"`{one.registry.url}`" for one in found)
            one = f"or name one: --registry {found[0].registry.url}"
            fix = f"let one be registries.default, give its scope to one under registries.scopes, {one}"
            raise RegistryError.one(f"`{name}` is offered by {urls}, and nothing says which is meant", "", fix)
        return found[0] if found else None

    def near(self, text: str) -> str:
        """Return who else has a name that nobody offers, or `did you mean …?`, or an empty text."""
        name = PackageName.parse(text)
        try:
            names = [str(one.name) for registry in self.registries_for(name) for one in registry.summaries()]
        except RegistryError:
            return ""
        bare = text.rpartition("/")[2]
        scoped = (f"did you mean `{one}`?" for one in names if one.endswith(f"/{bare}"))
        return self._elsewhere(name) or near_miss(text, names) or next(scoped, "")

    def _elsewhere(self, name: PackageName) -> str:
        for url in self.sources:
            with suppress(RegistryError):  # a source that cannot be reached has nothing to say here
                if self.registry(url).metadata(name) is not None:
                    return f"--registry {url} has it; registries.scopes lets its scope lead there"
        return ""

    def asked(self, text: str) -> str:
        """Return the registries in which a name was looked up, for people."""
        urls = [f"`{one.url}`" for one in self.registries_for(PackageName.parse(text))]
        return " or ".join(urls) or "any registry: none is configured"

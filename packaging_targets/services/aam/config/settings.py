"""What the configuration says, as values: registries by name and by scope, and the platforms that are wanted.

A value that is `${VAR}` as a whole stands for what the environment has, which is looked up when it is needed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging_targets.errors import Problem, RequestError, near_miss, without_secret

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:")
SCHEMES = ("file://", "https://", "http://")


@dataclass(frozen=True, slots=True)
class Setting:
    """A text of a configuration file, as it is written; `where` is its file and line, `folder` what paths are from."""

    text: str
    where: str
    folder: str

    @property
    def is_variable(self) -> bool:
        """Whether the environment has the text."""
        return _VARIABLE.fullmatch(self.text) is not None

    def value(self) -> str:
        """Return the text, or what the environment has for it; raises RequestError where that has nothing."""
        match = _VARIABLE.fullmatch(self.text)
        if match is None:
            return self.text
        if value := os.environ.get(match[1]):
            return value
        raise RequestError.one(f"the variable `{match[1]}` is not set", self.where, f"set {match[1]}")


@dataclass(frozen=True, slots=True)
class Source:
    """A registry: its URL and, of those that the configuration names, the name, `auth` and the token."""

    url: str
    name: str = ""
    auth: str = "none"
    token: Setting | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """A registry as the configuration declares it; `is_users` says that the user does, not only a project."""

    name: str
    url: Setting
    auth: str = "none"
    token: Setting | None = None
    is_users: bool = False


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """Who signs some packages, of which the names are a pattern; whoever else has signed is refused if `required`."""

    packages: str
    identity: str
    issuer: str
    required: bool
    where: str


@dataclass(frozen=True, slots=True)
class SignatureRules:
    """What one file demands, in its order, and the path of the trust root that tells whether it is so."""

    trust_root: Setting | None = None
    policies: tuple[SignaturePolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration: what a project's says goes before what the user's says.

    `sources` are by name; `scopes` lead from `@scope` to a URL, or the name of a source. `signatures` are what each
    file demands, the user's first. `warnings` are what was not understood.
    """

    default: Setting | None = None
    sources: Mapping[str, Declared] = field(default_factory=dict)
    scopes: Mapping[str, Setting] = field(default_factory=dict)
    active_platforms: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    signatures: tuple[SignatureRules, ...] = ()

    def registry(self, text: str = "", folder: str = ".", where: str = "--registry") -> Source:
        """Return the registry that `text` names: a URL, a path from `folder`, or a source; the default where empty.

        Raises RequestError where there is no such registry.
        """
        if text:
            return self._found(Setting(text, where, folder))
        if self.default is None:
            fix = "name one with --registry, or run: aam config set registries.default file:///opt/aam-registry"
            if self.sources:
                what = "no registry is the default one, and none was named"
                fix = f"name one with --registry, such as {next(iter(self.sources))}, or set registries.default to it"
                raise RequestError.one(what, "config.yaml", fix)
            raise RequestError.one("no registry is configured", "config.yaml", fix)
        return self._found(self.default)

    def for_scope(self, scope: str) -> Source | None:
        """Return the registry that a scope belongs to (without its `@`), or None where it belongs to none."""
        setting = self.scopes.get(f"@{scope}") if scope else None
        return self._found(setting) if setting else None

    def unscoped(self) -> tuple[Source, ...]:
        """Return the sources that no scope belongs to, in the order in which they are declared."""
        own = {self._found(setting).url for setting in self.scopes.values()}
        found = [self._found(declared.url, declared) for declared in self.sources.values()]
        return tuple(one for one in found if one.url not in own)

    def _found(self, setting: Setting, declared: Declared | None = None) -> Source:
        text = setting.value()
        if declared is None and (declared := self.sources.get(text)):
            text, setting = declared.url.value(), declared.url
        url = url_of(text, setting.folder)
        if not url:
            what = f"`{without_secret(text)}` is no registry: neither a URL, nor a path, nor the name of a source"
            named = f"sources: {', '.join(sorted(self.sources))}" if self.sources else "no sources are configured"
            hint = near_miss(text, self.sources) or "write file:///opt/aam-registry, for example"
            raise RequestError.one(what, setting.where, f"{hint}  ({named})")
        if declared is None:
            return Source(url)
        return Source(url, declared.name, declared.auth, declared.token)


def url_of(text: str, folder: str) -> str:
    """Return the URL that a text means, where it is a URL or a path, which `folder` is where it starts from.

    Otherwise the text is the name of a source, and the result is empty.
    """
    if text.startswith(("/", "./", "../")) or text in {".", ".."}:
        from packaging_targets.registry.aam.opening import open_folder

        return open_folder(os.path.abspath(os.path.join(folder, text))).url
    if text.lower().startswith(("http://", "https://")):
        from packaging_targets.registry.aam.opening import server_url

        return server_url(text)
    if text.lower().startswith(SCHEMES):
        return text.rstrip("/") if len(text) > len("file:///") else text
    if _SCHEME.match(text):
        schemes = ", ".join(SCHEMES)
        raise RequestError.one(f"`{text}` is no URL of a registry", "", f"URLs of registries start with {schemes}")
    return ""

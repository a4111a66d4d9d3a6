"""Reads `~/.aam/config.yaml` and the project's `.aam/config.yaml`: all that is wrong with them, with file and line."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.errors import Problem, RequestError, near_miss, raise_all, reason
from packaging_targets.formats.aam.artifacts.yaml_text import read_yaml
from packaging_targets.formats.aam.bundle.values import ALIASES, TARGETS
from packaging_targets.formats.aam.names import name_faults
from packaging_targets.services.aam.config.outline import Key, Outline
from packaging_targets.services.aam.config.settings import Config, Declared, Setting, SignaturePolicy, url_of
from packaging_targets.services.aam.config.signatures import SECTION, read_signatures, with_roots
from packaging_targets.store.aam.places import PROJECT_CONFIG, user_config

AUTHS = ("none", "token", "oidc", "basic")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TOP = ("active_platforms", "registries", SECTION)
_REGISTRIES = ("default", "scopes", "sources")
_SOURCE = ("auth", "name", "token", "url")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_config(project: str = ".") -> Config:
    """Return the configuration of a project's folder, over that of the user; raises RequestError with all problems."""
    files = config_files(project)
    found = [file.read() for file in files]
    signatures = tuple(with_roots([rules for one in found for rules in one.signatures], files[-1].rootless))
    raise_all(problem for file in files for problem in file.problems)
    warnings = tuple(problem for file in files for problem in file.warnings)
    theirs, ours = found[0], found[-1]
    sources = {**theirs.sources, **{name: _with_token(one, theirs) for name, one in ours.sources.items()}}
    return Config(
        ours.default or theirs.default,
        sources,
        {**theirs.scopes, **ours.scopes},
        ours.active_platforms or theirs.active_platforms,
        warnings,
        signatures,
    )


def config_files(project: str) -> list[ConfigFile]:
    """Return the user's file and the project's, which is the user's where the project is their home."""
    user = user_config()
    own = os.path.normpath(os.path.join(project, PROJECT_CONFIG))
    files = [ConfigFile(user, os.path.dirname(user), private=True)]
    if os.path.realpath(own) != os.path.realpath(user):
        files.append(ConfigFile(own, project, private=False))
    return files


def _with_token(source: Declared, user: Config) -> Declared:
    """Give a project's source the user's token where both mean the same address: nobody else gets a token."""
    known = user.sources.get(source.name)
    if known is None or known.url.text != source.url.text:
        return source
    auth = source.auth if source.auth != "none" else known.auth
    return Declared(source.name, source.url, auth, known.token, is_users=True)


@dataclass(slots=True)
class ConfigFile:
    """One file; it may not be there. A `private` one is the user's, where tokens may stand."""

    path: str
    folder: str
    private: bool
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    outline: Outline | None = None

    def read(self) -> Config:
        """Return what the file says, nothing where it is not there; `problems` has what is wrong with it."""
        try:
            with open(self.path, "rb") as file:
                return self.parsed(file.read(), os.fstat(file.fileno()).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return Config()
        except OSError as error:
            what = f"`{self.path}` cannot be read: {reason(error)}"
            self.problems.append(Problem(self.path, what))
            return Config()

    def parsed(self, data: bytes, mode: int) -> Config:
        """Return what `data` says, as if the file held it with that mode."""
        try:
            value = read_yaml(data, self.path)
        except RequestError as error:
            self.problems += error.problems
            return Config()
        if value is None:
            return Config()
        self.outline = Outline(data.decode().removeprefix("\ufeff"))
        config = self._config(value)
        for number, one in enumerate(config.sources.values()):
            self._check_token(("registries", "sources", number, "token"), one, mode)
        return config

    def _config(self, value: Any) -> Config:
        top = self.mapping((), value, _TOP)
        registries = self.mapping(("registries",), top.get("registries"), _REGISTRIES)
        default = registries.get("default")
        return Config(
            self._registry(("registries", "default"), default) if default is not None else None,
            self._sources(registries.get("sources")),
            self._scopes(registries.get("scopes")),
            self._platforms(top.get("active_platforms")),
            signatures=(read_signatures(self, top[SECTION]),) if SECTION in top else (),
        )

    def _sources(self, value: Any) -> Mapping[str, Declared]:
        path: tuple[Key, ...] = ("registries", "sources")
        found: dict[str, Declared] = {}
        if value is not None and not isinstance(value, list):
            self.refuse(path, "`sources` must be a list", "write `- name: …` and `url: …` for each")
            return found
        for number, item in enumerate(value or ()):
            if (one := self._source((*path, number), item)) is None:
                continue
            if one.name in found:
                self.refuse((*path, number, "name"), f"there are two sources called `{one.name}`", "rename one")
            found[one.name] = one
        return found

    def _source(self, path: Sequence[Key], value: Any) -> Declared | None:
        item = self.mapping(path, value, _SOURCE)
        missing = [key for key in ("name", "url") if not isinstance(item.get(key), str) or not item[key]]
        for key in missing:
            self.refuse((*path, key), f"a source needs a `{key}`, which is a text", f"write `{key}: …`")
        if (auth := item.get("auth", "none")) not in AUTHS:
            fix = near_miss(str(auth), AUTHS) or f"write one of {', '.join(AUTHS)}"
            self.refuse((*path, "auth"), f"`auth` cannot be `{auth}`", fix)
        token = item.get("token")
        if token is not None and not (isinstance(token, str) and token):
            self.refuse((*path, "token"), "`token` must be a text", 'write token: "${MY_TOKEN}"')
        if missing:
            return None
        if not _NAME.fullmatch(item["name"]):
            what = f"`{item['name']}` cannot be the name of a source: use letters, digits, `-` and `_`"
            self.refuse((*path, "name"), what)
        url = self._registry((*path, "url"), item["url"]) or self.setting((*path, "url"), item["url"])
        given = self.setting((*path, "token"), token) if isinstance(token, str) and token else None
        return Declared(item["name"], url, str(auth), given, self.private)

    def _scopes(self, value: Any) -> Mapping[str, Setting]:
        path: tuple[Key, ...] = ("registries", "scopes")
        found = {}
        for scope, registry in self.mapping(path, value).items():
            if not scope.startswith("@") or any(name_faults(f"{scope}/x")):
                self.refuse((*path, scope), f"`{scope}` is no scope", 'write it as "@myorg"')
            elif (setting := self._registry((*path, scope), registry)) is not None:
                found[scope] = setting
        return found

    def _platforms(self, value: Any) -> tuple[str, ...]:
        path = ("active_platforms",)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.refuse(path, "`active_platforms` must be a list of texts", f"write [{', '.join(TARGETS)}], or fewer")
            return ()
        names: list[str] = [str(ALIASES.get(one, one)) for one in value]
        for one in names:
            if one not in TARGETS:
                fix = near_miss(one, TARGETS) or f"platforms: {', '.join(TARGETS)}"
                self.refuse(path, f"there is no platform `{one}`", fix)
        return tuple(dict.fromkeys(names))

    def _registry(self, path: Sequence[Key], value: Any) -> Setting | None:
        """Return a URL, a path, the name of a source, or a variable."""
        setting = self.setting(path, value) if isinstance(value, str) and value else None
        if setting is None:
            self.refuse(
                path, f"`{path[-1]}` must be the URL of a registry", "write file:///opt/aam-registry, for example"
            )
            return None
        try:
            url_of(setting.text, self.folder)
        except RequestError as error:
            self.refuse(path, error.problems[0].what, error.problems[0].fix)
        return setting

    def _check_token(self, path: Sequence[Key], one: Declared, mode: int) -> None:
        if one.token is None:
            return
        if not self.private:
            what = f"the token of `{one.name}` stands in a project's configuration, where others read it"
            self.refuse(path, what, f"move the source to `{user_config()}`")
        elif mode & _OTHERS and not one.token.is_variable:
            what = f"the token of `{one.name}` can be read by others: the mode of the file is {stat.S_IMODE(mode):04o}"
            self.refuse(path, what, f"chmod 600 {self.path}")

    def rootless(self, policy: SignaturePolicy) -> None:
        """Tell that nothing says what is believed of a policy."""
        fix = "write `trust_root: PATH` below `signatures`"
        self.problems.append(Problem(policy.where, "the policies of `signatures` need a `trust_root`", fix))

    def mapping(self, path: Sequence[Key], value: Any, known: Sequence[str] = ()) -> Mapping[str, Any]:
        """Return a mapping whose keys are texts; keys that are not known, where some are, are warnings."""
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            self.refuse(
                path, f"`{path[-1] if path else 'the configuration'}` must be a mapping", "write `key: value` lines"
            )
            return {}
        for key in value if known else ():
            if key not in known:
                fix = near_miss(key, known) or f"known: {', '.join(known)}"
                self.warnings.append(
                    Problem(self._where((*path, key)), f"`{key}` is not known, and has no effect", fix)
                )
        return value

    def setting(self, path: Sequence[Key], text: str) -> Setting:
        """Return a text, and where it stands."""
        return Setting(text, self._where(path), self.folder)

    def _where(self, path: Sequence[Key]) -> str:
        return f"{self.path}:{self.outline.line_of(path) if self.outline else 1}"

    def refuse(self, path: Sequence[Key], what: str, fix: str = "") -> None:
        """Tell that something is wrong with what stands at a path."""
        self.problems.append(Problem(self._where(path), what, fix))

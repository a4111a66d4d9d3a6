"""`aam config`: what is set, and setting one value of a file without touching anything else in it.

Keys are `registries.default`, `registries.scopes.@myorg`, `registries.sources.NAME.url` (or `auth`, `token`),
`active_platforms`, whose value is a list with commas, and `signatures.trust_root`. Policies of signatures are told, and
written by hand: a part of one would demand something else.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from typing import Any

from packaging_targets.errors import BuildError, RequestError, near_miss, raise_all, reason
from packaging_targets.formats.aam.artifacts.yaml_text import read_yaml
from packaging_targets.services.aam.config.outline import Key, Outline, UnspliceableError
from packaging_targets.services.aam.config.reading import ConfigFile, config_files, read_config
from packaging_targets.services.aam.config.settings import Config, Setting, url_of
from packaging_targets.store.aam.places import user_config
from packaging_targets.store.change import replacing

_PLATFORMS = "active_platforms"
_DEFAULT = "registries.default"
_SCOPES = "registries.scopes."
_SOURCES = "registries.sources."
_ROOT = "signatures.trust_root"
_POLICIES = "signatures.policies"
_OF_SOURCE = ("url", "auth", "token")
_KEYS = (_PLATFORMS, _DEFAULT, f"{_SCOPES}@SCOPE", *(f"{_SOURCES}NAME.{last}" for last in _OF_SOURCE), _ROOT)
_MEANT = {"registry": _DEFAULT}  # what npm's users type
_WRITE = "write https://packages.example.org, or a path that starts with `/`, `./` or `../`"
_PRIVATE, _SHARED = 0o600, 0o644


def settings(config: Config) -> Mapping[str, str]:
    """Return what is set, as text by key; tokens are not told, only which variable has them."""
    return dict(sorted(_told(config)))


def _told(config: Config) -> Iterator[tuple[str, str]]:
    if config.active_platforms:
        yield _PLATFORMS, ",".join(config.active_platforms)
    if config.default:
        yield _DEFAULT, config.default.text
    for scope, setting in config.scopes.items():
        yield f"{_SCOPES}{scope}", setting.text
    for name, source in config.sources.items():
        yield f"{_SOURCES}{name}.url", source.url.text
        yield f"{_SOURCES}{name}.auth", source.auth
        if source.token:
            yield f"{_SOURCES}{name}.token", _shown(source.token)
    if roots := dict.fromkeys(rules.trust_root.text for rules in config.signatures if rules.trust_root):
        yield _ROOT, ",".join(roots)
    policies: dict[str, list[str]] = {}
    for one in (policy for rules in config.signatures for policy in rules.policies):
        said = f"{one.identity} by {one.issuer}{'' if one.required else ', if signed'}"
        policies.setdefault(one.packages, []).append(said)
    for packages, signers in policies.items():
        yield f"{_POLICIES}.{packages}", "; ".join(signers)


def _shown(token: Setting) -> str:
    return token.text if token.is_variable else "(set)"


def get(config: Config, key: str) -> str:
    """Return the value of a key, or nothing where it is not set; raises RequestError for a key that there cannot be."""
    if not key.startswith(_POLICIES):
        _path_of(key)
    return settings(config).get(key, "")


def set_value(key: str, text: str, project: str, *, for_project: bool) -> str:
    """Set a key in the user's file, or in that of the project; return the file's path.

    Raises RequestError where the value is wrong, or the file cannot be changed without touching more; nothing has
    changed then.
    """
    value: Any = [one.strip() for one in text.split(",") if one.strip()] if key == _PLATFORMS else text
    is_path = text in {".", ".."} or text.startswith(("./", "../"))
    _path_of(key)
    if _is_registry(key):
        _demand_registry(key, text, project)
    if is_path and not for_project and (_is_registry(key) or key == _ROOT):
        value = os.path.abspath(text)  # the user's file is far from where it was typed
    return _change(key, value, project, for_project=for_project)


def _is_registry(key: str) -> bool:
    return key == _DEFAULT or key.startswith(_SCOPES) or (key.startswith(_SOURCES) and key.endswith(".url"))


def _demand_registry(key: str, text: str, project: str) -> None:
    """Refuse what is neither a URL, nor a path, nor the name of a source; what is wrong with a URL is told later."""
    try:
        is_name = not Setting(text, "", project).is_variable and not url_of(text, project)
    except RequestError:
        return
    if is_name and key.startswith(_SOURCES):
        raise RequestError.one(f"`{text[:200]}` is neither the URL of a registry nor a path", "", _WRITE)
    sources = read_config(project).sources if is_name else {text: None}
    if text not in sources:
        what = f"`{text[:200]}` is neither the URL of a registry, nor a path, nor the name of a source"
        raise RequestError.one(what, "", near_miss(text, sources) or _WRITE)


def unset(key: str, project: str, *, for_project: bool) -> str:
    """Take a key out of a file; return the file's path. Raises RequestError as `set_value` does."""
    return _change(key, None, project, for_project=for_project)


def _change(key: str, value: Any, project: str, *, for_project: bool) -> str:
    names = _path_of(key, whole=value is None)
    file = config_files(project)[-1 if for_project else 0]
    data, mode = _read(file)
    file.parsed(data, mode)
    raise_all(file.problems)
    old = read_yaml(data, file.path)
    path, value = _located(old, names, value)
    if value is None and not _has(old, path):
        raise RequestError.one(f"`{key}` is not set in `{file.path}`", file.path, "see: aam config list")
    wanted = _changed(old, path, value)
    if wanted == old:
        return file.path
    new = _spliced(file, data, path, value, wanted)
    file.parsed(new, mode)
    raise_all(file.problems)
    _write(file.path, new, mode)
    return file.path


def _path_of(key: str, *, whole: bool = False) -> tuple[str, ...]:
    """Return the members that lead to a key; the third of a source's is its name, and the last if it is meant whole."""
    if key in {_PLATFORMS, _DEFAULT, _ROOT}:
        return tuple(key.split("."))
    if key.startswith(_SCOPES):
        return "registries", "scopes", key.removeprefix(_SCOPES)
    if key.startswith(_SOURCES):
        name, dot, last = key.removeprefix(_SOURCES).partition(".")
        if name and (last in _OF_SOURCE or (whole and not dot)):
            return ("registries", "sources", name, last) if dot else ("registries", "sources", name)
    if key == _POLICIES or key.startswith(f"{_POLICIES}."):
        raise RequestError.one(
            f"`{key}` is not changed from here", "", f"write `policies` by hand, in `{user_config()}`"
        )
    meant = f"did you mean `{_MEANT[key]}`?" if key in _MEANT else ""
    fix = meant or near_miss(key, _KEYS) or f"keys: {', '.join(_KEYS)}"
    raise RequestError.one(f"there is no key `{key}`", "", fix)


def _read(file: ConfigFile) -> tuple[bytes, int]:
    try:
        with open(file.path, "rb") as stream:
            return stream.read(), stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return b"", _PRIVATE if file.private else _SHARED
    except OSError as error:
        raise RequestError.one(f"`{file.path}` cannot be read: {reason(error)}") from error


def _located(value: Any, names: tuple[str, ...], new: Any) -> tuple[tuple[Key, ...], Any]:
    """Return the path of a key and what goes there: a source is found by its name, and made when its URL is set."""
    if names[:2] != ("registries", "sources"):
        return names, new
    sources = ((value or {}).get("registries") or {}).get("sources") or []
    known = [one["name"] for one in sources]
    if names[2] in known:
        return (*names[:2], known.index(names[2]), *names[3:]), new
    if new is not None and names[3] != "url":
        fix = f"aam config set {_SOURCES}{names[2]}.url URL"
        raise RequestError.one(f"there is no source `{names[2]}` yet", "", fix)
    return (*names[:2], len(known)), new if new is None else {"name": names[2], "url": new}


def _has(value: Any, path: tuple[Key, ...]) -> bool:
    for key in path:
        members = value if isinstance(value, dict) else dict(enumerate(value or ()))
        if key not in members:
            return False
        value = members[key]
    return True


def _changed(value: Any, path: tuple[Key, ...], new: Any) -> Any:
    """Return a value with `new` at a path, or without what is there where that is None."""
    key, *rest = path
    if isinstance(key, int):
        items = list(value or [])
        if new is None and not rest:
            return items[:key] + items[key + 1 :] or None
        inner = _changed(items[key], tuple(rest), new) if rest else new
        return [*items[:key], inner, *items[key + 1 :]]
    members = dict(value or {})
    if new is None and not rest:
        del members[key]
        return members or None
    members[key] = _changed(members.get(key), tuple(rest), new) if rest else new
    return members


def _spliced(file: ConfigFile, data: bytes, path: tuple[Key, ...], value: Any, wanted: Any) -> bytes:
    text = data.decode()
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    outline = Outline(text.removeprefix(mark))
    try:
        new = mark + (outline.without(path) if value is None else outline.with_value(path, value))
        if read_yaml(new.encode(), file.path) == wanted:
            return new.encode()
    except (UnspliceableError, RequestError):
        pass
    what = f"`{file.path}` is written in a way in which that cannot be changed without touching more of it"
    raise RequestError.one(what, f"{file.path}:{outline.line_of(path)}", "change it by hand")


def _write(path: str, data: bytes, mode: int) -> None:
    """Replace a file as a whole; who makes the user's lets nobody else read it."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with replacing(os.path.realpath(path), mode=mode) as file:
            os.fchmod(file.fileno(), mode)  # whatever the umask says
            file.write(data)
    except OSError as error:
        what = f"`{path}` cannot be written: {reason(error)}"
        raise BuildError.one(what, "", "nothing was changed") from error

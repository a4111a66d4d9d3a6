"""What an operator configures, as environment variables `AAM_REGISTRY_…`; all that is wrong is told at once.

Each field of `HostSettings` has one (`AAM_REGISTRY_MAX_ARCHIVE=20000000`), and so has each of `Places` and `Listening`.
Lists are separated by commas or spaces. What is empty counts as not set.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, TypeVar

from packaging_targets.errors import Problem, near_miss, raise_all
from packaging_targets.registry.aam.desk.access import pattern_fault
from packaging_targets.registry.http.addresses import is_plain_url
from packaging_targets.services.aam.hosting.host import HostSettings

PREFIX = "AAM_REGISTRY_"
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_MAX_PORT = 65535
_SHOWN = 40
_DATABASES = ("postgres", "postgresql", "sqlite")
_LEVELS = ("debug", "info", "warning", "error")
_NO_LESS = {"read_rate": 0, "write_rate": 0, "port": 0, "drain_seconds": 0}  # of others, 1
_Settings = TypeVar("_Settings")


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie. `root` is the registry's folder, and `data` what the server keeps beside it.

    With a `database` (a URL of PostgreSQL) and a `bucket` (`packages`, `s3://packages/prefix`), both are there instead.
    """

    root: str = ""
    data: str = ""
    database: str = ""
    bucket: str = ""
    s3_endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Listening:
    """How a server listens. It ends `drain_seconds` after it is told to, and says at once that it is about to."""

    host: str = "127.0.0.1"
    port: int = 8650
    workers: int = 1
    behind_proxy: bool = False
    tls_cert: str = ""
    tls_key: str = ""
    drain_seconds: float = 0.0
    log_level: str = "info"


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that is configured."""

    settings: HostSettings
    places: Places
    listening: Listening


def configuration(environment: Mapping[str, str]) -> Configuration:
    """Return what an environment configures; raises RequestError with all that is wrong."""
    problems = list(_unknown(environment))
    found = Configuration(
        _read(HostSettings, environment, problems),
        _read(Places, environment, problems),
        _read(Listening, environment, problems),
    )
    problems += _unsound(found)
    raise_all(problems)
    return found


class _WrongError(ValueError):
    """What a variable holds is not what it has to; `fix` says what to write."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.fix = fix


def variable(name: str) -> str:
    """Return the variable of a field."""
    return f"{PREFIX}{name.upper()}"


def _read(kind: type[_Settings], environment: Mapping[str, str], problems: list[Problem]) -> _Settings:
    values: dict[str, Any] = {}
    plain: Any = kind()  # whose values tell what each field is
    for field in fields(plain):
        text = environment.get(variable(field.name), "").strip()
        if not text:
            continue
        try:
            values[field.name] = _value(text, getattr(plain, field.name), _NO_LESS.get(field.name, 1))
        except _WrongError as error:
            problems.append(Problem(variable(field.name), str(error), error.fix))
    return kind(**values)


def _value(text: str, plain: Any, least: int) -> Any:
    """Return what a text means where a value like `plain` is wanted; raises _WrongError."""
    if isinstance(plain, bool):
        if text.lower() not in _WORDS:
            raise _WrongError(f"`{text[:_SHOWN]}` is neither `true` nor `false`", "write true or false")
        return _WORDS[text.lower()]
    if isinstance(plain, int | float):
        return _number(text, plain, least)
    return tuple(text.replace(",", " ").split()) if isinstance(plain, tuple) else text


def _number(text: str, plain: float, least: int) -> float:
    whole = isinstance(plain, int)
    kind = f"{'whole ' if whole else ''}number"
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _WrongError(f"`{text[:_SHOWN]}` is no {kind}", f"write a {kind}, such as {plain}")
    if number < least:
        raise _WrongError(f"`{text[:_SHOWN]}` is less than {least}", f"write a {kind} from {least} on")
    return number


def _unknown(environment: Mapping[str, str]) -> Iterator[Problem]:
    """Yield variables that look mistyped; others may be there for other reasons, such as those of Kubernetes."""
    known = [variable(field.name) for kind in (HostSettings, Places, Listening) for field in fields(kind)]
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.92)
            if close:
                yield Problem(name, "nothing is configured by this variable", f"did you mean `{close[0]}`?")


def _unsound(found: Configuration) -> Iterator[Problem]:
    settings = found.settings
    for name in ("private", "needs_approval"):
        for pattern in getattr(settings, name):
            if fault := pattern_fault(pattern):
                yield Problem(variable(name), f"the pattern `{pattern[:80]}` {fault}", "write it as @acme/*")
    for address in settings.trusted_proxies:
        if fault := _network_fault(address):
            yield Problem(variable("trusted_proxies"), fault, "write it as 10.0.0.7, or as 10.0.0.0/8")
    for name in ("url", "oidc_issuer"):
        if fault := _url_fault(getattr(settings, name)):
            yield Problem(variable(name), fault, "write it as https://registry.example")
    yield from _incomplete(found.places, found.listening)


def _incomplete(places: Places, listening: Listening) -> Iterator[Problem]:
    """Yield what goes together with something that is not there."""
    if places.database and (fault := _database_fault(places.database)):
        fix = "write postgresql://USER@HOST/NAME, or leave it out for SQLite beside the registry's folder"
        yield Problem(variable("database"), fault, fix)
    elif bool(places.bucket) != places.database.startswith("postgres"):
        what = "PostgreSQL and a bucket go together: documents lie in the one, and archives in the other"
        yield Problem(variable("bucket"), what, f"set both {variable('database')} and {variable('bucket')}, or neither")
    if bool(listening.tls_cert) != bool(listening.tls_key):
        fix = f"set both {variable('tls_cert')} and {variable('tls_key')}, or neither"
        yield Problem(variable("tls_cert"), "a certificate and its key go together", fix)
    if listening.port > _MAX_PORT:
        what = f"`{listening.port}` is more than {_MAX_PORT}, and no port"
        yield Problem(variable("port"), what, f"write a whole number from 0 to {_MAX_PORT}")
    if listening.log_level.lower() not in _LEVELS:
        what = f"there is no level `{listening.log_level[:_SHOWN]}` of messages"
        fix = near_miss(listening.log_level.lower(), _LEVELS) or f"write one of {', '.join(_LEVELS)}"
        yield Problem(variable("log_level"), what, fix)


def _database_fault(url: str) -> str:
    """Return what keeps a text from being a database's URL, of which no more is told than its scheme."""
    scheme, separator, _ = url.partition("://")
    kind = scheme.partition("+")[0].lower()
    if not separator:
        return "the address of the database is no URL"
    return "" if kind in _DATABASES else f"databases of the kind `{kind[:_SHOWN]}` are not known here"


def _network_fault(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return f"`{text[:80]}` is no address or network"
    return ""


def _url_fault(text: str) -> str:
    if not text:
        return ""
    return "" if is_plain_url(text) else "this is no URL of a server, without a query and without a name or password"

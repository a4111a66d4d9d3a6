"""How things in a registry are called: hosts, repositories, tags, digests; each is checked before it becomes a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging_targets.errors import RequestError, without_secret
from packaging_targets.formats.oci.image import names_registry
from packaging_targets.model.digest import Digest
from packaging_targets.registry.http.addresses import is_loopback

_DOCKER_HUB = {"docker.io", "index.docker.io", "registry-1.docker.io"}
_DOCKER_API = "registry-1.docker.io"
_DOCKER_KEY = "https://index.docker.io/v1/"

_WORD = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"(?:\[[0-9a-f:.]+\]|{_WORD}(?:\.{_WORD})*)(:[0-9]{{1,5}})?")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_MAX_NAME = 255
_MAX_PORT = 65535

TAG_FIX = "use letters, digits, `_`, `.` and `-`, at most 128"
"""What is said to who names something that may not be a tag."""


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry: `host` is a name or an address, with its port, lower-case; `plain` says that there is no TLS."""

    host: str
    plain: bool = False

    @classmethod
    def parse(cls, text: str, *, insecure: bool = False) -> Registry:
        """Return the registry that a person means: `ghcr.io`, `localhost:5000`, `https://localhost:5000`.

        TLS is left out for this machine's own names (where `https://` does not ask for it), and elsewhere only where
        `insecure` says so. Raises RequestError.
        """
        scheme, separator, rest = text.rpartition("://")
        host = rest.rstrip("/").lower()
        if (separator and scheme not in {"http", "https"}) or not _is_host(host):
            name, slash, path = host.partition("/")
            likely = f"write `{name}`, with `{path}` as the namespace" if slash and _is_host(name) else ""
            fix = likely or "write a host, as in `ghcr.io` or `localhost:5000`"
            raise RequestError.one(f"`{without_secret(text)}` is no registry", "", fix)
        local = is_loopback(host)
        if scheme == "http" and not (local or insecure):
            fix = "write `https://`, or ask for it with `--insecure` where credentials may travel in the open"
            raise RequestError.one(f"`{text}` would be spoken to without TLS", "", fix)
        return cls(host, plain=scheme != "https" and (local or insecure))

    @property
    def origin(self) -> str:
        """Scheme and host of the API."""
        host = _DOCKER_API if self.host in _DOCKER_HUB else self.host
        return f"{'http' if self.plain else 'https'}://{host}"

    @property
    def credential_keys(self) -> tuple[str, ...]:
        """The names under which credential stores know the registry, the likeliest first."""
        return (_DOCKER_KEY, *sorted(_DOCKER_HUB)) if self.host in _DOCKER_HUB else (self.host,)


@dataclass(frozen=True, slots=True)
class Repository:
    """A place in a registry for the versions of one thing: `ghcr.io/acme/features/color`."""

    registry: Registry
    path: str

    @classmethod
    def of(cls, registry: Registry, path: str) -> Repository:
        """Return the repository at `path`; raises RequestError where no registry would take that name."""
        if not _PATH.fullmatch(path) or len(f"{registry.host}/{path}") > _MAX_NAME:
            parts = (re.sub(r"[^a-z0-9]+", "-", part).strip("-") for part in path.lower().split("/"))
            likely = "/".join(part for part in parts if part)
            fits = _PATH.fullmatch(likely) and len(f"{registry.host}/{likely}") <= _MAX_NAME
            what = f"`{path}` is no repository: it takes lower-case letters and digits, and `.`, `_`, `-` between them"
            raise RequestError.one(what, "", f"write `{likely}`" if fits else f"use at most {_MAX_NAME} letters")
        return cls(registry, path)

    def __str__(self) -> str:
        return f"{self.registry.host}/{self.path}"

    def url(self, rest: str) -> str:
        """Return the address of something in the repository, such as `tags/list`."""
        return f"{self.registry.origin}/v2/{self.path}/{rest}"

    def scope(self, *actions: str) -> str:
        """Return the scope of a token with which the repository can be used: `pull` reads, `push` writes."""
        return f"repository:{self.path}:{','.join(actions)}"


@dataclass(frozen=True, slots=True)
class Reference:
    """An image in a registry, by a tag, or by its digest, which wins where there are both."""

    repository: Repository
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Return what `ghcr.io/acme/api:1.2`, `ghcr.io/acme/api@sha256:…` or both together mean; without, `latest`.

        Raises RequestError for what names no registry, and for what is no repository, tag or digest.
        """
        name, at, written = text.partition("@")
        digest = parse_digest(written)
        if at and digest is None:
            raise RequestError.one(f"`{written}` is no digest", "", "write `sha256:` and its 64 hexadecimal digits")
        host, slash, rest = name.partition("/")
        path, colon, tag = rest.partition(":")
        if not slash or not names_registry(host):
            told = without_secret(text)
            likely = f"docker.io/{'' if slash else 'library/'}{told}"
            raise RequestError.one(f"`{told}` names no registry", "", f"write one before it, as in `{likely}`")
        if colon and not is_tag(tag):
            raise RequestError.one(f"`{tag}` is no tag", "", TAG_FIX)
        registry = Registry.parse(host)
        if registry.host in _DOCKER_HUB and "/" not in path:
            path = f"library/{path}"
        return cls(Repository.of(registry, path), tag or ("" if digest else "latest"), digest)

    @property
    def wanted(self) -> str:
        """What a registry is asked for."""
        return str(self.digest or self.tag)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"


def _is_host(text: str) -> bool:
    match = _HOST.fullmatch(text)
    return match is not None and int((match[1] or ":0")[1:]) <= _MAX_PORT


def is_tag(text: str) -> bool:
    """Tell whether `text` may be a tag."""
    return _TAG.fullmatch(text) is not None


def parse_digest(text: str) -> Digest | None:
    """Return the digest that `sha256:…` stands for, or None."""
    try:
        return Digest.parse(text)
    except ValueError:
        return None

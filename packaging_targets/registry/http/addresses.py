"""Addresses of the web, as people and servers write them: origins, what is this machine, where a redirect leads."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

_NUMBER = re.compile(r"[0-9]{1,15}")


def is_loopback(host: str) -> bool:
    """Tell whether a host, with or without a port, is this machine's own."""
    name = host.rpartition(":")[0] if re.search(r"(^[^:]*|\]):[0-9]+$", host) else host
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def is_plain_url(text: str) -> bool:
    """Tell whether a text is the address of a server: without a query, a fragment, and a name or password."""
    try:
        parts = urlsplit(text)
        origin_of(text)
    except ValueError:
        return False
    return not (parts.query or parts.fragment or "@" in parts.netloc)


def joined(base: str, target: str) -> str | None:
    """Return the address of the web that `target`, as some server wrote it, means at `base`; None where it is none."""
    try:
        url = urljoin(base, target)
        origin_of(url)
    except ValueError:
        return None
    return url


def number(text: str) -> int | None:
    """Return the number that some server wrote, or None where it is none, or longer than any that can be meant."""
    return int(text) if _NUMBER.fullmatch(text) else None


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL; raises ValueError where it has none."""
    parts = urlsplit(url)
    ports = {"http": 80, "https": 443}
    if parts.scheme not in ports or not parts.hostname:
        raise ValueError(f"`{url}` is no address of the web")
    return parts.scheme, parts.hostname, parts.port or ports[parts.scheme]

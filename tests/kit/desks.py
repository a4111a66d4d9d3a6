"""What the desk of a server does, without a server: people who come to it, and what it writes down."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from agents import packed
from hosts import hosted
from served_registries import Clock

from packaging_targets.registry.aam.desk.access import Action, Grant, Identity
from packaging_targets.registry.aam.desk.oidc.providers import Providers
from packaging_targets.registry.aam.protocol import Published
from packaging_targets.services.aam.hosting import auditing
from packaging_targets.services.aam.hosting.host import Host
from packaging_targets.services.aam.hosting.publishing import publish


def somebody(name: str, *actions: Action, on: tuple[str, ...] = ("*",)) -> Identity:
    """Who has actions on the packages that fit some patterns."""
    return Identity(name, (Grant(actions, on),)) if actions else Identity(name)


ROOT = somebody("root", "admin")


@contextmanager
def desk(path: Path, hands: Clock, providers: Providers | None = None, **settings: Any) -> Iterator[Host]:
    """An empty registry in a folder with its desk; `settings` are members of HostSettings."""
    with hosted(path, hands, **settings) as made:
        yield replace(made.host, providers=providers or Providers())


def offer(host: Host, who: Identity, name: str, version: str = "1.0.0", tag: str = "", **given: Any) -> Published:
    """Publish a package that is made for it, as somebody."""
    return publish(host, who, io.BytesIO(packed(name, version, **given)), tag)


def told(host: Host) -> list[tuple[str, str, str]]:
    """The log from its first entry: who did what, to which package."""
    found = auditing.entries(host, ROOT).entries
    return [(one.event.actor, one.event.action, one.event.package) for one in reversed(found)]

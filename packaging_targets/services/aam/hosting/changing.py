"""Changes of what is published: tags, yanks and deprecations. Each returns what is known of the package then."""

from __future__ import annotations

from collections.abc import Callable

from packaging_targets.formats.aam.documents import transitions
from packaging_targets.formats.aam.metadata import PackageMetadata
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.desk.access import Action, Identity
from packaging_targets.registry.aam.desk.audit import Event
from packaging_targets.services.aam.hosting.host import Host
from packaging_targets.services.aam.hosting.recording import recorded
from packaging_targets.services.aam.hosting.refusing import demand, verb
from packaging_targets.services.aam.hosting.seeing import metadata_of


@verb
def set_tag(host: Host, who: Identity, name: PackageName, tag: str, version: str) -> PackageMetadata:
    """Let a tag lead to a version; raises RefusalError."""
    metadata = _changeable(host, who, "publish", name)
    text = str(transitions.find_release(metadata, version).version)
    if transitions.set_tag(metadata, tag, text, 0) is metadata:
        return metadata
    event = Event(who.person, "tag.set", str(name), text, {"tag": tag})
    return _changed(host, who, event, lambda: host.holdings.set_tag(name, tag, text))


@verb
def remove_tag(host: Host, who: Identity, name: PackageName, tag: str) -> PackageMetadata:
    """Take a tag away; raises RefusalError."""
    metadata = _changeable(host, who, "publish", name)
    transitions.remove_tag(metadata, tag, 0)  # what is refused is not noted
    event = Event(who.person, "tag.removed", str(name), metadata.tags[tag], {"tag": tag})
    return _changed(host, who, event, lambda: host.holdings.remove_tag(name, tag))


@verb
def yank(host: Host, who: Identity, name: PackageName, version: str, reason: str = "") -> PackageMetadata:
    """Hide a version; raises RefusalError. One that is hidden already stays so, for the reason that it has."""
    metadata = _changeable(host, who, "yank", name)
    if transitions.yank(metadata, version, reason, 0) is metadata:
        return metadata
    text = str(transitions.find_release(metadata, version).version)
    event = Event(who.person, "yank", str(name), text, {"reason": reason})
    return _changed(host, who, event, lambda: host.holdings.yank(name, text, reason))


@verb
def unyank(host: Host, who: Identity, name: PackageName, version: str) -> PackageMetadata:
    """Show a hidden version again; raises RefusalError."""
    metadata = _changeable(host, who, "yank", name)
    if transitions.unyank(metadata, version, 0) is metadata:
        return metadata
    text = str(transitions.find_release(metadata, version).version)
    event = Event(who.person, "unyank", str(name), text)
    return _changed(host, who, event, lambda: host.holdings.unyank(name, text))


@verb
def deprecate(host: Host, who: Identity, name: PackageName, version: str, message: str) -> PackageMetadata:
    """Warn those who install a version, or all where it is empty; an empty message takes that back."""
    metadata = _changeable(host, who, "publish", name)
    if transitions.deprecate(metadata, version, message, 0) is metadata:
        return metadata
    text = str(transitions.find_release(metadata, version).version) if version else ""
    event = Event(who.person, "deprecate", str(name), text, {"message": message})
    return _changed(host, who, event, lambda: host.holdings.deprecate(name, text, message))


def _changeable(host: Host, who: Identity, action: Action, name: PackageName) -> PackageMetadata:
    metadata = metadata_of(host, who, name)
    demand(host, who, action, name)
    return metadata


def _changed(host: Host, who: Identity, event: Event, change: Callable[[], None]) -> PackageMetadata:
    with recorded(host, event):
        change()
    return metadata_of(host, who, PackageName.parse(event.package))

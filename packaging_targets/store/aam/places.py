"""Every path of agent packages on disk, in one place: those of a user, and those of a project."""

from __future__ import annotations

import os

CONFIG = "config.yaml"
PROJECT_CONFIG = f".aam/{CONFIG}"
MANIFEST = "package.agent.json"
LOCK = "package.agent.lock"
PACKAGES = ".agent-packages"
INSTALLED = f"{PACKAGES}/.installed.json"
DEPLOYED = f"{PACKAGES}/.deployed.json"
UNCHANGED = f"{PACKAGES}/.unchanged"
JOURNAL = f"{PACKAGES}/.journal"
STAGING = f"{PACKAGES}/.staging"


def home() -> str:
    """Return the folder of a user's configuration and cache: `AAM_HOME`, or `~/.aam`."""
    return os.path.abspath(os.environ.get("AAM_HOME") or os.path.join(os.path.expanduser("~"), ".aam"))


def user_config() -> str:
    """Return where a user's configuration is."""
    return os.path.join(home(), CONFIG)


def cache_folder() -> str:
    """Return where the archives that a user has downloaded are."""
    return os.path.join(home(), "cache")


def documents_folder() -> str:
    """Return where that is which registries have told of packages."""
    return os.path.join(cache_folder(), "registries")


def credentials_file() -> str:
    """Return where tokens are, on a machine that has no keyring."""
    return os.path.join(home(), "credentials.json")

"""Images of containers: built by docker, podman or buildah, for people who ask for it, and only what changed."""

from __future__ import annotations

ENGINES = ("docker", "podman", "buildah")
"""The programs that build images, the first choice first."""

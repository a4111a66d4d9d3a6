"""Images of containers: built by docker, podman or buildah, for people who ask for it, and only what changed."""

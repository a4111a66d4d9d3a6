"""What doit builds here: the targets of this repository."""

from packaging_targets.adapters.doit import *  # noqa: F403  # the one line that a dodo.py needs

"""Programs without the rights of root: a container's tests run as root, who may read and write everything."""

from __future__ import annotations

import os
import shutil

import pytest

WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
"""What stands before a command, so that the owner of the files runs it and nobody more."""

needs_rights_dropped = pytest.mark.skipif(
    bool(WITHOUT_RIGHTS) and not shutil.which("setpriv"), reason="root may read and write everything"
)

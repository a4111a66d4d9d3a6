"""What the packer never touches: it reads nothing under `src/`, and writes nothing but `build/` and the registry."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from games import Game

# Every file and folder that is opened or listed below the project, by anything that runs in the process.
SPY = """
import json, os, sys
root = sys.argv[1]
touched = set()

def hook(event, arguments):
    if event in {"open", "os.scandir", "os.listdir", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}:
        for path in arguments[:2]:
            if isinstance(path, (str, bytes)):
                whole = os.path.abspath(os.fsdecode(path))
                if whole.startswith(root + os.sep):
                    touched.add(os.path.relpath(whole, root))

from packaging_targets.services.assets.building.build import build
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.reading.doctor import doctor
from packaging_targets.services.assets.reading.listing import list_assets
from packaging_targets.services.assets.reading.summary import summary

sys.addaudithook(hook)
project = Project(root)
for verb in (doctor, list_assets, summary, build, build, doctor):
    verb(project)
print(json.dumps(sorted(touched)))
"""


def test_nothing_is_read_or_written_elsewhere(tmp_path: Path) -> None:
    game = Game(tmp_path / "game")
    for folder in ("src", "cartridge", "docs"):
        (game.root / folder).mkdir()
        (game.root / folder / "asset.json").write_text("{}")
    done = subprocess.run([sys.executable, "-c", SPY, str(game.root)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    touched = json.loads(done.stdout)
    assert {path.split("/")[0] for path in touched} == {"assets", "build"}
    assert "assets/hero/hero.png" in touched
    assert "build/assets.pa" in touched

"""Takes the pictures of `docs/registry.md`: python tests/pages_pictures.py

They are of the registry that tests walk through, on this machine; fonts differ from one to another, and so do pictures.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "docs" / "images" / "registry"
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "kit")]


def main() -> None:
    """Write all pictures."""
    from chrome import NARROW, WIDE, browser, sign_in, window
    from PIL import Image
    from reading_room import House
    from serving import Server
    from show_case import furnish

    shots = [
        ("list-light", "/browse", WIDE, "light", 860),
        ("package-light", "/browse/packages/@acme/review", WIDE, "light", 1130),
        ("approval-dark", "/browse/approvals/{}", WIDE, "dark", 1000),
        ("package-narrow", "/browse/packages/@acme/review", NARROW, "light", 820),
    ]
    PLACE.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        house = House(
            Path(folder), needs_approval=("@acme/review",), url="https://agents.acme.example", title="Acme agents"
        )
        waiting = furnish(house)
        token = house.token("ann", label="laptop")
        with browser() as chromium, Server(house.app) as server:
            for name, path, width, scheme, height in shots:
                with window(chromium, server.url, width, scheme) as page:
                    sign_in(page, token)
                    page.set_viewport_size({"width": width, "height": height})
                    page.goto(path.format(waiting))
                    picture = Image.open(io.BytesIO(page.screenshot()))
                picture.convert("RGB").quantize(128).save(PLACE / f"{name}.png", optimize=True)
        house.close()


if __name__ == "__main__":
    main()

"""Write all maps into one JSON file: `levels.py OUT FOLDER`."""

import json
import os
import sys

TILES = {"~": 0, ".": 1, '"': 2, "#": 3, "=": 4, "@": 5}


def level(name, text):
    """Return a level; every line has to be as long as the first."""
    rows = text.splitlines()
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise SystemExit(f"{name}:{number}: {len(row)} tiles, and the first line has {len(rows[0])}")
        for column, letter in enumerate(row, 1):
            if letter not in TILES:
                raise SystemExit(f"{name}:{number}:{column}: no tile is drawn as {letter!r}")
    tiles = [TILES[letter] for row in rows for letter in row]
    return {"name": name, "width": len(rows[0]), "height": len(rows), "tiles": tiles}


def main(out, folder):
    levels = []
    for file in sorted(os.listdir(folder)):
        with open(os.path.join(folder, file), encoding="utf-8") as lines:
            levels.append(level(file.removesuffix(".txt"), lines.read()))
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"levels": levels}, file)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

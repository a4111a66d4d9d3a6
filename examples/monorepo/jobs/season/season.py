"""End a season: of the runs in a JSON Lines file, write each level's fastest as CSV."""

import csv
import json
import sys


def winners(runs):
    """Return the fastest run of each level, by level; of equal ones the first."""
    best = {}
    for run in runs:
        level = run["level"]
        if level not in best or run["seconds"] < best[level]["seconds"]:
            best[level] = run
    return [best[level] for level in sorted(best)]


def main(source, target):
    with open(source, encoding="utf-8") as lines, open(target, "w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, ["level", "player", "seconds"], extrasaction="ignore")
        table.writeheader()
        table.writerows(winners(map(json.loads, lines)))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Write the tables of docs/performance.md from the results of sittings; its words are written by hand.

python -m benchmarks.report docs/performance.md 1000.json 10000.json example.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.builds.goals import Goal, Results, goals, median, ratio
from benchmarks.builds.peers import SCENARIOS
from benchmarks.builds.sitting import AGAIN

BEGIN = "<!-- what follows is written by benchmarks/report.py -->"
END = "<!-- what stands above was written by benchmarks/report.py -->"
_YARDSTICK = "ninja"
_UNTIMED = {"memory"}


def report(results: Results) -> str:
    """Return all tables as Markdown."""
    parts = ["## Goals", _goals_table(goals(results))]
    for result in results:
        parts += [
            f"## {_title(result)}",
            _setting(result),
            _times_table(result),
            _memory_table(result),
            _notes(result),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def put_between_marks(page: str, tables: str) -> str:
    """Return the page with the tables in the place of what stands between its two marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"the page must have the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{tables}\n{END}{after}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; every column but the first is aligned to the right."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, marks, *rows))


def _goals_table(found: Sequence[Goal]) -> str:
    rows = []
    for goal in found:
        limit = f"{'≥' if goal.at_least else '≤'} {goal.asked:g} {goal.unit}".strip()
        measured = "" if goal.measured is None else f"{goal.measured:.3g} {goal.unit}".strip()
        rows.append((goal.what, limit, measured, goal.verdict))
    return table(("goal", "asked", "measured", "verdict"), rows)


def _title(result: Mapping[str, Any]) -> str:
    if result["n"]:
        return f"{result['n']:,} modules, {result['inputs']:,} input files, {result['bytes'] / 1e6:,.0f} MB"
    return f"The example `{result['example']}` with nothing to do"


def _setting(result: Mapping[str, Any]) -> str:
    machine = result["machine"]
    versions = "; ".join(f"{name}: {version}" for name, version in result["versions"].items())
    return (
        f"{machine['cores']} cores of {machine['processor']}, {machine['memory']}, {machine['system']}, "
        f"{machine['kernel']}, {machine['python']}. {versions}."
    )


def _times_table(result: Mapping[str, Any]) -> str:
    """Return medians in seconds; in brackets how many times as long as the yardstick."""
    order = [name for one in SCENARIOS for name in (one, one + AGAIN)]
    order += [name for name in result["times"] if name not in order]
    columns = [name for name in order if name in result["times"] and name not in _UNTIMED]
    peers = list(dict.fromkeys(peer for column in columns for peer in result["times"][column]))
    rows = [(peer, *(_cell(result, column, peer) for column in columns)) for peer in peers]
    return table(("seconds", *columns), rows)


def _cell(result: Mapping[str, Any], scenario: str, peer: str) -> str:
    seconds = median(result, scenario, peer)
    if seconds is None:
        return ""
    text = f"{seconds:.3f}" if seconds < 10 else f"{seconds:.1f}"  # noqa: PLR2004  # four digits are enough
    times = ratio(result, scenario, peer, _YARDSTICK)
    return text if times is None or peer == _YARDSTICK else f"{text} ({times:.2f})"


def _memory_table(result: Mapping[str, Any]) -> str:
    columns = [(scenario, which) for scenario in ("memory", "cold") for which in ("largest", "tree", "servers")]
    found = result["memory"]
    peers = list(dict.fromkeys(peer for sizes in found.values() for peer in sizes))
    if not peers:
        return ""
    head = [f"{'unchanged' if scenario == 'memory' else scenario}, {which}" for scenario, which in columns]
    rows = [(peer, *(_size(found, column, peer) for column in columns)) for peer in peers]
    return table(("MB", *head), rows)


def _size(found: Mapping[str, Any], column: tuple[str, str], peer: str) -> str:
    size = found.get(column[0], {}).get(peer, {}).get(column[1], 0)
    return f"{size:.0f}" if size else ""


def _notes(result: Mapping[str, Any]) -> str:
    """Tell how often each scenario ran, who was left out, and what disturbed it."""
    runs = {scenario: max(map(len, times.values())) for scenario, times in result["times"].items()}
    lines = ["Runs of each: " + ", ".join(f"{scenario} {count}" for scenario, count in runs.items()) + "."]
    built = {name: times for name, times in result["wrote"].items() if name in {"all-touched", "checkout"}}
    for scenario, wrote in built.items():
        said = ", ".join(f"{peer} {count:,}" for peer, count in wrote.items() if peer != "sha256sum")
        lines.append(f"Archives built in `{scenario}`: {said}.")
    lines += [f"{name} was left out: {_first_line(reason)}." for name, reason in result["skipped"].items()]
    busy = sum(result["disturbed"].values())
    if busy:
        lines.append(f"{busy} runs began while other programs used the machine.")
    return "\n\n".join(lines)


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Put the tables into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("page")
    parser.add_argument("results", nargs="+")
    options = parser.parse_args(arguments)
    results = []
    for path in options.results:
        with open(path, encoding="utf-8") as file:
            results.append(json.load(file))
    with open(options.page, "r+", encoding="utf-8") as page:
        text = put_between_marks(page.read(), report(results))
        page.seek(0)
        page.write(text)
        page.truncate()


if __name__ == "__main__":
    main()

"""Measure the registry's server over few and over many packages: metadata, pages of the list, searches.

python -m benchmarks.aam_scale --folder FOLDER [--small 1000] [--large 100000] [--versions 10] [--requests 2000]

Both registries are folders whose documents are written at once, each with a server of its own; requests go through one
connection, for packages chosen at random, by turns. What is told is the median and the 99th percentile in milliseconds.
"""

from __future__ import annotations

import argparse
import http
import http.client
import os
import random
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping

from benchmarks.aam_server import Ours, Running, running
from benchmarks.machine import describe_machine
from packaging_targets.formats.aam.documents.index import Index, entry_of, index_bytes
from packaging_targets.formats.aam.documents.meta import metadata_bytes
from packaging_targets.formats.aam.documents.tags import tags_bytes
from packaging_targets.formats.aam.integrity import integrity_of
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.digest import Digest
from packaging_targets.model.versions.semver import SemanticVersion

_WORDS = (
    "review",
    "change",
    "release",
    "incident",
    "style",
    "python",
    "team",
    "test",
    "runbook",
    "change log",
    "audit",
)


def package(number: int, versions: int) -> PackageMetadata:
    """Return what is known of a package that was never packed: its documents alone are asked for."""
    name, chance = PackageName.parse(f"@bench/p{number:06}"), random.Random(number)
    described = f"What package {number} is for: {' '.join(chance.choices(_WORDS, k=4))}."
    releases = {
        f"1.{minor}.0": Release(
            SemanticVersion.parse(f"1.{minor}.0"),
            integrity_of(Digest.of(f"{number} {minor}".encode())),
            f"versions/1.{minor}.0.aam",
            published_at=1_700_000_000 + number,
            size=20_000,
            description=described,
        )
        for minor in range(versions)
    }
    return PackageMetadata(name, releases, {"latest": f"1.{versions - 1}.0"}, 1_700_000_000 + number)


def fill(root: str, count: int, versions: int) -> None:
    """Write the documents of a registry."""
    entries, tags = [], {}
    for number in range(count):
        known = package(number, versions)
        folder = os.path.join(root, "packages", known.name.folder)
        os.makedirs(os.path.join(folder, "versions"))
        with open(os.path.join(folder, "meta.json"), "wb") as file:
            file.write(metadata_bytes(known))
        tags[str(known.name)] = known.tags
        if entry := entry_of(known):
            entries.append(entry)
    for name, data in (("dist-tags.json", tags_bytes(tags)), ("index.json", index_bytes(Index(tuple(entries))))):
        with open(os.path.join(root, name), "wb") as file:
            file.write(data)


def paths(kind: str, count: int, chance: random.Random) -> Iterator[str]:
    """Yield what is asked for, without end."""
    while True:
        number = chance.randrange(count)
        yield {
            "metadata": f"/packages/@bench/p{number:06}",
            "list": f"/packages?limit=50&sort={chance.choice(('name', 'updated'))}",
            "search, a rare word": f"/packages?q=p{number:06}",
            "search, common words": f"/packages?q={chance.choice(_WORDS).replace(' ', '+')}&sort=relevance",
        }[kind]


def milliseconds(connection: http.client.HTTPConnection, path: str) -> float:
    """Return how long an answer takes."""
    start = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise SystemExit(f"{path} is answered by {answer.status}")
    return (time.perf_counter() - start) * 1000


def seconds_until_ready(connection: http.client.HTTPConnection) -> float:
    """Return how long it takes from now until a server that was started has its list."""
    start = time.perf_counter()
    while True:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        answer.read()
        if answer.status == http.HTTPStatus.OK:
            return time.perf_counter() - start
        time.sleep(0.05)


def tell(kind: str, taken: Mapping[int, Iterable[float]]) -> None:
    """Print a line for each registry."""
    medians = {}
    for count, times in taken.items():
        ordered = sorted(times)
        medians[count] = statistics.median(ordered)
        late = ordered[int(len(ordered) * 0.99)]
        print(f"{kind:<22}{count:>9,} packages {medians[count]:>8.2f} ms, 99 of 100 within {late:.2f} ms")
    small, large = sorted(medians)
    print(f"{'':<22}many beside few: {medians[large] / medians[small]:.2f}")


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True, help="an empty folder on the disk to measure on")
    for name, number in (("small", 1000), ("large", 100_000), ("versions", 10), ("requests", 2000)):
        parser.add_argument(f"--{name}", type=int, default=number)
    options = parser.parse_args()
    print(describe_machine())
    for count in (options.small, options.large):
        fill(os.path.join(options.folder, str(count), "registry"), count, options.versions)
    with (
        running(Ours(), os.path.join(options.folder, str(options.small))) as few,
        running(Ours(), os.path.join(options.folder, str(options.large))) as many,
    ):
        assert few is not None
        assert many is not None
        measure({options.small: few, options.large: many}, options.requests)


def measure(servers: Mapping[int, Running], requests: int) -> None:
    """Ask both servers by turns."""
    connections = {
        count: http.client.HTTPConnection("127.0.0.1", one.port, timeout=300) for count, one in servers.items()
    }
    for count, connection in connections.items():
        print(f"the first list of {count:,} packages is there after {seconds_until_ready(connection):.1f} s")
    searches = {"search, a rare word": 100, "search, common words": 100}
    for kind, rounds in {"metadata": requests, "list": 100, **searches}.items():
        asked = {count: paths(kind, count, random.Random(1)) for count in servers}
        taken: dict[int, list[float]] = {count: [] for count in servers}
        for _ in range(rounds):
            for count, connection in connections.items():
                taken[count].append(milliseconds(connection, next(asked[count])))
        tell(kind, taken)


if __name__ == "__main__":
    main()

"""Measure `aam install` beside `npm install`: 200 packages of ten files, cold, and with nothing to do; and resolving.

python -m benchmarks.aam_install [--packages 200] [--rounds 5] [--folder FOLDER]

npm gets the same files from a registry on loopback that does nothing but read files; its cache is empty, and it runs no
scripts, audits nothing and asks for no funding. Rounds of the two take turns, so that both meet the same machine.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.machine import describe_machine
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.resolving import Routes, Wanted, resolve

_FIRST = 20  # packages that the project wants; each of the others is wanted by one of them, at some distance
_WORDS = ("review", "the", "change", "and", "say", "what", "is", "wrong", "with", "it", "before", "anybody", "merges")


def files(number: int) -> Mapping[str, bytes]:
    """Return the ten files of a package, without its manifest: about 20 KB of text."""
    chance = random.Random(number)
    text = [" ".join(chance.choices(_WORDS, k=300)).encode() + b"\n" for _ in range(9)]
    head = f"---\nname: skill-{number}\ndescription: What skill {number} does.\n---\n".encode()
    return {"skills/work/SKILL.md": head.replace(b"skill-%d" % number, b"work", 1) + text[0]} | {
        f"skills/work/references/{at}.md": one for at, one in enumerate(text[1:])
    }


def name_of(number: int) -> str:
    """Return what a package is called."""
    return f"bench-p{number:05}"


def dependencies(number: int, count: int) -> Mapping[str, str]:
    """Return what a package needs."""
    return {name_of(number + _FIRST): "^1.0.0"} if number + _FIRST < count else {}


def tarball(contents: Mapping[str, bytes], prefix: str = "") -> bytes:
    """Return a tar in gzip."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in sorted(contents.items()):
            info = tarfile.TarInfo(prefix + path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), 6, mtime=0)


def make_ours(root: str, count: int) -> FolderRegistry:
    """Fill a registry in a folder."""
    registry = FolderRegistry(root, lambda: 1_700_000_000)
    initialise(registry)
    for number in range(count):
        value = {"name": name_of(number), "version": "1.0.0", "description": f"What package {number} is for."}
        manifest = json.dumps({**value, "dependencies": dependencies(number, count)}).encode()
        registry.publish(io.BytesIO(tarball({"package.agent.json": manifest, **files(number)})))
    return registry


def make_npms(root: str, count: int, url: str) -> None:
    """Fill the folder that npm's registry reads."""
    for number in range(count):
        name = name_of(number)
        value = {"name": name, "version": "1.0.0", "dependencies": dependencies(number, count)}
        data = tarball({"package.json": json.dumps(value).encode(), **files(number)}, "package/")
        sha512 = b64encode(hashlib.sha512(data).digest()).decode()
        dist = {
            "tarball": f"{url}/{name}.tgz",
            "integrity": f"sha512-{sha512}",
            "shasum": hashlib.sha1(data).hexdigest(),
        }
        document = {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {**value, "dist": dist}}}
        with open(os.path.join(root, f"{name}.tgz"), "wb") as file:
            file.write(data)
        with open(os.path.join(root, name), "w", encoding="utf-8") as file:
            json.dump(document, file)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files over connections that stay open, and says nothing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits for the client to acknowledge its head
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(root: str) -> ThreadingHTTPServer:
    """Serve a folder on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=root))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def seconds(command: list[str], folder: str, **env: str) -> float:
    """Return how long a command takes; fails where it does."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env={**os.environ, **env}, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def project(folder: str, manifest: str, count: int) -> str:
    """Make an empty project that wants the first packages."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    wanted = {name_of(number): "^1.0.0" for number in range(min(_FIRST, count))}
    with open(os.path.join(folder, manifest), "w", encoding="utf-8") as file:
        json.dump(
            {"name": "bench-project", "version": "1.0.0", "description": "A project.", "dependencies": wanted}, file
        )
    return folder


AAM = [sys.executable, "-m", "packaging_targets.adapters.cli.aam.main"]
NPM = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]


def cold_ours(room: str, registry: str, count: int) -> float:
    """Install with an empty cache into an empty project."""
    shutil.rmtree(os.path.join(room, "home"), ignore_errors=True)
    folder = project(os.path.join(room, "ours"), "package.agent.json", count)
    took = seconds([*AAM, "install", "--registry", registry], folder, AAM_HOME=os.path.join(room, "home"))
    assert len(os.listdir(os.path.join(folder, ".agent-packages"))) > count
    return took


def cold_npm(room: str, url: str, count: int) -> float:
    """Install with an empty cache into an empty project."""
    shutil.rmtree(os.path.join(room, "npm-cache"), ignore_errors=True)
    folder = project(os.path.join(room, "npms"), "package.json", count)
    took = seconds([*NPM, f"--registry={url}", f"--cache={os.path.join(room, 'npm-cache')}"], folder)
    assert len(os.listdir(os.path.join(folder, "node_modules"))) >= count
    return took


class Shelf:
    """A registry in memory."""

    url = "file:///memory"

    def __init__(self, packages: int, versions: int) -> None:
        chance = random.Random(1)
        self.packages: dict[str, PackageMetadata] = {}
        for number in range(packages):
            releases = {}
            for at in range(versions):
                text = f"{1 + 2 * at // versions}.{at % (versions // 2)}.0"
                needed = (
                    {name_of(chance.randrange(number + 1, packages)) for _ in range(3)} if number + 1 < packages else ()
                )
                ranges = {one: chance.choice(("^2.0.0", "*", ">=1.2.0 <3.0.0", "^2.1.0")) for one in needed}
                releases[text] = Release(SemanticVersion.parse(text), "sha256-", "", dependencies=ranges)
            self.packages[name_of(number)] = PackageMetadata(PackageName.parse(name_of(number)), releases, {})

    def metadata(self, name: PackageName) -> PackageMetadata | None:
        """Return what is known of a package."""
        return self.packages.get(str(name))


def resolving() -> tuple[float, int]:
    """Return how long a graph of 2,000 packages with 20,000 versions takes, and how many packages that comes to."""
    shelf = Shelf(2_000, 10)
    wanted = Wanted({name_of(number): "*" for number in range(0, 2_000, 3)})
    start = time.perf_counter()
    found = resolve(wanted, Routes(lambda _: shelf, shelf.url))  # type: ignore[arg-type,return-value]  # it is only read
    return time.perf_counter() - start, len(found.packages)


def medians(rounds: int, *actions: Callable[[], float]) -> list[float]:
    """Return the median of what each action took, in rounds in which they take turns."""
    taken = [[action() for action in actions] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--packages", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", default=None, help="where to work (default: a temporary folder)")
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory(dir=options.folder) as room:
        count, npms = options.packages, os.path.join(room, "registry-npm")
        os.makedirs(npms)
        ours = make_ours(os.path.join(room, "registry"), count)
        server = serve(npms)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        make_npms(npms, count, url)
        cold = [functools.partial(cold_ours, room, ours.url, count), functools.partial(cold_npm, room, url, count)]
        aam, npm = medians(options.rounds, *cold)
        home = os.path.join(room, "home")
        idle = functools.partial(seconds, [*AAM, "install"], os.path.join(room, "ours"), AAM_HOME=home)
        idle_npm = functools.partial(seconds, [*NPM, f"--registry={url}"], os.path.join(room, "npms"))
        nothing, nothing_npm = medians(options.rounds, idle, idle_npm)
        server.shutdown()
    took, found = resolving()
    print(f"cold, {count} packages: aam {aam:.2f} s, npm {npm:.2f} s: {npm / aam:.1f} times as fast")
    print(f"nothing to do: aam {nothing:.3f} s, npm {nothing_npm:.2f} s")
    print(f"resolving 2,000 packages with 20,000 versions to {found:,}: {took:.2f} s")


if __name__ == "__main__":
    main()

"""Measure the memory of the registry's server while many clients upload large archives at once.

python -m benchmarks.aam_uploads --folder FOLDER [--clients 50] [--megabytes 49]

The server is one worker over a folder. Each client publishes a version of its own, as one request with a known length;
what is told is the most memory that the worker ever had, by VmHWM, before and after, and how long all of it took.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import random
import tarfile
import threading
import time
import zlib

from benchmarks.aam_server import Ours, running
from benchmarks.machine import describe_machine

_SKILL = b"---\nname: work\ndescription: What it does.\n---\n"


def archive(path: str, version: int, payload: bytes) -> None:
    """Write a package's archive whose payload does not get smaller."""
    manifest = {"name": "large", "version": f"1.{version}.0", "description": "What is measured."}
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        files = {"package.agent.json": json.dumps(manifest).encode(), "skills/work/SKILL.md": _SKILL}
        for name, data in {**files, "skills/work/assets/noise.bin": payload}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    stored = zlib.compressobj(0, zlib.DEFLATED, 31)
    with open(path, "wb") as file:
        file.write(stored.compress(plain.getbuffer()) + stored.flush())


def most_memory(process: int) -> float:
    """Return the most memory that a process ever had, in megabytes."""
    with open(f"/proc/{process}/status", encoding="ascii") as file:
        found = next(line for line in file if line.startswith("VmHWM"))
    return int(found.split()[1]) / 1024


def upload(port: int, path: str, statuses: list[int]) -> None:
    """Publish an archive, and note the status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    with open(path, "rb") as file:
        headers = {"Content-Type": "application/gzip", "Content-Length": str(os.path.getsize(path))}
        connection.request("POST", "/packages", file, headers)
        answer = connection.getresponse()
    answer.read()
    statuses.append(answer.status)


def main() -> None:
    """Measure, and print what there is to tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True, help="an empty folder on the disk to measure on")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--megabytes", type=int, default=49)
    options = parser.parse_args()
    print(describe_machine())
    os.makedirs(options.folder, exist_ok=True)
    payload = random.Random(1).randbytes(options.megabytes << 20)
    paths = [os.path.join(options.folder, f"{number}.aam") for number in range(options.clients)]
    for number, path in enumerate(paths):
        archive(path, number, payload)
    with running(Ours(), os.path.join(options.folder, "served")) as server:
        assert server is not None
        before = most_memory(server.process)
        statuses: list[int] = []
        start = time.perf_counter()
        clients = [threading.Thread(target=upload, args=(server.port, path, statuses)) for path in paths]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        taken = time.perf_counter() - start
        print(f"{statuses.count(201)} of {len(paths)} published in {taken:.1f} s")
        print(f"most memory of the worker: {before:.0f} MB before, {most_memory(server.process):.0f} MB after")


if __name__ == "__main__":
    main()

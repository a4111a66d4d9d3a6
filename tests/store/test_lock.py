"""One build at a time: who waits, what is told, and that a dead holder holds nothing."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from packaging_targets.store.lock import Lock

_HOLD = """
import sys
from packaging_targets.store.lock import Lock
lock = Lock(sys.argv[1])
lock.acquire(print)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "lock")


def hold(path: str) -> subprocess.Popen[str]:
    """Return a process that holds the lock."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def wait_for(path: str) -> tuple[threading.Thread, list[str]]:
    """Start to wait for a lock; return the thread that waits, and what it is told."""
    told: list[str] = []
    waits = threading.Event()

    def waiting(pid: str) -> None:
        told.append(pid)
        waits.set()

    def acquire() -> None:
        lock = Lock(path)
        lock.acquire(waiting)
        lock.release()

    thread = threading.Thread(target=acquire)
    thread.start()
    assert waits.wait(20)
    return thread, told


@pytest.mark.parametrize("killed", [True, False])
def test_the_second_waits_for_the_first_however_that_ends(path: str, *, killed: bool) -> None:
    with hold(path) as holder:
        thread, told = wait_for(path)
        assert told == [str(holder.pid)]
        assert thread.is_alive()
        if killed:
            holder.kill()
        else:
            holder.communicate()
        thread.join(20)
        assert not thread.is_alive()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"not a number", b"12"])
def test_what_the_file_holds_is_only_told(path: str, content: bytes) -> None:
    with hold(path) as holder:
        Path(path).write_bytes(content)
        thread, told = wait_for(path)
        assert told == [content.decode() if content.isdigit() else "unknown"]
        holder.communicate()
        thread.join(20)


def test_a_lock_can_be_taken_again_and_given_back_twice(path: str) -> None:
    lock = Lock(path)
    for _ in range(2):
        lock.acquire(pytest.fail)
        lock.release()
        lock.release()
    Lock(path).release()

"""The action cache on its own: what is stored comes back to the byte, or not at all."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packaging_targets.store.action_cache import ActionCache

if TYPE_CHECKING:
    from pathlib import Path

KEY = "ab" * 32
OUTPUTS = [b"first", b"", b"\0" * 100_000]


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def state_of(data: bytes, kind: str = "f") -> str:
    return kind + hashlib.sha256(data).hexdigest()


def stored(folder: Path, outputs: list[bytes] = OUTPUTS, key: str = KEY) -> tuple[ActionCache, dict[str, str]]:
    cache = ActionCache(str(folder / "cache"))
    files: dict[str, bytes | str] = {}
    for place, data in enumerate(outputs):
        files[f"out{place}"] = str(folder / f"in{place}")
        (folder / f"in{place}").write_bytes(data)
    states = {f"out{place}": state_of(data, "x" if place else "f") for place, data in enumerate(outputs)}
    cache.store(key, files, states)
    return cache, states


def restored(cache: ActionCache, folder: Path, key: str = KEY) -> dict[str, str] | None:
    return cache.restore(key, lambda path: str(folder / path))


def test_a_single_output_is_recalled_if_it_can_be_believed(tmp_path: Path) -> None:
    cache, _ = stored(tmp_path, [b"remembered"])
    assert cache.recall(KEY) == b"remembered"
    assert cache.recall("cd" * 32) is None
    whole = read(cache.path_of(KEY))
    for damaged in (b"", whole[:10], whole[:-1], whole + b"x", whole.replace(b"remem", b"forge"), b"x" * 40):
        with open(cache.path_of(KEY), "wb") as file:
            file.write(damaged)
        assert cache.recall(KEY) is None
    stored(tmp_path)
    assert cache.recall(KEY) is None  # it has three


def test_what_is_stored_comes_back_with_its_executable_bit(tmp_path: Path) -> None:
    cache, states = stored(tmp_path)
    places = [str(tmp_path / f"out{place}") for place in range(3)]
    assert restored(cache, tmp_path) == states
    assert list(map(read, places)) == OUTPUTS
    assert [bool(os.stat(place).st_mode & 0o100) for place in places] == [False, True, True]
    assert restored(cache, tmp_path, "cd" * 32) is None
    assert list((tmp_path / "cache" / "staging").iterdir()) == []


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_entry_that_was_hurt_is_believed(tmp_path: Path, data: st.DataObject) -> None:
    cache, _ = stored(tmp_path, [b"first output", b"second"])
    whole = read(cache.path_of(KEY))
    place = data.draw(st.integers(0, len(whole) - 1))
    hurt = data.draw(
        st.sampled_from(
            [whole[:place], whole + b"x", whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :]]
        )
    )
    with open(cache.path_of(KEY), "wb") as file:
        file.write(hurt)
    assert restored(cache, tmp_path) is None
    assert not os.path.exists(cache.path_of(KEY))


def test_a_header_that_claims_too_much_is_not_read(tmp_path: Path) -> None:
    cache, _ = stored(tmp_path)
    with open(cache.path_of(KEY), "r+b") as file:
        file.seek(8)
        file.write(b"\xff\xff\xff\xff")
    assert restored(cache, tmp_path) is None


def test_an_entry_that_holds_what_is_no_output_is_not_believed(tmp_path: Path) -> None:
    cache, _ = stored(tmp_path)
    assert cache.restore(KEY, {"out0": str(tmp_path / "out0"), "out1": str(tmp_path / "out1")}.get) is None
    assert not os.path.exists(cache.path_of(KEY))


def test_care_keeps_what_was_used_last(tmp_path: Path) -> None:
    keys = [f"{place:02x}" * 32 for place in range(4)]
    for place, key in enumerate(keys):
        cache, _ = stored(tmp_path, [bytes(1000)], key)
        os.utime(cache.path_of(key), (place, place))
    assert restored(cache, tmp_path, keys[0]) is not None
    size = next(iter(cache.entries())).size
    assert cache.gc(2 * size) == (2, 2 * size)
    assert [os.path.exists(cache.path_of(key)) for key in keys] == [True, False, False, True]
    assert cache.verify() == (2, [])
    with open(cache.path_of(keys[3]), "ab") as file:
        file.write(b"x")
    assert cache.verify() == (1, [cache.path_of(keys[3])])
    assert cache.verify() == (1, [])


def test_a_cache_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    cache, _ = stored(tmp_path, [b"x"])
    assert restored(cache, tmp_path) is None
    assert list(cache.entries()) == []


@pytest.mark.parametrize("limit", [0, 1])
def test_gc_of_an_empty_cache(limit: int, tmp_path: Path) -> None:
    assert ActionCache(str(tmp_path / "none")).gc(limit) == (0, 0)

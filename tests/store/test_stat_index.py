"""The stat index on its own: whatever stands in the file, nothing is believed that is not so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packaging_targets.errors import RequestError
from packaging_targets.store.stat_index import StatIndex, mark_pending
from packaging_targets.store.states import examine, examine_all
from packaging_targets.store.sweep import UNTRUSTED, signatures, sweep

if TYPE_CHECKING:
    from pathlib import Path

STATES = ["-", "o", *(kind + "ab" * 32 for kind in "fxld")]
PATHS = st.binary(min_size=1, max_size=8).filter(lambda data: b"\0" not in data).map(os.fsdecode)


@given(st.dictionaries(PATHS, st.tuples(st.sampled_from(STATES), st.integers(-(2**63), 2**63 - 1)), max_size=9))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_saved_is_loaded(tmp_path: Path, entries: dict[str, tuple[str, int]]) -> None:
    place = str(tmp_path / "index")
    rows = ((path, state, sig) for path, (state, sig) in entries.items())
    StatIndex.build(rows, mark="mark é", targets=7, pending=False).save(place)
    loaded = StatIndex.load(place)
    assert loaded is not None
    assert loaded.states() == entries
    assert (loaded.fingerprint, loaded.targets, loaded.pending) == ("mark é", 7, False)
    mark_pending(place)
    again = StatIndex.load(place)
    assert again is not None
    assert again.pending
    assert os.listdir(tmp_path) == ["index"]


def test_no_torn_file_is_loaded(tmp_path: Path) -> None:
    place = tmp_path / "index"
    StatIndex.build([("a", STATES[2], 1), ("b", "-", 2)], mark="m", targets=1, pending=False).save(str(place))
    whole = place.read_bytes()
    for cut in range(len(whole)):
        place.write_bytes(whole[:cut])
        assert StatIndex.load(str(place)) is None
    place.write_bytes(whole + b"x")
    assert StatIndex.load(str(place)) is None
    assert StatIndex.load(str(tmp_path / "none")) is None


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_foreign_bytes_are_no_index(tmp_path: Path, data: bytes) -> None:
    place = tmp_path / "index"
    for head in (b"", b"PTINDEX1"):
        place.write_bytes(head + data)
        loaded = StatIndex.load(str(place))
        assert loaded is None or len(loaded.paths) == len(loaded.signatures)


def test_states_of_all_that_can_stand_at_a_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "tool").write_bytes(b"")
    (tmp_path / "tool").chmod(0o755)
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    found = {name: examine(str(tmp_path / name))[0] for name in ("file", "tool", "link", "folder", "fifo", "none")}
    assert {name: state[0] for name, state in found.items()} == {
        "file": "f",
        "tool": "x",
        "link": "l",
        "folder": "d",
        "fifo": "o",
        "none": "-",
    }
    (tmp_path / "folder" / "__pycache__").mkdir()
    assert examine(str(tmp_path / "folder"))[0] == found["folder"]
    (tmp_path / "folder" / "x").write_text("")
    assert examine(str(tmp_path / "folder"))[0] != found["folder"]
    assert examine(str(tmp_path / "file" / "below"))[0] == "-"


def test_a_young_file_is_not_trusted_and_an_old_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_text("x")
    stats = path.stat()
    monkeypatch.setattr("time.time_ns", lambda: stats.st_ctime_ns + 1)
    assert examine(str(path))[1] == UNTRUSTED
    monkeypatch.setattr("time.time_ns", lambda: stats.st_ctime_ns + 10_000_000_000)
    assert examine(str(path))[1] != UNTRUSTED


def test_the_same_with_many_files_on_many_cores(tmp_path: Path) -> None:
    paths = [str(tmp_path / str(number)) for number in range(600)]
    for number, path in enumerate(paths[:590]):
        with open(path, "w", encoding="ascii") as file:
            file.write(str(number))
    assert [state for state, _ in examine_all(paths, 3)] == [examine(path)[0] for path in paths]
    known = signatures(paths)
    with open(paths[5], "a", encoding="ascii") as file:
        file.write("more")
    assert sweep(paths, known, 1) == [5, *range(590, 600)]


def test_everything_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    long = str(tmp_path / ("x" * 300))
    with pytest.raises(RequestError) as caught:
        examine_all([long, long + "y"])
    assert len(caught.value.problems) == 2
    assert str(caught.value).startswith(
        f"error: `{long}` cannot be read: file name too long\n  at {long}\n  fix: make it readable for you, or exclude it"
    )

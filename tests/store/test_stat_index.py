"""The stat index on its own: whatever stands in the file, nothing is believed that is not so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packaging_targets.errors import RequestError
from packaging_targets.store.stat_index import StatIndex, mark_pending
from packaging_targets.store.states import examine, examine_all
from packaging_targets.store.sweep import FIELDS, GONE, UNTRUSTED, columns_of, signature_of, sweep

if TYPE_CHECKING:
    from pathlib import Path

STATES = ["-", "o", *(kind + "ab" * 32 for kind in "fxld")]
PATHS = st.binary(min_size=1, max_size=8).filter(lambda data: b"\0" not in data).map(os.fsdecode)
SIGNATURES = st.tuples(*[st.integers(-(2**63), 2**63 - 1)] * FIELDS)
ENTRIES = st.dictionaries(PATHS, st.tuples(st.sampled_from(STATES), SIGNATURES), max_size=9)
EXAMPLES = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def build(entries: dict[str, tuple[str, Any]]) -> StatIndex:
    return StatIndex.build(((path, state, known) for path, (state, known) in entries.items()), mark="mark é")


def load(place: str | Path) -> StatIndex:
    loaded = StatIndex.load(str(place))
    assert loaded is not None
    return loaded


@given(ENTRIES)
@EXAMPLES
def test_what_is_saved_is_loaded(tmp_path: Path, entries: dict[str, tuple[str, Any]]) -> None:
    place = str(tmp_path / "index")
    build(entries).save(place, targets=7, pending=False)
    loaded = load(place)
    assert dict(loaded.entries()) == entries
    assert (loaded.fingerprint, loaded.targets, loaded.pending) == ("mark é", 7, False)
    for path, (state, known) in entries.items():
        at = loaded.place(path)
        assert at is not None
        assert (loaded.path(at), loaded.state(at), loaded.signature(at)) == (path, state, known)
    assert loaded.place("not there at all") is None
    mark_pending(place)
    assert load(place).pending
    assert os.listdir(tmp_path) == ["index"]


@given(ENTRIES.filter(bool), st.lists(st.tuples(st.integers(0, 8), st.sampled_from(STATES), SIGNATURES), max_size=4))
@EXAMPLES
def test_notes_stand_above_what_is_before_them(
    tmp_path: Path, entries: dict[str, tuple[str, Any]], changes: list[tuple[int, str, Any]]
) -> None:
    place = str(tmp_path / "index")
    build(entries).save(place, targets=1, pending=True)
    for count, (number, state, known) in enumerate(changes):
        index = load(place)
        at = number % len(entries)
        entries[index.path(at)] = (state, known)
        assert index.append(place, {at: (state, known)}, targets=count, pending=False)
    loaded = load(place)
    assert dict(loaded.entries()) == entries
    assert (loaded.targets, loaded.pending) == ((len(changes) - 1, False) if changes else (1, True))
    loaded.save(place, targets=5, pending=False)
    assert dict(load(place).entries()) == entries


def test_a_torn_note_is_as_if_it_had_not_been_written(tmp_path: Path) -> None:
    place = tmp_path / "index"
    build({"a": ("-", GONE), "b": ("-", GONE)}).save(str(place), targets=1, pending=False)
    size = place.stat().st_size
    new = (STATES[2], (1, 2, 3, 4, 5, 6))
    assert load(place).append(str(place), {1: new}, targets=2, pending=True)
    whole = place.read_bytes()
    assert load(place).state(1) == new[0]
    for cut in range(size, len(whole)):
        place.write_bytes(whole[:cut])
        loaded = load(place)
        assert (loaded.targets, loaded.pending, loaded.state(1)) == (1, False, "-")
        # What stands behind a torn note would not be found.
        assert loaded.append(str(place), {}, targets=3, pending=False) is (cut == size)
    place.write_bytes(whole[:-1] + b"!")
    assert load(place).targets == 1


def test_too_many_notes_are_not_added(tmp_path: Path) -> None:
    place = tmp_path / "index"
    build({"a": ("-", GONE)}).save(str(place), targets=1, pending=False)
    index = load(place)
    while index.append(str(place), {0: ("-", UNTRUSTED)}, targets=1, pending=False):
        assert place.stat().st_size < 2 << 20
    assert load(place).signature(0) == UNTRUSTED


def test_no_torn_file_is_loaded(tmp_path: Path) -> None:
    place = tmp_path / "index"
    build({"a": (STATES[2], UNTRUSTED), "b": ("-", GONE)}).save(str(place), targets=1, pending=False)
    whole = place.read_bytes()
    for cut in range(len(whole)):
        place.write_bytes(whole[:cut])
        assert StatIndex.load(str(place)) is None
    assert StatIndex.load(str(tmp_path / "none")) is None


@given(st.binary(max_size=300))
@EXAMPLES
def test_foreign_bytes_are_no_index(tmp_path: Path, data: bytes) -> None:
    place = tmp_path / "index"
    for head in (b"", b"PTINDEX2"):
        place.write_bytes(head + data)
        loaded = StatIndex.load(str(place))
        assert loaded is None or len(dict(loaded.entries())) == loaded.count


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


@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 1025, 7000], ids=str)
@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_a_sweep_finds_each_path_that_is_another_one(tmp_path: Path, count: int, jobs: int) -> None:
    paths = [str(tmp_path / f"{number:05}") for number in range(count)]
    for path in paths[: count - 20]:
        with open(path, "xb"):
            pass
    raw = "\0".join(paths).encode()
    known = columns_of(map(signature_of, paths))
    assert sweep(raw, known, jobs) == []
    changed = sorted({0, count // 3, count // 2, count - 21, count - 1} & set(range(count)))
    for place in changed:
        with open(paths[place], "ab") as file:
            file.write(b"more")
    assert sweep(raw, known, jobs) == changed


def test_the_signature_of_one_path_is_that_of_a_sweep_of_many(tmp_path: Path) -> None:
    """`os.lstat` and the C library's own are asked: whichever made the index, the other believes it."""
    names = [f"n{number}" for number in range(6000)]
    for name in names:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, ns=(1, -5 * 10**9 + hash(name) % 10**10))
    paths = [str(tmp_path / name) for name in names] + ["/dev/null", "/"]
    assert sweep("\0".join(paths).encode(), columns_of(map(signature_of, paths)), 1) == []


def test_everything_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    long = str(tmp_path / ("x" * 300))
    with pytest.raises(RequestError) as caught:
        examine_all([long, long + "y"])
    assert len(caught.value.problems) == 2
    assert str(caught.value).startswith(
        f"error: `{long}` cannot be read: file name too long\n  at {long}\n  fix: make it readable for you, or exclude it"
    )

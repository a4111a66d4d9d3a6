"""`aam install`, `uninstall`, `update`, `list`, `tree`, `why`, `outdated`, `verify`, `search`, `info`: as people run them."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agents import Place, aam, archive_of, files_of, make_place, package, packed
from rights import WITHOUT_RIGHTS, needs_rights_dropped

from packaging_targets.formats.aam.integrity import integrity_of
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.digest import Digest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda *arguments: aam(capsys, *arguments)


def done(result: tuple[int, str, str]) -> str:
    code, out, err = result
    assert code == 0, err
    return out


def failed(result: tuple[int, str, str], code: int = 1) -> str:
    assert result[0] == code, result
    return result[2]


def told(result: tuple[int, str, str]) -> Any:
    return json.loads(result[1])


@pytest.fixture
def shelf(place: Place) -> Place:
    """`@acme/review` needs `style`, which needs `words`."""
    place.publish("words", "1.0.0")
    place.publish("words", "1.1.0")
    place.publish("style", "1.0.0", {"words": "^1.0.0"})
    place.publish("@acme/review", "1.0.0", {"style": "*"})
    place.publish("@acme/review", "2.0.0", {"style": "^1.0.0"})
    return place


# Installing


@pytest.mark.uaaps("S12.0.default", "S12.1.lock-checksum", "P53")
def test_install_a_name(shelf: Place, run: Run) -> None:
    assert done(run("install", "@acme/review")) == (
        "+ @acme/review@2.0.0\n+ style@1.0.0\n+ words@1.1.0\nadded 3: 3 packages are installed\n"
    )
    assert shelf.versions() == {"@acme/review": "2.0.0", "style": "1.0.0", "words": "1.1.0"}
    lock = shelf.lock()
    assert lock["requested"] == {"@acme/review": "^2.0.0"}
    data = (shelf.root / "registry/packages/words/versions/1.1.0.aam").read_bytes()
    assert lock["resolved"]["words"]["integrity"] == integrity_of(Digest.of(data))
    cached = f"words-1.1.0-sha256-{Digest.of(data).hex}.aam"
    assert (shelf.home / "cache" / cached).read_bytes() == data
    assert shelf.files(".agent-packages/acme--review")["skills/review/SKILL.md"]


@pytest.mark.uaaps("S12.0.registry", "S12.0.scheme")
def test_a_registry_is_named(shelf: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (shelf.home / "config.yaml").unlink()
    assert failed(run("install", "@acme/review"), 2).startswith("error: no registry is configured\n")
    done(run("install", "@acme/review", "--registry", shelf.url))
    (shelf.root / "elsewhere").mkdir()
    monkeypatch.chdir(shelf.root / "elsewhere")  # paths are from here, wherever the project is
    assert told(run("info", "words", "--project", "../project", "--registry", "../registry", "--json"))["ok"]
    assert "would be spoken to without TLS" in failed(run("install", "x", "--registry", "http://r.example"), 2)


@pytest.mark.uaaps("S12.3.install-tag", "P13")
def test_install_by_tag_version_and_range(shelf: Place, run: Run) -> None:
    done(run("dist-tag", "add", "@acme/review@1.0.0", "stable"))
    done(run("install", "@acme/review@stable"))
    assert shelf.lock()["requested"] == {"@acme/review": "^1.0.0"}
    assert shelf.versions()["@acme/review"] == "1.0.0"
    done(run("install", "@acme/review@2.0.0", "words@>=1.0.0 <1.1.0"))
    assert shelf.lock()["requested"] == {"@acme/review": "2.0.0", "words": ">=1.0.0 <1.1.0"}
    assert shelf.versions() == {"@acme/review": "2.0.0", "style": "1.0.0", "words": "1.0.0"}
    assert (
        failed(run("install", "words@satble"))
        == f"error: `words` has no tag `satble`\n  at {shelf.url}\n  fix: tags: latest\n"
    )
    assert failed(run("install", "words@1.x"), 2).startswith("error: `1.x` is no version: one has three numbers")


@pytest.mark.uaaps("P53")
def test_the_manifest_says_what_is_wanted_and_is_written_as_it_was(shelf: Place, run: Run) -> None:
    shelf.wants({"style": "^1.0.0"}, keywords=["x"])
    assert done(run("install")) == "+ style@1.0.0\n+ words@1.1.0\nadded 2: 2 packages are installed\n"
    done(run("install", "@acme/review@^1.0.0"))
    assert (shelf.project / "package.agent.json").read_text() == (
        '{\n  "name": "project",\n  "version": "1.0.0",\n  "description": "project, for tests.",\n'
        '  "keywords": [\n    "x"\n  ],\n'
        '  "dependencies": {\n    "@acme/review": "^1.0.0",\n    "style": "^1.0.0"\n  }\n}\n'
    ).replace('  "keywords": [\n    "x"\n  ],\n  "dependencies"', '  "dependencies"').replace(
        '"style": "^1.0.0"\n  }\n}', '"style": "^1.0.0"\n  },\n  "keywords": [\n    "x"\n  ]\n}'
    )
    before = shelf.files()
    assert done(run("install", "words@1.0.0", "--no-save")).endswith(
        "~ words@1.1.0 → 1.0.0\nchanged 1: 3 packages are installed\n"
    )
    assert {path: shelf.files()[path] for path in ("package.agent.json", "package.agent.lock")} == {
        path: before[path] for path in ("package.agent.json", "package.agent.lock")
    }
    done(run("install"))
    assert shelf.versions()["words"] == "1.1.0"


def test_a_dry_run_changes_nothing(shelf: Place, run: Run) -> None:
    value = told(run("install", "words", "--dry-run", "--json"))
    assert value["changes"] == [{"name": "words", "before": None, "after": "1.1.0", "source": shelf.url}]
    assert shelf.files() == {}


def test_nothing_to_do_is_told_and_asks_no_registry(shelf: Place, run: Run) -> None:
    done(run("install", "words"))
    before = shelf.files()
    shutil.rmtree(shelf.root / "registry")
    assert done(run("install")) == "nothing to do: 1 package\n"
    assert shelf.files() == before


def test_a_lock_is_installed_offline_from_the_cache(shelf: Place, run: Run) -> None:
    done(run("install", "@acme/review"))
    before = shelf.files()
    shutil.rmtree(shelf.root / "registry")
    shutil.rmtree(shelf.project / ".agent-packages")
    done(run("install"))
    assert shelf.files() == before


def test_the_same_lock_in_two_projects(shelf: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done(run("install", "@acme/review", "words"))
    first = shelf.files()
    other = shelf.root / "other"
    other.mkdir()
    done(run("install", "words", "@acme/review", "--project", str(other)))
    assert (other / "package.agent.lock").read_bytes() == first["package.agent.lock"]


@pytest.mark.uaaps("P52")
def test_frozen_installs_what_the_lock_says_or_fails(shelf: Place, run: Run) -> None:
    shelf.wants({"words": "^1.0.0"})
    none = "error: there is no lock, and --frozen never makes one\n  at package.agent.lock\n  fix: aam install\n"
    assert failed(run("install", "--frozen")) == none
    done(run("install"))
    shutil.rmtree(shelf.project / ".agent-packages")
    done(run("install", "--frozen"))
    assert shelf.versions() == {"words": "1.1.0"}
    shelf.wants({"words": "1.0.0"})
    before = shelf.files()
    assert failed(run("install", "--frozen")) == (
        "error: the project wants `words` 1.0.0, but 1.1.0 is locked\n"
        "  at package.agent.lock\n"
        "  fix: aam install, without --frozen\n"
    )
    assert shelf.files() == before
    for wants, what in (
        ({"words": ">=1.0.0"}, "the project wants `words` >=1.0.0, but the lock was made for ^1.0.0"),
        ({}, "`words` is locked, which the project does not want any more"),
    ):
        shelf.wants(wants)
        told = f"error: {what}\n  at package.agent.lock\n  fix: aam install, without --frozen\n"
        assert failed(run("install", "--frozen")) == told
    (shelf.project / "package.agent.lock").unlink()
    assert failed(run("install", "--frozen")) == none
    assert shelf.versions_there() == {"words": "1.1.0"}
    assert failed(run("install", "words", "--frozen"), 2).startswith("error: `--frozen` installs what the lock says")


def test_a_mirror_installs_the_same_lock(shelf: Place, run: Run) -> None:
    done(run("install", "@acme/review"))
    before = shelf.files()
    done(run("registry", "mirror", shelf.url, str(shelf.root / "mirror")))
    for name in ("registry", "home/cache", "project/.agent-packages"):
        shutil.rmtree(shelf.root / name)
    subprocess.run(["chmod", "-R", "a-w", str(shelf.root / "mirror")], check=True)
    try:
        done(run("install", "--registry", str(shelf.root / "mirror")))
        assert shelf.files() == before
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(shelf.root / "mirror")], check=True)


# Packages from files


def test_a_folder_and_an_archive(shelf: Place, run: Run) -> None:
    package(shelf.root / "own", "own", "0.1.0", {"words": "*"})
    (shelf.root / "other-1.0.0.aam").write_bytes(packed("other"))
    done(run("install", "../own", "../other-1.0.0.aam"))
    assert shelf.versions() == {"other": "1.0.0", "own": "0.1.0", "words": "1.1.0"}
    lock = shelf.lock()
    assert lock["requested"] == {"other": "1.0.0", "own": "0.1.0"}
    assert lock["resolved"]["own"]["source"] == {"type": "file", "path": "../own"}
    assert lock["resolved"]["other"]["integrity"] == integrity_of(Digest.of(packed("other")))
    # What is in the folder now is taken when it is asked for again, or updated.
    package(shelf.root / "own", "own", "0.2.0", {"words": "*"})
    assert done(run("install")) == "nothing to do: 3 packages\n"
    assert done(run("update", "own")) == "~ own@0.1.0 → 0.2.0\nchanged 1: 3 packages are installed\n"
    package(shelf.root / "own", "own", "0.2.0")
    shutil.rmtree(shelf.home / "cache")
    shutil.rmtree(shelf.project / ".agent-packages")
    assert "`own` 0.2.0 has changed since it was locked" in failed(run("install"))


def test_a_package_that_is_wrong_is_told(place: Place, run: Run) -> None:
    (place.root / "x.aam").write_bytes(archive_of({"a/package.agent.json": b"{}"}))
    assert "there is no `package.agent.json` at the root of the archive" in failed(run("install", "../x.aam"))
    (place.root / "x.aam").write_bytes(b"no archive")
    failed(run("install", "../x.aam"))
    assert failed(run("install", "./gone.aam"), 2).startswith("error: there is no file or folder `./gone.aam`\n")
    assert failed(run("install", "a--b"), 2).startswith("error: the name `a--b` has `--` in its name")
    assert "asks for extras" in failed(run("install", "a[x]"), 2)
    hint = "write NAME, NAME@1.2.3, NAME@^1.2.0, NAME@TAG, or a path such as ./folder or ./package.aam"
    for texts, what, fix in (
        (("a@1.0.0", "a@2.0.0"), "`a` is asked for twice: as `1.0.0` and as `2.0.0`", "name it once"),
        (("./",), "a project is not installed into itself", "aam install, for what it wants"),
        (("https://x.example/a",), "`https://x.example/a` is a URL, and packages are not installed from one", hint),
        (("a@v1.0.0",), "`v1.0.0` is no version: one has three numbers, and nothing else", "write a@1.0.0 or a@^1.0.0"),
        (("a@1.x",), "`1.x` is no version: one has three numbers, and nothing else", "write a@1.0.0 or a@^1.0.0"),
        (("a@",), "`a@` names nothing behind its `@`", hint),
    ):
        assert failed(run("install", *texts), 2) == f"error: {what}\n  fix: {fix}\n"
    assert place.files() == {}


# What else is done to what is installed


def test_uninstall_takes_what_nobody_needs_any_more(shelf: Place, run: Run) -> None:
    done(run("install", "@acme/review", "words"))
    assert (
        done(run("uninstall", "@acme/review"))
        == "- @acme/review@2.0.0\n- style@1.0.0\nremoved 2: 1 package is installed\n"
    )
    assert shelf.versions() == {"words": "1.1.0"}
    assert sorted(os.listdir(shelf.project / ".agent-packages")) == [".installed.json", ".unchanged", "words"]
    assert failed(run("uninstall", "wrods"), 2) == (
        "error: `wrods` is not among what the project wants\n  at package.agent.lock\n  fix: did you mean `words`?\n"
    )
    done(run("install", "style"))
    done(run("uninstall", "words"))
    assert "it is installed because `style` needs it" in failed(run("uninstall", "words"), 2)


def test_update_takes_what_the_ranges_allow(shelf: Place, run: Run) -> None:
    done(run("install", "@acme/review@^1.0.0"))
    shelf.publish("words", "1.2.0")
    shelf.publish("@acme/review", "1.5.0", {"style": "*"})
    assert done(run("install")) == "nothing to do: 3 packages\n"
    assert told(run("outdated", "--json"))["outdated"] == [
        {"name": "@acme/review", "current": "1.0.0", "wanted": "1.5.0", "latest": "2.0.0", "registry": shelf.url},
        {"name": "words", "current": "1.1.0", "wanted": "1.2.0", "latest": "1.2.0", "registry": shelf.url},
    ]
    assert run("outdated", "words")[:2] == (1, "package  current  wanted  latest\nwords    1.1.0    1.2.0   1.2.0\n")
    assert done(run("update", "words")) == "~ words@1.1.0 → 1.2.0\nchanged 1: 3 packages are installed\n"
    done(run("update"))
    assert shelf.versions() == {"@acme/review": "1.5.0", "style": "1.0.0", "words": "1.2.0"}
    assert run("outdated", "words")[:2] == (0, "everything is up to date\n")
    failed(run("update", "nobody"), 2)


@pytest.mark.uaaps("P41")
def test_a_yanked_version_stays_where_it_is_locked(shelf: Place, run: Run) -> None:
    done(run("install", "words@^1.0.0"))
    done(run("yank", "words@1.1.0"))
    shutil.rmtree(shelf.home / "cache")
    shutil.rmtree(shelf.project / ".agent-packages")
    done(run("install"))
    assert shelf.versions() == {"words": "1.1.0"}
    done(run("update"))
    assert shelf.versions() == {"words": "1.0.0"}


def test_what_is_yanked_or_deprecated_is_told_to_those_who_have_it_in_a_lock(shelf: Place, run: Run) -> None:
    done(run("install", "words@^1.0.0", "style"))
    shelf.registry.yank(PackageName.parse("words"), "1.1.0", "it lies")
    shelf.registry.deprecate(PackageName.parse("style"), "1.0.0", "use manner")
    heard = (
        f"warning: `style` 1.0.0 is deprecated: use manner\n  at {shelf.url}\n\n"
        f"warning: `words` 1.1.0 is yanked since 2023-11-14T22:13:20Z: it lies\n  at {shelf.url}\n"
        "  fix: take another version: aam update words\n\n"
    )
    assert run("outdated") == (0, "everything is up to date\n", heard)
    assert [one["what"] for one in told(run("outdated", "style", "--json"))["warnings"]] == [
        "`style` 1.0.0 is deprecated: use manner"
    ]
    shutil.rmtree(shelf.project / ".agent-packages")
    assert run("install", "--frozen")[2] == ""  # all of it is in the cache: nobody is asked
    for words in (["install"], ["install", "--frozen"]):
        shutil.rmtree(shelf.home / "cache")
        shutil.rmtree(shelf.project / ".agent-packages")
        assert run(*words)[::2] == (0, heard)


def test_peers_optional_ones_and_deprecations_are_told(shelf: Place, run: Run) -> None:
    shelf.publish("a", "1.0.0", peerDependencies={"words": "^2.0.0"}, optionalDependencies={"gone": "*"})
    done(run("deprecate", "a@1.0.0", "use b"))
    code, _, err = run("install", "a")
    assert code == 0
    assert "warning: `a` 1.0.0 needs `words` ^2.0.0 beside it, which is not installed" in err
    assert "warning: `gone` *, which `a` 1.0.0 would use, cannot be had, and is left out" in err
    assert "warning: `a` 1.0.0 is deprecated: use b" in err
    done(run("uninstall", "a"))
    assert failed(run("install", "a", "--strict-peers")).startswith("error: `a` 1.0.0 needs `words` ^2.0.0 beside it")


# Asking


def test_list_tree_and_why(shelf: Place, run: Run) -> None:
    assert done(run("list")) == "nothing is installed\n"
    done(run("install", "@acme/review", "words"))
    assert done(run("list")) == "@acme/review@2.0.0  wanted: ^2.0.0\nstyle@1.0.0\nwords@1.1.0  wanted: ^1.1.0\n"
    assert done(run("tree")) == (
        "├── @acme/review@2.0.0\n│   └── style@1.0.0\n│       └── words@1.1.0\n└── words@1.1.0\n"
    )
    assert done(run("tree", "--depth", "2")) == "├── @acme/review@2.0.0\n│   └── style@1.0.0\n└── words@1.1.0\n"
    assert done(run("why", "words")) == (
        "words@1.1.0\n  the project wants ^1.1.0\n  the project → @acme/review@2.0.0 → style@1.0.0 wants ^1.0.0\n"
    )
    assert failed(run("why", "wrods"), 2).endswith("fix: did you mean `words`?\n")
    assert [one["name"] for one in told(run("list", "--json"))["packages"]] == ["@acme/review", "style", "words"]
    assert told(run("tree", "--json"))["dependencies"][0]["dependencies"][0]["name"] == "style"
    assert told(run("why", "words", "--json"))["reasons"][0] == {"path": ["the project"], "wanted": "^1.1.0"}
    shutil.rmtree(shelf.project / ".agent-packages/words")
    assert "words@1.1.0  wanted: ^1.1.0  (not installed)" in done(run("list"))


def test_a_search_puts_the_best_of_all_registries_first(shelf: Place, run: Run) -> None:
    """A name that is just what was asked for comes before others, whichever registry has it."""
    shelf.publish("wordsmith")
    second = shelf.root / "second"
    done(run("registry", "init", f"file://{second}"))
    done(run("pkg", "publish", str(package(shelf.root / "smith", "smith")), "--registry", f"file://{second}"))
    (shelf.root / "home").mkdir(exist_ok=True)
    config = f"registries:\n  default: {shelf.url}\n  sources: [{{name: second, url: 'file://{second}'}}]\n"
    (shelf.project / ".aam").mkdir()
    (shelf.project / ".aam" / "config.yaml").write_text(config)
    lines = done(run("search", "smith")).splitlines()
    assert [line.split("@")[0] for line in lines] == ["smith", "wordsmith"]


def test_search_and_info(shelf: Place, run: Run) -> None:
    assert done(run("search", "review")) == "@acme/review@2.0.0  @acme/review, for tests.\n"
    assert told(run("search", "review", "--json"))["packages"][0]["versions"] == ["1.0.0", "2.0.0"]
    assert done(run("search", "unheard")) == "nothing was found\n"
    out = done(run("info", "@acme/review@1.0.0"))
    assert out.startswith("@acme/review@1.0.0  @acme/review, for tests.\npublishedAt: 2023-11-14T22:13:20Z\n")
    assert "dependencies: style *\ntags: latest 2.0.0\nversions: 2.0.0, 1.0.0\n" in out
    assert told(run("info", "words@^1.0.0", "--json"))["version"] == "1.1.0"
    assert "has no version `9.0.0`" in failed(run("info", "words@9.0.0"))
    assert "fix: did you mean `words`?" in failed(run("info", "wrods"))


def test_verify_compares_every_file(shelf: Place, run: Run) -> None:
    done(run("install", "@acme/review"))
    assert done(run("verify")) == "3 packages, 6 files, 3 archives: all in order\n"
    top = shelf.project / ".agent-packages"
    (top / "words/skills/review/SKILL.md").write_text("other")
    (top / "style/package.agent.json").unlink()
    (top / "style/more").write_text("")
    shutil.rmtree(top / "acme--review")
    cached = next((shelf.home / "cache").glob("words-*"))
    cached.write_bytes(b"torn")
    value = told(run("verify", "--json"))
    assert [(one["where"], one["what"]) for one in value["problems"]] == [
        (".agent-packages/acme--review", "the folder of the package is gone"),
        (".agent-packages/style/package.agent.json", "the file is gone"),
        (".agent-packages/style/more", "the file does not belong to the package"),
        (".agent-packages/words/skills/review/SKILL.md", "the file was changed"),
        (str(shelf.home / "cache"), "the cached archive of `words` 1.1.0 is not what the lock says; it was removed"),
    ]
    assert run("verify")[0] == 1
    for name in ("style", "words"):
        shutil.rmtree(top / name)
    done(run("install"))
    assert done(run("verify")).endswith("all in order\n")


# What others do to it


@pytest.mark.uaaps("P48")
def test_a_tampered_cache_is_not_used(shelf: Place, run: Run) -> None:
    done(run("install", "words"))
    cached = next((shelf.home / "cache").glob("words-*"))
    cached.write_bytes(packed("words", "1.1.0", files={"evil.md": "evil"}))
    shutil.rmtree(shelf.project / ".agent-packages")
    done(run("install"))
    assert "evil.md" not in shelf.files(".agent-packages/words")
    assert Digest.of(cached.read_bytes()).hex in cached.name


@pytest.mark.uaaps("P54", "P47")
def test_a_registry_whose_bytes_change_under_a_version(shelf: Place, run: Run) -> None:
    done(run("install", "words"))
    before = shelf.files()
    for name in ("home/cache", "registry"):
        shutil.rmtree(shelf.root / name)
    run("registry", "init", shelf.url)
    shelf.publish("words", "1.1.0", files={"other.md": "other"})
    assert done(run("install")) == "nothing to do: 1 package\n"
    shutil.rmtree(shelf.project / ".agent-packages")
    err = failed(run("install"))
    assert err.startswith(
        f"error: `words` 1.1.0 has other bytes in the registry than the lock says\n  at {shelf.url}\n"
    )
    shelf.publish("style", "1.0.0", {"words": "*"})
    assert "`words` 1.1.0 has other bytes" in failed(run("install", "style"))
    assert shelf.files() == {"package.agent.lock": before["package.agent.lock"]}


@pytest.mark.uaaps("P47")
def test_a_tampered_archive_changes_nothing(shelf: Place, run: Run) -> None:
    done(run("install", "style"))
    before = shelf.files()
    archive = shelf.root / "registry/packages/acme--review/versions/2.0.0.aam"
    data = archive.read_bytes()
    archive.chmod(0o644)
    for wrong in (data[:-1], data + b"x", bytes([data[0] ^ 1]) + data[1:], b""):
        archive.write_bytes(wrong)
        err = failed(run("install", "@acme/review"))
        assert "`@acme/review` 2.0.0" in err, err
        assert shelf.files() == before
    archive.unlink()
    assert "is missing" in failed(run("install", "@acme/review"))
    assert shelf.files() == before


def test_a_tampered_lock_is_refused(shelf: Place, run: Run) -> None:
    done(run("install", "words"))
    lock = shelf.project / "package.agent.lock"
    text = lock.read_text()
    integrity = shelf.lock()["resolved"]["words"]["integrity"]
    lock.write_text(text.replace(integrity, integrity_of(Digest.of(b"other"))))
    before = shelf.files()
    assert "`words` 1.1.0 has other bytes in the registry than the lock says" in failed(run("install"))
    lock.write_text(text.replace('"lockVersion": 2', '"lockVersion": 9'))
    assert failed(run("install")).startswith("error: `lockVersion` must be 1 or 2\n")
    assert shelf.files(".agent-packages") == {
        path.removeprefix(".agent-packages/"): data for path, data in before.items() if path.startswith(".agent")
    }
    value = told(run("install", "--json"))
    assert value["ok"] is False
    assert value["problems"][0]["where"] == "package.agent.lock  ($.lockVersion)"


_STATES = ["", "[]", "[" * 100_000, '{"packages": []}', '{"packages": {"../x": {}}}', '{"packages": {"words": {}}}']
_STATES += [
    '{"packages": {"words": {"files": 7}}}',
    '{"packages": {"words": 3}}',
    '{"packages": {"b": {"cursor": {}}}}',
]
_STATES += ['{"packages": {"words": {"version": "1.0.0", "integrity": "", "files": {"../../x": "00"}}}}']
_STATES += ['{"packages": {"b": {"cursor": {"version": "1.0.0", "files": {".git/config": "00"}, "merged": {}}}}}']


@pytest.mark.parametrize("file", [".installed.json", ".deployed.json"])
@pytest.mark.parametrize("state", _STATES)
def test_a_damaged_state_is_told(shelf: Place, run: Run, state: str, file: str) -> None:
    done(run("install", "words"))
    (shelf.project / ".agent-packages" / file).write_text(state)
    for verb in (("install", "style"), ("uninstall", "words"), ("list",), ("verify",)):
        assert failed(run(*verb)).startswith(f"error: it is damaged\n  at .agent-packages/{file}\n")
    shutil.rmtree(shelf.project / ".agent-packages")
    done(run("install"))
    assert done(run("verify")).endswith("all in order\n")


def test_a_registry_that_lies_about_an_archive(shelf: Place, run: Run) -> None:
    """Integrity holds, but the archive is another package, or needs what nobody was told of, or does not need what was told."""
    shelf.publish("alone")
    for data, what in (
        (packed("words", "1.1.0", {"style": "*"}), "needs `style` *, of which its registry or the lock says nothing"),
        (packed("words", "1.1.0"), "does not need `alone` *, which its registry or the lock says"),
        (packed("other", "1.1.0"), "says of itself that it is `other` 1.1.0"),
    ):
        folder = shelf.root / "registry/packages/words"
        meta = json.loads((folder / "meta.json").read_text())
        meta["versions"]["1.1.0"] |= {"integrity": integrity_of(Digest.of(data)), "size": len(data)}
        if "does not need" in what:
            meta["versions"]["1.1.0"]["dependencies"] = {"alone": "*"}
        (folder / "meta.json").write_text(json.dumps(meta))
        (folder / "versions/1.1.0.aam").chmod(0o644)
        (folder / "versions/1.1.0.aam").write_bytes(data)
        assert what in failed(run("install", "words"))
        assert shelf.files() == {}


def test_an_archive_larger_than_its_registry_says(shelf: Place, run: Run) -> None:
    folder = shelf.root / "registry/packages/words"
    meta = json.loads((folder / "meta.json").read_text())
    meta["versions"]["1.1.0"]["size"] = 100
    (folder / "meta.json").write_text(json.dumps(meta))
    assert "`words` 1.1.0 has more bytes than the 100 that it may have" in failed(run("install", "words"))
    assert shelf.files() == {}


@pytest.mark.uaaps("P47")
@needs_rights_dropped
def test_a_project_that_cannot_be_written(shelf: Place) -> None:
    command = [*WITHOUT_RIGHTS, sys.executable, "-m", "packaging_targets.adapters.cli.aam.main", "install", "words"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    shelf.project.chmod(0o555)
    try:
        said = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    finally:
        shelf.project.chmod(0o755)
    assert (said.returncode, said.stderr) == (
        1,
        "error: `.agent-packages/.staging` cannot be written: permission denied\n  fix: nothing was changed\n",
    )
    assert shelf.files() == {}


@pytest.mark.uaaps("P47")
def test_a_disk_that_is_full(shelf: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done(run("install", "style"))
    before = shelf.files()
    real = os.write

    def full(descriptor: int, data: Any) -> int:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    assert "cannot be written: no space left on device" in failed(run("install", "@acme/review"))
    monkeypatch.undo()
    assert shelf.files() == before


def test_what_stands_in_the_way_of_packages(shelf: Place, run: Run, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (shelf.project / ".agent-packages").symlink_to(tmp_path / "elsewhere")
    assert "`.agent-packages` is a link" in failed(run("install", "words"))
    assert os.listdir(tmp_path / "elsewhere") == []
    (shelf.project / ".agent-packages").unlink()
    (shelf.project / ".agent-packages").write_text("mine")
    assert "not a directory" in failed(run("install", "words"), 2)
    assert shelf.files() == {".agent-packages": b"mine"}


@pytest.mark.uaaps("P46")
def test_a_scope_belongs_to_one_registry(shelf: Place, run: Run) -> None:
    private = shelf.root / "private"
    done(run("registry", "init", str(private)))
    done(run("config", "set", "registries.sources.private.url", str(private)))
    done(run("config", "set", "registries.scopes.@acme", "private"))
    err = failed(run("install", "@acme/review"))
    assert f"there is no package `@acme/review` in `file://{private}`" in err
    shutil.rmtree(private)
    shutil.copytree(shelf.root / "registry", private)
    done(run("install", "@acme/review"))
    assert shelf.lock()["resolved"]["@acme/review"]["source"]["registry"] == f"file://{private}"
    done(run("config", "unset", "registries.scopes.@acme"))
    done(run("config", "set", "registries.sources.other.url", shelf.url))
    done(run("config", "unset", "registries.default"))
    err = failed(run("install", "@acme/review", "--project", str(shelf.root)))
    assert "`@acme/review` is offered by" in err
    done(run("update"))  # the lock names one


@pytest.mark.uaaps("P46")
def test_a_lock_does_not_take_a_scope_elsewhere(shelf: Place, run: Run) -> None:
    done(run("config", "set", "registries.scopes.@acme", shelf.url))
    evil = shelf.root / "evil"
    shutil.copytree(shelf.root / "registry", evil)
    done(run("install", "@acme/review", "--registry", str(evil)))
    assert shelf.lock()["resolved"]["@acme/review"]["source"]["registry"] == f"file://{evil}"
    shutil.rmtree(shelf.project / ".agent-packages")
    for verb in (("install", "--frozen"), ("install",)):
        assert failed(run(*verb)) == (
            f"error: `@acme/review` is locked from `file://{evil}`, but its scope belongs to `{shelf.url}`\n"
            "  at package.agent.lock\n"
            f"  fix: aam update @acme/review, or name the registry: --registry file://{evil}\n"
        )
    done(run("update", "@acme/review"))
    assert shelf.lock()["resolved"]["@acme/review"]["source"]["registry"] == shelf.url
    lock = (shelf.project / "package.agent.lock").read_text()
    (shelf.project / "package.agent.lock").write_text(lock.replace(shelf.url, "./evil"))
    assert failed(run("install")).startswith(
        "error: `./evil` is no URL of a registry: one starts with file:///, https://, http://\n"
    )


def test_a_lock_is_enough_to_restore_what_it_says(shelf: Place, run: Run) -> None:
    done(run("install", "@acme/review"))
    before = shelf.files()
    (shelf.home / "config.yaml").unlink()
    for name in (".agent-packages", "../home/cache"):
        shutil.rmtree(shelf.project / name)
    done(run("install", "--frozen"))
    assert shelf.files() == {path: data for path, data in before.items() if path != ".agent-packages/.unchanged"}


def test_resolutions_are_locked(shelf: Place, run: Run) -> None:
    shelf.publish("words", "2.0.0")
    shelf.wants({"words": "^1.0.0"}, resolutions={"words": "2.0.0"})
    done(run("install"))
    assert shelf.lock()["resolutions"] == {"words": "2.0.0"}
    assert done(run("install", "--frozen")) == "nothing to do: 1 package\n"
    assert done(run("verify")).endswith("all in order\n")
    shelf.wants({"words": "^1.0.0"})
    assert failed(run("install", "--frozen")) == (
        "error: `resolutions` is not what it was when the lock was made\n"
        "  at package.agent.lock\n"
        "  fix: aam install, without --frozen\n"
    )
    done(run("install"))
    assert shelf.versions() == {"words": "1.1.0"}
    assert "resolutions" not in shelf.lock()


@pytest.mark.uaaps("P50")
def test_strict_peers_hold_where_the_lock_fits_too(shelf: Place, run: Run) -> None:
    shelf.publish("tool", peerDependencies={"words": "^1.0.0"})
    done(run("install", "tool"))
    for verb in (("install",), ("install", "--frozen"), ("update",)):
        err = failed(run(*verb, "--strict-peers"))
        assert err.startswith("error: `tool` 1.0.0 needs `words` ^1.0.0 beside it, which is not installed\n")


def test_a_yanked_version_is_told_to_be_one(shelf: Place, run: Run) -> None:
    shelf.registry.yank(PackageName.parse("words"), "1.1.0", "it lies")
    assert failed(run("install", "words@1.1.0")) == (
        "error: `words` 1.1.0 is yanked since 2023-11-14T22:13:20Z: it lies; the project wants it\n"
        "  at package.agent.lock\n"
        "  fix: there are 1.0.0\n"
    )
    done(run("yank", "words@1.0.0", "--registry", shelf.url))
    assert "all versions of it are yanked" in failed(run("install", "words"))


def test_an_address_is_as_people_copy_it(shelf: Place, run: Run) -> None:
    package(shelf.root / "my own", "own")
    done(run("install", f"file://{shelf.root}/my%20own"))
    assert shelf.versions() == {"own": "1.0.0"}


@pytest.mark.uaaps("P49")
def test_a_circle_and_an_impossible_wish(shelf: Place, run: Run) -> None:
    shelf.publish("x", "1.0.0", {"y": "*"})
    shelf.publish("y", "1.0.0", {"x": "*"})
    assert "in a circle: `x` 1.0.0 → `y` 1.0.0 → `x` 1.0.0" in failed(run("install", "x"))
    shelf.publish("old", "1.0.0", {"words": "1.0.0"})
    shelf.publish("new", "1.0.0", {"words": "1.1.0"})
    err = failed(run("install", "old", "new"))
    assert "no version of `words` suits all who want it: `new` 1.0.0 wants `1.1.0`, `old` 1.0.0 wants `1.0.0`" in err
    shelf.wants({"old": "*", "new": "*"}, resolutions={"words": "1.1.0"})
    done(run("install"))
    assert shelf.versions()["words"] == "1.1.0"


def test_config(place: Place, run: Run) -> None:
    assert done(run("config", "get", "registries.default")) == f"{place.url}\n"
    done(run("config", "set", "active_platforms", "cursor,claude"))
    assert told(run("config", "list", "--json"))["settings"] == {
        "active_platforms": "cursor,claude-code",
        "registries.default": place.url,
    }
    done(run("config", "set", "--project", "registries.default", "./mine"))
    assert done(run("config", "get", "registries.default")) == "./mine\n"
    done(run("config", "unset", "--project", "registries.default"))
    done(run("config", "set", "registries.sources.near.url", "../registry"))
    assert done(run("config", "get", "registries.sources.near.url")) == f"{place.root}/registry\n"
    assert run("config", "get", "registries.scopes.@x")[0] == 1
    assert failed(run("config", "set", "registries.defualt", "x"), 2).endswith(
        "fix: did you mean `registries.default`?\n"
    )


def test_the_program_with_nothing_to_do(shelf: Place, run: Run) -> None:
    done(run("install", "words"))
    command = [sys.executable, "-m", "packaging_targets.adapters.cli.aam.main", "install"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert said.stdout == "nothing to do: 1 package\n"
    timed = [sys.executable, "-X", "importtime", *command[1:]]
    alone = {name: value for name, value in env.items() if not name.startswith("COV")}  # coverage imports much
    imported = subprocess.run(timed, env=alone, capture_output=True, text=True, check=True).stderr
    assert "argparse" not in imported
    assert "dataclasses" not in imported
    (shelf.project / ".agent-packages/words").rename(shelf.project / ".agent-packages/word")
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert said.stdout == "~ words@1.1.0, again\nchanged 1: 1 package is installed\n"


def test_files_of_a_package_are_as_published(place: Place, run: Run) -> None:
    place.publish("a", files={"docs/x.md": "x"})
    done(run("install", "a"))
    assert place.files(".agent-packages/a") == files_of("a", "1.0.0", files={"docs/x.md": "x"})

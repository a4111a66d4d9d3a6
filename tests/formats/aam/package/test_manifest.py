"""Checks of `package.agent.json`: what is wrong, at which line, and the same as the schema says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import packaging_targets
from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.package.manifest import check_manifest, parse_manifest

SCHEMAS = Path(packaging_targets.__file__).parent / "formats" / "aam" / "schemas"
SCHEMA = json.loads((SCHEMAS / "package-manifest.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
GOOD = {"name": "@acme/review", "version": "1.2.0"}


def told(**members: Any) -> list[str]:
    """Return what is wrong with a manifest that has these members besides."""
    found = check_manifest(json.dumps({**GOOD, **members}).encode(), "m.json")
    assert (found.manifest is None) == bool(found.errors)
    return [one.what for one in found.errors]


def test_a_whole_manifest() -> None:
    value = {
        **GOOD,
        "description": "Reviews code.",
        "author": "Acme",
        "keywords": ["review", "code"],
        "engines": {"cursor": ">=1.0"},
        "artifacts": {"skills": [{"name": "review", "path": "./skills/review/"}], "agents": [], "commands": []},
        "files": ["skills/**", "hooks/*.json", "./docs/", "./.x/*"],
        "dependencies": {"@acme/style": "^1.0.0", "lint": ">=1.0.0 <3.0.0"},
        "optionalDependencies": {"extra": "*"},
        "peerDependencies": {"host": "~2.1.0"},
        "dependencyGroups": {"dev": {"dependencies": {"mock": "1.0.0"}}},
        "extras": {"java": {"artifacts": {"skills": ["review"]}, "description": "For Java."}},
        "resolutions": {"lint": "2.0.0"},
        "resolverVersion": 1,
        "systemDependencies": {"python": ">=3.11", "packages": {"pip": ["ruff"]}, "binaries": ["git"]},
        "env": {"TOKEN": {"description": "Of the tracker.", "required": True, "default": ""}},
        "permissions": {"fs": {"read": ["src/**"]}, "network": {"hosts": ["a.b"]}, "shell": {"allow": False}},
        "permissionGrants": {"lint": {"shell": {"allow": True, "binaries": ["ruff"]}}},
        "quality": {"tests": [{"name": "unit", "command": "pytest"}], "evals": [{"name": "e", "path": "evals/e.json"}]},
        "skills": "./skills",
        "hooks": "hooks/hooks.json",
        "dist-tags": {"stable": "1.1.0"},
        "deprecated": {"message": "Use another.", "replacement": "@acme/other"},
        "installMode": {"default": "uaaps", "cursor": "plugin"},
        "x-acme": {"team": "tools"},
        "x-aam": {"allow": [{"path": "assets/**", "what": "hidden"}]},
        "somethingNew": [1, 2],
    }
    found = check_manifest(json.dumps(value).encode(), "m.json")
    assert (found.errors, found.warnings) == ((), ())
    assert found.manifest
    assert found.manifest.archive == "acme--review-1.2.0.aam"
    assert {str(one): str(text) for one, text in found.manifest.dependencies.items()} == value["dependencies"]
    assert found.manifest.value == value
    VALIDATOR.validate(value)


@pytest.mark.uaaps("S12.2.unscoped", "S12.2.scope", "P2", "P7", "P8")
def test_everything_is_told_at_once_at_its_line() -> None:
    text = """{
  "name": "a--b",
  "version": "1.0",
  "dependencies": {
    "@acme/style": "^1"
  },
  "files": [
    "a",
    "!b"
  ],
  "depedencies": {}
}"""
    with pytest.raises(RequestError) as caught:
        parse_manifest(text.encode(), "pkg/package.agent.json")
    assert str(caught.value) == (
        "error: `name`: the name `a--b` has `--` in its name, which stands between scope and name in the names of "
        "folders\n"
        "  at pkg/package.agent.json:2  ($.name)\n\n"
        "error: `version`: `1.0` is no semantic version: write one such as 1.2.0\n"
        "  at pkg/package.agent.json:3  ($.version)\n\n"
        "error: `dependencies.@acme/style`: `1` is no semantic version: write one such as ^1.2.0, >=1.0.0 <2.0.0 or *\n"
        '  at pkg/package.agent.json:5  ($.dependencies["@acme/style"])\n\n'
        "error: `files[1]`: `!b` negates, and `files` only says what is packed\n"
        "  at pkg/package.agent.json:9  ($.files[1])"
    )
    assert [one.told("warning") for one in caught.value.warnings] == [
        "warning: `depedencies` is no member that is known\n"
        "  at pkg/package.agent.json:11  ($.depedencies)\n"
        "  fix: did you mean `peerDependencies`?"
    ]


@pytest.mark.parametrize(
    ("data", "what", "line"),
    [
        (b"", "this is no JSON: expected a value, but the file ends", 1),
        (b'{\n"a": 1,\n}', "this is no JSON: a comma stands before `}`", 2),
        (b"[1,]", "this is no JSON: a comma stands before `]`", 1),
        (b'{\n// note\n"a": 1}', "this is no JSON: JSON has no comments", 2),
        (b'{"a": 1 /* note */}', "this is no JSON: JSON has no comments", 1),
        (b"\xef\xbb\xbf{}", "this is no JSON: a byte order mark stands before the JSON", 1),
        (b'{"a": 1,\n"a": 2}', "this is no JSON: the key `a` stands twice in one object", 2),
        (b'{"a": NaN}', "this is no JSON: expected a value, but found `NaN`", 1),
        (b'{"a": "\\ud800"}', "this is no JSON: this string holds half a surrogate pair", 1),
        (b'{"a": "\xff"}', "this is no JSON: the byte 0xff is not UTF-8", 1),
        (b"[" * 65 + b"]" * 65, "this is no JSON: values are nested deeper than 64", 1),
        (b" " * (1 << 20) + b"{}", "this is no JSON: the file has 1,048,578 bytes, and the limit is 1,048,576", 1),
        (b"[]", "the file must be an object, but is []", 1),
    ],
    ids=range(13),
)
def test_what_is_no_json(data: bytes, what: str, line: int) -> None:
    found = check_manifest(data, "m.json")
    assert found.manifest is None
    assert [(one.what, one.where) for one in found.errors] == [(what, f"m.json:{line}")]


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ({"version": 1}, ["`version` must be a version, but is 1"]),
        ({"name": "con"}, ["`name`: the name `con` has a name that is a device on Windows"]),
        ({"description": "x" * 1025}, ["`description` has 1,025 characters, and 1,024 is the most"]),
        ({"keywords": ["a", "a"]}, ['"a" stands twice in `keywords`']),
        ({"keywords": "a"}, ['`keywords` must be a list of texts, but is "a"']),
        ({"repository": {"url": "x"}}, ['`repository` must be a text, but is {"url": "x"}']),
        ({"files": ["/a"]}, ["`files[0]`: `/a` is no glob: a glob is relative to its package"]),
        (
            {"files": ["../a"]},
            ["`files[0]`: `../a` is no glob: a glob never leaves its package: it has no `.` or `..` parts"],
        ),
        ({"files": ["a\\b"]}, ["`files[0]`: `a\\b` has a backslash: folders are divided by `/`"]),
        ({"skills": "/etc"}, ["`skills`: the path `/etc` is absolute"]),
        ({"hooks": "../h"}, ["`hooks`: the path `../h` has a part that is empty, `.` or `..`"]),
        (
            {"artifacts": {"skills": [{"name": "A", "path": "a"}, {"path": 1}]}},
            [
                "`artifacts.skills[0].name` must be of lower-case letters, digits and hyphens, 64 at most, and start "
                'with a letter or digit, but is "A"',
                "`artifacts.skills[1]` has no `name`",
                "`artifacts.skills[1].path` must be a path, but is 1",
            ],
        ),
        (
            {"artifacts": {"agents": [{"name": "a", "path": "a"}, {"name": "a", "path": "b"}]}},
            ["two artifacts in `agents` are called `a`"],
        ),
        ({"dependencies": {"@acme/review": "*"}}, ["a package cannot need itself"]),
        ({"dependencies": ["a"]}, ['`dependencies` must be an object of names and ranges, but is ["a"]']),
        (
            {"dist-tags": {"1.0.0": "1.0.0"}},
            ["`dist-tags`: the tag `1.0.0` is not of lower-case letters, digits and `-`"],
        ),
        ({"resolverVersion": 2}, ["`resolverVersion` must be 1, the only one that is known, but is 2"]),
        ({"resolverVersion": True}, ["`resolverVersion` must be 1, the only one that is known, but is true"]),
        (
            {"dependencyGroups": {"dev": {"description": "x"}}},
            ["`dependencyGroups.dev` has none of `dependencies`, `systemDependencies`"],
        ),
        (
            {"extras": {"A b": {"permissions": {}}}},
            ["`extras`: `A b` is not of lower-case letters, digits and hyphens"],
        ),
        ({"env": {"A": {}}}, ["`env.A` has no `description`"]),
        ({"deprecated": "yes"}, ['`deprecated` must be an object, but is "yes"']),
        ({"x-acme": "yes"}, ['`x-acme` must be an object, but is "yes"']),
        (
            {"x-Acme": {}},
            ["`x-Acme` is not called `x-` and 1 to 32 lower-case letters, digits and hyphens"],
        ),
        ({"permissionGrants": {"lint": {}}}, ["`lint` is granted permissions, and is no dependency"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_with_members(members: dict[str, Any], what: list[str]) -> None:
    assert told(**members) == what


def test_what_is_strange_and_no_error() -> None:
    value = {
        **GOOD,
        "installMode": "project",
        "private": True,
        "x-acme": dict.fromkeys("abcdef", 1),
        "dependencies": {"a": "*"},
        "peerDependencies": {"a": "*"},
        "permissions": {"fs": {"wrote": []}},
    }
    found = check_manifest(json.dumps(value).encode(), "m.json")
    assert found.manifest
    assert [(one.what, one.fix) for one in found.warnings] == [
        ('`installMode` must be "uaaps" or "plugin", but is "project"', ""),
        ("`permissions.fs.wrote` is no member that is known", "did you mean `write`?"),
        ("`x-acme` has 6 members, and 5 are enough for a vendor", ""),
        (
            "`private` says nothing to registries: the package can be published",
            "do not publish it, and take `private` out",
        ),
        ("`peerDependencies.a` stands in `dependencies` too", "keep it in one of them: `dependencies` counts"),
    ]


# Where the schema and the checks say the same. What lies between two members, or is the name of a device, no schema says.
TEXTS = st.sampled_from(["", "a", "x" * 1024, "x" * 1025, "é", "1"])
NAMES = st.one_of(
    st.sampled_from(
        [
            *(
                [
                    "a",
                    "@a/b",
                    "@a_b/c-d",
                    "9",
                    "A",
                    "-a",
                    "a-",
                    "a--b",
                    "@a--b/c",
                    "@a/b--c",
                    "@a-/b",
                    "@/b",
                    "@a",
                    "a/b",
                    "a_b",
                    "@_a/b",
                    "con",
                    "@con/a",
                    "@a/con",
                ]
            ),
            *("com1", "lpt9x", "é", "@a/b/c", "", "a\n", "a" * 64, "a" * 65),
            *(f"@{'s' * 64}/{'n' * 64}", f"@{'s' * 65}/n"),
        ]
    ),
    st.from_regex(r"(@[a-z0-9_-]{1,4}/)?[a-z0-9-]{1,4}", fullmatch=True),
)
VERSIONS = st.one_of(
    st.sampled_from(["1.0.0", "1.0.0-a.1+b", "1.0", "01.0.0", "1.0.0-01", "v1.0.0", "1.0.0\n", "1.0.0-" + "a" * 260]),
    st.from_regex(r"[01]{1,2}\.[01]\.[01](-[a0-]{1,3}(\.[a01]{1,2})?)?(\+[a0]{1,2})?", fullmatch=True),
)
RANGES = st.one_of(
    st.sampled_from(["*", "1.x", "^1", "1.0.0 || 2.0.0", "1.0.0 - 2.0.0", ">= 1.0.0", " 1.0.0", "", "* 1.0.0", "^1.0.0\n"]),
    st.lists(st.tuples(st.sampled_from(["", "^", "~", ">=", "<", "=>"]), VERSIONS), min_size=1, max_size=3).map(
        lambda parts: " ".join(operator + version for operator, version in parts)
    ),
)  # fmt: skip
PATHS = st.one_of(
    st.sampled_from(["a", "./a/", "a/b", "/a", "../a", "a/..", "a//b", "a\\b", "a.", "a ", "a:b", "", ".", "./", "a\n", "é"]),
    st.from_regex(r"[./a *]{1,6}", fullmatch=True),
)  # fmt: skip
GLOBS = st.one_of(
    st.sampled_from(["**", "a/*.md", "!a", "/a", "a/../b", "./a", "a\\b", "..", "a", ""]),
    st.from_regex(r"[.*?/a!]{1,5}", fullmatch=True),
)
ODD = st.sampled_from([None, True, 1, 1.0, 2, [], {}, "x", ["x"], {"a": "x"}])


def lists(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(ODD, st.lists(items, max_size=3))


def maps(keys: st.SearchStrategy[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(ODD, st.dictionaries(keys, st.one_of(values, ODD), max_size=3))


def objects(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(ODD, st.fixed_dictionaries({}, optional=members))


TAGS = st.sampled_from(["stable", "1", "a" * 32, "a" * 33, "A", "1.0.0", "", "a\n"])
GROUPS = st.sampled_from(["dev", "A", "", "-a", "1-"])
SYSTEM = objects(python=TEXTS, packages=maps(TEXTS, lists(TEXTS)), binaries=lists(TEXTS))
PERMISSIONS = objects(fs=objects(read=lists(TEXTS)), shell=objects(allow=ODD, binaries=lists(TEXTS)))
ARTIFACTS = lists(objects(name=st.sampled_from(["a", "A", "-a"]), path=PATHS, description=TEXTS)).filter(
    lambda value: not isinstance(value, list) or len(value) < 2  # names that stand twice no schema finds
)
MANIFESTS = st.fixed_dictionaries(
    {"name": st.one_of(NAMES, ODD), "version": st.one_of(VERSIONS, ODD)},
    optional={
        "description": st.one_of(TEXTS, ODD),
        "license": st.one_of(TEXTS, ODD),
        "keywords": lists(TEXTS),
        "engines": maps(TEXTS, TEXTS),
        "artifacts": objects(skills=ARTIFACTS, agents=ARTIFACTS),
        "files": lists(GLOBS),
        "dependencies": maps(NAMES, RANGES),
        "dependencyGroups": maps(GROUPS, objects(dependencies=maps(NAMES, RANGES), description=TEXTS)),
        "extras": maps(GROUPS, objects(permissions=PERMISSIONS, artifacts=ODD, description=TEXTS)),
        "resolutions": maps(NAMES, VERSIONS),
        "resolverVersion": ODD,
        "systemDependencies": SYSTEM,
        "env": maps(TEXTS, objects(description=TEXTS, required=ODD, default=TEXTS)),
        "quality": objects(evals=lists(objects(name=TEXTS, path=PATHS)), tests=lists(objects(name=TEXTS, command=TEXTS))),
        "skills": st.one_of(PATHS, ODD),
        "mcp": st.one_of(PATHS, ODD),
        "dist-tags": maps(TAGS, VERSIONS),
        "deprecated": objects(message=TEXTS, replacement=TEXTS),
        "installMode": st.one_of(ODD, maps(TEXTS, TEXTS)),
        "x-acme": ODD,
        "x-Acme": ODD,
        "unknown": ODD,
    },
)  # fmt: skip


@settings(max_examples=250)
@given(MANIFESTS)
def test_the_schema_says_the_same(value: dict[str, Any]) -> None:
    found = check_manifest(json.dumps(value).encode(), "m.json")
    errors = [one.what for one in found.errors if one.what != "a package cannot need itself"]
    refused = [one.message for one in VALIDATOR.iter_errors(value)]
    assert bool(errors) == bool(refused), (errors, refused)


@given(st.binary(max_size=300))
def test_any_bytes_are_told_of_and_raise_nothing(data: bytes) -> None:
    assert check_manifest(data, "m.json").errors


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)), lambda one: st.one_of(st.lists(one, max_size=3), st.dictionaries(st.text(max_size=5), one, max_size=3))), st.integers(0, 3))  # fmt: skip
def test_lines_are_those_of_the_values(value: Any, indent: int) -> None:
    from packaging_targets.formats.plain_json import parse_json

    text = json.dumps({"first": 1, "it": value}, indent=indent or None)
    parsed = parse_json(text.encode())
    assert parsed.value == json.loads(text)
    lines = text.split("\n")
    assert '"it"' in lines[parsed.line(("it",)) - 1]
    assert '"it"' in lines[parsed.line(("it", "nowhere")) - 1] or isinstance(value, dict)

"""`package.agent.lock`: its bytes, and all that can be wrong with them."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import packaging_targets
from packaging_targets.errors import IntegrityError
from packaging_targets.formats.aam.lock import AgentLock, LockedPackage, misfits, parse_lock, reachable

DIGEST = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
LOCK = AgentLock(
    {"@acme/review": "^2.0.0", "own": "1.0.0"},
    {
        "own": LockedPackage("1.0.0", DIGEST, path="./own"),
        "@acme/review": LockedPackage("2.1.0", DIGEST, "file:///opt/registry", dependencies={"own": "*"}),
    },
)


@pytest.mark.uaaps("P45")
def test_the_bytes_of_a_lock() -> None:
    assert (
        LOCK.to_bytes().decode()
        == """\
{
  "lockVersion": 2,
  "requested": {
    "@acme/review": "^2.0.0",
    "own": "1.0.0"
  },
  "resolved": {
    "@acme/review": {
      "dependencies": {
        "own": "*"
      },
      "integrity": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      "source": {
        "name": "@acme/review",
        "registry": "file:///opt/registry",
        "type": "registry",
        "version": "2.1.0"
      },
      "version": "2.1.0"
    },
    "own": {
      "dependencies": {},
      "integrity": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      "source": {
        "path": "./own",
        "type": "file"
      },
      "version": "1.0.0"
    }
  }
}
"""
    )
    assert parse_lock(LOCK.to_bytes()) == LOCK


@pytest.mark.uaaps("P45")
def test_the_schema_holds_what_is_written() -> None:
    schema = json.loads((Path(packaging_targets.__file__).parent / "formats/aam/schemas/lock.schema.json").read_text())
    validator = Draft202012Validator(schema)
    validator.validate(json.loads(LOCK.to_bytes()))
    validator.validate(json.loads(AgentLock().to_bytes()))
    assert not validator.is_valid({"lockVersion": 2, "resolved": {}})


def test_version_1_is_read() -> None:
    digest = "sha256-" + "0" * 64
    old = {
        "a": {"version": "1.0.0", "source": "https://registry", "integrity": digest},
        "b": {"version": "1.0.0", "source": "./b", "integrity": digest},
    }
    found = parse_lock(json.dumps({"lockVersion": 1, "resolved": old}).encode())
    assert found == AgentLock(
        {}, {"a": LockedPackage("1.0.0", digest, "https://registry"), "b": LockedPackage("1.0.0", digest, path="./b")}
    )


def refused(text: str) -> list[str]:
    with pytest.raises(IntegrityError) as caught:
        parse_lock(text.encode())
    return [f"{one.place}: {one.what}" for one in caught.value.problems]


def test_all_that_is_wrong_is_told() -> None:
    value = json.loads(LOCK.to_bytes())
    resolved = value["resolved"]
    value["requested"]["a--b"] = "1.x"
    resolved["own"] |= {"version": "1", "integrity": "sha1-x", "source": {"type": "file"}}
    resolved["@acme/review"]["dependencies"]["gone"] = "*"
    resolved["@acme/review"]["source"]["name"] = "other"
    assert refused(json.dumps(value)) == [
        "package.agent.lock  ($.requested): the name `a--b` has `--` in its name, which stands between scope and name in the names of folders",
        "package.agent.lock  ($.requested.a--b): it must be a range of versions",
        "package.agent.lock  ($.resolved.@acme/review.dependencies.gone): `gone` is needed, but not locked",
        "package.agent.lock  ($.resolved.@acme/review.source.name): `name` is not that of the package, which is @acme/review",
        "package.agent.lock  ($.resolved.own.integrity): `integrity` must be sha256- and a digest in base64",
        "package.agent.lock  ($.resolved.own.source): `source` must have a `type` of registry, with its `registry`, or file, with its `path`",
        "package.agent.lock  ($.resolved.own.version): `version` must be a semantic version",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "package.agent.lock:1: it is no JSON: "),
        ("{\n// note\n}", "package.agent.lock:2: it is no JSON: JSON has no comments"),
        ("[]", "package.agent.lock  ($.lockVersion): it must be an object"),
        ('{"lockVersion": 3, "resolved": {}}', "package.agent.lock  ($.lockVersion): `lockVersion` must be 1 or 2"),
        ('{"lockVersion": true, "resolved": {}}', "package.agent.lock  ($.lockVersion): `lockVersion` must be 1 or 2"),
        ('{"lockVersion": 2}', "package.agent.lock  ($.resolved): it must be an object with a member for each package"),
        ('{"lockVersion": 2, "lockVersion": 2}', "package.agent.lock:1: it is no JSON: "),
    ],
)
def test_what_is_no_lock(text: str, told: str) -> None:
    assert refused(text)[0].startswith(told)


def test_whether_a_lock_fits() -> None:
    assert list(misfits(LOCK, LOCK.requested)) == []
    assert list(misfits(LOCK, {"own": "^2.0.0", "new": "*"})) == [
        "the project wants `own` ^2.0.0, but 1.0.0 is locked",
        "the project wants `new` *, which is not locked",
    ]
    assert reachable(LOCK, {"own": "*"}) == {"own"}
    assert reachable(LOCK, {"@acme/review": "*"}) == {"own", "@acme/review"}


@given(st.binary(max_size=60) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.sampled_from(["lockVersion", "requested", "resolved", "source", "type", "a"]), one)).map(lambda one: json.dumps(one).encode()))  # fmt: skip
def test_whatever_stands_there_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(IntegrityError):
        assert parse_lock(parse_lock(data).to_bytes()) == parse_lock(data)

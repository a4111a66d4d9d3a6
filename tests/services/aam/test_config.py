"""`config.yaml`: what it says, all that can be wrong with it, and changing a value without touching anything else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import packaging_targets
from packaging_targets.errors import PackagingError, RequestError
from packaging_targets.formats.aam.artifacts.yaml_text import read_yaml
from packaging_targets.services.aam.config import Config, read_config
from packaging_targets.services.aam.config.changing import get, set_value, settings, unset
from packaging_targets.services.aam.config.outline import Outline
from packaging_targets.services.aam.config.settings import SignaturePolicy
from packaging_targets.services.aam.config.signatures import path_of
from packaging_targets.services.aam.signing.policies import demands_on

SEED = """\
registries:
  default: https://aamregistry.io
  sources:
    - name: myorg-remote
      url: https://pkg.myorg.internal/aam
      auth: token                          # see §12.6 for auth types
    - name: myorg-local
      url: file:///opt/aam-registry
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AAM_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project" / ".aam").mkdir(parents=True)
    return tmp_path / "project"


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "config.yaml"
    file.write_text(text, "utf-8")
    file.chmod(mode)
    return file


def refused(project: Path) -> str:
    with pytest.raises(RequestError) as caught:
        read_config(str(project))
    return str(caught.value)


@pytest.mark.uaaps("S12.0.config")
def test_the_seeds_own_configuration(home: Path, project: Path) -> None:
    write(home, SEED)
    config = read_config(str(project))
    assert config.registry().url == "https://aamregistry.io"
    assert config.registry("myorg-local").url == "file:///opt/aam-registry"
    assert config.registry("myorg-remote").auth == "token"
    assert [one.url for one in config.unscoped()] == ["https://pkg.myorg.internal/aam", "file:///opt/aam-registry"]


def test_nothing_is_configured(home: Path, project: Path) -> None:
    assert read_config(str(project)) == Config()
    with pytest.raises(RequestError) as caught:
        Config().registry()
    assert str(caught.value) == (
        "error: no registry is configured\n"
        "  at config.yaml\n"
        "  fix: name one with --registry, or run: aam config set registries.default file:///opt/aam-registry"
    )


@pytest.mark.uaaps("S12.0.config")
def test_a_projects_configuration_goes_before_the_users(home: Path, project: Path) -> None:
    write(
        home,
        "registries:\n  default: file:///user\n  sources: [{name: a, url: file:///a}, {name: b, url: file:///b}]\n",
    )
    write(
        project / ".aam",
        'registries:\n  default: ./own\n  sources: [{name: b, url: file:///other}]\n  scopes: {"@acme": b}\n'
        "active_platforms: [claude, cursor]\n",
        0o644,
    )
    config = read_config(str(project))
    assert config.registry().url == f"file://{project}/own"
    assert config.registry("a").url == "file:///a"
    assert config.registry("b").url == "file:///other"
    found = config.for_scope("acme")
    assert found
    assert found.name == "b"
    assert config.for_scope("") is config.for_scope("else") is None
    assert [one.url for one in config.unscoped()] == ["file:///a"]
    assert config.active_platforms == ("claude-code", "cursor")


def test_a_registry_is_a_url_a_path_or_a_name(home: Path, project: Path) -> None:
    write(home, "registries:\n  sources:\n  - {name: near, url: file:///near}\n")
    config = read_config(str(project))
    assert config.registry("./r", "/work").url == "file:///work/r"
    assert config.registry("../r", "/work/x").url == "file:///work/r"
    assert config.registry("/a b", "/work").url == "file:///a%20b"
    assert config.registry("file:///r/", "/work").url == "file:///r"
    with pytest.raises(RequestError) as caught:
        config.registry("naer")
    assert str(caught.value) == (
        "error: `naer` is no registry: neither a URL, nor a path, nor the name of a source\n"
        "  at --registry\n"
        "  fix: did you mean `near`?  (sources: near)"
    )
    with pytest.raises(RequestError, match="`ftp://x` is no URL of a registry"):
        config.registry("ftp://x")


@pytest.mark.uaaps("P51")
def test_the_environment_has_values_which_are_asked_for_when_they_are_needed(
    home: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        home,
        'registries:\n  default: "${HERE}"\n  sources:\n  - name: x\n    url: file:///x\n    token: "${TOKEN}"\n    auth: token\n',
        0o644,  # a variable's name is no secret
    )
    monkeypatch.delenv("HERE", raising=False)
    config = read_config(str(project))
    with pytest.raises(RequestError) as caught:
        config.registry()
    assert str(caught.value) == (f"error: the variable `HERE` is not set\n  at {home}/config.yaml:2\n  fix: set HERE")
    monkeypatch.setenv("HERE", "file:///here")
    monkeypatch.setenv("TOKEN", "secret")
    assert config.registry().url == "file:///here"
    token = config.registry("x").token
    assert token
    assert token.value() == "secret"


@pytest.mark.uaaps("P51")
def test_a_token_in_a_projects_configuration_is_refused(home: Path, project: Path) -> None:
    write(project / ".aam", "registries:\n  sources:\n  - name: x\n    url: file:///x\n    token: abc\n")
    assert refused(project) == (
        "error: the token of `x` stands in a project's configuration, where others read it\n"
        f"  at {project}/.aam/config.yaml:5\n"
        f"  fix: move the source to `{home}/config.yaml`"
    )


def test_a_token_that_others_can_read_is_refused(home: Path, project: Path) -> None:
    file = write(home, "registries:\n  sources:\n  - {name: x, url: file:///x, token: abc}\n", 0o640)
    assert refused(project) == (
        "error: the token of `x` can be read by others: the mode of the file is 0640\n"
        f"  at {file}:3\n"
        f"  fix: chmod 600 {file}"
    )
    file.chmod(0o600)
    assert read_config(str(project)).sources["x"].token


def test_a_project_gets_the_users_token_for_the_users_address_alone(home: Path, project: Path) -> None:
    write(home, "registries:\n  sources:\n  - {name: x, url: 'https://x', auth: token, token: abc}\n")
    own = project / ".aam"
    write(own, "registries:\n  sources:\n  - {name: x, url: 'https://x'}\n")
    assert read_config(str(project)).sources["x"].token
    write(own, "registries:\n  sources:\n  - {name: x, url: 'https://evil'}\n")
    assert read_config(str(project)).sources["x"].token is None


def test_all_that_is_wrong_is_told_with_its_line(home: Path, project: Path) -> None:
    file = write(
        home,
        "registries:\n"
        "  default: 7\n"
        "  sources:\n"
        "    - name: a b\n"
        "      url: file:///x\n"
        "      auth: tokn\n"
        "    - url: gopher://x\n"
        "    - {name: twice, url: file:///x}\n"
        "    - {name: twice, url: file:///y}\n"
        "  scopes:\n"
        "    acme: file:///x\n"
        "active_platforms: [cursr]\n",
    )
    assert [line for line in refused(project).splitlines() if line.strip()] == [
        "error: `default` must be the URL of a registry",
        f"  at {file}:2",
        "  fix: write file:///opt/aam-registry, for example",
        "error: `a b` cannot be the name of a source: use letters, digits, `-` and `_`",
        f"  at {file}:4",
        "error: `auth` cannot be `tokn`",
        f"  at {file}:6",
        "  fix: did you mean `token`?",
        "error: a source needs a `name`, which is a text",
        f"  at {file}:7",
        "  fix: write `name: …`",
        "error: there are two sources called `twice`",
        f"  at {file}:9",
        "  fix: rename one",
        "error: `acme` is no scope",
        f"  at {file}:11",
        '  fix: write it as "@myorg"',
        "error: there is no platform `cursr`",
        f"  at {file}:12",
        "  fix: did you mean `cursor`?",
    ]


@pytest.mark.parametrize("text", ["- a\n", "registries: [a]\n", "registries:\n  sources: 7\n", "a: {b\n", "a: &x 1\n"])
def test_what_is_no_configuration_is_refused(home: Path, project: Path, text: str) -> None:
    write(home, text)
    assert f"{home}/config.yaml" in refused(project)


def test_unknown_keys_are_warnings(home: Path, project: Path) -> None:
    file = write(home, "registries:\n  defualt: file:///x\nregistry: {}\n")
    warnings = read_config(str(project)).warnings
    assert [(one.where, one.what, one.fix) for one in warnings] == [
        (f"{file}:3", "`registry` is not known, and has no effect", "did you mean `registries`?"),
        (f"{file}:2", "`defualt` is not known, and has no effect", "did you mean `default`?"),
    ]


def test_a_project_that_is_the_users_home_has_the_users_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AAM_HOME", str(tmp_path / ".aam"))
    (tmp_path / ".aam").mkdir()
    write(tmp_path / ".aam", "registries:\n  sources:\n  - {name: x, url: file:///x, token: abc}\n")
    assert read_config(str(tmp_path)).sources["x"].token


COMMENTED = """\
# mine
registries:   # all of them
  default: file:///a   # the first

  sources:
    # ours
    - name: one
      url: file:///one   # here
    # theirs

# platforms
active_platforms: [cursor] # for now
"""


def test_setting_a_value_touches_nothing_else(home: Path, project: Path) -> None:
    file = write(home, COMMENTED)
    set_value("registries.default", "file:///b", str(project), for_project=False)
    assert file.read_text() == COMMENTED.replace("file:///a ", "file:///b ")
    set_value("registries.sources.two.url", "file:///two", str(project), for_project=False)
    set_value("registries.sources.one.auth", "token", str(project), for_project=False)
    set_value("registries.scopes.@acme", "two", str(project), for_project=False)
    set_value("active_platforms", "cursor, codex", str(project), for_project=False)
    assert (
        file.read_text()
        == """\
# mine
registries:   # all of them
  default: file:///b   # the first

  sources:
    # ours
    - name: one
      url: file:///one   # here
      auth: token
    - name: two
      url: file:///two
  scopes:
    "@acme": two
    # theirs

# platforms
active_platforms: [cursor, codex] # for now
"""
    )
    unset("registries.sources.two", str(project), for_project=False)
    unset("registries.scopes.@acme", str(project), for_project=False)
    unset("registries.default", str(project), for_project=False)
    assert settings(read_config(str(project))) == {
        "active_platforms": "cursor,codex",
        "registries.sources.one.auth": "token",
        "registries.sources.one.url": "file:///one",
    }


def test_a_file_is_made_where_there_is_none(home: Path, project: Path) -> None:
    path = set_value("registries.sources.x.url", "file:///x", str(project), for_project=False)
    assert Path(path).read_text() == "registries:\n  sources:\n    - name: x\n      url: file:///x\n"
    assert Path(path).stat().st_mode & 0o777 == 0o600
    set_value("registries.sources.x.token", "abc", str(project), for_project=False)
    assert get(read_config(str(project)), "registries.sources.x.token") == "(set)"
    own = set_value("registries.default", "./registry", str(project), for_project=True)
    assert own == f"{project}/.aam/config.yaml"
    assert Path(own).read_text() == "registries:\n  default: ./registry\n"


def test_what_cannot_be_spliced_is_left_alone(home: Path, project: Path) -> None:
    file = write(home, "registries: {default: file:///a}\n")
    set_value("registries.default", "file:///b", str(project), for_project=False)
    assert file.read_text() == "registries: {default: file:///b}\n"
    with pytest.raises(RequestError) as caught:
        set_value("registries.scopes.@acme", "file:///c", str(project), for_project=False)
    assert str(caught.value) == (
        f"error: `{file}` is written in a way in which that cannot be changed without touching more of it\n"
        f"  at {file}:1\n"
        "  fix: change it by hand"
    )
    assert file.read_text() == "registries: {default: file:///b}\n"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("registries.defualt", "x"),
        ("registries.sources.x", "file:///x"),
        ("registries.sources.new.token", "x"),
        ("registries.sources.a b.url", "file:///x"),
        ("registries.default", "ftp://x"),
        ("registries.default", "nowhere"),
        ("registries.scopes.@acme", "nowhere"),
        ("registries.sources.new.url", "nowhere"),
        ("registry", "file:///x"),
        ("signatures.policies.@acme/*", "ann"),
        ("registries.scopes.acme", "file:///x"),
        ("active_platforms", "vim"),
    ],
)
def test_what_would_be_wrong_is_not_written(home: Path, project: Path, key: str, value: str) -> None:
    file = write(home, COMMENTED)
    with pytest.raises(PackagingError):
        set_value(key, value, str(project), for_project=False)
    assert file.read_text() == COMMENTED


def test_a_name_that_is_no_source_is_told_with_what_to_write(home: Path, project: Path) -> None:
    write(home, "registries:\n  sources:\n  - {name: corp, url: file:///x}\n")
    said = (
        ("registries.default", "crp", "error: `crp` is neither the URL of a registry, nor a path, nor the name of a source\n"
         "  fix: did you mean `corp`?"),
        ("registries.sources.corp.url", "corp", "error: `corp` is neither the URL of a registry nor a path\n"
         "  fix: write https://packages.example.org, or a path that starts with `/`, `./` or `../`"),
        ("registry", "file:///x", "error: there is no key `registry`\n  fix: did you mean `registries.default`?"),
    )  # fmt: skip
    for key, text, told in said:
        with pytest.raises(RequestError) as caught:
            set_value(key, text, str(project), for_project=False)
        assert str(caught.value) == told
    for text in ("corp", "${WHERE}", "./registry", "https://packages.example.org"):
        set_value("registries.default", text, str(project), for_project=True)


def test_what_is_demanded_of_signatures_is_told_and_the_trust_root_is_set(home: Path, project: Path) -> None:
    file = write(
        home,
        'signatures:\n  policies:\n  - {packages: "@acme/*", identity: ann, issuer: "https://i"}\n'
        '  - {packages: "@acme/*", identity: bob, issuer: "https://i"}\n'
        '  - {packages: "*", identity: bob, issuer: "https://i", required: false}\n  trust_root: old.json\n',
    )
    set_value("signatures.trust_root", "new.json", str(project), for_project=False)
    found = settings(read_config(str(project)))
    assert found == {
        "signatures.policies.*": "bob by https://i, if signed",
        "signatures.policies.@acme/*": "ann by https://i; bob by https://i",
        "signatures.trust_root": "new.json",
    }
    assert get(read_config(str(project)), "signatures.policies.@acme/*") == "ann by https://i; bob by https://i"
    with pytest.raises(RequestError) as caught:
        set_value("signatures.policies.@acme/*", "x", str(project), for_project=False)
    assert str(caught.value) == (
        f"error: `signatures.policies.@acme/*` is not changed from here\n  fix: write `policies` by hand, in `{file}`"
    )


def test_a_token_is_not_written_into_a_projects_file(home: Path, project: Path) -> None:
    file = write(project / ".aam", "registries:\n  sources:\n  - {name: x, url: file:///x}\n")
    before = file.read_text()
    with pytest.raises(RequestError):
        set_value("registries.sources.x.token", "abc", str(project), for_project=True)
    assert file.read_text() == before


def test_what_is_not_set_cannot_be_unset(home: Path, project: Path) -> None:
    with pytest.raises(RequestError, match=r"`registries\.default` is not set"):
        unset("registries.default", str(project), for_project=False)


@given(
    st.text(st.sampled_from("aA0:#-'\"\\{}[],&*!|>%@` é\t\n~"), min_size=1, max_size=12),
    st.sampled_from(["", "a: 1\n", "a: 1", "a:\n  b: 2 # c\n", "x: [1]\na:\n\n  b: 2\n# end\n", "a: # empty\n"]),
)
def test_any_text_survives_a_splice(text: str, before: str) -> None:
    old = read_yaml(before.encode(), "x") or {}
    new = Outline(before).with_value(("new key", "inner"), text)
    assert read_yaml(new.encode(), "x") == {**old, "new key": {"inner": text}}
    assert new.startswith(before.rstrip("\n").removesuffix("# end").rstrip("\n"))


def test_the_schema_holds_what_is_read() -> None:
    schema = json.loads(
        (Path(packaging_targets.__file__).parent / "formats/aam/schemas/config.schema.json").read_text()
    )
    validator = Draft202012Validator(schema)
    signed = f"signatures:\n  trust_root: r.json\n  policies:\n{POLICY}"
    for text in (SEED, COMMENTED, "", "registries:\n", signed):
        validator.validate(read_yaml(text.encode(), "config.yaml"))
    assert not validator.is_valid(read_yaml(b"registries:\n  sources:\n  - name: x\n", "config.yaml"))


# Signatures


POLICY = '  - packages: "@acme/*"\n    identity: alice@acme.example\n    issuer: https://issuer.example\n'


@pytest.mark.uaaps("P74")
def test_policies_of_a_project_come_on_top_of_the_users(home: Path, project: Path) -> None:
    write(home, f"signatures:\n  trust_root: roots/own.json\n  policies:\n{POLICY}")
    write(project / ".aam", f"signatures:\n  policies:\n{POLICY}    required: false\n", 0o644)
    theirs, ours = read_config(str(project)).signatures
    assert theirs.policies == (
        SignaturePolicy("@acme/*", "alice@acme.example", "https://issuer.example", True, f"{home}/config.yaml:4"),
    )
    assert ours.policies[0].required is False
    assert theirs.trust_root
    assert path_of(theirs.trust_root) == f"{home}/roots/own.json"
    assert ours.trust_root == theirs.trust_root


@pytest.mark.uaaps("P74")
def test_the_first_pattern_that_has_a_package_decides_with_all_of_the_same(home: Path, project: Path) -> None:
    others = (
        '  - {packages: "@acme/core", identity: core@acme.example, issuer: "https://issuer.example", required: false}\n'
        '  - {packages: "@acme/*", identity: bob@acme.example, issuer: "https://issuer.example"}\n'
        '  - {packages: "*", identity: "*", issuer: "https://issuer.example"}\n'
    )
    write(home, f"signatures:\n  trust_root: /roots.json\n  policies:\n{others.splitlines()[0]}\n{POLICY}")
    assert [one.told for one in demands_on("@acme/core", read_config(str(project)))] == [
        "core@acme.example (https://issuer.example)"
    ]
    write(home, f"signatures:\n  trust_root: /roots.json\n  policies:\n{POLICY}{others}")
    config = read_config(str(project))
    (found,) = demands_on("@acme/review", config)
    assert found.told == "alice@acme.example (https://issuer.example) or bob@acme.example (https://issuer.example)"
    assert (found.required, found.trust_root, found.where) == (True, "/roots.json", f"{home}/config.yaml:4")
    assert [one.told for one in demands_on("plain", config)] == ["* (https://issuer.example)"]
    write(home, f"signatures:\n  trust_root: /roots.json\n  policies:\n{POLICY}")
    assert demands_on("plain", read_config(str(project))) == ()


def test_all_that_is_wrong_with_signatures_is_told_at_its_line(home: Path, project: Path) -> None:
    write(
        home,
        "signatures:\n"
        "  trust_root: [a]\n"
        "  polices: 1\n"
        "  policies:\n"
        '  - packages: "@acme/*"\n'
        "    required: yes please\n"
        "    issuer: 5\n"
        "  - x\n",
    )
    with pytest.raises(RequestError) as caught:
        read_config(str(project))
    file = f"{home}/config.yaml"
    assert str(caught.value) == (
        "error: `trust_root` must be the path of a file\n"
        f"  at {file}:2\n"
        "  fix: write a path\n\n"
        "error: a policy needs `identity`, which is a text\n"
        f"  at {file}:5\n"
        "  fix: write whom the certificate is for: an address, or the URI of a workflow\n\n"
        "error: `required` must be true or false\n"
        f"  at {file}:6\n\n"
        "error: a policy needs `issuer`, which is a text\n"
        f"  at {file}:7\n"
        "  fix: write the URL of whoever vouches for the identity\n\n"
        "error: a policy must be a mapping\n"
        f"  at {file}:8\n"
        "  fix: write `packages: …`, `identity: …` and `issuer: …`"
    )


def test_a_pattern_that_fits_no_name_protects_nothing_and_is_refused(home: Path, project: Path) -> None:
    write(home, f"signatures:\n  trust_root: /r\n  policies:\n{POLICY.replace('@acme/*', '@Acme/*')}")
    with pytest.raises(RequestError) as caught:
        read_config(str(project))
    assert str(caught.value) == (
        "error: `@Acme/*` fits the name of no package\n"
        f"  at {home}/config.yaml:4\n"
        "  fix: names are of lower-case letters, digits, `-`, `_`, `@` and `/`"
    )


def test_policies_without_a_trust_root_are_refused(home: Path, project: Path) -> None:
    write(project / ".aam", f"signatures:\n  policies:\n{POLICY}", 0o644)
    with pytest.raises(RequestError) as caught:
        read_config(str(project))
    assert str(caught.value) == (
        "error: the policies of `signatures` need a `trust_root`\n"
        f"  at {project}/.aam/config.yaml:3\n"
        "  fix: write `trust_root: PATH` below `signatures`"
    )

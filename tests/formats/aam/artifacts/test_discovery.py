"""What a package gives to agents is found, and all that is wrong with it is told at once, with file and line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from agent_packages import AWKWARD, PROMPT, REVIEW, manifest_text, skill_text

from packaging_targets.errors import PackagingError
from packaging_targets.formats.aam.artifacts.discovery import find_artifacts
from packaging_targets.formats.aam.artifacts.values import Artifacts
from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.formats.aam.package.manifest import parse_manifest

pytest.importorskip("yaml")


def found(files: Mapping[str, str | bytes], **members: Any) -> Artifacts:
    manifest = parse_manifest(manifest_text("review", **members).encode(), MANIFEST)
    held = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    return find_artifacts(manifest, {MANIFEST: b"{}", **held}, "pkg")


def errors(files: Mapping[str, str | bytes], **members: Any) -> str:
    return "\n".join(map(str, PackagingError(*found(files, **members).errors).problems))


def warnings(files: Mapping[str, str | bytes], **members: Any) -> str:
    made = found(files, **members)
    assert made.errors == ()
    return "\n".join(one.told("warning") for one in PackagingError(*made.warnings).problems)


def test_all_kinds_are_found() -> None:
    artifacts = found(REVIEW)
    assert (artifacts.errors, artifacts.warnings) == ((), ())
    assert [one.name for one in artifacts.skills] == ["pdf-tools", "plan"]
    assert artifacts.skills[1].description == AWKWARD
    assert artifacts.skills[0].files == (
        "skills/pdf-tools/SKILL.md",
        "skills/pdf-tools/references/forms.md",
        "skills/pdf-tools/scripts/extract.py",
        "skills/pdf-tools/tests/test-config.json",
    )
    assert [(one.name, len(one.variables)) for one in artifacts.commands] == [("audit-finding", 2), ("review", 0)]
    assert [(one.name, one.texts("tools")) for one in artifacts.agents] == [
        ("code-auditor", ("file_read", "shell")),
        ("writer", ()),
    ]
    assert artifacts.agents[0].body.strip() == PROMPT.strip()
    assert [(one.name, one.mode, one.globs) for one in artifacts.rules] == [
        ("api", "files", ("src/api/**",)),
        ("general", "always", ()),
        ("legacy", "manual", ()),
        ("naming", "intelligent", ()),
        ("python", "files", ("**/*.py", "src/{api,web}/*.pyi")),
    ]
    assert artifacts.hooks is not None
    assert [(one.event, one.kind, one.matcher, one.timeout) for one in artifacts.hooks.hooks] == [
        ("pre-tool-use", "command", "Write|Edit", 30),
        ("session-start", "command", "", None),
        ("stop", "prompt", "", None),
        ("notification", "command", "", None),
    ]
    assert artifacts.servers is not None
    assert list(artifacts.servers.servers) == ["tickets", "search"]
    assert artifacts.instructions.startswith("# How we work")


def test_a_package_without_artifacts_needs_no_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    assert found({"README.md": "x", "commands/go.md": "Go.\n"}).errors == ()


def test_front_matter_without_pyyaml_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from packaging_targets.errors import RequestError

    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    with pytest.raises(RequestError) as refused:
        found({"skills/a/SKILL.md": skill_text("a")})
    assert str(refused.value) == (
        "error: YAML needs the package `pyyaml`, which is not installed\n  fix: pip install 'packaging-targets[agents]'"
    )


def test_all_that_is_wrong_is_told_at_once() -> None:
    told = errors(
        {
            "skills/a/SKILL.md": "---\nname: b\ndescription: ''\n---\nhi",
            "skills/c--d/SKILL.md": skill_text("c--d"),
            "skills/e/SKILL.md": "no front matter",
            "commands/go.md": "---\nname: go\nvariables: 1\n---\nGo.\n",
            "commands/empty.md": "---\ndescription: x\n---\n",
            "agents/z/agent.yaml": "name: z\ndescription: [hi]\nsystem_prompt: p.md\n",
            "rules/r/RULE.md": "---\nname: r\ndescription: d\napply:\n  mode: files\n---\nx",
            ".aam/rules/r.rule.md": "---\nname: r\ndescription: d\n---\nx",
            "hooks/hooks.json": '{"hooks": {"stop": [{"hooks": [{"type": "x"}, {"type": "command"}]}, 1]}}',
            "mcp/servers.json": '{"servers": {"A b": {"command": 1}, "c": {"type": "http"}}}',
            "AGENTS.md": b"a\n\xff",
        }
    )
    assert told.split("\n") == [
        "error: is not UTF-8",
        "  at pkg/AGENTS.md:2",
        "  fix: save it as UTF-8",
        "error: `description` must be a text of 1 to 1,024 characters",
        "  at pkg/agents/z/agent.yaml:2",
        "error: the command `empty` has no text",
        "  at pkg/commands/empty.md:1",
        "error: `variables` must be a list of tables, each with a `name`",
        "  at pkg/commands/go.md:3",
        "error: `$.hooks.stop[0].hooks[0].type` must be `command` or `prompt`",
        "  at pkg/hooks/hooks.json:1",
        "error: `$.hooks.stop[0].hooks[1].command` must be a text that is not empty",
        "  at pkg/hooks/hooks.json:1",
        "error: `$.hooks.stop[1]` must be a table with a list `hooks`",
        "  at pkg/hooks/hooks.json:1",
        "error: `$.servers.c` has no `url`",
        "  at pkg/mcp/servers.json:1",
        'error: `$.servers["A b"].command` must be a text',
        "  at pkg/mcp/servers.json:1",
        'error: `$.servers["A b"]` has a name that is not of lower-case letters, digits and `-`',
        "  at pkg/mcp/servers.json:1",
        "error: there are two of the rule `r`: the other is `pkg/.aam/rules/r.rule.md`",
        "  at pkg/rules/r/RULE.md",
        "  fix: rename one of them",
        "error: the mode `files` needs `globs`",
        "  at pkg/rules/r/RULE.md:4",
        '  fix: write `globs: ["**/*.py"]` below `apply`',
        "error: `description` must be a text of 1 to 1,024 characters",
        "  at pkg/skills/a/SKILL.md:3",
        "error: `c--d` is no name of a skill",
        "  at pkg/skills/c--d/SKILL.md:2",
        "  fix: use lower-case letters, digits and single hyphens between them, 64 characters at most",
        "error: the skill has no `description`",
        "  at pkg/skills/e/SKILL.md:1",
        "  fix: add `description: …` to its front matter",
        "error: the skill has no `name`",
        "  at pkg/skills/e/SKILL.md:1",
        "  fix: add `name: …` to its front matter",
    ]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("a", "b"),
        ("A", "A"),
        ("a_b", "a_b"),
        ("-a", "-a"),
        ("a-", "a-"),
        ("a--b", "a--b"),
        ("a" * 65, "a" * 65),
        ("ä", "ä"),
    ],
)
def test_names_are_those_of_the_standard_and_of_the_folder(name: str, folder: str) -> None:
    assert errors({f"skills/{folder}/SKILL.md": skill_text(name)})
    assert not errors(
        {
            f"skills/{folder.lower()[:1].replace('-', 'x').replace('ä', 'x')}/SKILL.md": skill_text(
                folder.lower()[:1].replace("-", "x").replace("ä", "x")
            )
        }
    )


def test_references_have_to_lead_somewhere() -> None:
    files = {
        "commands/go.md": "Run ${PACKAGE_ROOT}/scripts/go.sh, then\n`${PACKAGE_ROOT}/scripts/stop.sh`.\n",
        "scripts/go.sh": "",
        "hooks/hooks.json": '{"hooks": {"stop": [{"hooks": [{"type": "command", "command": "${PACKAGE_ROOT}/x.sh"}]}]}}',
        "agents/a/agent.yaml": "name: a\ndescription: b\nskills: [other]\nsystem_prompt: missing.md\n",
    }
    assert errors(files).split("\n") == [
        "error: the system prompt `agents/a/missing.md` is not there",
        "  at pkg/agents/a/agent.yaml:4",
        "  fix: write it, or name it in `system_prompt`",
        "error: `${PACKAGE_ROOT}/scripts/stop.sh` is named, which the package does not have",
        "  at pkg/commands/go.md:2",
        "error: `$.hooks.stop[0].hooks[0].command` names `${PACKAGE_ROOT}/x.sh`, which the package does not have",
        "  at pkg/hooks/hooks.json:1",
    ]


def test_links_of_a_skill_stay_in_its_folder() -> None:
    body = 'See [a](a.md), [b](sub/b.md#x "t"), [c](../other/c.md), [d](https://example.com/d.md), [e](#e), [f](/f.md),\n`[g](g.md)`\n```\n[h](h.md)\n```\n[i](sub/)\n[j](j.md)\n'
    files = {
        "skills/s/SKILL.md": skill_text("s") + body,
        "skills/s/a.md": "",
        "skills/s/sub/b.md": "",
        "skills/other/c.md": "",
    }
    told = [line for line in warnings(files).split("\n") if "leads" in line or "SKILL.md:" in line]
    assert told == [
        "warning: `../other/c.md` leads to `skills/other/c.md`, which is not in the folder of the skill, and so not deployed with it",
        "  at pkg/skills/s/SKILL.md:9",
        "warning: `j.md` leads to `skills/s/j.md`, which is not in the folder of the skill, and so not deployed with it",
        "  at pkg/skills/s/SKILL.md:15",
    ]


def test_what_an_agent_uses_may_come_from_a_dependency() -> None:
    files = {"agents/a/agent.yaml": "name: a\ndescription: b\nskills: [other]\n", "agents/a/system-prompt.md": PROMPT}
    assert (
        errors(files) == "error: the agent `a` uses the skill `other`, which there is not\n  at pkg/agents/a/agent.yaml"
    )
    assert errors(files, dependencies={"tools": "^1.0.0"}) == ""


def test_what_is_unknown_is_a_warning() -> None:
    files = {
        "skills/a/SKILL.md": "---\nname: a\ndescription: d\nlicence: MIT\n---\nhi",
        "skills/b/notes.md": "",
        "rules/r/RULE.md": "---\ndescription: d\napply: {mode: allways}\nrefs: [nothing]\n---\nx",
        "hooks/hooks.json": '{"hooks": {"stopp": []}}',
    }
    assert warnings(files).split("\n") == [
        "warning: there is no event `stopp`",
        "  at pkg/hooks/hooks.json:1",
        "  fix: did you mean `stop`?",
        "warning: the rule `r` refers to `nothing`, which is neither a rule nor a file of the package",
        "  at pkg/rules/r/RULE.md",
        "warning: there is no mode `allways`, so the rule is taken as `manual`",
        "  at pkg/rules/r/RULE.md:3",
        "  fix: did you mean `always`?",
        "warning: a skill has no field `licence`",
        "  at pkg/skills/a/SKILL.md:4",
        "  fix: did you mean `license`?",
        "warning: has no `SKILL.md`, and so is no skill",
        "  at pkg/skills/b",
    ]


@pytest.mark.parametrize(
    ("front", "mode", "globs"),
    [
        ("alwaysApply: true", "always", ()),
        ("globs: 'src/**/*.ts, a/{b,c}.ts'", "files", ("src/**/*.ts", "a/{b,c}.ts")),
        ("apply: {globs: ['*.py']}", "intelligent", ("*.py",)),
        ("alwaysApply: false", "intelligent", ()),
    ],
)
def test_rules_may_say_as_cursor_does_when_they_apply(front: str, mode: str, globs: tuple[str, ...]) -> None:
    (rule,) = found({"rules/r/RULE.md": f"---\ndescription: d\n{front}\n---\nx"}).rules
    assert (rule.mode, rule.globs) == (mode, globs)


def test_the_manifest_names_other_places() -> None:
    files = {
        "prompts/go.md": "Go.\n",
        "abilities/a/SKILL.md": skill_text("a"),
        "config/hooks.json": '{"hooks": {}}',
        "config/mcp.json": '{"servers": {}}',
    }
    members = {
        "commands": "./prompts",
        "skills": "abilities/",
        "hooks": "./config/hooks.json",
        "mcp": "config/mcp.json",
    }
    artifacts = found(files, **members)
    assert artifacts.errors == ()
    assert [one.path for one in artifacts.commands] == ["prompts/go.md"]
    assert [one.path for one in artifacts.skills] == ["abilities/a/SKILL.md"]
    assert artifacts.hooks is not None
    assert artifacts.servers is not None


def test_the_manifest_lists_what_is_taken() -> None:
    files = {"skills/a/SKILL.md": skill_text("a"), "skills/b/SKILL.md": skill_text("b"), "commands/go.md": "Go.\n"}
    listed = {"skills": [{"name": "a", "path": "skills/a/"}], "commands": [{"name": "go", "path": "./commands/go.md"}]}
    artifacts = found(files, artifacts=listed)
    assert [one.name for one in artifacts.skills] == ["a"]
    assert [one.name for one in artifacts.commands] == ["go"]
    assert "\n".join(one.told("warning") for one in artifacts.warnings) == (
        "warning: `skills/b/SKILL.md` is not in the manifest's `artifacts.skills`, and so left out\n  at pkg/skills/b/SKILL.md"
    )


def test_what_the_manifest_lists_has_to_be_there() -> None:
    files = {"skills/a/SKILL.md": skill_text("a")}
    listed = {"skills": [{"name": "x", "path": "skills/a"}, {"name": "b", "path": "skills/b"}]}
    assert errors(files, artifacts=listed).split("\n") == [
        "error: `artifacts.skills` names `skills/b/SKILL.md`, which is not among the package's files",
        "  at pkg/package.agent.json",
        "error: the manifest's `artifacts.skills` calls `skills/a/SKILL.md` `x`, but it is `a`",
        "  at pkg/package.agent.json",
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("{\n", 'is no JSON: expected `}` or a key in `"`, but the file ends\n  at pkg/hooks/hooks.json:2'),
        ('{"hooks": {},\n "hooks": {}}', "is no JSON: the key `hooks` stands twice in one object\n  at pkg/hooks/hooks.json:2"),
        ('{"hooks": {\n"stop": [\n1]}}', "`$.hooks.stop[0]` must be a table with a list `hooks`\n  at pkg/hooks/hooks.json:3"),
        ("[]", "`$` must be a table\n  at pkg/hooks/hooks.json:1"),
        ("{}", "`$.hooks` is missing, and has to be a table\n  at pkg/hooks/hooks.json:1"),
        ('{"hooks": []}', "`$.hooks` must be a table\n  at pkg/hooks/hooks.json:1"),
        ("[" * 100_000, "is no JSON: values are nested deeper than 64\n  at pkg/hooks/hooks.json:1"),
        ('{"hooks": {"stop": {}}}', "`$.hooks.stop` must be a list\n  at pkg/hooks/hooks.json:1"),
        ('{"hooks": {"stop": [{"matcher": 1, "hooks": []}]}}', "`$.hooks.stop[0].matcher` must be a text\n  at pkg/hooks/hooks.json:1"),
        ('{"hooks": {"stop": [{"hooks": [{"type": "prompt", "prompt": "x", "timeout": true}]}]}}', "`$.hooks.stop[0].hooks[0].timeout` must be a number of seconds, more than 0 and at most 31,536,000\n  at pkg/hooks/hooks.json:1"),
        (f'{{"hooks": {{"stop": [{{"hooks": [{{"type": "prompt", "prompt": "x", "timeout": 1{"0" * 400}}}]}}]}}}}', "`$.hooks.stop[0].hooks[0].timeout` must be a number of seconds, more than 0 and at most 31,536,000\n  at pkg/hooks/hooks.json:1"),
        ('{"hooks": {"stop": [{"hooks": [{"type": "prompt", "prompt": "x",\n"timeout": 1e999}]}]}}', "is no JSON: the number `1e999` is out of range\n  at pkg/hooks/hooks.json:2"),
    ],
)  # fmt: skip
def test_bad_json_is_told(data: str, told: str) -> None:
    assert errors({"hooks/hooks.json": data}) == f"error: {told}"


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ('{"command": " "}', "`$.servers.s.command` must be a text that is not empty"),
        ('{"type": "http", "url": ""}', "`$.servers.s.url` must be a text that is not empty"),
        ('{"command": "a", "autoApprove": [1]}', "`$.servers.s.autoApprove` may hold texts alone"),
    ],
)
def test_a_server_that_cannot_run_is_told(server: str, told: str) -> None:
    said = errors({"mcp/servers.json": f'{{"servers": {{"s": {server}}}}}'})
    assert said == f"error: {told}\n  at pkg/mcp/servers.json:1"


def test_fields_of_servers_that_uaaps_does_not_know_are_told() -> None:
    server = '{"command": "a",\n"autoApprove": ["*"],\n"arg": ["b"]}'
    assert warnings({"mcp/servers.json": f'{{"servers": {{"s": {server}}}}}'}) == (
        "warning: `autoApprove` is nothing that UAAPS knows of a server, and passed on as it is\n"
        "  at pkg/mcp/servers.json:2\n"
        "warning: `arg` is nothing that UAAPS knows of a server, and passed on as it is\n"
        "  at pkg/mcp/servers.json:3\n"
        "  fix: did you mean `args`?"
    )


def test_servers_under_another_name_are_told() -> None:
    assert errors({"mcp/servers.json": '{"mcpServers": {}}'}) == (
        "error: `$.servers` is missing, and has to be a table\n"
        "  at pkg/mcp/servers.json:1\n"
        "  fix: rename `mcpServers` to `servers`"
    )


@pytest.mark.parametrize(
    ("glob", "told"),
    [
        ("!x/**", "says what not to match, which no platform knows"),
        ("", "is empty"),
        (" ", "is empty"),
        ("a\nb", "has a character that cannot be seen"),
        ("../x/**", "leads out of the project"),
        ("x/..", "leads out of the project"),
        ("/etc/**", "leads out of the project"),
        ("{a", "has a brace without its other half"),
        ("b}", "has a brace without its other half"),
        ("}{", "has a brace without its other half"),
    ],
)
@pytest.mark.parametrize("front", ["globs: {}", "apply: {{mode: files, globs: {}}}"])
def test_a_glob_that_platforms_understand_each_in_its_way_is_refused(front: str, glob: str, told: str) -> None:
    globs = json.dumps(["src/**", glob])
    assert errors({"rules/r/RULE.md": f"---\ndescription: d\n{front.format(globs)}\n---\nx"}) == (
        f"error: the glob {json.dumps(glob)} {told}\n"
        "  at pkg/rules/r/RULE.md:3\n"
        '  fix: write what it matches, seen from the project, as in `"src/**/*.py"`'
    )

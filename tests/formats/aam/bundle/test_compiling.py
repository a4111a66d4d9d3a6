"""A package and what it depends on become the files of each platform; what is lost is told."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest
from agent_packages import AWKWARD, PROMPT, REVIEW, package, skill_text

from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.artifacts.front_matter import read_document
from packaging_targets.formats.aam.bundle.archive import read_bundle, write_bundle
from packaging_targets.formats.aam.bundle.compiling import PLATFORMS, compile_bundle
from packaging_targets.formats.aam.bundle.values import TARGETS, Bundle, bundle_name, bundle_targets
from packaging_targets.formats.aam.manifest import MANIFEST

pytest.importorskip("yaml")

GOLDEN = {
    ("review", "claude-code"): "e2f9151eff47d15c981573e3b7bcb0a44a7d14a0cb1a3732da38fabd625dfb21",
    ("review", "codex"): "86f1cfc36250b8fa7b8f240bd8465c6ba8c8668ae4c03b5c99e00c7fdf827090",
    ("review", "copilot"): "677ad74b558b993428593a2c828b9b54f966ecaf5197cab0804cc2968c62a080",
    ("review", "cursor"): "7844a0d4e5686e6fa2305c84269d415de97bf177967819d35deebb1cec03e14c",
    ("@acme/review", "claude-code"): "7000379087e2f5d51ac2ac27008836ed5bf9c23bb1031ecf520012785af8a7e0",
    ("@acme/review", "codex"): "00aa45c11a8abf8018d1a924a7a097d70211f52323c50a19db99269e365e1cc6",
    ("@acme/review", "copilot"): "fa3db563c94d7a4d7507a075ab5a2d277928b5868bf90bc0889dcea598acac41",
    ("@acme/review", "cursor"): "2ae3afa4fd24f51b2c7e79b74ab36fd28c094f98006102dbae98457656b3f3e1",
}
"""The SHA-256 of the tar in each bundle: its gzip depends on the version of the compressor."""

TOOLS = {
    "skills/plan/SKILL.md": skill_text("plan"),
    "mcp/servers.json": REVIEW["mcp/servers.json"],
    "server/index.js": "1",
    "AGENTS.md": "# Tools\n",
}


def compiled(target: str, name: str = "review", files: Mapping[str, str] = REVIEW, **options: Any) -> Bundle:
    members = options.pop("members", {})
    return compile_bundle(package(name, files, **members), options.pop("dependencies", []), target, **options)


def texts(bundle: Bundle) -> dict[str, str]:
    return {path: file.data.decode() for path, file in bundle.deployed.items()}


def lost(bundle: Bundle) -> list[str]:
    return [f"{one.where.partition('/')[2]}: {one.what}" for one in bundle.warnings]


def rule(front: str) -> dict[str, str]:
    return {"rules/r/RULE.md": f"---\nname: r\ndescription: What it is.\n{front}\n---\n# R\n\n- Do.\n"}


def refused(*packages: Any, target: str = "cursor", **options: Any) -> str:
    with pytest.raises(RequestError) as error:
        compile_bundle(packages[0], packages[1:], target, **options)
    return str(error.value)


@pytest.mark.uaaps("S12.4.structure", "P29")
@pytest.mark.parametrize(("name", "target"), GOLDEN)
def test_the_same_packages_give_the_same_bytes(name: str, target: str) -> None:
    import gzip

    tools = package("@other_co/tools", TOOLS)
    out = io.BytesIO()
    write_bundle(out, compiled(target, name, dependencies=[tools], built_at=1_000_000_000))
    assert sha256(gzip.decompress(out.getvalue())).hexdigest() == GOLDEN[name, target]


@pytest.mark.parametrize("target", TARGETS)
def test_the_order_of_dependencies_changes_nothing(target: str) -> None:
    others = [package("zeta", {"AGENTS.md": "# Z\n"}), package("@other_co/tools", TOOLS)]
    one, two = compiled(target, dependencies=others), compiled(target, dependencies=others[::-1])
    assert (one.files, one.about, list(one.files)) == (two.files, two.about, list(two.files))


@pytest.mark.uaaps("S12.4.structure", "S12.4.bundle-json", "P30")
def test_a_bundle_says_what_it_is() -> None:
    bundle = compiled(
        "cursor", "@author/my-agent", {"skills/my-skill/SKILL.md": skill_text("my-skill")}, built_at=1_771_511_400
    )
    assert bundle.name == "author--my-agent-1.0.0-cursor.bundle.aam"
    about = dict(bundle.about)
    checksum = about.pop("checksum")
    lines = sorted(f"{sha256(file.data).hexdigest()}  {path}\n" for path, file in bundle.files.items())
    assert checksum == f"sha256:{sha256(''.join(lines).encode()).hexdigest()}"
    assert about == {
        "format": "uaaps-bundle",
        "version": "1.0",
        "package": "@author/my-agent",
        "package_version": "1.0.0",
        "target": "cursor",
        "built_at": "2026-02-19T14:30:00Z",
        "artifacts": [{"type": "skill", "name": "my-skill", "path": ".cursor/skills/author-my-skill/"}],
    }
    assert list(bundle.about)[:7] == [
        "format",
        "version",
        "package",
        "package_version",
        "target",
        "built_at",
        "checksum",
    ]
    assert list(bundle.files) == [".cursor/skills/author-my-skill/SKILL.md", MANIFEST]
    assert bundle.files[MANIFEST] == package("@author/my-agent", {}).files[MANIFEST]
    assert compiled("cursor").about["built_at"] == "1970-01-01T00:00:00Z"


@pytest.mark.uaaps("P32", "S12.4.bundle-json")
def test_the_seeds_own_layout_can_be_had() -> None:
    files = {
        "skills/my-skill/SKILL.md": skill_text("my-skill"),
        "agents/my-agent.md": f"---\ndescription: Does it.\n---\n{PROMPT}",
    }
    bundle = compiled("cursor", "@author/my-agent", files, scoped_dirs="seed")
    assert bundle.about["artifacts"] == [
        {"type": "agent", "name": "my-agent", "path": ".cursor/rules/agent-author--my-agent.mdc"},
        {"type": "skill", "name": "my-skill", "path": ".cursor/skills/author--my-skill/"},
    ]
    assert texts(bundle)[".cursor/skills/author--my-skill/SKILL.md"] == files["skills/my-skill/SKILL.md"]


@pytest.mark.uaaps("P31")
@pytest.mark.parametrize(
    ("scope", "deployed"),
    [("acme", "acme-plan"), ("acme_co", "acme-co-plan"), ("a_-_b", "a-b-plan"), ("acme_", "acme-plan")],
)
@pytest.mark.parametrize("target", TARGETS)
def test_the_skill_of_a_scoped_package_has_its_scope_in_its_name(scope: str, deployed: str, target: str) -> None:
    bundle = compiled(target, f"@{scope}/tools", {"skills/plan/SKILL.md": skill_text("plan")})
    path = f"{PLATFORMS[target].skills}{deployed}/SKILL.md"
    assert read_document(bundle.files[path].data, path).fields["name"] == deployed


@pytest.mark.uaaps("P31")
def test_an_unscoped_skill_stays_as_it_is_to_the_byte() -> None:
    bundle = compiled("codex")
    assert texts(bundle)[".agents/skills/plan/SKILL.md"] == REVIEW["skills/plan/SKILL.md"]
    assert bundle.files[".agents/skills/pdf-tools/scripts/extract.py"].executable
    assert not any("tests" in path for path in bundle.files)


def test_front_matter_is_changed_and_not_rewritten() -> None:
    changed = texts(compiled("claude-code", "@acme/review"))[".claude/skills/acme-pdf-tools/SKILL.md"]
    wanted = REVIEW["skills/pdf-tools/SKILL.md"].replace("name: pdf-tools", "name: acme-pdf-tools")
    map_of = "compatibility:\n  requires:\n    - python>=3.10\n    - pypdf\n"
    assert changed == wanted.replace(map_of, 'compatibility: "requires: python>=3.10, pypdf"\n')


@pytest.mark.parametrize("target", TARGETS)
def test_readers_of_older_yaml_take_texts_for_texts(target: str) -> None:
    import yaml

    front = "name: no\ndescription: yes\nlicense: MIT # ours\nmetadata:\n  on: 2024-01-01\n  size: 1_000\n  count: 3\n  y: =\n"
    files = {"skills/no/SKILL.md": f"---\n{front}---\nDo it.\n"}
    text = texts(compiled(target, files=files))[f"{PLATFORMS[target].skills}no/SKILL.md"]
    older = yaml.safe_load(text.split("---\n")[1])
    assert older == read_document(files["skills/no/SKILL.md"].encode(), "").fields
    assert text == (
        '---\nname: "no"\ndescription: "yes"\nlicense: MIT # ours\n'
        'metadata:\n  "on": "2024-01-01"\n  size: "1_000"\n  count: 3\n  "y": "="\n---\nDo it.\n'
    )


@pytest.mark.uaaps("P31")
def test_two_packages_that_want_one_name_are_refused_and_both_are_named() -> None:
    one = package("@acme/tools", {"skills/plan/SKILL.md": skill_text("plan")})
    two = package("acme-tools", {"skills/acme-plan/SKILL.md": skill_text("acme-plan")}, "2.0.0")
    assert refused(one, two) == (
        "error: `@acme/tools@1.0.0` (skills/plan/SKILL.md) and `acme-tools@2.0.0` (skills/acme-plan/SKILL.md) both become "
        "`.cursor/skills/acme-plan/` in Cursor\n"
        "  at acme-tools@2.0.0/skills/acme-plan/SKILL.md\n"
        "  fix: rename one of the two"
    )


@pytest.mark.parametrize(
    ("first", "second", "target"),
    [
        ({"commands/go.md": "Go."}, {"commands/go.md": "Go!"}, target)
        for target in TARGETS
    ] + [
        (rule("alwaysApply: true"), rule("globs: a/**"), target)
        for target in TARGETS
    ] + [
        ({"commands/go.md": "Go."}, {"skills/cmd-go/SKILL.md": skill_text("cmd-go")}, "codex"),
        ({"agents/a.md": "---\ndescription: A.\n---\nA."}, {"rules/agent-a/RULE.md": "---\ndescription: A.\n---\nA."}, "cursor"),
        ({"mcp/servers.json": '{"servers": {"s": {"command": "a"}}}'}, {"mcp/servers.json": '{"servers": {"s": {"command": "b"}}}'}, "cursor"),
    ],
)  # fmt: skip
def test_nothing_replaces_anything_silently(first: dict[str, str], second: dict[str, str], target: str) -> None:
    told = refused(package("one", first), package("two", second), target=target)
    assert told.startswith("error: `one@1.0.0` (")
    assert "and `two@1.0.0` (" in told


def test_a_server_that_two_packages_bring_alike_is_there_once() -> None:
    servers = {"mcp/servers.json": '{"servers": {"search": {"type": "http", "url": "https://mcp.example.com"}}}'}
    bundle = compile_bundle(package("one", servers), [package("two", servers)], "cursor")
    assert list(json.loads(texts(bundle)[".cursor/mcp.json"])["mcpServers"]) == ["search"]


def test_a_name_that_is_too_long_with_its_scope_is_refused() -> None:
    name = "n" * 60
    told = refused(package("@acme/tools", {f"skills/{name}/SKILL.md": skill_text(name)}))
    assert told == (
        f"error: becomes the skill `acme-{name}` in Cursor, of 65 characters, and 64 is the most\n"
        f"  at @acme/tools@1.0.0/skills/{name}/SKILL.md\n"
        "  fix: choose a shorter name"
    )


def test_what_is_wrong_in_any_package_is_told_with_its_name() -> None:
    broken = package("broken", {"skills/a/SKILL.md": "no front matter", "commands/x.md": "\n"}, "2.1.0")
    told = refused(package("review", REVIEW), broken)
    assert "the command `x` has no text\n  at broken@2.1.0/commands/x.md:1" in told
    assert "the skill has no `name`\n  at broken@2.1.0/skills/a/SKILL.md:1" in told


@pytest.mark.parametrize("target", TARGETS)
def test_a_text_may_not_have_our_marks(target: str) -> None:
    told = refused(package("a", {"AGENTS.md": "<!-- aam:end -->\nAnd more.\n"}), target=target)
    assert told == (
        "error: the text has `<!-- aam:`, which marks what comes from which package\n  at a@1.0.0/AGENTS.md\n  fix: take it out"
    )


RULES = {
    "always": "apply: {mode: always}",
    "intelligent": "apply: {mode: intelligent}",
    "files": "apply: {mode: files, globs: ['src/{a,b}/*.py', 'src/**/*.pyi']}",
    "manual": "apply: {mode: manual}",
}
MARKED = "<!-- aam:begin: made by `aam pkg build`; whatever is changed in here is lost -->\n\n<!-- aam:rule:r:begin -->\n# R\n\n- Do.\n<!-- aam:rule:r:end -->\n\n<!-- aam:end -->\n"
GENERATED = f"<!-- AUTO-GENERATED BY AAM: do not edit below this line -->\n\n{MARKED}"
BODY = "---\n\n# R\n\n- Do.\n"
GLOBS = "src/a/*.py,src/b/*.py,src/**/*.pyi"


@pytest.mark.parametrize(
    ("target", "mode", "path", "text"),
    [
        ("cursor", "always", ".cursor/rules/r.mdc", f"---\ndescription: What it is.\nalwaysApply: true\n{BODY}"),
        ("cursor", "intelligent", ".cursor/rules/r.mdc", f"---\ndescription: What it is.\nalwaysApply: false\n{BODY}"),
        ("cursor", "files", ".cursor/rules/r.mdc", f"---\ndescription: What it is.\nglobs: {GLOBS}\nalwaysApply: false\n{BODY}"),
        ("cursor", "manual", ".cursor/rules/r.mdc", f"---\nalwaysApply: false\n{BODY}"),
        ("copilot", "always", ".github/instructions/r.instructions.md", f'---\nname: R\ndescription: What it is.\napplyTo: "**"\n{BODY}'),
        ("copilot", "intelligent", ".github/instructions/r.instructions.md", f"---\nname: R\ndescription: What it is.\n{BODY}"),
        ("copilot", "files", ".github/instructions/r.instructions.md", f"---\nname: R\ndescription: What it is.\napplyTo: {GLOBS}\n{BODY}"),
        ("copilot", "manual", ".github/instructions/r.instructions.md", f"---\nname: R\ndescription: What it is.\n{BODY}"),
        ("claude-code", "always", "CLAUDE.md", MARKED),
        ("claude-code", "intelligent", ".claude/rules/r.md", f"---\ndescription: What it is.\n{BODY}"),
        ("claude-code", "files", ".claude/rules/r.md", f"---\npaths:\n  - src/{{a,b}}/*.py\n  - src/**/*.pyi\n{BODY}"),
        ("claude-code", "manual", "", ""),
        ("codex", "always", "AGENTS.md", GENERATED),
        ("codex", "intelligent", "AGENTS.md", GENERATED),
        ("codex", "files", "src/AGENTS.md", GENERATED),
        ("codex", "manual", "", ""),
    ],
)  # fmt: skip
def test_every_mode_of_a_rule_on_every_platform(target: str, mode: str, path: str, text: str) -> None:
    assert texts(compiled(target, files=rule(RULES[mode]))) == ({path: text} if path else {})


def test_a_rule_says_more_to_one_platform() -> None:
    front = "apply: {mode: files, globs: ['src/**']}\nagents:\n  cursor: {alwaysApply: true, priority: 3, colour: red}\n  codex: {override: true}\n  copilot: {enabled: false}"
    bundle = compiled("cursor", files=rule(front))
    assert (
        texts(bundle)[".cursor/rules/r.mdc"] == f"---\ndescription: What it is.\nalwaysApply: true\npriority: 3\n{BODY}"
    )
    assert lost(bundle) == ["rules/r/RULE.md: `agents.cursor.colour` is nothing that Cursor has"]
    assert list(texts(compiled("codex", files=rule(front)))) == ["src/AGENTS.override.md"]
    assert texts(compiled("copilot", files=rule(front))) == {}


@pytest.mark.uaaps("P35")
@pytest.mark.parametrize("globs", ["**/*.py", ".git/hooks/**", "src/.hidden/**", ".agents/x/**"])
def test_a_glob_leads_no_rule_out_of_the_project(globs: str) -> None:
    bundle = compiled("codex", files=rule(f"apply: {{mode: files, globs: ['{globs}']}}"))
    assert list(texts(bundle)) == ["AGENTS.md"]


@pytest.mark.uaaps("P34")
@pytest.mark.parametrize(
    ("target", "told"),
    [
        (
            "cursor",
            [
                "agents/code-auditor/agent.yaml: `capabilities` is left out: Cursor has nothing like it",
                "agents/code-auditor/agent.yaml: `commands` is left out: Cursor has nothing like it",
                "agents/code-auditor/agent.yaml: `parameters` is left out: Cursor has nothing like it",
                "agents/code-auditor/agent.yaml: `skills` is left out: Cursor has nothing like it",
                "agents/code-auditor/agent.yaml: `tools` is left out: Cursor has nothing like it",
                "hooks/hooks.json: the hook at `notification` is left out: Cursor has no such event",
            ],
        ),
        (
            "copilot",
            [
                ".aam/rules/naming.rule.md: the mode `intelligent` works in VS Code alone: GitHub.com never applies the rule",
                "agents/code-auditor/agent.yaml: `capabilities` is left out: Copilot has nothing like it",
                "agents/code-auditor/agent.yaml: `commands` is left out: Copilot has nothing like it",
                "agents/code-auditor/agent.yaml: `parameters` is left out: Copilot has nothing like it",
                "agents/code-auditor/agent.yaml: `skills` is left out: Copilot has nothing like it",
                "hooks/hooks.json: the hook at `notification` is left out: Copilot has no such event",
                "hooks/hooks.json: the hook at `stop` is left out: Copilot asks no model at this event",
                "rules/python/RULE.md: `refs` is left out: Copilot has nothing like it",
            ],
        ),
        (
            "claude-code",
            [
                ".aam/rules/legacy.rule.md: is left out: Claude Code has no rules that a person calls",
                ".aam/rules/naming.rule.md: the mode `intelligent` becomes `always`: Claude Code reads all rules without paths",
                "agents/code-auditor/agent.yaml: `capabilities` is left out: Claude Code has nothing like it",
                "agents/code-auditor/agent.yaml: `commands` is left out: Claude Code has nothing like it",
                "agents/code-auditor/agent.yaml: `parameters` is left out: Claude Code has nothing like it",
                "rules/python/RULE.md: `refs` is left out: Claude Code has nothing like it",
            ],
        ),
        (
            "codex",
            [
                ".aam/rules/legacy.rule.md: is left out: Codex has no rules that a person calls",
                ".aam/rules/naming.rule.md: the mode `intelligent` becomes `always`: Codex reads all of AGENTS.md",
                "agents/code-auditor/agent.yaml: `capabilities` is left out: Codex has nothing like it",
                "agents/code-auditor/agent.yaml: `commands` is left out: Codex has nothing like it",
                "agents/code-auditor/agent.yaml: `parameters` is left out: Codex has nothing like it",
                "agents/code-auditor/agent.yaml: `skills` is left out: Codex has nothing like it",
                "agents/code-auditor/agent.yaml: `tools` is left out: Codex has nothing like it",
                "hooks/hooks.json: hooks are left out: UAAPS gives them no place in Codex",
                "mcp/servers.json: MCP servers are left out: UAAPS gives them no place in Codex",
                "rules/python/RULE.md: `**/*.py`, `src/{api,web}/*.pyi` becomes the whole project: AGENTS.md is for folders, and knows no globs",
                "rules/python/RULE.md: `refs` is left out: Codex has nothing like it",
            ],
        ),
    ],
)  # fmt: skip
def test_all_that_is_lost_is_told(target: str, told: list[str]) -> None:
    assert lost(compiled(target)) == told


@pytest.mark.uaaps("P34")
@pytest.mark.parametrize("target", TARGETS)
def test_permissions_are_nothing_that_a_platform_holds_a_package_to(target: str) -> None:
    bundle = compiled(target, files={"commands/go.md": "Go."}, members={"permissions": {"shell": {"allow": False}}})
    title = PLATFORMS[target].title
    assert lost(bundle) == [f"package.agent.json: {title} does not hold a package to its `permissions`"]


@pytest.mark.parametrize("target", ["codex", "copilot", "cursor"])
def test_what_claude_code_alone_knows_of_a_skill_goes_to_claude_code_alone(target: str) -> None:
    skill = {"skills/a/SKILL.md": "---\nname: a\ncontext: fork\ndescription: A. Use it.\nmodel: opus\n---\nA.\n"}
    bundle = compiled(target, files=skill)
    path = f"{PLATFORMS[target].skills}a/SKILL.md"
    assert texts(bundle)[path] == "---\nname: a\ndescription: A. Use it.\n---\nA.\n"
    assert lost(bundle) == [
        f"skills/a/SKILL.md: `{field}` is left out: only Claude Code knows it" for field in ("context", "model")
    ]
    assert texts(compiled("claude-code", files=skill))[".claude/skills/a/SKILL.md"] == skill["skills/a/SKILL.md"]


def test_variables_of_a_command_on_each_platform() -> None:
    found = {target: texts(compiled(target)) for target in TARGETS}
    assert found["claude-code"][".claude/commands/audit-finding.md"] == (
        "---\ndescription: Documents a finding of an audit\n"
        'argument-hint: "<control_id> [severity]"\narguments:\n  - control_id\n  - severity\n---\n\n'
        "Fill in:\n\n"
        "- `$control_id` (required): Identifier of the control\n"
        "- `$severity` (one of critical, high, low; default low)\n\n"
        "# Finding $control_id\n\nHow bad it is: $severity. Leave {{other}} as it is.\n"
    )
    assert found["copilot"][".github/prompts/audit-finding.prompt.md"] == (
        "---\ndescription: Documents a finding of an audit\n---\n\n"
        "# Finding ${input:control_id:(required): Identifier of the control}\n\n"
        "How bad it is: ${input:severity:(one of critical, high, low; default low)}. Leave {{other}} as it is.\n"
    )
    told = (
        "Fill in:\n\n"
        "- `{{control_id}}` (required): Identifier of the control\n"
        "- `{{severity}}` (one of critical, high, low; default low)\n\n"
        "# Finding {{control_id}}\n\nHow bad it is: {{severity}}. Leave {{other}} as it is.\n"
    )
    assert (
        found["cursor"][".cursor/commands/audit-finding.md"]
        == f"---\ndescription: Documents a finding of an audit\n---\n\n{told}"
    )
    assert found["codex"][".agents/skills/cmd-audit-finding/SKILL.md"].endswith(f"---\n\n{told}")
    assert (
        found["codex"][".agents/skills/cmd-audit-finding/agents/openai.yaml"]
        == "policy:\n  allow_implicit_invocation: false\n"
    )


@pytest.mark.parametrize(
    ("names", "body", "arguments", "made"),
    [
        (["name"], "Say $name to {{name}}.", ["name_"], "Say $name to $name_."),
        (["file"], "Write {{file}}_x and {{file}}.", ["file"], "Write $ARGUMENTS[0]_x and $ARGUMENTS[0]."),
        (["a-b", "a_b"], "{{a-b}} {{a_b}}", ["a_b", "a_b_"], "$a_b $a_b_"),
        (["a", "ARGUMENTS"], "{{a}}[1] {{ARGUMENTS}}", ["a", "ARGUMENTS_"], "$ARGUMENTS[0][1] $ARGUMENTS_"),
    ],
)
def test_arguments_are_what_the_author_left_open_and_nothing_else(
    names: list[str], body: str, arguments: list[str], made: str
) -> None:
    variables = "".join(f"  - name: {name}\n" for name in names)
    files = {"commands/c.md": f"---\nvariables:\n{variables}---\n{body}\n"}
    text = texts(compiled("claude-code", files=files))[".claude/commands/c.md"]
    assert read_document(text.encode(), "").fields["arguments"] == arguments
    assert text.endswith(f"\n\n{made}\n")


def test_agents_on_each_platform() -> None:
    found = {target: texts(compiled(target, "@acme/review")) for target in TARGETS}
    about = "description: Finds security problems in code. Use it for every change that touches input.\n"
    body = f"---\n\n{PROMPT}"
    assert (
        found["claude-code"][".claude/agents/acme-code-auditor.md"]
        == f"---\nname: acme-code-auditor\n{about}tools: Read, Bash\nskills:\n  - acme-pdf-tools\n{body}"
    )
    assert (
        found["copilot"][".github/agents/acme-code-auditor.agent.md"]
        == f"---\nname: acme-code-auditor\n{about}tools:\n  - read\n  - execute\n{body}"
    )
    assert found["cursor"][".cursor/rules/agent-acme-code-auditor.mdc"] == f"---\n{about}alwaysApply: true\n{body}"
    assert (
        found["codex"][".agents/skills/agent-acme-code-auditor/SKILL.md"]
        == f"---\nname: agent-acme-code-auditor\n{about}{body}"
    )


@pytest.mark.parametrize(
    ("skills", "deployed", "told"),
    [
        ("own", "acme-own", ""),
        ("plan", "other-co-plan", ""),
        ("'@other_co/tools:plan'", "other-co-plan", ""),
        ("deep", "deep", ""),
        ("'@other_co/tools:both'", "other-co-both", ""),
        ("both", "both", "the skill `both` is in `zeta` and `@other_co/tools`: the one in `zeta` is taken"),
        ("missing", "missing", "the skill `missing` is in no package of the bundle: the name stays as it is"),
        ("'zeta:plan'", "plan", "the skill `zeta:plan` is in no package of the bundle: the name stays as it is"),
    ],
)  # fmt: skip
def test_an_agent_calls_skills_what_they_are_called_where_they_are_deployed(
    skills: str, deployed: str, told: str
) -> None:
    files = {
        "agents/a/agent.yaml": f"name: a\ndescription: Does it.\nskills: [{skills}]\n",
        "agents/a/system-prompt.md": PROMPT,
        "skills/own/SKILL.md": skill_text("own"),
    }
    named = {
        "zeta": ("deep", "both"),
        "@other_co/tools": ("plan", "both"),
    }
    others = [
        package(name, {f"skills/{one}/SKILL.md": skill_text(one) for one in skills}) for name, skills in named.items()
    ]
    members = {"dependencies": {"zeta": "*", "@other_co/tools": "*"}}
    bundle = compiled("claude-code", "@acme/x", files, dependencies=others, members=members)
    text = bundle.files[".claude/agents/acme-a.md"].data
    assert read_document(text, "").fields["skills"] == [deployed]
    assert lost(bundle) == ([f"x@1.0.0/agents/a/agent.yaml: {told}"] if told else [])


def test_hooks_on_each_platform() -> None:
    found = {target: texts(compiled(target)) for target in TARGETS}
    assert json.loads(found["claude-code"][".claude/settings.json"])["hooks"] == {
        "PreToolUse": [
            {
                "matcher": "Write|Edit",
                "hooks": [{"type": "command", "command": 'bash "$CLAUDE_PROJECT_DIR"/.claude/aam/review/hooks/scripts/check.sh', "timeout": 30}],
            }
        ],
        "SessionStart": [{"hooks": [{"type": "command", "command": 'bash "$CLAUDE_PROJECT_DIR/.claude/aam/review/hooks/scripts/check.sh"'}]}],
        "Stop": [{"hooks": [{"type": "prompt", "prompt": "Is all done? $ARGUMENTS"}]}],
        "Notification": [{"hooks": [{"type": "command", "command": "true"}]}],
    }  # fmt: skip
    assert json.loads(found["copilot"][".github/hooks/review.json"]) == {
        "version": 1,
        "hooks": {
            "preToolUse": [{"type": "command", "bash": "bash .github/aam/review/hooks/scripts/check.sh", "cwd": ".", "timeoutSec": 30, "matcher": "create|edit"}],
            "sessionStart": [{"type": "command", "bash": 'bash ".github/aam/review/hooks/scripts/check.sh"', "cwd": "."}],
        },
    }  # fmt: skip
    assert json.loads(found["cursor"][".cursor/hooks.json"]) == {
        "version": 1,
        "hooks": {
            "preToolUse": [{"type": "command", "command": "bash .cursor/aam/review/hooks/scripts/check.sh", "timeout": 30, "matcher": "Write"}],
            "sessionStart": [{"type": "command", "command": 'bash ".cursor/aam/review/hooks/scripts/check.sh"'}],
            "stop": [{"type": "prompt", "prompt": "Is all done? $ARGUMENTS"}],
        },
    }  # fmt: skip
    for target, root in (("claude-code", ".claude"), ("copilot", ".github"), ("cursor", ".cursor")):
        assert compiled(target).files[f"{root}/aam/review/hooks/scripts/check.sh"].executable
        assert f"{root}/aam/review/hooks/hooks.json" not in found[target]


@pytest.mark.parametrize(
    ("command", "claude", "cursor"),
    [
        (
            "sh '${PACKAGE_ROOT}/bin/go.sh' 'a b'",
            """sh ''"$CLAUDE_PROJECT_DIR"'/.claude/aam/x/bin/go.sh' 'a b'""",
            "sh '.cursor/aam/x/bin/go.sh' 'a b'",
        ),
        (
            'sh "${PACKAGE_ROOT}/bin/my go.sh" --fast',
            'sh "$CLAUDE_PROJECT_DIR/.claude/aam/x/bin/my go.sh" --fast',
            'sh ".cursor/aam/x/bin/my go.sh" --fast',
        ),
        (
            """bash -c '"${PACKAGE_ROOT}/bin/go.sh" --fast'""",
            """bash -c '"'"$CLAUDE_PROJECT_DIR"'/.claude/aam/x/bin/go.sh" --fast'""",
            """bash -c '".cursor/aam/x/bin/go.sh" --fast'""",
        ),
        (
            'bash -c "${PACKAGE_ROOT}/bin/go.sh --fast"',
            'bash -c "$CLAUDE_PROJECT_DIR/.claude/aam/x/bin/go.sh --fast"',
            'bash -c ".cursor/aam/x/bin/go.sh --fast"',
        ),
    ],
)
def test_a_hook_finds_its_files_however_it_quotes_them(command: str, claude: str, cursor: str) -> None:
    hooks = {"stop": [{"hooks": [{"type": "command", "command": command}]}]}
    files = {"hooks/hooks.json": json.dumps({"hooks": hooks}), "bin/go.sh": "", "bin/my go.sh": ""}
    found = texts(compiled("claude-code", "x", files))
    assert json.loads(found[".claude/settings.json"])["hooks"]["Stop"][0]["hooks"][0]["command"] == claude
    found = texts(compiled("cursor", "x", files))
    assert json.loads(found[".cursor/hooks.json"])["hooks"]["stop"][0]["command"] == cursor


@pytest.mark.uaaps("P34")
@pytest.mark.parametrize("target", ["claude-code", "copilot", "cursor"])
def test_a_default_of_a_variable_is_told_where_it_means_nothing(target: str) -> None:
    server = {"type": "http", "url": "https://example.com", "headers": {"Authorization": "Bearer ${TOKEN:-x}"}}
    bundle = compiled(target, files={"mcp/servers.json": json.dumps({"servers": {"s": server}})})
    (text,) = texts(bundle).values()
    assert '"Bearer ${TOKEN:-x}"' in text
    what = f"`${{TOKEN:-x}}` of the server `s` stays as it is: {PLATFORMS[target].title} knows no defaults of variables"
    assert lost(bundle) == ([] if target == "claude-code" else [f"mcp/servers.json: {what}"])


def test_a_path_of_a_server_may_have_spaces() -> None:
    server = {"command": "${PACKAGE_ROOT}/bin/my go.sh", "args": ["--home=${PACKAGE_ROOT}", "${HOME}"]}
    files = {"mcp/servers.json": json.dumps({"servers": {"s": server}}), "bin/my go.sh": ""}
    found = json.loads(texts(compiled("cursor", "x", files))[".cursor/mcp.json"])["mcpServers"]["s"]
    assert found == {
        "command": "${workspaceFolder}/.cursor/aam/x/bin/my go.sh",
        "args": ["--home=${workspaceFolder}/.cursor/aam/x", "${env:HOME}"],
    }


@pytest.mark.parametrize(
    ("named", "brought"),
    [
        ("${PACKAGE_ROOT}/package.agent.json", [MANIFEST]),
        ("${PACKAGE_ROOT}/hooks/hooks.json", ["hooks/hooks.json"]),
        ("${PACKAGE_ROOT}/tests/a.py", ["tests/a.py"]),
        ("${PACKAGE_ROOT}/tests", ["tests/a.py"]),
        ("${PACKAGE_ROOT}/skills/s/tests/b.py", ["skills/s/SKILL.md", "skills/s/tests/b.py"]),
        ("${PACKAGE_ROOT}/", [MANIFEST, "hooks/hooks.json", "skills/s/SKILL.md", "skills/s/tests/b.py", "tests/a.py"]),
    ],
)
def test_whatever_a_text_names_is_there(named: str, brought: list[str]) -> None:
    files = {
        "skills/s/SKILL.md": f"{skill_text('s')}\nRead `{named}`.\n",
        "skills/s/tests/b.py": "",
        "tests/a.py": "",
        "hooks/hooks.json": '{"hooks": {}}',
    }
    bundle = compiled("cursor", "x", files)
    kept = named.replace("${PACKAGE_ROOT}", ".cursor/aam/x")
    assert f"Read `{kept}`." in texts(bundle)[".cursor/skills/s/SKILL.md"]
    places = sorted(path.removeprefix(".cursor/aam/x/") for path in bundle.deployed if path.startswith(".cursor/aam/"))
    assert places == sorted(brought)


@pytest.mark.parametrize(
    ("matcher", "target", "made"),
    [
        ("Edit", "cursor", "Write"),
        ("Bash|Read", "cursor", "Shell|Read"),
        ("*", "cursor", ""),
        ("mcp__.*", "cursor", None),
        ("Bash|Grep", "copilot", "bash|grep"),
        ("Wri.*", "copilot", None),
        ("Wri.*", "claude-code", "Wri.*"),
    ],
)
def test_a_matcher_never_matches_more_than_it_says_without_a_word(matcher: str, target: str, made: str | None) -> None:
    hook = {"pre-tool-use": [{"matcher": matcher, "hooks": [{"type": "command", "command": "true"}]}]}
    bundle = compiled(target, files={"hooks/hooks.json": json.dumps({"version": 1, "hooks": hook})})
    files = [text for path, text in texts(bundle).items() if path.endswith(".json")]
    if made is None:
        assert files == []
        assert bundle.about["artifacts"] == []
        assert f"cannot say `{matcher}` at this event" in lost(bundle)[1]
    else:
        (entry,) = next(iter(json.loads(files[0])["hooks"].values()))
        assert entry.get("matcher", "") == made
        assert bool(bundle.warnings) == (matcher == "Edit")


def test_servers_on_each_platform() -> None:
    tools = package("@other_co/tools", TOOLS)
    found = {target: texts(compiled(target, dependencies=[tools])) for target in TARGETS}
    claude = json.loads(found["claude-code"][".mcp.json"])["mcpServers"]
    assert list(claude) == ["tickets", "search", "other-co-tickets", "other-co-search"]
    assert claude["tickets"] == {
        "command": "node",
        "args": ["${CLAUDE_PROJECT_DIR:-.}/.claude/aam/review/server/index.js", "--verbose"],
        "env": {"API_KEY": "${API_KEY}"},
    }
    cursor = json.loads(found["cursor"][".cursor/mcp.json"])["mcpServers"]
    assert cursor["other-co-tickets"] == {
        "command": "node",
        "args": ["${workspaceFolder}/.cursor/aam/other_co--tools/server/index.js", "--verbose"],
        "env": {"API_KEY": "${env:API_KEY}"},
    }
    code = json.loads(found["copilot"][".vscode/mcp.json"])["servers"]
    assert code["tickets"]["type"] == "stdio"
    assert code["search"] == {"type": "http", "url": "https://mcp.example.com/mcp"}
    assert found["claude-code"][".claude/aam/review/server/lib.js"] == REVIEW["server/lib.js"]


def test_instructions_of_all_packages_stand_in_one_file_the_packages_own_first() -> None:
    tools = package("@other_co/tools", TOOLS)
    bundle = compiled("cursor", files={"AGENTS.md": "# Mine\n\n"}, dependencies=[tools])
    assert texts(bundle)["AGENTS.md"] == (
        "<!-- aam:begin: made by `aam pkg build`; whatever is changed in here is lost -->\n\n"
        "<!-- aam:package:review:begin -->\n# Mine\n<!-- aam:package:review:end -->\n\n"
        "<!-- aam:package:@other_co/tools:begin -->\n# Tools\n<!-- aam:package:@other_co/tools:end -->\n\n"
        "<!-- aam:end -->\n"
    )


def test_a_text_names_files_of_its_package() -> None:
    files = {
        "commands/go.md": "Run `${PACKAGE_ROOT}/bin/go.sh`, and ${PACKAGE_ROOT}/skills/a/run.py.\n",
        "bin/go.sh": "",
        "bin/tests/x.sh": "",
        "skills/a/SKILL.md": skill_text("a"),
        "skills/a/run.py": "",
    }
    found = texts(compiled("cursor", "@acme/x", files))
    assert (
        found[".cursor/commands/acme-go.md"]
        == "Run `.cursor/aam/acme--x/bin/go.sh`, and .cursor/skills/acme-a/run.py.\n"
    )
    assert ".cursor/aam/acme--x/bin/go.sh" in found
    assert ".cursor/aam/acme--x/bin/tests/x.sh" not in found


@pytest.mark.parametrize("target", TARGETS)
def test_awkward_descriptions_come_through(target: str) -> None:
    quoted = json.dumps(AWKWARD, ensure_ascii=False)
    files = {
        "agents/a.md": f"---\ndescription: {quoted}\n---\n{PROMPT}",
        "commands/c.md": f"---\ndescription: {quoted}\n---\nGo.\n",
        "rules/r/RULE.md": f"---\ndescription: {quoted}\n---\n# R\n",
        "skills/s/SKILL.md": f"---\nname: s\ndescription: {quoted}\n---\n# S\n",
    }
    for path, text in texts(compiled(target, "@acme/x", files)).items():
        if path.endswith((".md", ".mdc")) and not path.endswith("AGENTS.md"):
            description = read_document(text.encode(), path).fields["description"]
            assert description.removeprefix('The command "c", for when it is called by its name: ') == AWKWARD


def test_a_description_of_a_command_that_gets_too_long_is_cut_and_told() -> None:
    bundle = compiled("codex", files={"commands/c.md": f"---\ndescription: {'d' * 1024}\n---\nGo.\n"})
    fields = read_document(bundle.files[".agents/skills/cmd-c/SKILL.md"].data, "").fields
    assert len(fields["description"]) == 1024
    assert lost(bundle) == [
        "commands/c.md: `description` is cut: with what makes it a command, it has over 1,024 characters"
    ]


def test_an_empty_bundle_is_told() -> None:
    bundle = compiled("codex", files={"hooks/hooks.json": '{"hooks": {}}'})
    assert [str(one.what) for one in bundle.warnings] == [
        "the bundle is empty: nothing in the package is for Codex",
        "hooks are left out: UAAPS gives them no place in Codex",
    ]


@pytest.mark.uaaps("P33")
def test_targets() -> None:
    assert bundle_targets({}) == TARGETS == tuple(PLATFORMS)
    assert bundle_targets({"cursor": "*", "claude": "*", "gemini": "*"}, ["codex"]) == ("claude-code", "cursor")
    assert bundle_targets({"gemini": "*"}, ["codex"]) == ("codex",)
    assert compiled("claude").target == "claude-code"
    assert bundle_name("acme--x-1.0.0.aam", "cursor") == "acme--x-1.0.0-cursor.bundle.aam"
    with pytest.raises(RequestError) as error:
        compiled("cursr")
    assert str(error.value) == (
        "error: there is no target `cursr`\n  fix: did you mean `cursor`?  (targets: claude-code, codex, copilot, cursor)"
    )


@pytest.mark.uaaps("P19", "P20")
def test_what_no_agent_should_read_is_told_where_its_author_has_it() -> None:
    files = {**TOOLS, "skills/plan/scripts/run.sh": "printf '\x1b[31m'\n"}
    with pytest.raises(RequestError) as caught:
        compiled("cursor", "review", dependencies=[package("@acme/tools", files)])
    assert str(caught.value) == (
        "error: people do not see the character U+001B, and agents read it\n"
        "  at @acme/tools@1.0.0/skills/plan/scripts/run.sh:1\n"
        "  fix: remove it; where it belongs there, allow `hidden` for the file in `x-aam` of the manifest"
    )
    allow: dict[str, Any] = {"x-aam": {"allow": [{"path": "skills/plan/scripts/run.sh", "what": "hidden"}]}}
    tools = package("@acme/tools", files, **allow)
    with pytest.raises(RequestError):  # the root's manifest, which the bundle carries, says nothing of it
        compiled("cursor", "review", dependencies=[tools])
    root: dict[str, Any] = {"x-aam": {"allow": [{"path": "vendored", "what": "hidden"}]}}
    bundle = compiled("cursor", "review", members=root, dependencies=[tools])
    stream = io.BytesIO()
    write_bundle(stream, bundle)
    stream.seek(0)
    again = read_bundle(stream, "x.bundle.aam")
    assert again.files[".cursor/skills/acme-plan/scripts/run.sh"].data == b"printf '\x1b[31m'\n"
    assert [one.what for one in again.warnings] == [
        "its author says that characters which people do not see belong in it"
    ]

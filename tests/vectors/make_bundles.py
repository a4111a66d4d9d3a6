"""Writes the vectors of bundles, with nothing of our package: `python tests/vectors/make_bundles.py`.

`aam/bundles/good` and `aam/bundles/hostile` hold bundles, `aam/bundles/bundles.json` says what becomes of each, and
`aam/bundles/compiled.json` what becomes of packages on each platform; all of it is written by hand here.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "aam" / "bundles"
MANIFEST = '{"name": "@acme/review", "version": "1.2.0", "description": "Reviews code."}\n'
SKILL = "---\nname: plan\ndescription: Makes a plan. Use it before a change.\n---\n\n# Plan\n\nMake a plan.\n"
SCOPED = SKILL.replace("name: plan", "name: acme-plan")
NAMED = "acme--review-1.2.0-{target}.bundle.aam"
PATHS = {"claude-code": ".claude", "codex": ".agents", "copilot": ".github", "cursor": ".cursor"}


def checksum(files: Mapping[str, str]) -> str:
    """Return the checksum of a bundle's files, all but bundle.json."""
    lines = sorted(f"{hashlib.sha256(text.encode()).hexdigest()}  {path}\n" for path, text in files.items())
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


def about(files: Mapping[str, str], target: str = "cursor", **changes: Any) -> dict[str, Any]:
    """Return a bundle.json."""
    place = f"{PATHS.get(target, '.cursor')}/skills/acme-plan/"
    value = {
        "format": "uaaps-bundle",
        "version": "1.0",
        "package": "@acme/review",
        "package_version": "1.2.0",
        "target": target,
        "built_at": "1970-01-01T00:00:00Z",
        "checksum": checksum(files),
        "artifacts": [{"type": "skill", "name": "plan", "path": place}],
        **changes,
    }
    return {key: member for key, member in value.items() if member is not None}


def packed(files: Mapping[str, str], links: Mapping[str, str] | None = None) -> bytes:
    """Return a tar of files, and of symbolic links by where they lead."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
        for path, leads in (links or {}).items():
            info = tarfile.TarInfo(path)
            info.type, info.linkname = tarfile.SYMTYPE, leads
            tar.addfile(info)
    return out.getvalue()


def bundle(files: Mapping[str, str], target: str = "cursor", **changes: Any) -> bytes:
    """Return the tar of a bundle with these files, that claims what `changes` say."""
    whole = {"package.agent.json": MANIFEST, **files}
    said = json.dumps(about(whole, target, **changes), indent=2) + "\n"
    return packed({**whole, "bundle.json": said})


def deployed(target: str) -> dict[str, str]:
    """Return the one skill where a platform wants it."""
    return {f"{PATHS[target]}/skills/acme-plan/SKILL.md": SCOPED}


CURSOR = deployed("cursor")
ELSEWHERE = {
    "cursor": [
        ".git/hooks/post-checkout", ".cursor/skills/acme-plan/.git/config", ".cursor/skills/acme-plan/.GIT/hooks/x", ".cursor/other.json",
        ".cursor/rules/x.md", ".cursor/rules/deep/x.mdc", ".claude/settings.json", ".github/workflows/x.yml", "CLAUDE.md", "src/AGENTS.md", "src/main.py",
        ".bashrc", ".envrc", "Makefile", ".vscode/tasks.json", "package.json", ".cursorrules",
    ],
    "copilot": [".github/workflows/x.yml", ".github/CODEOWNERS", ".github/actions/x/action.yml", ".vscode/tasks.json", ".vscode/settings.json", ".cursor/rules/x.mdc"],
    "claude-code": [".claude/settings.local.json", ".claude/hooks/x.sh", "AGENTS.md", ".git/hooks/x", ".mcp.json.bak"],
    "codex": [".codex/config.toml", ".git/AGENTS.md", "src/.git/AGENTS.md", ".github/AGENTS.md", "AGENTS.md/x", ".agents/other/x", "CLAUDE.md"],
}  # fmt: skip


BAD: tuple[dict[str, Any], ...] = (
    {"format": "aam-bundle"},
    {"version": "2.0"},
    {"target": "universal"},
    {"target": 1},
    {"built_at": "yesterday"},
    {"built_at": 0},
    {"checksum": "sha256:abc"},
    {"artifacts": {}},
    {"artifacts": [{"type": "theme", "name": "x", "path": "y"}]},
    {"artifacts": [{"type": "skill"}]},
)


def named(places: Mapping[str, str]) -> list[dict[str, str]]:
    """Return artifacts of a kind at a path."""
    return [{"type": kind, "name": "x", "path": path} for path, kind in places.items()]


def holding(target: str, path: str, kind: str, text: str) -> bytes:
    """Return the tar of a bundle that holds one file besides a skill, as what it claims to be."""
    place = f"{PATHS[target]}/skills/acme-plan/"
    folder = f"{path.rpartition('/')[0]}/" if kind == "skill" else path
    return bundle({**deployed(target), path: text}, target, artifacts=named({place: "skill", folder: kind}))


RUNS = '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "x"}]}]}'
BLOCK = "<!-- aam:begin -->\n\n<!-- aam:package:a:begin -->\nA.\n<!-- aam:package:a:end -->\n\n<!-- aam:end -->\n"
HELD = {
    "hooks": ("claude-code", ".claude/settings.json", "hook", RUNS + "}"),
    "hooks-of-copilot": ("copilot", ".github/hooks/a.json", "hook", '{"version": 1, "hooks": {"stop": [{"bash": "x"}]}}'),
    "servers": ("claude-code", ".mcp.json", "mcp", '{"mcpServers": {"a": {"command": "x"}}}'),
    "servers-and-inputs": ("copilot", ".vscode/mcp.json", "mcp", '{"servers": {"a": {"command": "x"}}, "inputs": [{"id": "a"}]}'),
    "parts": ("claude-code", "CLAUDE.md", "rule", f"<!-- made -->\n\n{BLOCK}"),
    "parts-in-a-reference": ("cursor", ".cursor/skills/acme-plan/CLAUDE.md", "rule", f"{BLOCK}More.\n"),
}  # fmt: skip
UNHOLDABLE = {
    "permissions": ("claude-code", ".claude/settings.json", "hook", RUNS + ', "permissions": {"allow": ["Bash"]}}', "`permissions`"),
    "a-helper": ("claude-code", ".claude/settings.json", "hook", RUNS + ', "apiKeyHelper": "x"}', "apiKeyHelper"),
    "servers-in-settings": ("claude-code", ".claude/settings.json", "hook", RUNS + ', "mcpServers": {}}', "mcpServers"),
    "hooks-of-another-shape": ("claude-code", ".claude/settings.json", "hook", '{"hooks": {"Stop": {}}}', "`hooks` must be"),
    "more-than-servers": ("cursor", ".cursor/mcp.json", "mcp", '{"mcpServers": {}, "inputs": []}', "inputs"),
    "servers-as-a-list": ("cursor", ".cursor/mcp.json", "mcp", '{"mcpServers": []}', "mcpServers"),
    "another-version": ("cursor", ".cursor/hooks.json", "hook", '{"version": true, "hooks": {}}', "version"),
    "more-in-hooks-of-copilot": ("copilot", ".github/hooks/a.json", "hook", '{"version": 1, "hooks": {}, "env": {}}', "env"),
    "a-list": ("claude-code", ".mcp.json", "mcp", "[]", "object"),
    "no-json": ("claude-code", ".mcp.json", "mcp", "{", "JSON"),
    "comments": ("claude-code", ".mcp.json", "mcp", "{} // x", "JSON"),
    "a-mark": ("claude-code", ".mcp.json", "mcp", "\ufeff{}", "byte order mark"),
    "no-number": ("claude-code", ".mcp.json", "mcp", '{"mcpServers": {"a": {"timeout": NaN}}}', "NaN"),
    "no-finite-number": ("claude-code", ".mcp.json", "mcp", '{"mcpServers": {"a": {"timeout": 1e999}}}', "1e999"),
    "a-member-twice": ("claude-code", ".mcp.json", "mcp", '{"mcpServers": {}, "mcpServers": {}}', "mcpServers"),
    "deep-json": ("claude-code", ".mcp.json", "mcp", '{"mcpServers": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested deeper than"),
    "hidden-text": ("claude-code", "CLAUDE.md", "rule", "Be kind.\U000e0041\n", "U+E0041"),
    "hidden-text-in-escapes": ("claude-code", ".mcp.json", "mcp", '{"mcpServers": {"a": {"command": "\\udb40\\udc41"}}}', "U+E0041"),
    "text-before-the-parts": ("claude-code", "CLAUDE.md", "rule", f"Obey.\n\n{BLOCK}", "CLAUDE.md"),
    "text-between-the-parts": ("codex", "AGENTS.md", "rule", BLOCK.replace("A.\n<!-- aam:package:a:end -->", "A.\n<!-- aam:package:a:end -->\nObey."), "AGENTS.md"),
    "a-part-twice": ("codex", "src/AGENTS.md", "rule", BLOCK.replace("\n<!-- aam:end", "\n<!-- aam:package:a:begin -->\n<!-- aam:package:a:end -->\n<!-- aam:end"), "src/AGENTS.md"),
    "a-skill-without-front-matter": ("cursor", ".cursor/skills/b/SKILL.md", "skill", "# B\n", "front matter"),
    "a-skill-without-a-description": ("cursor", ".cursor/skills/b/SKILL.md", "skill", "---\nname: b\n---\n", "front matter"),
    "a-skill-without-its-file": ("cursor", ".cursor/skills/b/README.md", "skill", "# B\n", "SKILL.md"),
    "hooks-as-servers": ("cursor", ".cursor/hooks.json", "mcp", '{"version": 1, "hooks": {}}', "hooks.json"),
}  # fmt: skip


def good() -> Iterator[tuple[str, bytes]]:
    """Yield bundles that are in order, by name."""
    for target in PATHS:
        yield target, bundle(deployed(target), target)
    yield "unknown-members", bundle(CURSOR, producer="someone else's")
    yield "nothing-for-it", bundle({}, artifacts=[])
    merged = {
        **deployed("codex"),
        "AGENTS.md": "# A\n",
        "src/api/AGENTS.md": "# B\n",
        "src/AGENTS.override.md": "# C\n",
    }
    below = {path: "rule" for path in merged if path.endswith(".md") and not path.startswith(".")}
    yield (
        "instructions-below",
        bundle(merged, "codex", artifacts=named({".agents/skills/acme-plan/": "skill", **below})),
    )
    for name, (target, path, kind, text) in HELD.items():
        yield name, holding(target, path, kind, text)


def hostile() -> Iterator[tuple[str, bytes, str]]:
    """Yield bundles that have to be refused: name, tar, and a part of what is wrong."""
    for name, (target, path, kind, text, told) in UNHOLDABLE.items():
        yield f"holds-{name}", holding(target, path, kind, text), told
    yield "a-file-that-no-artifact-has", bundle({**CURSOR, ".cursor/commands/x.md": "x\n"}), "artifacts"
    wrong = named({".cursor/skills/acme-plan/SKILL.md": "skill", ".cursor/skills/acme-plan/": "skill"})
    yield "an-artifact-that-is-none", bundle(CURSOR, artifacts=wrong), "SKILL.md"
    for target, paths in ELSEWHERE.items():
        for number, path in enumerate(paths):
            tar = bundle({**deployed(target), path: "x\n"}, target)
            yield f"writes-elsewhere-{target}-{number:02}", tar, path
    yield "writes-above", bundle({**CURSOR, "../outside.md": "x"}), "../outside.md"
    yield "writes-absolute", bundle({**CURSOR, "/etc/x": "x"}), "/etc/x"
    yield "twins-by-case", bundle({**CURSOR, ".cursor/commands/a.md": "x", ".cursor/commands/A.md": "y"}), "A.md"
    yield "of-another-platform", bundle(deployed("claude-code")), ".claude/skills/acme-plan/SKILL.md"
    yield "no-bundle-json", packed({"package.agent.json": MANIFEST, **CURSOR}), "bundle.json"
    yield "no-manifest", packed({"bundle.json": json.dumps(about(CURSOR)), **CURSOR}), "package.agent.json"
    yield "bundle-json-is-no-json", packed({"package.agent.json": MANIFEST, "bundle.json": "{"}), "JSON"
    yield "bundle-json-is-a-list", packed({"package.agent.json": MANIFEST, "bundle.json": "[]"}), "table"
    yield "a-file-more", _tampered({**CURSOR, ".cursor/commands/x.md": "x"}, CURSOR), "checksum"
    yield "a-file-less", _tampered(CURSOR, {**CURSOR, ".cursor/commands/x.md": "x"}), "checksum"
    yield "another-byte", _tampered({next(iter(CURSOR)): SCOPED + "!"}, CURSOR), "checksum"
    yield "another-manifest", _manifest('{"name": "@acme/other", "version": "1.2.0"}\n'), "package"
    yield "another-version", _manifest('{"name": "@acme/review", "version": "9.0.0"}\n'), "package_version"
    yield (
        "an-artifact-that-is-not-there",
        bundle(CURSOR, artifacts=[{"type": "skill", "name": "x", "path": ".cursor/skills/x/"}]),
        "x",
    )
    for number, changes in enumerate(BAD):
        (name,) = changes
        yield f"bad-{number:02}-{name}", bundle(CURSOR, **changes), name
    for name in about({}):
        without: dict[str, Any] = {name: None}
        yield f"without-{name}", bundle(CURSOR, **without), name
    link = packed(
        {"package.agent.json": MANIFEST, **CURSOR, "bundle.json": json.dumps(about(CURSOR))},
        {".cursor/commands/x.md": "/etc/passwd"},
    )
    yield "a-link", link, "link"


def _tampered(files: Mapping[str, str], claimed: Mapping[str, str]) -> bytes:
    return bundle(files, checksum=checksum({"package.agent.json": MANIFEST, **claimed}))


def _manifest(text: str) -> bytes:
    files = {"package.agent.json": text, **CURSOR}
    return packed({**files, "bundle.json": json.dumps(about(files))})


PACKAGE = {
    "package.agent.json": '{"name": "@acme/review", "version": "1.2.0", "dependencies": {"tools": "^1.0.0"}}\n',
    "AGENTS.md": "# How we work\n\nRun the tests.\n",
    "skills/plan/SKILL.md": SKILL,
    "skills/plan/scripts/plan.sh": "echo plan\n",
    "skills/plan/tests/test-config.json": "{}\n",
    "commands/explain.md": "---\nname: explain\ndescription: 'Explains: anything'\nvariables:\n  - name: what\n    description: What to explain\n    required: true\n---\nExplain {{what}}.\n",
    "agents/auditor/agent.yaml": "name: auditor\ndescription: Finds problems. Use it for every change.\nsystem_prompt: system-prompt.md\n",
    "agents/auditor/system-prompt.md": "---\ndescription: Finds problems.\n---\n\nYou find problems.\n",
    "rules/general/RULE.md": "---\nname: general\ndescription: What holds everywhere\napply:\n  mode: always\n---\n# General\n\n- Use spaces.\n",
    "rules/python/RULE.md": '---\nname: python\ndescription: How Python is written\napply:\n  mode: files\n  globs:\n    - "src/**/*.py"\n---\n# Python\n\n- Use type hints.\n',
}
TOOLS = {
    "package.agent.json": '{"name": "tools", "version": "1.1.0"}\n',
    "skills/plan/SKILL.md": SKILL,
    "hooks/hooks.json": '{"version": 1, "hooks": {"stop": [{"hooks": [{"type": "command", "command": "sh ${PACKAGE_ROOT}/bin/done.sh", "timeout": 5}]}]}}\n',
    "bin/done.sh": "echo done\n",
    "mcp/servers.json": '{"servers": {"tickets": {"command": "tickets", "env": {"KEY": "${KEY}"}}}}\n',
}
BEGIN = "<!-- aam:begin: made by `aam pkg build`; whatever is changed in here is lost -->\n"
INSTRUCTIONS = "\n<!-- aam:package:@acme/review:begin -->\n# How we work\n\nRun the tests.\n<!-- aam:package:@acme/review:end -->\n"
GENERAL = "\n<!-- aam:rule:acme-general:begin -->\n# General\n\n- Use spaces.\n<!-- aam:rule:acme-general:end -->\n"
PYTHON = "\n<!-- aam:rule:acme-python:begin -->\n# Python\n\n- Use type hints.\n<!-- aam:rule:acme-python:end -->\n"
END = "\n<!-- aam:end -->\n"
HEAD = "<!-- AUTO-GENERATED BY AAM: do not edit below this line -->\n\n"
AUDITOR = "description: Finds problems. Use it for every change.\n"
PROMPT = "---\n\nYou find problems.\n"


def jsoned(value: Any) -> str:
    """Return JSON as it stands in bundles."""
    return json.dumps(value, indent=2) + "\n"


COMPILED = {
    "claude-code": {
        "CLAUDE.md": BEGIN + INSTRUCTIONS + GENERAL + END,
        ".claude/agents/acme-auditor.md": f"---\nname: acme-auditor\n{AUDITOR}{PROMPT}",
        ".claude/commands/acme-explain.md": '---\ndescription: "Explains: anything"\nargument-hint: <what>\narguments:\n  - what\n---\n\nFill in:\n\n- `$what` (required): What to explain\n\nExplain $what.\n'.replace("<what>", '"<what>"'),
        ".claude/rules/acme-python.md": "---\npaths:\n  - src/**/*.py\n---\n\n# Python\n\n- Use type hints.\n",
        ".claude/skills/acme-plan/SKILL.md": SCOPED,
        ".claude/skills/acme-plan/scripts/plan.sh": "echo plan\n",
        ".claude/skills/plan/SKILL.md": SKILL,
        ".claude/settings.json": jsoned({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": 'sh "$CLAUDE_PROJECT_DIR"/.claude/aam/tools/bin/done.sh', "timeout": 5}]}]}}),
        ".claude/aam/tools/bin/done.sh": "echo done\n",
        ".mcp.json": jsoned({"mcpServers": {"tickets": {"command": "tickets", "env": {"KEY": "${KEY}"}}}}),
    },
    "codex": {
        "AGENTS.md": HEAD + BEGIN + INSTRUCTIONS + GENERAL + END,
        "src/AGENTS.md": HEAD + BEGIN + PYTHON + END,
        ".agents/skills/acme-plan/SKILL.md": SCOPED,
        ".agents/skills/acme-plan/scripts/plan.sh": "echo plan\n",
        ".agents/skills/agent-acme-auditor/SKILL.md": f"---\nname: agent-acme-auditor\n{AUDITOR}{PROMPT}",
        ".agents/skills/cmd-acme-explain/SKILL.md": '---\nname: cmd-acme-explain\ndescription: "The command \\"explain\\", for when it is called by its name: Explains: anything"\n---\n\nFill in:\n\n- `{{what}}` (required): What to explain\n\nExplain {{what}}.\n',
        ".agents/skills/cmd-acme-explain/agents/openai.yaml": "policy:\n  allow_implicit_invocation: false\n",
        ".agents/skills/plan/SKILL.md": SKILL,
    },
    "copilot": {
        "AGENTS.md": BEGIN + INSTRUCTIONS + END,
        ".github/agents/acme-auditor.agent.md": f"---\nname: acme-auditor\n{AUDITOR}{PROMPT}",
        ".github/instructions/acme-general.instructions.md": '---\nname: General\ndescription: What holds everywhere\napplyTo: "**"\n---\n\n# General\n\n- Use spaces.\n',
        ".github/instructions/acme-python.instructions.md": "---\nname: Python\ndescription: How Python is written\napplyTo: src/**/*.py\n---\n\n# Python\n\n- Use type hints.\n",
        ".github/prompts/acme-explain.prompt.md": '---\ndescription: "Explains: anything"\n---\n\nExplain ${input:what:(required): What to explain}.\n',
        ".github/skills/acme-plan/SKILL.md": SCOPED,
        ".github/skills/acme-plan/scripts/plan.sh": "echo plan\n",
        ".github/skills/plan/SKILL.md": SKILL,
        ".github/hooks/tools.json": jsoned({"version": 1, "hooks": {"agentStop": [{"type": "command", "bash": "sh .github/aam/tools/bin/done.sh", "cwd": ".", "timeoutSec": 5}]}}),
        ".github/aam/tools/bin/done.sh": "echo done\n",
        ".vscode/mcp.json": jsoned({"servers": {"tickets": {"type": "stdio", "command": "tickets", "env": {"KEY": "${env:KEY}"}}}}),
    },
    "cursor": {
        "AGENTS.md": BEGIN + INSTRUCTIONS + END,
        ".cursor/commands/acme-explain.md": '---\ndescription: "Explains: anything"\n---\n\nFill in:\n\n- `{{what}}` (required): What to explain\n\nExplain {{what}}.\n',
        ".cursor/rules/acme-general.mdc": "---\ndescription: What holds everywhere\nalwaysApply: true\n---\n\n# General\n\n- Use spaces.\n",
        ".cursor/rules/acme-python.mdc": "---\ndescription: How Python is written\nglobs: src/**/*.py\nalwaysApply: false\n---\n\n# Python\n\n- Use type hints.\n",
        ".cursor/rules/agent-acme-auditor.mdc": f"---\n{AUDITOR}alwaysApply: true\n{PROMPT}",
        ".cursor/skills/acme-plan/SKILL.md": SCOPED,
        ".cursor/skills/acme-plan/scripts/plan.sh": "echo plan\n",
        ".cursor/skills/plan/SKILL.md": SKILL,
        ".cursor/hooks.json": jsoned({"version": 1, "hooks": {"stop": [{"type": "command", "command": "sh .cursor/aam/tools/bin/done.sh", "timeout": 5}]}}),
        ".cursor/aam/tools/bin/done.sh": "echo done\n",
        ".cursor/mcp.json": jsoned({"mcpServers": {"tickets": {"command": "tickets", "env": {"KEY": "${env:KEY}"}}}}),
    },
}  # fmt: skip
LOST = {
    "claude-code": [],
    "codex": [
        "@acme/review@1.2.0/rules/python/RULE.md",
        "tools@1.1.0/hooks/hooks.json",
        "tools@1.1.0/mcp/servers.json",
    ],
    "copilot": [],
    "cursor": [],
}


def documents() -> dict[str, str]:
    """Return the lists of vectors, by file."""
    rows: list[dict[str, Any]] = [{"file": f"good/{name}.bundle.aam", "verdict": "good"} for name, _ in good()]
    rows += [{"file": f"hostile/{name}.bundle.aam", "verdict": "hostile", "about": told} for name, _, told in hostile()]
    cases = [
        {
            "target": target,
            "name": NAMED.format(target=target),
            "package": PACKAGE,
            "dependencies": [TOOLS],
            "files": files,
            "warnings": LOST[target],
        }
        for target, files in COMPILED.items()
    ]
    lines = ",\n".join(json.dumps(row) for row in rows)
    return {"bundles.json": f"[\n{lines}\n]\n", "compiled.json": json.dumps(cases, indent=1) + "\n"}


def archives() -> dict[str, bytes]:
    """Return the tar in every bundle, by file."""
    made = {f"good/{name}.bundle.aam": tar for name, tar in good()}
    return {**made, **{f"hostile/{name}.bundle.aam": tar for name, tar, _ in hostile()}}


def main() -> None:
    """Write all of it."""
    for name, tar in archives().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(tar, mtime=0))
    for name, text in documents().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()

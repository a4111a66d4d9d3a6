"""What others say of our bundles: `agentskills` of every skill, `agnix` of every tree, `apm` of where things go."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from agent_packages import AWKWARD, PROMPT, REVIEW, package, skill_text

from packaging_targets.formats.aam.bundle.compiling import PLATFORMS, compile_bundle
from packaging_targets.formats.aam.bundle.values import TARGETS, Bundle

pytest.importorskip("yaml")
pytestmark = pytest.mark.service

TOOLS = {"skills/plan/SKILL.md": skill_text("plan"), "AGENTS.md": "# Tools\n\nBuild with `make`.\n"}
AGNIX = {"claude-code": "claude-code", "codex": "codex", "copilot": "generic", "cursor": "cursor"}
QUOTED = json.dumps(AWKWARD, ensure_ascii=False)
ODD = {
    "agents/a.md": f"---\ndescription: {QUOTED}\n---\n{PROMPT}",
    "commands/c.md": f"---\ndescription: {QUOTED}\n---\nGo.\n",
    "rules/r/RULE.md": f"---\ndescription: {QUOTED}\napply: {{mode: files, globs: ['**/*.{{ts,tsx}}', '*']}}\n---\n# R\n\n- Do.\n",
    "skills/s/SKILL.md": f"---\nname: s\ndescription: {QUOTED}\ncompatibility: {{requires: [git]}}\nmodel: sonnet\n---\n\n# S\n\nDo it.\n",
    "skills/t/SKILL.md": '---\nname: t\ndescription: |\n  Does a thing.\n\n  Use it: when "it" has to be done.\n---\n\n# T\n\nDo it.\n',
}


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no program `{name}`")
    return found


def ran(command: list[str], folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(home), "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def put(bundle: Bundle, folder: Path) -> Path:
    for path, file in bundle.deployed.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.data)
    return folder


def bundles(target: str) -> dict[str, Bundle]:
    tools = package("@other_co/tools", TOOLS)
    return {
        "unscoped": compile_bundle(package("review", REVIEW), [tools], target),
        "scoped": compile_bundle(package("@acme/review", REVIEW), [tools], target),
        "odd": compile_bundle(package("@acme/odd", ODD), [], target),
    }


@pytest.mark.uaaps("P31")
@pytest.mark.parametrize("target", TARGETS)
def test_every_skill_is_a_valid_agent_skill(target: str, tmp_path: Path) -> None:
    judge = program("agentskills")
    for name, bundle in bundles(target).items():
        folder = put(bundle, tmp_path / name)
        skills = sorted(path.parent for path in folder.rglob("SKILL.md"))
        assert len(skills) >= 2
        if target == "claude-code":  # there it may have fields that Claude Code alone knows
            skills = [path for path in skills if path.name != "acme-s"]
        judged = {path.name: ran([judge, "validate", str(path)], folder, tmp_path) for path in skills}
        assert {path: one.stdout + one.stderr for path, one in judged.items() if one.returncode} == {}


@pytest.mark.uaaps("P32")
def test_the_seeds_layout_is_no_valid_agent_skill(tmp_path: Path) -> None:
    """Why it is not what we do unless asked."""
    bundle = compile_bundle(package("@acme/review", REVIEW), [], "cursor", scoped_dirs="seed")
    skill = put(bundle, tmp_path / "project") / ".cursor" / "skills" / "acme--plan"
    judged = ran([program("agentskills"), "validate", str(skill)], tmp_path, tmp_path)
    assert "must match skill name" in judged.stdout + judged.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_agnix_finds_no_error(target: str, tmp_path: Path) -> None:
    judge = program("agnix")
    for name, bundle in bundles(target).items():
        folder = put(bundle, tmp_path / name)
        judged = ran([judge, "--format", "json", "-t", AGNIX[target], "."], folder, tmp_path)
        found = json.loads(judged.stdout)["diagnostics"]
        assert [one for one in found if one["level"] == "error"] == []
        assert {one["file"] for one in found if one["file"]} <= set(bundle.deployed) | {"."}


APM = {
    ".apm/skills/plan/SKILL.md": skill_text("plan"),
    ".apm/skills/plan/references/a.md": "# A\n",
    ".apm/prompts/explain.prompt.md": "---\ndescription: Explains\n---\n\nExplain it.\n",
    ".apm/agents/auditor.agent.md": f"---\nname: auditor\ndescription: Finds problems\n---\n\n{PROMPT}",
    ".apm/instructions/python.instructions.md": '---\ndescription: Python\napplyTo: "src/**/*.py"\n---\n\n# Python\n',
    ".apm/instructions/general.instructions.md": '---\ndescription: General\napplyTo: "**"\n---\n\n# General\n',
    ".apm/hooks/x.json": '{"version": 1, "hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "true"}]}]}}',
    "apm.yml": "name: pkg\nversion: 1.0.0\ndescription: For tests\n",
}
"""A package as Microsoft's APM has it."""

OURS = {
    "skills/plan/SKILL.md": skill_text("plan"),
    "skills/plan/references/a.md": "# A\n",
    "commands/explain.md": "---\ndescription: Explains\n---\n\nExplain it.\n",
    "agents/auditor.md": f"---\ndescription: Finds problems\n---\n\n{PROMPT}",
    "rules/python/RULE.md": "---\ndescription: Python\napply: {mode: files, globs: ['src/**/*.py']}\n---\n# Python\n",
    "rules/general/RULE.md": "---\ndescription: General\napply: {mode: always}\n---\n# General\n",
    "hooks/hooks.json": '{"version": 1, "hooks": {"pre-tool-use": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "true"}]}]}}',
}
"""The same as UAAPS has it."""

SKILLS = (".agents/skills/plan/SKILL.md", ".agents/skills/plan/references/a.md")
# Where UAAPS puts a thing elsewhere than APM: theirs to ours; what has an empty path one of the two does not have.
DIFFERENCES: dict[str, dict[str, str]] = {
    "claude-code": {
        # UAAPS puts what always applies into CLAUDE.md, which is read before any rule.
        ".claude/rules/general.md": "CLAUDE.md",
    },
    "codex": {
        # UAAPS knows no agents of Codex's own, and makes skills of them.
        ".codex/agents/auditor.toml": ".agents/skills/agent-auditor/SKILL.md",
        # UAAPS says: warn and omit.
        ".codex/hooks.json": "",
    },
    "copilot": {
        # UAAPS has Copilot's own folder of skills; APM the one that several platforms share. Copilot reads both.
        **{path: path.replace(".agents", ".github") for path in SKILLS},
        # APM has a file for each file of hooks, and we one for each package.
        ".github/hooks/pkg-x.json": ".github/hooks/pkg.json",
    },
    "cursor": {
        # The same of Cursor.
        **{path: path.replace(".agents", ".cursor") for path in SKILLS},
        # The text of UAAPS has `.cursor/rules/agent-….mdc` in its example, from before Cursor had agents.
        ".cursor/agents/auditor.md": ".cursor/rules/agent-auditor.mdc",
    },
}
# What APM leaves to `apm compile`, or does not do at all.
OURS_ALONE = {
    "codex": {"AGENTS.md", "src/AGENTS.md", ".agents/skills/cmd-explain/SKILL.md", ".agents/skills/cmd-explain/agents/openai.yaml"},
}  # fmt: skip
ITS_OWN = ("apm_modules/", ".apm-local/", "apm.", ".gitignore")


@pytest.mark.parametrize("target", TARGETS)
def test_apm_puts_things_where_we_do(target: str, tmp_path: Path) -> None:
    judge = program("apm")
    write(APM, tmp_path / "pkg")
    project = tmp_path / "project"
    project.mkdir()
    done = ran([judge, "install", "../pkg", "--target", PLATFORMS[target].key], project, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    files = {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}
    theirs = {path for path in files if not path.startswith(ITS_OWN) and not path.endswith("/apm-hooks.json")}
    known = DIFFERENCES[target]
    assert known.keys() <= theirs, "a difference is gone"
    ours = set(compile_bundle(package("pkg", OURS), [], target).deployed)
    assert {known.get(path, path) for path in theirs} - {""} == ours - OURS_ALONE.get(target, set())


def write(files: Mapping[str, str], folder: Path) -> None:
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")

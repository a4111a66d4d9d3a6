"""Agent packages for tests: as dicts of files, as values, as archives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.formats.aam.package.manifest import parse_manifest
from packaging_targets.formats.aam.package.reader import AgentPackage, PackageFile
from packaging_targets.model.digest import Digest

AWKWARD = 'Reviews "code": finds #1 bugs, naïve loops & more — use it when a change is ready.'
PROMPT = "You are a reviewer of code.\n\n1. Read the change.\n2. Say what is wrong with it.\n"

REVIEW: dict[str, str] = {
    "AGENTS.md": "# How we work\n\nRun `make test` before a commit.\n",
    "skills/pdf-tools/SKILL.md": (
        "---\n"
        "name: pdf-tools\n"
        "description: >\n"
        "  Extracts text and tables from PDF files. Use when a person\n"
        "  mentions PDFs, or a form has to be filled in.\n"
        "license: Apache-2.0\n"
        "compatibility:\n"
        "  requires:\n"
        "    - python>=3.10\n"
        "    - pypdf\n"
        "metadata:\n"
        "  author: acme   # who to ask\n"
        '  version: "1.10"\n'
        "allowed-tools: Read Grep Bash\n"
        "---\n"
        "\n"
        "# PDF tools\n"
        "\n"
        "Run `scripts/extract.py FILE`; see [forms](references/forms.md) when a form has to be filled in.\n"
    ),
    "skills/pdf-tools/scripts/extract.py": "print('text')\n",
    "skills/pdf-tools/references/forms.md": "# Forms\n\nFill in all fields.\n",
    "skills/pdf-tools/tests/test-config.json": '{"version": 1}\n',
    "skills/plan/SKILL.md": f"---\nname: plan\ndescription: {json.dumps(AWKWARD, ensure_ascii=False)}\n---\n\n# Plan\n\nMake a plan.\n",
    "commands/review.md": "---\nname: review\ndescription: 'Reviews: the current file'\n---\n\nReview the current file for errors.\n",
    "commands/audit-finding.md": (
        "---\n"
        "name: audit-finding\n"
        "description: Documents a finding of an audit\n"
        "variables:\n"
        "  - name: control_id\n"
        "    description: Identifier of the control\n"
        "    required: true\n"
        "  - name: severity\n"
        "    enum: [critical, high, low]\n"
        "    default: low\n"
        "---\n"
        "\n"
        "# Finding {{control_id}}\n"
        "\n"
        "How bad it is: {{severity}}. Leave {{other}} as it is.\n"
    ),
    "agents/code-auditor/agent.yaml": (
        "name: code-auditor\n"
        "description: Finds security problems in code. Use it for every change that touches input.\n"
        "version: 1.0.0\n"
        "system_prompt: system-prompt.md\n"
        "skills:\n  - pdf-tools\n"
        "commands: [review]\n"
        "tools: [file_read, shell]\n"
        "parameters:\n  temperature: 0.3\n"
    ),
    "agents/code-auditor/system-prompt.md": "---\ndescription: Finds security problems\ncapabilities:\n  - OWASP\n---\n\n"
    + PROMPT,
    "agents/writer.md": "---\ndescription: Writes the text of releases. Use it before a release.\n---\n\n" + PROMPT,
    "rules/general/RULE.md": "---\nname: general\ndescription: What holds everywhere\napply:\n  mode: always\n---\n\n# General\n\n- Use spaces.\n",
    "rules/python/RULE.md": (
        "---\n"
        "name: python\n"
        "description: 'Style: Python'\n"
        "apply:\n"
        "  mode: files\n"
        "  globs:\n"
        '    - "**/*.py"\n'
        '    - "src/{api,web}/*.pyi"\n'
        "refs:\n"
        "  - general\n"
        "agents:\n"
        "  cursor:\n"
        "    priority: 5\n"
        "---\n"
        "# Python\n"
        "\n"
        "- Use type hints.\n"
    ),
    "rules/api/RULE.md": "---\ndescription: The API\napply: {mode: files, globs: ['src/api/**']}\n---\n# API\n\n- Return JSON.\n",
    ".aam/rules/naming.rule.md": "---\nname: naming\ndescription: How things are named; read it before naming any.\napply:\n  mode: intelligent\n---\n# Names\n\n- Use whole words.\n",
    ".aam/rules/legacy.rule.md": "---\nname: legacy\ndescription: Old code\napply:\n  mode: manual\n---\n# Old code\n\n- Leave it.\n",
    "hooks/hooks.json": json.dumps(
        {
            "version": 1,
            "hooks": {
                "pre-tool-use": [
                    {
                        "matcher": "Write|Edit",
                        "hooks": [
                            {"type": "command", "command": "bash ${PACKAGE_ROOT}/hooks/scripts/check.sh", "timeout": 30}
                        ],
                    }
                ],
                "session-start": [
                    {"hooks": [{"type": "command", "command": 'bash "${PACKAGE_ROOT}/hooks/scripts/check.sh"'}]}
                ],
                "stop": [{"hooks": [{"type": "prompt", "prompt": "Is all done? $ARGUMENTS"}]}],
                "notification": [{"hooks": [{"type": "command", "command": "true"}]}],
            },
        }
    ),
    "hooks/scripts/check.sh": "#!/bin/sh\nexit 0\n",
    "hooks/tests/test-config.json": '{"version": 1}\n',
    "mcp/servers.json": json.dumps(
        {
            "servers": {
                "tickets": {
                    "command": "node",
                    "args": ["${PACKAGE_ROOT}/server/index.js", "--verbose"],
                    "env": {"API_KEY": "${API_KEY}"},
                },
                "search": {"type": "http", "url": "https://mcp.example.com/mcp"},
            }
        }
    ),
    "server/index.js": "import './lib.js';\n",
    "server/lib.js": "export {};\n",
    "README.md": "# Review\n",
}
"""A package with artifacts of every kind, and rules of every mode."""

EXECUTABLE = frozenset({"hooks/scripts/check.sh", "skills/pdf-tools/scripts/extract.py"})


def manifest_text(name: str, version: str = "1.0.0", **members: Any) -> str:
    """Return the text of a manifest."""
    return json.dumps({"name": name, "version": version, "description": "For tests.", **members}, indent=2) + "\n"


def skill_text(name: str, description: str = "Does a thing. Use it when a thing has to be done.") -> str:
    """Return the text of a SKILL.md."""
    return f"---\nname: {name}\ndescription: {json.dumps(description)}\n---\n\n# {name}\n\nDo it.\n"


def package(name: str, files: Mapping[str, str], version: str = "1.0.0", **members: Any) -> AgentPackage:
    """Return a package that is in memory."""
    manifest = manifest_text(name, version, **members)
    texts = {MANIFEST: manifest, **files}
    held = {path: PackageFile(text.encode(), path in EXECUTABLE) for path, text in texts.items()}
    return AgentPackage(
        parse_manifest(manifest.encode(), MANIFEST), held, Digest.of(repr(sorted(texts.items())).encode())
    )

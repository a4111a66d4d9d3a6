from __future__ import annotations

import json

import pytest

from packaging_targets.adapters.testing import Run, Workspace

API = "ops/packaging/services/api.Dockerfile"
DIGEST = "sha256:" + "0" * 64
PYTHON = {
    "services/api/TARGETS.toml": f"""
        [[service]]
        name = "api"
        base = "python:3.13-slim@{DIGEST}"
        port = 8000
        health_path = "/health"
        env = {{ GREETING = 'costs $5, "says" she \\o/' }}
        labels = {{ "com.example.team" = "core" }}
        build_args = {{ VERSION = "dev" }}
        """,
    "services/api/main.py": "print(1)\n",
    "services/api/requirements.txt": "-r requirements-web.txt\n",
    "services/api/requirements-web.txt": "flask\n",
    "services/api/.env": "TOKEN=x\n",
}
MARKED = "# Rendered by packaging-targets from //services/api:api: edit the target or its template, not this file."


def built(ws: Workspace, *labels: str) -> Run:
    run = ws.build(*labels)
    assert run.exit_code == 0, run.output
    return run


def test_a_python_service(ws: Workspace) -> None:
    ws.write(PYTHON)
    assert built(ws).built == ["//services/api:api"]
    lines = ws.read(API).splitlines()
    assert lines[:2] == ["# syntax=docker/dockerfile:1", MARKED]
    assert lines[2].startswith("# packaging-targets: sha256:")
    assert "\n".join(lines[3:]) == (
        f"""
# Process 1 has to pass signals on and to reap orphans; few programs do, and tini does it for them.
FROM debian:13-slim AS init
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*

FROM python:3.13-slim@{DIGEST} AS build
ARG VERSION="dev"
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
# Dependencies first: this layer lasts until they change.
COPY ["services/api/requirements-web.txt", "services/api/requirements.txt", "./"]
RUN --mount=type=cache,target=/root/.cache/pip pip install --requirement requirements.txt

FROM python:3.13-slim@{DIGEST}
WORKDIR /app
COPY --from=init /usr/bin/tini-static /sbin/tini
COPY --from=build /opt/venv /opt/venv
COPY ["services/api/", "./"]
ENV PATH="/opt/venv/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \\
    CMD ["python", "-c", "import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=4)", \
"http://127.0.0.1:8000/health"]
ENV GREETING="costs \\$5, \\"says\\" she \\\\o/"
USER 65532:65532
EXPOSE 8000
STOPSIGNAL SIGTERM
ARG VERSION="dev"
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="api" \\
      org.opencontainers.image.version="$VERSION" \\
      org.opencontainers.image.revision="$REVISION" \\
      org.opencontainers.image.source="$SOURCE"
LABEL com.example.team="core"
ENTRYPOINT ["/sbin/tini", "--"]
CMD ["python", "main.py"]"""
    )
    assert ws.read(f"{API}.dockerignore").splitlines()[2:] == [
        "*",
        "!services/api/main.py",
        "!services/api/requirements-web.txt",
        "!services/api/requirements.txt",
    ]


def test_only_what_decides_the_text_renders_again(ws: Workspace) -> None:
    ws.write(PYTHON)
    built(ws)
    dockerfile = ws.read(API)
    ws.write({"services/api/main.py": "print(2)\n"})
    assert built(ws).built == []
    ws.write({"services/api/more.py": ""})
    assert built(ws).built == ["//services/api:api"]
    assert ws.read(API) == dockerfile
    assert "!services/api/more.py\n" in ws.read(f"{API}.dockerignore")


def test_a_python_project_that_is_a_package(ws: Workspace) -> None:
    project = '[project]\nname = "sync"\ndependencies = ["httpx"]\n[project.scripts]\nsync-all = "sync:main"\n'
    ws.write(
        {
            "jobs/sync/TARGETS.toml": '[[job]]\nname = "sync"\n',
            "jobs/sync/pyproject.toml": project + "[build-system]\n",
            "jobs/sync/src/sync/__init__.py": "",
            "jobs/sync/.python-version": "3.12.4\n",
        }
    )
    built(ws)
    text = ws.read("ops/packaging/jobs/sync.Dockerfile")
    assert "FROM python:3.12.4-slim AS build\n" in text
    assert 'COPY ["jobs/sync/pyproject.toml", "./"]\nRUN python -c "import tomllib;' in text
    assert 'COPY ["jobs/sync/", "./"]\nRUN --mount=type=cache,target=/root/.cache/pip pip install --no-deps .\n' in text
    assert 'CMD ["sync-all"]\n' in text
    assert "HEALTHCHECK" not in text
    assert "EXPOSE" not in text


def test_a_node_app_with_a_build(ws: Workspace) -> None:
    ws.write(
        {
            "apps/web/TARGETS.toml": '[[app]]\nname = "web"\nport = 3000\n',
            "apps/web/package.json": '{"scripts": {"build": "tsc"}, "main": "dist/server.js"}',
            "apps/web/package-lock.json": "{}",
            "apps/web/.nvmrc": "v22.3\n",
            "apps/web/node_modules/x/index.js": "",
        }
    )
    built(ws)
    text = ws.read("ops/packaging/apps/web.Dockerfile")
    npm = "RUN --mount=type=cache,target=/root/.npm npm"
    assert (
        f"""
FROM node:22.3-slim AS build
WORKDIR /app
# Dependencies first: this layer lasts until they change.
COPY ["apps/web/package.json", "apps/web/package-lock.json", "./"]
{npm} ci --no-audit --no-fund
COPY ["apps/web/", "./"]
{npm} run build && npm prune --omit=dev --no-audit --no-fund

FROM node:22.3-slim
WORKDIR /app
COPY --from=init /usr/bin/tini-static /sbin/tini
COPY --from=build /app ./
ENV NODE_ENV=production HOME=/tmp
HEALTHCHECK """
        in text
    )
    assert 'CMD ["node", "dist/server.js"]\n' in text
    assert "node_modules" not in ws.read("ops/packaging/apps/web.Dockerfile.dockerignore")


@pytest.mark.parametrize("lock", ["uv.lock", "poetry.lock"])
def test_a_lock_that_pip_does_not_know_is_told(ws: Workspace, lock: str) -> None:
    ws.write({"jobs/p/TARGETS.toml": '[[job]]\nname = "p"\n', "jobs/p/main.py": "", f"jobs/p/{lock}": ""})
    ws.write({"jobs/p/pyproject.toml": '[project]\nname = "p"\ndependencies = ["flask"]\n'})
    told = f"warning: `jobs/p/{lock}` is not what pip installs from, so that the image installs without a lock\n"
    assert told in ws.build().output
    ws.write({"jobs/p/requirements.txt": "flask==3.1.0\n"})
    assert told not in ws.build().output


def test_a_node_job_without_a_lock_or_a_build(ws: Workspace) -> None:
    ws.write(
        {
            "jobs/n/TARGETS.toml": '[[job]]\nname = "n"\n',
            "jobs/n/package.json": "{}",
            "jobs/n/server.mjs": "",
            "jobs/n/yarn.lock": "",
        }
    )
    run = built(ws)
    text = ws.read("ops/packaging/jobs/n.Dockerfile")
    assert "npm install --no-audit --no-fund --omit=dev\n" in text
    assert 'CMD ["node", "server.mjs"]\n' in text
    assert "`jobs/n/yarn.lock` is not npm's lock file, so that the image installs without a lock" in run.output


def test_a_go_service(ws: Workspace) -> None:
    ws.write(
        {
            "services/g/TARGETS.toml": '[[service]]\nname = "g"\nport = 80\nhealth_path = "/up"\n',
            "services/g/go.mod": "module g\n\ngo 1.25\ntoolchain go1.25.3\n",
            "services/g/go.sum": "",
            "services/g/cmd/serve/main.go": "package main\n",
        }
    )
    built(ws)
    text = ws.read("ops/packaging/services/g.Dockerfile")
    assert "\nFROM --platform=$BUILDPLATFORM golang:1.25.3 AS build\n" in text
    assert 'COPY ["services/g/go.mod", "services/g/go.sum", "./"]\n' in text
    assert "-o /out/app ./cmd/serve\n\nFROM gcr.io/distroless/static-debian13:nonroot\n" in text
    assert '    CMD ["/usr/local/bin/health", "http://127.0.0.1:80/up"]\n' in text
    assert text.endswith('org.opencontainers.image.source="$SOURCE"\nCMD ["/usr/local/bin/app"]\n')


def test_what_lies_beside_the_module_is_copied_to_its_workspace_path(ws: Workspace) -> None:
    ws.write(
        {
            "TARGETS.toml": """
                [workspace]
                [[service]]
                name = "api"
                module = "services/api"
                srcs = ["services/**", "libs/common/**/*.py", "setup.cfg"]
                exclude = ["**/*.md"]
                deps = ["//data:pack"]
                """,
            "setup.cfg": "",
            "services/api/main.py": "",
            "services/shared/a.py": "",
            "services/shared/a.md": "",
            "libs/common/deep/b.py": "",
            "data/TARGETS.toml": """
                [[command]]
                name = "pack"
                srcs = ["x"]
                argv = ["cp", "{src}", "{out}"]
                outs = ["pack.bin"]
                """,
            "data/x": "x",
        }
    )
    built(ws)
    copies = [line for line in ws.read(API).splitlines() if line.startswith("COPY [")]
    assert copies == [
        'COPY ["services/api/", "./"]',
        'COPY ["dist/", "./dist/"]',
        'COPY ["libs/", "./libs/"]',
        'COPY ["services/shared/", "./services/shared/"]',
        'COPY ["setup.cfg", "./"]',
    ]
    assert ws.read(f"{API}.dockerignore").splitlines()[2:] == [
        "*",
        "!dist/data/pack.bin",
        "!libs/common/deep/b.py",
        "!services/api/main.py",
        "!services/shared/a.py",
        "!setup.cfg",
    ]


def test_a_context_of_its_own(ws: Workspace) -> None:
    ws.write(PYTHON | {"services/api/TARGETS.toml": '[[service]]\nname = "api"\ncontext = "."\n'})
    built(ws)
    assert 'COPY ["requirements-web.txt", "requirements.txt", "./"]\n' in ws.read(API)
    assert 'COPY ["./", "./"]\n' in ws.read(API)
    assert "\n*\n!main.py\n" in ws.read(f"{API}.dockerignore")


def test_entry_point_and_command_are_the_targets(ws: Workspace) -> None:
    ws.write(PYTHON)
    target = '[[service]]\nname = "api"\nentrypoint = ["gunicorn", "$x"]\ncommand = ["--bind", "a\\nUSER root"]\n'
    ws.write({"services/api/TARGETS.toml": target})
    built(ws)
    assert ws.read(API).endswith('ENTRYPOINT ["/sbin/tini", "--", "gunicorn", "$x"]\nCMD ["--bind", "a\\nUSER root"]\n')


def test_a_module_that_is_still_empty_is_rendered_with_a_guess(ws: Workspace) -> None:
    ws.write({"services/api/TARGETS.toml": '[[service]]\nname = "api"\ntemplate = "python"\n'})
    assert "no source tells how `api` is started: `python main.py` is assumed" in built(ws).output
    assert ws.read(API).endswith('CMD ["python", "main.py"]\n')


def test_a_template_of_the_repositorys_own(ws: Workspace) -> None:
    service = '[[service]]\nname = "api"\ntemplate = "//deploy/api.j2"\nbase = "alpine:3.22"\n'
    start, end = (f'{{% include "{name}.Dockerfile.j2" %}}\n' for name in ("init", "end"))
    ws.write(
        {
            "services/api/TARGETS.toml": service,
            "services/api/run.sh": "",
            "deploy/api.j2": start + 'FROM {{ base }}\n# {{ sources | join(" ") }}\n' + end,
        }
    )
    built(ws)
    assert "\nFROM alpine:3.22\n# services/api/run.sh\nUSER 65532:65532\n" in ws.read(API)
    ws.write({"deploy/api.j2": "FROM {{ nonsense }}\n"})
    run = ws.build()
    assert run.failed == ["//services/api:api"]
    assert "template cannot be rendered: 'nonsense' is undefined\n  at deploy/api.j2:1" in run.output
    ws.write({"deploy/api.j2": "FROM {{ base }}\n"})
    built(ws)
    assert ws.read(API).endswith("\nFROM alpine:3.22\n")


def test_what_requirements_name_is_there_when_they_are_installed(ws: Workspace) -> None:
    """Other lists beside the file that names them, wheels from the working folder; and nothing that is not named."""
    ws.write(PYTHON)
    named = {
        "requirements.txt": "--requirement=more/base.txt\n-cconstraints.txt\n-f wheels # not other.txt\nflask[async]==3\n",
        "more/base.txt": "-r deep/x.txt\n./libs/a-1.whl ; python_version > '3'\nb @ file:libs/b-1.whl\n",
        "more/deep/x.txt": "-r ../../requirements.txt\n-r missing.txt\n",
        "constraints.txt": "flask<4 \\\n  --hash=sha256:00\n",
        "wheels/c-1.whl": "",
        "wheels/d/e-1.whl": "",
        "libs/a-1.whl": "",
        "libs/b-1.whl": "",
    }
    others = dict.fromkeys(("requirements-web.txt", "other.txt", "libs/f-1.whl", "wheelsx/g.whl"), "")
    ws.write({f"services/api/{name}": text for name, text in (named | others).items()})
    built(ws)
    copies = [
        line for line in ws.read(API).partition("# Dependencies first")[2].splitlines() if line.startswith("COPY [")
    ]
    module = "services/api/"
    assert [json.loads(line.removeprefix("COPY ")) for line in copies] == [
        [f"{module}constraints.txt", f"{module}requirements.txt", "./"],
        [f"{module}libs/a-1.whl", f"{module}libs/b-1.whl", "./libs/"],
        [f"{module}more/base.txt", "./more/"],
        [f"{module}more/deep/x.txt", "./more/deep/"],
        [f"{module}wheels/c-1.whl", "./wheels/"],
        [f"{module}wheels/d/e-1.whl", "./wheels/d/"],
        [module, "./"],
    ]


@pytest.mark.parametrize(("module", "copy"), [("services/api", '["services/api/", "./"]'), ("", '["./", "./"]')])
def test_requirements_that_install_the_module_itself_need_all_of_it(ws: Workspace, module: str, copy: str) -> None:
    folder = f"{module}/" if module else ""
    head = "" if module else "[workspace]\n"
    ws.write({f"{folder}TARGETS.toml": f'{head}[[service]]\nname = "api"\nsrcs = ["main.py", "*.txt"]\n'})
    ws.write({f"{folder}main.py": "", f"{folder}requirements.txt": "-e .[web]\n"})
    built(ws)
    assert f"# Dependencies first: this layer lasts until they change.\nCOPY {copy}\nRUN " in ws.read(API)


def test_requirements_that_name_what_copy_cannot_are_refused(ws: Workspace) -> None:
    ws.write(PYTHON | {"services/api/requirements.txt": "./a$b.whl\n", "services/api/a$b.whl": ""})
    run = ws.build()
    assert run.exit_code == 3
    assert (
        "error: COPY cannot name `services/api/a$b.whl`\n  at services/api/TARGETS.toml:2  (//services/api:api, $.srcs)\n"
        "  fix: rename it, or exclude it\n"
    ) in run.output


def test_packages_named_by_their_paths_are_there_when_npm_installs(ws: Workspace) -> None:
    package = {
        "dependencies": {"a": "file:libs/a", "b": "^1.0.0"},
        "devDependencies": {"c": "file:./c.tgz", "d": "file:../d"},
    }
    ws.write({"a/TARGETS.toml": '[[job]]\nname = "n"\n', "a/package.json": json.dumps(package), "a/index.js": ""})
    ws.write(
        {"a/libs/a/package.json": "{}", "a/libs/a/node_modules/x/index.js": "", "a/libs/ab/x.js": "", "a/c.tgz": ""}
    )
    built(ws)
    text = ws.read("ops/packaging/jobs/n.Dockerfile")
    assert 'COPY ["a/package.json", "a/c.tgz", "./"]\nCOPY ["a/libs/a/package.json", "./libs/a/"]\nRUN ' in text


def test_modules_named_by_their_paths_are_there_when_go_downloads(ws: Workspace) -> None:
    mod = "module g\nrequire x.org/a v1.0.0\nreplace x.org/a => ./libs/a\nreplace (\n\tx.org/b v1 => ./b // c\n)\n"
    ws.write({"g/TARGETS.toml": '[[job]]\nname = "g"\n', "g/go.mod": mod, "g/main.go": "package main\n"})
    ws.write({"g/libs/a/go.mod": "", "g/libs/a/a.go": "", "g/b/go.mod": ""})
    built(ws)
    text = ws.read("ops/packaging/jobs/g.Dockerfile")
    copies = 'COPY ["g/go.mod", "./"]\nCOPY ["g/b/go.mod", "./b/"]\nCOPY ["g/libs/a/go.mod", "./libs/a/"]\nRUN '
    assert copies in text

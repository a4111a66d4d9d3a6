"""Rendered Dockerfiles before their judge: real applications, built, run, asked and stopped, on a real engine.

The images that they build upon are made of this machine's own Python, Node and Go. What stands in for Debian's registry
of packages is a program `apt-get` that gives out one package, `tini`, from TINI or /usr/bin/tini-static. Nothing here
has a network while it is built, so that a cache of dependencies from afar is not tried.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import engines
import pytest
from registries.docker import free_port

from packaging_targets.adapters.testing import Workspace

TINI = os.environ.get("TINI") or shutil.which("tini-static") or ""

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif("" in engines.TOOLS.values(), reason="buildah, podman, runc or busybox is not installed"),
    pytest.mark.skipif(not TINI, reason="tini is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may leave the network to build"),
]

PYTHON = {
    "main.py": """
        import http.server, json, os, signal, sys
        import greeting

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = self.path in ("/", "/up")
                self.send_response(200 if found else 404)
                self.end_headers()
                about = {"says": greeting.WORD, "uid": os.getuid(), "pid": os.getpid(), "cwd": os.getcwd()}
                self.wfile.write(json.dumps(about).encode())

        if os.environ.get("GRACEFUL"):
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        http.server.HTTPServer(("127.0.0.1", PORT), Answer).serve_forever()
        """,
    "requirements.txt": "# what it says\n-r more/requirements.txt\n",
    "more/requirements.txt": "./wheels/greeting-1.0-py3-none-any.whl  # from here\n",
}
ABOUT_NODE = {"name": "web", "version": "1.0.0", "dependencies": {"word": "file:libs/word"}}
NODE = {
    "src/server.js": """
        const server = require('node:http').createServer((request, response) => {
          response.statusCode = ['/', '/up'].includes(request.url) ? 200 : 404;
          response.end(JSON.stringify({says: require('word'), uid: process.getuid(), pid: process.pid, cwd: process.cwd()}));
        });
        if (process.env.GRACEFUL) process.on('SIGTERM', () => process.exit(0));
        server.listen(PORT, '127.0.0.1');
        """,
    "build.js": "require('node:fs').cpSync('src', 'dist', {recursive: true})\n",
    "libs/word/package.json": '{"name": "word", "version": "1.0.0", "main": "it.js"}',
    "libs/word/it.js": "module.exports = 'hello'\n",
    "package.json": json.dumps(ABOUT_NODE | {"scripts": {"build": "node build.js"}, "main": "dist/server.js"}),
    "package-lock.json": json.dumps(
        {
            "lockfileVersion": 3,
            "packages": {
                "": ABOUT_NODE,
                "libs/word": {"version": "1.0.0"},
                "node_modules/word": {"resolved": "libs/word", "link": True},
            },
        }
    ),
}
GO = {
    "go.mod": "module example.org/web\n\ngo 1.24\n\nrequire example.org/words v1.0.0\nreplace example.org/words => ./words\n",
    "words/go.mod": "module example.org/words\n\ngo 1.24\n",
    "cmd/web/main.go": """
        package main

        import (
            "encoding/json"
            "example.org/words"
            "net/http"
            "os"
            "os/signal"
            "syscall"
            "time"
        )

        func main() {
            if len(os.Args) > 1 {
                time.Sleep(time.Minute)
            }
            if os.Getenv("GRACEFUL") != "" {
                stop := make(chan os.Signal, 1)
                signal.Notify(stop, syscall.SIGTERM)
                go func() { <-stop; os.Exit(0) }()
            }
            http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
                if r.URL.Path != "/" && r.URL.Path != "/up" {
                    w.WriteHeader(404)
                }
                here, _ := os.Getwd()
                json.NewEncoder(w).Encode(map[string]any{
                    "says": words.Hello, "uid": os.Getuid(), "pid": os.Getpid(), "cwd": here})
            })
            http.ListenAndServe("127.0.0.1:PORT", nil)
        }
        """,
    "words/words.go": 'package words\n\nconst Hello = "hello"\n',
}


@dataclass(frozen=True)
class Language:
    """An application, a command of its image that listens to no port, and whether it is process 1 itself."""

    files: dict[str, str]
    fields: str
    idle: tuple[str, ...]
    first: bool = False


LANGUAGES = {
    "python": Language(PYTHON, 'base = "localhost/python:1"', ("python", "-c", "import time; time.sleep(60)")),
    "node": Language(NODE, 'base = "localhost/node:1"', ("node", "-e", "setTimeout(() => 0, 60000)")),
    "go": Language(GO, 'base = "localhost/static:1"', ("/usr/local/bin/app", "idle"), first=True),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[engines.Engine]:
    folder = Path(tempfile.mkdtemp(prefix="pt-"))  # podman takes no long paths
    made = engines.Engine(folder)
    try:
        made.make(engines.debian(folder / "debian", TINI), "docker.io/library/debian:13-slim")
    except AssertionError as error:
        pytest.skip(f"buildah does not work here: {str(error)[-300:]}")
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def bases(engine: engines.Engine) -> Callable[[str], None]:
    """Give a function that makes the images that a language builds upon, once."""
    made: set[str] = set()

    def make(language: str) -> None:
        if language in made:
            return
        made.add(language)
        if language != "python" and shutil.which(language) is None:
            pytest.skip(f"{language} is not installed")
        folder = engine.folder / language
        {"python": engines.python, "node": engines.node, "go": engines.go}[language](folder)
        if language == "go":
            (engine.folder / "static/etc").mkdir(parents=True)
            (engine.folder / "static/etc/passwd").write_text("nonroot:x:65532:65532::/:/sbin/nologin\n")
            engine.make(engine.folder / "static", "localhost/static:1")
            engine.make(
                folder, "docker.io/library/golang:1.24", env="GOPATH=/go GOTOOLCHAIN=local PATH=/usr/local/bin:/bin"
            )
        else:
            engine.make(folder, f"localhost/{language}:1")

    return make


def application(ws: Workspace, language: str, fields: str) -> None:
    """Write an application in a folder that has its target's name, with a space in the path of a file."""
    files = {f"services/{language}/{name}": text for name, text in LANGUAGES[language].files.items()}
    port = fields.partition("port = ")[2].partition("\n")[0]
    ws.write({name: text.replace("PORT", port) for name, text in files.items()})
    ws.write(
        {
            f"services/{language}/TARGETS.toml": f'[[service]]\nname = "{language}"\n{LANGUAGES[language].fields}\n{fields}\n'
        }
    )
    if language == "python":
        wheel = ws.path("services/python/wheels/greeting-1.0-py3-none-any.whl")
        wheel.parent.mkdir()
        with zipfile.ZipFile(wheel, "w") as file:
            file.writestr("greeting.py", 'WORD = "hello"\n')
            about = "greeting-1.0.dist-info"
            file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
            file.writestr(
                f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            file.writestr(f"{about}/RECORD", "")


def image(engine: engines.Engine, ws: Workspace, name: str, *words: str) -> str:
    """Render and build; return the name of the image."""
    run = ws.build()
    assert run.exit_code == 0, run.output
    tag = f"localhost/{name}:{time.monotonic_ns()}"
    engine.build("--file", f"ops/packaging/services/{name}.Dockerfile", "--tag", tag, *words, context=ws.root)
    return tag


def answer(port: int) -> Any:
    """Return what the application says, as soon as it does."""
    last: Exception | None = None
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
                return json.load(response)
        except OSError as error:
            last = error
            time.sleep(0.1)
    raise AssertionError(f"nobody answers: {last}")


def is_healthy(engine: engines.Engine, container: str) -> bool:
    try:
        engine.podman("healthcheck", "run", container)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize(
    ("language", "health"),
    [(name, health) for name in LANGUAGES for health in ('health_path = "/up"', "") if health or name != "go"],
)
def test_an_application_is_built_answers_and_stops(
    engine: engines.Engine, bases: Callable[[str], None], ws: Workspace, language: str, health: str
) -> None:
    bases(language)
    about, port = LANGUAGES[language], free_port()
    application(ws, language, f"port = {port}\n{health}")
    built = image(engine, ws, language)
    container = engine.start(built)
    said = answer(port)
    assert said.pop("pid") == 1 if about.first else said.pop("pid") > 1
    assert said == {"says": "hello", "uid": 65532, "cwd": "/app"}
    assert is_healthy(engine, container)
    if language == "go":  # what asks without a path is the same program
        engine.podman("exec", container, "/usr/local/bin/health", f"127.0.0.1:{port}")
    code, seconds = engine.stopped(container)
    assert (code, seconds < 2) == (143, True)
    idle = engine.start(built, *about.idle)
    assert not is_healthy(engine, idle)
    engine.podman("rm", "--force", "--time", "0", idle)
    graceful = engine.start("--env=GRACEFUL=1", built)
    answer(port)
    code, seconds = engine.stopped(graceful)
    assert (code, seconds < 2) == (0, True)


ODD = (
    "",
    " edges ",
    "costs $HOME ${HOME:-x} $$ $",
    "say \"hi\" 'there' ",
    '\\n \\" \\$ \\\\ end\\',
    "#no comment",
    "größe 日本",
    "tab\there",
    "`id` $(id) ; & | > * ?",
    "{{ id }} {% x %}",
    "a=b c=d",
    "'",
    '"',
)


@pytest.fixture
def any_base(engine: engines.Engine) -> str:
    """Give an image in which `python -m venv` does nothing, fast."""
    if not (engine.folder / "any").exists():
        root = engines.system(engine.folder / "any")
        (root / "usr/local/bin/python").write_text("#!/bin/sh\nmkdir -p /opt/venv; env > /opt/venv/env\n")
        (root / "usr/local/bin/python").chmod(0o755)
        engine.make(root, "localhost/any:1")
    return "localhost/any:1"


def test_every_field_is_in_the_image_to_the_letter(engine: engines.Engine, any_base: str, ws: Workspace) -> None:
    """Odd values, and a module with spaces in its path; and only what is declared is in the image."""
    values = {f"v{number}": value for number, value in enumerate(ODD)}
    table = ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())
    words = json.dumps(["<%s>\\n", *ODD], ensure_ascii=False)
    ws.write(
        {
            "services/my odd/TARGETS.toml": f"""
                [[service]]
                name = "odd"
                id = "odd.one"
                base = "{any_base}"
                template = "python"
                port = 8080
                health_path = "/up?deep=1&x=%20"
                entrypoint = ["/bin/busybox", "printf"]
                command = {words}
                env = {{ {table} }}
                labels = {{ {table} }}
                build_args = {{ VERSION = '1.0 "$x" \\', REVISION = "abc", {table} }}
                """,
            "services/my odd/main.py": "",
            "services/my odd/[id]/(g)/a b.txt": "",
            "services/my odd/-x/$y/'z\".txt": "",
            "services/my odd/.env": "TOKEN=x\n",
            "services/other.py": "",
        }
    )
    run = ws.build()
    assert run.exit_code == 0, run.output
    dockerfile = "ops/packaging/services/odd.one.Dockerfile"
    engine.build("--file", dockerfile, "--tag", "localhost/odd:1", "--build-arg", "REVISION=def", context=ws.root)
    about = engine.about("localhost/odd:1")
    config = about["Config"]
    env = dict(text.split("=", 1) for text in config["Env"])
    assert {name: env[name] for name in values} == values
    oci = {"title": "odd.one", "version": '1.0 "$x" \\', "revision": "def", "source": ""}
    labels = {name: text for name, text in config["Labels"].items() if "buildah" not in name}
    assert labels == values | {f"org.opencontainers.image.{name}": text for name, text in oci.items()}
    assert config["Entrypoint"] == ["/sbin/tini", "--", "/bin/busybox", "printf"]
    assert config["Cmd"] == ["<%s>\\n", *ODD]
    assert config["ExposedPorts"] == {"8080/tcp": {}}
    assert about["Healthcheck"]["Test"][-1] == "http://127.0.0.1:8080/up?deep=1&x=%20"
    assert (config["User"], config["WorkingDir"], config["StopSignal"]) == ("65532:65532", "/app", "SIGTERM")
    limits = ("--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
    assert engine.podman("run", *limits, "localhost/odd:1").splitlines() == [f"<{value}>" for value in ODD]
    find = ("--entrypoint", '["/bin/busybox"]', "localhost/odd:1", "find", "/app", "-type", "f")
    assert sorted(engine.podman("run", *limits, *find).splitlines()) == [
        "/app/-x/$y/'z\".txt",
        "/app/[id]/(g)/a b.txt",
        "/app/main.py",
    ]
    seen = engine.podman("run", *limits, "--entrypoint", '["/bin/busybox"]', "localhost/odd:1", "cat", "/opt/venv/env")
    assert [line for line in seen.splitlines() if line.startswith("v")] == [f"{n}={v}" for n, v in values.items()]

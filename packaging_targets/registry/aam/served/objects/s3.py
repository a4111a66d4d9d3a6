"""Objects in a bucket of Amazon S3, or of another server that speaks its protocol.

Credentials, region and endpoint come from where boto3 looks for them: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
`AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_S3`, its files, or the machine's role.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.served.objects.protocol import PIECE, Listed

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "max_attempts": 4},
    max_pool_connections=64,
    # Checksums of other kinds, which the library adds by itself, are not known to every server; ours is sent anyway.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_TRIES = 4
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Objects:
    """Objects in a bucket, whose keys there start with `prefix`."""

    def __init__(self, bucket: str, prefix: str = "", endpoint: str | None = None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        with _faults_told():
            self._client: Any = boto3.client("s3", endpoint_url=endpoint, config=_CONFIG)

    def put(self, key: str, source: BinaryIO, digest: Digest, size: int) -> None:
        """Send the bytes in one request, which the store refuses where they are not those of the digest."""
        source.seek(0)
        checksum = base64.b64encode(bytes.fromhex(digest.hex)).decode()
        with _faults_told():
            self._client.put_object(
                **self._at(key),
                Body=source,
                ContentLength=size,
                ContentType="application/gzip",
                ChecksumSHA256=checksum,
            )

    def size(self, key: str) -> int | None:
        """Return how many bytes there are under a key, or None where nothing is."""
        with _faults_told():
            try:
                return int(self._client.head_object(**self._at(key))["ContentLength"])
            except ClientError as error:
                if _code(error) in _ABSENT:
                    return None
                raise

    def pieces(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to before `end`; a connection that breaks is made again where it was."""
        for number in range(_TRIES):
            try:
                with _faults_told():
                    for piece in self._read(key, start, end):
                        start += len(piece)
                        yield piece
            except _BrokenError:
                if number == _TRIES - 1:
                    raise
            else:
                break
        if start < end:
            raise RegistryError.one("the archive is shorter than the registry knows it")

    def delete(self, key: str) -> None:
        """Forget what is under a key."""
        with _faults_told():
            self._client.delete_object(**self._at(key))

    def pages(self, start: str) -> Iterator[Sequence[Listed]]:
        """Yield the objects whose keys start so, as many at a time as the store tells at once."""
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(**self._under(start)))
        while True:
            with _faults_told():
                page = next(pages, None)
            if page is None:
                return
            yield [
                Listed(one["Key"].removeprefix(self._prefix), one["Size"], int(one["LastModified"].timestamp()))
                for one in page.get("Contents", ())
            ]

    def demand(self) -> None:
        """Raise RefusalError where the bucket cannot be reached."""
        with _faults_told():
            self._client.head_bucket(Bucket=self._bucket)

    def _read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        if start >= end:
            return
        try:
            found = self._client.get_object(**self._at(key), Range=f"bytes={start}-{end - 1}")
        except ClientError as error:
            if _code(error) in _ABSENT:
                raise RegistryError.one("the archive is not where the registry keeps it") from None
            raise
        with closing(found["Body"]) as body:
            yield from body.iter_chunks(PIECE)

    def _under(self, start: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Prefix": f"{self._prefix}{start}"}

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{key}"}


class _BrokenError(RefusalError):
    """The connection broke, or was never made."""


@contextmanager
def _faults_told() -> Iterator[None]:
    """Let what keeps a store from serving be a refusal, without addresses or credentials in it."""
    fix = "try it again in a moment"
    try:
        yield
    except ClientError as error:
        what = f"the registry's object store refuses: {_code(error)[:60]}"
        raise RefusalError.of("REGISTRY_UNAVAILABLE", what, "", fix) from error
    except (BotoCoreError, HTTPClientError, OSError) as error:
        what = "the registry's object store cannot be reached"
        raise _BrokenError.of("REGISTRY_UNAVAILABLE", what, "", fix) from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))

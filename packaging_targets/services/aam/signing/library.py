"""The library `sigstore`, which need not be installed, and whose failures come in many kinds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from packaging_targets.errors import PackagingError, RequestError

_SHOWN = 300
_Found = TypeVar("_Found")


@contextmanager
def library() -> Iterator[None]:
    """Import within the block; raises RequestError that says what to install where that cannot be done."""
    try:
        yield
    except ImportError:
        what = "signatures need the package `sigstore`, which is not installed"
        raise RequestError.one(what, fix="pip install 'packaging-targets[sign]'") from None


@contextmanager
def failures(error: type[PackagingError], what: str, where: str, fix: str, secret: str = "") -> Iterator[None]:
    """Let whatever the library raises be told as `what`, with the reason; `secret` is in no text.

    It raises errors of its own, of pydantic, cryptography and requests: what it reads may be anything.
    """
    try:
        yield
    except PackagingError:
        raise
    except Exception as found:  # noqa: BLE001  # see above: the kinds are not documented
        reason = _reason(found)
        raise error.one(f"{what}: {reason.replace(secret, '…') if secret else reason}", where, fix) from None


def within(seconds: float, act: Callable[[], _Found]) -> _Found:
    """Return what `act` returns, or raise what it raises, or TimeoutError where it takes longer.

    The library waits for ever for services that say nothing. What is still going on ends with the process.
    """
    found: list[_Found] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            found.append(act())
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is raised again where it is waited for
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not found:
        raise TimeoutError(f"there was no answer within {seconds:g} seconds")
    return found[0]


def _reason(error: BaseException) -> str:
    """Return why something failed, on one line: for a service, what it answered, or that it cannot be reached."""
    for one in (error, error.__cause__, *error.args):
        response: Any = getattr(one, "response", None)
        if response is not None:
            return f"{response.url} answered {response.status_code}{_message(response)}"
        request: Any = getattr(one, "request", None)
        if request is not None:
            return f"{request.url} cannot be reached"
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:_SHOWN]


def _message(response: Any) -> str:
    try:
        said = response.json()["message"]
    except (ValueError, LookupError, TypeError):
        return ""
    return f", {said[:_SHOWN]}" if isinstance(said, str) else ""

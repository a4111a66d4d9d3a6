"""Doing the same to many things at once, in threads, where it is a registry or a disk that one waits for."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from packaging_targets.errors import PackagingError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
R = TypeVar("R")

_ENOUGH_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Came(Generic[R]):
    """What work came to: the results in the order of the things, all problems, and how many things were not begun."""

    results: tuple[R, ...]
    problems: tuple[Problem, ...]
    untried: int


def side_by_side(work: Callable[[T], R], things: Iterable[T], jobs: int) -> Came[R]:
    """Do `work` to each thing, `jobs` at once; after some failures, those that have not begun stay out."""
    results: dict[int, R] = {}
    problems: list[Problem] = []
    waiting: dict[Future[R], int] = {}
    left = iter(enumerate(things))
    while True:
        while len(waiting) < jobs and len(problems) < _ENOUGH_FAILURES and (one := next(left, None)):
            waiting[_begun(work, one[1])] = one[0]
        if not waiting:
            break
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            place = waiting.pop(future)
            try:
                results[place] = future.result()
            except PackagingError as error:
                problems += error.problems
    return Came(tuple(results[place] for place in sorted(results)), tuple(problems), sum(1 for _ in left))


def _begun(work: Callable[[T], R], thing: T) -> Future[R]:
    """Do work in a thread of its own. Unlike those of a pool it does not keep an interrupted program from ending."""
    future: Future[R] = Future()

    def run() -> None:
        try:
            future.set_result(work(thing))
        except BaseException as error:  # noqa: BLE001  # raised again where the result is asked for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future

"""A thread that does something again and again: soon after it is woken, and now and then anyway."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread

_SECONDS = 1.0
"""After so many seconds it is done anyway."""
_GATHERED = 0.5
"""So many seconds are waited for more, where somebody says that it is no hurry."""

_LAST = 5.0
"""So many seconds the end waits for a round; what a longer one writes is true in any case."""


class Background:
    """Does `act`, which raises nothing, until it is stopped."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._told = Condition()
        self._wanted = self._hurries = True
        self._stopped = False
        self._thread = Thread(target=self._run, name="aam-list", daemon=True)
        self._thread.start()

    def wake(self, *, hurries: bool = True) -> None:
        """Let it be done soon, or after gathering a while."""
        with self._told:
            self._wanted = True
            self._hurries = self._hurries or hurries
            self._told.notify_all()

    def wait(self, seconds: float, done: Callable[[], bool]) -> bool:
        """Wait for at most so many seconds until something is the case at the end of a round; tell whether it is."""
        with self._told:
            return self._told.wait_for(done, seconds)

    def stop(self) -> None:
        """Let the round that is under way be the last one, and wait for its end, unless that takes long."""
        with self._told:
            self._stopped = True
            self._told.notify_all()
        self._thread.join(_LAST)

    def _run(self) -> None:
        while self._is_time():
            self._act()
            with self._told:
                self._told.notify_all()

    def _is_time(self) -> bool:
        with self._told:
            if self._told.wait_for(lambda: self._stopped or self._wanted, _SECONDS) and not self._stopped:
                self._told.wait_for(lambda: self._stopped or self._hurries, _GATHERED)
            self._wanted = self._hurries = False
            return not self._stopped

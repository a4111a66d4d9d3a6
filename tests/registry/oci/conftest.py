"""A registry for each test, spoken to without a proxy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from registries.fake import FakeRegistry


@pytest.fixture
def home() -> Iterator[FakeRegistry]:
    with FakeRegistry() as registry:
        yield registry


@pytest.fixture(autouse=True, scope="module")
def no_proxies() -> Iterator[None]:
    """Whoever runs the tests may be behind a proxy; these talk to this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        yield

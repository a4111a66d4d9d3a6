"""The whole OpenAPI document against a server, by schemathesis: nothing is answered that the document does not tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from agents import packed
from asking import GZIP, asking
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from packaging_targets.adapters.http.api.table import OPERATIONS
from packaging_targets.adapters.http.limits import Rates

schemathesis = pytest.importorskip("schemathesis")
from schemathesis import GenerationMode  # noqa: E402  # once it is known to be there

NAMES = [one.name for one in OPERATIONS]

_QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large, HealthCheck.large_base_example]


@schemathesis.serializer("application/gzip")  # type: ignore[untyped-decorator, unused-ignore]  # it may not be installed
def archive(_: object, value: object) -> bytes:
    """What is sent where an archive is wanted: no archive, whatever it is."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of a server that has some packages, asked by an admin."""
    with asking(tmp_path_factory.mktemp("fuzzed"), needs_approval=("@slow/*",), write_rate=0) as ask:
        ask.site.rates = Rates(0, 0, 0)  # it sends many credentials that are not valid
        admin = ask.hosted.bearer("root", "admin", "read", "publish", "yank")
        for name in ("@acme/review", "plain", "@slow/one"):
            ask("POST", "/packages", packed(name, "1.2.0"), **GZIP, **admin)
        schema = schemathesis.openapi.from_url(f"{ask.server.url}/openapi.json")
        schema.config.update(headers=admin)
        # No schema tells which cursors were given out, what an archive is, that a text is one line, or where `/../` leads.
        known = schema.config.checks.positive_data_acceptance.expected_statuses
        schema.config.checks.positive_data_acceptance.expected_statuses = [*known, "400", "405", "410", "415", "422"]
        refused = schema.config.checks.negative_data_rejection.expected_statuses
        schema.config.checks.negative_data_rejection.expected_statuses = [*refused, "413"]  # too long a text
        yield schema


def ask_in_many_ways(api: Any, name: str, most: int) -> None:
    """Ask for an operation with what its schemas allow, and with what they do not, and check each answer."""
    operation = api.find_operation_by_id(name)
    for mode in GenerationMode:

        @settings(max_examples=most, deadline=None, suppress_health_check=_QUIET, database=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            case.call_and_validate()

        with suppress(Unsatisfiable):  # some operations take nothing that could be wrong
            check()


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_is_undocumented(api: Any, name: str) -> None:
    ask_in_many_ways(api, name, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_answer_is_undocumented_whatever_is_asked(api: Any, name: str) -> None:
    ask_in_many_ways(api, name, 60)


@pytest.mark.slow
def test_no_answer_is_undocumented_in_any_order(api: Any) -> None:
    machine = api.as_state_machine()
    machine.run(settings=settings(max_examples=60, stateful_step_count=12, deadline=None, suppress_health_check=_QUIET))

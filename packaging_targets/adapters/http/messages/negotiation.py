"""Which type and encoding an answer gets, by what was asked for: RFC 9110, section 12."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from packaging_targets.formats.aam.refusals import RefusalError

OURS = "application/vnd.uaaps.v1+json"
JSON = "application/json"
HTML = "text/html"
_MAX = 2048  # characters of a header that are looked at


def json_type(accept: bytes | None) -> bytes:
    """Return the type of a JSON answer: ours where that is asked for, else plain; raises RefusalError for neither."""
    if accept is None or accept == b"*/*":
        return JSON.encode()
    found = _json_type(accept[:_MAX])
    if found is None:
        raise RefusalError.of(
            "NOT_ACCEPTABLE", "the answer is JSON, which `Accept` leaves out", "", f"send Accept: {OURS}"
        )
    return found


@lru_cache(256)
def _json_type(accept: bytes) -> bytes | None:
    wanted = dict(_weights(accept))
    ours, plain = _weight(wanted, OURS), _weight(wanted, JSON)
    if max(ours, plain) <= 0:
        return None
    named = OURS in wanted
    return (OURS if ours > plain or (named and ours == plain) else JSON).encode()


@lru_cache(256)
def prefers_html(accept: bytes) -> bool:
    """Tell whether people's pages are wanted rather than JSON, as browsers say it."""
    wanted = dict(_weights(accept[:_MAX]))
    return HTML in wanted and wanted[HTML] > max(wanted.get(OURS, 0), wanted.get(JSON, 0))


@lru_cache(256)
def takes_gzip(accept_encoding: bytes) -> bool:
    """Tell whether an answer may be compressed."""
    wanted = dict(_weights(accept_encoding[:_MAX]))
    return wanted.get("gzip", wanted.get("*", 0)) > 0


def _weight(wanted: dict[str, float], media: str) -> float:
    kind = media.partition("/")[0]
    return wanted.get(media, wanted.get(f"{kind}/*", wanted.get("*/*", 0)))


def _weights(header: bytes) -> Iterator[tuple[str, float]]:
    for part in header.decode("latin-1").lower().split(","):
        name, *parameters = (one.strip() for one in part.split(";"))
        if name:
            yield name, _quality(parameters)


def _quality(parameters: list[str]) -> float:
    for one in parameters:
        if one.startswith("q="):
            try:
                return min(max(float(one[2:]), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0

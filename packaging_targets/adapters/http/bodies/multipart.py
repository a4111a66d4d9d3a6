"""A form with the parts `archive` and `signature`, each once at most, and nothing else."""

from __future__ import annotations

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.refusals import RefusalError

_FIX = "send a form with a part `archive` and, if it is signed, a part `signature`"
_MAX_NAME = 200


def boundary_of(content_type: bytes) -> bytes:
    """Return the boundary that a header tells; raises RequestError for none."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise RequestError.one("the form has no boundary in its Content-Type", "", _FIX)
    return boundary


class Parts:
    """The parts of a form as they come: `pending` is what came of the archive and was not taken yet."""

    def __init__(self, boundary: bytes, max_signature: int) -> None:
        self.pending = bytearray()
        self._signature = bytearray()
        self._max_signature = max_signature
        self._seen: set[str] = set()
        self._part = ""
        self._header, self._value = bytearray(), bytearray()
        self._is_whole = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_part_data": self._data,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._named,
                    "on_end": self._end,
                },
                max_header_count=8,
                max_header_size=1024,
            )
        except FormParserError as error:
            raise RequestError.one("the form's boundary is too long", "", _FIX) from error

    @property
    def signature(self) -> bytes:
        """What came as the signature; empty for none."""
        return bytes(self._signature)

    def feed(self, data: bytes) -> None:
        """Take more of the body; raises RequestError where it is no such form."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise RequestError.one("the body is no form of the kind that its Content-Type tells", "", _FIX) from error

    def finish(self) -> None:
        """Take the end of the body; raises RequestError where the form has not ended, or has no archive."""
        if not self._is_whole:
            raise RequestError.one("the form ends before its last boundary", "", _FIX)
        if "archive" not in self._seen:
            raise RequestError.one("the form has no part `archive`", "", _FIX)

    def _begin(self) -> None:
        self._part = ""

    def _end(self) -> None:
        self._is_whole = True

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._part = options.get(b"name", b"").decode("utf-8", "replace")[:_MAX_NAME]
        self._header.clear()
        self._value.clear()

    def _named(self) -> None:
        if self._part not in {"archive", "signature"}:
            raise RequestError.one("the form has a part that is neither `archive` nor `signature`", "", _FIX)
        if self._part in self._seen:
            raise RequestError.one(f"the form has two parts `{self._part}`", "", _FIX)
        self._seen.add(self._part)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part == "archive":
            self.pending += data[start:end]
            return
        self._signature += data[start:end]
        if len(self._signature) > self._max_signature:
            what = f"the signature has more than {self._max_signature:,} bytes, which is the most"
            raise RefusalError.of("ARCHIVE_TOO_LARGE", what)

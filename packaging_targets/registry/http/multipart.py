"""Several files in one body, as forms send them."""

from __future__ import annotations

from collections.abc import Iterable


def multipart(parts: Iterable[tuple[str, str, str, bytes]]) -> tuple[str, bytes]:
    """Return content type and body of parts: each has a field, the name of a file, a media type and bytes."""
    from urllib3.filepost import encode_multipart_formdata

    body, kind = encode_multipart_formdata([(field, (name, data, media)) for field, name, media, data in parts])
    return kind, body

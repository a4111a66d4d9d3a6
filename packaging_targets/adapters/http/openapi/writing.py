"""Prints the OpenAPI document: python -m packaging_targets.adapters.http.openapi.writing > docs/uaaps/openapi.json."""

from __future__ import annotations

import sys

from packaging_targets.adapters.http.api.table import OPERATIONS
from packaging_targets.adapters.http.openapi.document import document_of

if __name__ == "__main__":
    sys.stdout.buffer.write(document_of(OPERATIONS).data)

"""Parameters of queries and paths that several operations have."""

from __future__ import annotations

from packaging_targets.adapters.http.api.operation import Parameter

CURSOR = Parameter("cursor", "`next` of the part before.", {"type": "string", "maxLength": 2000})
LIMIT = Parameter(
    "limit",
    "How many entries a part may have.",
    {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    50,
)
LISTS = (CURSOR, LIMIT)
SEARCH = Parameter("q", "Words that name or description have.", {"type": "string", "maxLength": 200}, "review")
SORT = Parameter(
    "sort",
    "The order; `relevance` needs `q`, and is the default with it.",
    {"type": "string", "enum": ["name", "updated", "relevance"]},
    "name",
)
YANKED = Parameter(
    "yanked",
    "With `true`, packages whose versions are all yanked are in it too, without versions: for mirrors.",
    {"type": "string", "enum": ["true", "false"]},
    "false",
)
TAG = Parameter(
    "tag", "The tag that leads to it; `latest` stays where it is then.", {"type": "string", "maxLength": 32}, "next"
)
STATE = Parameter(
    "state",
    "Only those in this state; `pending` where nothing is said.",
    {"type": "string", "enum": ["pending", "approved", "failed", "rejected", "all"]},
    "pending",
)
PACKAGE = Parameter("package", "Only what is about this package.", {"type": "string", "maxLength": 130}, "@acme/review")
ACTION = Parameter("action", "Only this action.", {"type": "string", "maxLength": 40}, "publish")

# What stands in paths.
PATHS = {
    "name": Parameter(
        "name",
        "The package: `review`, `@acme/review`, or `@acme%2Freview`.",
        {"type": "string", "minLength": 1, "maxLength": 130},
        "@acme/review",
    ),
    "version": Parameter(
        "version",
        "The version: `1.2.0`; where something is read, a tag may stand for it.",
        {"type": "string", "minLength": 1, "maxLength": 256},
        "1.2.0",
    ),
    "tag": Parameter(
        "tag",
        "The tag: lower-case letters, digits and hyphens, and no version.",
        {"type": "string", "minLength": 1, "maxLength": 32},
        "stable",
    ),
    "id": Parameter("id", "The number.", {"type": "string", "minLength": 1, "maxLength": 64}, "00699b0c20a1b2c3d4"),
    "code": Parameter("code", "The code.", {"type": "string", "minLength": 1, "maxLength": 64}, "VERSION_CONFLICT"),
}

"""JSON with comments: what is read, what is refused, and where a person is sent to look."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.jsonc import JsoncError, parse_jsonc

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
FILLER = st.lists(
    st.sampled_from([" ", "\n", "\r\n", "\t", '// a , } ] " b\n', '/* " */', "/**/", "/* a\n * } */"]),
    max_size=3,
).map("".join)


@given(VALUES)
def test_json_is_read_as_json(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        try:
            data = text.encode()
        except UnicodeEncodeError:
            continue
        assert parse_jsonc(data) == value


@given(VALUES, st.data())
def test_comments_and_trailing_commas_change_nothing(value: Any, data: st.DataObject) -> None:
    def written(item: Any) -> str:
        before, after = data.draw(FILLER), data.draw(FILLER)
        if isinstance(item, list):
            return f"{before}[{listed([written(one) for one in item])}]{after}"
        if isinstance(item, dict):
            members = [f"{data.draw(FILLER)}{json.dumps(key)}{before}:{written(one)}" for key, one in item.items()]
            return f"{before}{{{listed(members)}}}{after}"
        return f"{before}{json.dumps(item)}{after}"

    def listed(items: list[str]) -> str:
        comma = data.draw(st.sampled_from(["", ","])) if items else ""
        return data.draw(FILLER) + ",".join(items) + comma + data.draw(FILLER)

    assert parse_jsonc(written(value).encode()) == value


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,/*\\u0d8 \n1-.eEtrue', max_size=60).map(str.encode))
def test_any_bytes_give_a_value_or_a_place(data: bytes) -> None:
    found: JsoncError | None = None
    try:
        parse_jsonc(data)
    except JsoncError as error:
        found = error
    if found is not None:
        lines = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        assert 1 <= found.line <= len(lines)
        assert 1 <= found.column <= len(lines[found.line - 1]) + 1


def test_keys_keep_their_order() -> None:
    assert list(parse_jsonc(b'{"z": 1, "a": 2, "m": 3}')) == ["z", "a", "m"]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse_jsonc(b'\xef\xbb\xbf{"a": "\xc3\xa9"}') == {"a": "é"}


def test_numbers_stay_whole_where_they_are() -> None:
    assert parse_jsonc(b"[9007199254740993, -0, 1.50, 1e2]") == [9007199254740993, 0, 1.5, 100.0]
    assert isinstance(parse_jsonc(b"9007199254740993"), int)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: expected a value, but the file ends"),
        ("  // nothing", "line 1, column 13: expected a value, but the file ends"),
        ('{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: expected `,` or `}`, but found `"`'),
        ('{\r\n  "a" 1}', "line 2, column 7: expected `:`, but found `1`"),
        ('{"a":\r\rnope}', "line 3, column 1: expected a value, but found `nope`"),
        ("{a: 1}", 'line 1, column 2: expected `}` or a key in `"`, but found `a`'),
        ('{"a": 1,, }', 'line 1, column 9: expected `}` or a key in `"`, but found `,`'),
        ("[,]", "line 1, column 2: expected a value, but found `,`"),
        ("[1 2]", "line 1, column 4: expected `,` or `]`, but found `2`"),
        ("[01]", "line 1, column 3: expected `,` or `]`, but found `1`"),
        ("[+1]", "line 1, column 2: expected a value, but found `+`"),
        ("[NaN]", "line 1, column 2: expected a value, but found `NaN`"),
        ("[Infinity]", "line 1, column 2: expected a value, but found `Infinity`"),
        ("['a']", "line 1, column 2: expected a value, but found `'`"),
        ("[`a`]", "line 1, column 2: expected a value, but found U+0060"),
        ("[\u00a01]", "line 1, column 2: expected a value, but found U+00A0"),
        ("1e999", "line 1, column 1: the number `1e999` is out of range"),
        ("9" * 1001, "line 1, column 1: the number `99999999999999999999` is out of range"),
        ("{} x", "line 1, column 4: expected the end of the file, but found `x`"),
        ("[1, /* 2]", "line 1, column 5: this comment has no end"),
        ('["é", "abc\n"]', "line 1, column 7: this string has no end"),
        ('["abc', "line 1, column 2: this string has no end"),
        (r'["\q"]', r"line 1, column 3: `\q` starts no escape sequence"),
        (r'["\u12"]', r"line 1, column 3: `\u` starts no escape sequence"),
        ('["\t"]', "line 1, column 3: the control character U+0009 must be written as an escape sequence"),
        (r'["\ud800"]', "line 1, column 2: this string holds half a surrogate pair"),
        ('{"a": 1, "a": 2}', "line 1, column 10: the key `a` stands twice in one object"),
        ("[" * 64 + "[", "line 1, column 65: values are nested deeper than 64"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(JsoncError) as caught:
        parse_jsonc(text.encode())
    assert str(caught.value) == message


def test_bytes_that_are_not_utf8_are_placed() -> None:
    with pytest.raises(JsoncError) as caught:
        parse_jsonc(b'\xef\xbb\xbf{\n "\xc3\xa9": "\xe9"}')
    assert str(caught.value) == "line 2, column 8: the byte 0xe9 is not UTF-8"


def test_size_and_depth_are_limited() -> None:
    assert parse_jsonc(b"[" * 64 + b"]" * 64)
    with pytest.raises(JsoncError, match="deeper than 2"):
        parse_jsonc(b'[{"a": []}]', max_depth=2)
    with pytest.raises(JsoncError, match="the file has 1,048,577 bytes, and the limit is 1,048,576"):
        parse_jsonc(b" " * ((1 << 20) + 1))


def test_hostile_input_takes_no_longer_than_its_size() -> None:
    """A pattern that tries every split of a long run would take minutes here."""
    for data in (b"/*" * 400_000, b"[" + b" " * 900_000 + b"?", b'"' + b"\\n" * 400_000, b"9" * 900_000):
        with pytest.raises(JsoncError):
            parse_jsonc(data)


def test_the_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(JsoncError("what", 3, 4)))
    assert (error.what, error.line, error.column) == ("what", 3, 4)

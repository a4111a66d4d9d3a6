"""What no package should carry: hidden characters and secrets, found while its files are packed."""

from __future__ import annotations

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources import Sources

from packaging_targets.errors import PackagingError
from packaging_targets.formats.aam.package.scanning import scan
from packaging_targets.formats.aam.package.scanning.hidden import hidden_characters, may_hide
from packaging_targets.formats.aam.package.scanning.scan import Scan, look_into
from packaging_targets.formats.aam.package.writer import contents_of, write_aam

KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7vR3kZp9wLmXy"
HIDING = frozenset({"hidden"})
BODY = "Zk3vR8pQ1xW6mT9bN2cY5dF7gH4jL0sAaBbCcDdEeFfGg"


def told(data: bytes | str, path: str = "SKILL.md", pieces: int = 0) -> list[str]:
    """Return what is found in a file as `line: what`, fed in pieces of a size."""
    raw = data.encode() if isinstance(data, str) else data
    look = Scan(path)
    step = pieces or len(raw) or 1
    for at in range(0, len(raw), step):
        look.feed(raw[at : at + step])
    return [f"{one.where.rpartition(':')[2]}: {one.what}" for one in look.finish()]


@pytest.mark.uaaps("P19", "P20")
def test_everything_in_a_package_is_told_at_once() -> None:
    files = {
        "package.agent.json": b"{}",
        "skills/a/SKILL.md": "one\ntwo \u202e three\n\u200bfour\u200b\n".encode(),
        "skills/a/run.py": f'TOKEN = "ghp_{BODY[:36]}"\n'.encode(),
        "rules/b/RULE.md": b"caf\xe9\n",
    }
    with pytest.raises(PackagingError) as caught:
        write_aam(io.BytesIO(), contents_of(files), Sources(files), "x.aam")
    assert str(caught.value) == (
        "error: the byte 0xe9 is not UTF-8, so what agents read here cannot be known\n"
        "  at rules/b/RULE.md:1\n"
        "  fix: write the file in UTF-8, or allow `hidden` for the file in `x-aam` of the manifest\n\n"
        "error: people do not see the character U+202E (RIGHT-TO-LEFT OVERRIDE), and agents read it\n"
        "  at skills/a/SKILL.md:2\n"
        "  fix: remove it; where it belongs there, allow `hidden` for the file in `x-aam` of the manifest\n\n"
        "error: people do not see the character U+200B (ZERO WIDTH SPACE), and agents read it\n"
        "  at skills/a/SKILL.md:3\n"
        "  fix: remove it; where it belongs there, allow `hidden` for the file in `x-aam` of the manifest\n\n"
        "error: this looks like a token of GitHub: whoever gets the package could use it\n"
        "  at skills/a/run.py:1\n"
        "  fix: take it out, and revoke it where it is real; where it is none, write `pragma: allowlist secret` on its "
        "line, or allow `secret` for the file in `x-aam` of the manifest"
    )
    assert BODY[:9] not in str(caught.value)


HIDDEN = (
    "\x01\x08\x0b\x0e\r\x1b\x1f\x7f\x85\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2063\u2066\u2069\u3164"
    "\ufeff\uffa0\ufff9\U0001d173\U000e0001\U000e0041\U000e007f\U000e0100"
)


@pytest.mark.uaaps("P19")
@pytest.mark.parametrize("character", HIDDEN, ids=ascii)
def test_characters_that_people_do_not_see(character: str) -> None:
    (what,) = told(f"a\nb{character}c")
    assert what.startswith(f"2: people do not see the character U+{ord(character):04X}")
    assert told(f"a\nb{character}c", "run.py") == told(f"a\nb{character}c")


@pytest.mark.parametrize(
    "text",
    [
        "plain, “quoted” — and naïve… 日本語 ½",
        "\ufeffa file may start with a byte order mark",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 family, ❤️, \U0001f3f3\ufe0f\u200d\U0001f308, \U0001f44d\U0001f3fd",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "क्\u200dष",
        "葛\U000e0100",
        "1\ufe0f\u20e3 and \xa9\ufe0f",
        "\u05e9\u05dc\u05d5\u05dd\u200f (abc) \u200f\u05d0",
        "\u00ab\u0645\u06cc\u200c\u00bb",
        "\u1797\u17b6\u179f\u17b6\u200b\u1781\u17d2\u1798\u17c2\u179a \u0e20\u0e32\u200b\u0e44\u0e17\u0e22",
        "\u2229\ufe00",
        "tab\tand\r\nform\f feed",
    ],
    ids=ascii,
)
def test_what_people_write_is_let_through(text: str) -> None:
    assert told(text) == []


def test_what_is_let_through_hides_nothing_else() -> None:
    flag = "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in "ignore") + "\U000e007f"
    assert len(told(flag)) > 5
    assert told("\u2764\ufe0f\ufe01\ufe02b") == [
        "1: people do not see the character U+FE01 (VARIATION SELECTOR-2), and agents read it",
        "1: people do not see the character U+FE02 (VARIATION SELECTOR-3), and agents read it",
    ]
    assert len(told("葛\U000e0100\U000e0101")) == 1
    smuggled = "".join(f"{letter}{chr(0xFE00 + at % 16)}" for at, letter in enumerate("hello 1# world"))
    assert len(told(smuggled)) == 14
    assert len(told("葛\U000e0150")) == 1
    assert len(told("\u05d0\u200f\u200f\u200e\u05d0")) == 1
    assert len(told("a\u200db")) == 1
    assert len(told("x\n\ufeffy")) == 1


@given(st.text(max_size=40))
def test_the_quick_look_misses_nothing(text: str) -> None:
    if list(hidden_characters(text)):
        assert may_hide(text.encode("utf-8", "surrogatepass"))


@given(st.sampled_from(HIDDEN), st.integers(0, 0xE0FFF))
def test_the_quick_look_misses_no_character(shown: str, other: int) -> None:
    for character in (shown, chr(other) if not 0xD800 <= other <= 0xDFFF else "a"):
        if list(hidden_characters(f"a{character}b")):
            assert may_hide(f"a{character}b".encode())


SECRETS = {
    f"-----BEGIN PRIVATE KEY-----\n{KEY}\n": "a private key",
    f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{KEY}\n": "a private key",
    f'"-----BEGIN OPENSSH PRIVATE KEY-----\\n{KEY}"': "a private key",
    "AKIA" + "2E4GZQ7LMNOP5RST": "an access key of AWS",
    f"aws_secret_access_key = {BODY[:20]}/+{BODY[20:38]}": "a secret key of AWS",
    f"ghp_{BODY[:36]}": "a token of GitHub",
    f"github_pat_{BODY}_{BODY}": "a token of GitHub",
    f"glpat-{BODY[:20]}": "a token of GitLab",
    f"xoxb-123456789012-{BODY[:24]}": "a token of Slack",
    f"https://hooks.slack.com/services/T01234567/B01234567/{BODY[:24]}": "a web hook of Slack",
    f"npm_{BODY[:36]}": "a token of npm",
    f"//registry.example/:_authToken={BODY[:30]}": "a token of npm",
    f"pypi-AgEIcHlwaS5vcmc{BODY}": "a token of PyPI",
    f"sk-proj-{BODY}": "a key of OpenAI or Anthropic",
    f"sk-ant-api03-{BODY}": "a key of OpenAI or Anthropic",
    f"sk-{BODY}": "a key of OpenAI or Anthropic",
    f"AIza{BODY[:35]}": "a key of Google",
    f"sk_live_{BODY[:24]}": "a key of Stripe",
    f"hf_{BODY[:34]}": "a token of Hugging Face",
    f"aam_{BODY[:43]}": "a token of a package registry",
    f"AGE-SECRET-KEY-1{(BODY * 2).upper()[:58]}": "a secret key of age",
}


@pytest.mark.uaaps("P20")
@pytest.mark.parametrize("text", SECRETS, ids=lambda text: text[:14])
def test_secrets(text: str) -> None:
    what = f"2: this looks like {SECRETS[text]}: whoever gets the package could use it"
    assert told(f"a\n{text}\nb", "x.py") == [what]
    assert told(f"a\n{text}\nb", "x.py", pieces=7) == [what]
    assert told(f"a\n{text}\nb", "x.py") == [
        str(one.where.rpartition(":")[2]) + ": " + one.what
        for one in look_into("x.py", f"a\n{text}\nb".encode(), HIDING)
    ]
    assert look_into("x.py", text.encode(), frozenset({"secret"})) == []
    if "PRIVATE KEY" not in text:
        assert told(f"a\n{text}  # pragma: allowlist secret\nb") == []


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "x" * 36,
        "AKIAXXXXXXXXXXXXXXXX",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n" + KEY,
        "a task-force-that-is-long-enough-to-match-a-key",
        "risk-Assessment-2024-of-the-whole-organisation",
        "sk-learn-is-a-library-for-machine-learning",
        "aam_install_a_package_from_a_registry_of_ours",
        "//registry.example/:_authToken=${NPM_TOKEN}",
        "sk-...",
        ".sk-Circle-Fading-1-child-Animation-delay {} .sk-ant-design-Pro-v4-something {}",
        "sk-LearnPipelineStep2-something-else",
        "AKIAQWERTYUIOPASDFGH",
        "hf_BertForSequenceClassification2WithHead34567",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj...\n-----END PRIVATE KEY-----",
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_secret(text: str) -> None:
    assert told(text) == []


def test_what_is_no_text_is_passed_over_unless_agents_read_it() -> None:
    binary = f"\0ghp_{BODY[:36]}\u202e".encode()
    assert told(binary, "logo.png") == []
    assert told(binary, "logo.png", pieces=5) == []
    assert len(told(binary, "notes.txt")) == 3
    assert told(b"\xff\xe2\x80\xae", "data.bin") == []
    assert told(b"ok\n\xff\xe2\x80\xae", "SKILL.MD") == [
        "2: the byte 0xff is not UTF-8, so what agents read here cannot be known"
    ]


TAGS = "\\udb40\\udc41"
AT_2 = ["2: people do not see the character U+E0041 (TAG LATIN CAPITAL LETTER A), and agents read it"]


@pytest.mark.uaaps("P19")
@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("package.agent.json", '{\n"description": "do ' + TAGS + '"}', AT_2),
        ("mcp/servers.json", '{"args":\n["' + TAGS + '"]}', AT_2),
        ("agents/a/agent.yaml", 'name: a\ndescription: "\\U000E0041"\n', AT_2),
        ("SKILL.md", '---\ndescription: "do \\U000E0041"\n---\nbody\n', AT_2),
        ("SKILL.md", "---\nname: a\n---\nwrite `\\u200b` for it\n", []),
        ("run.py", 'text = "\\u200b"\n', []),
        ("a.json", '{"a": "\\\\u200b \\u2764\\ufe0f \\u000a \\n \\ud83d\\udc68\\u200d\\ud83d\\udc69"}', []),
    ],
)
def test_what_escapes_stand_for_is_looked_into(path: str, text: str, found: list[str]) -> None:
    assert told(text, path) == found


def package_of(allow: str) -> bytes:
    files = {
        "package.agent.json": f'{{"name": "a", "version": "1.0.0", "x-aam": {{"allow": {allow}}}}}'.encode(),
        "skills/a/colors.sh": b"printf '\x1b[31m'\n",
        "skills/a/data.json": f'{{"token": "ghp_{BODY[:36]}"}}'.encode(),
    }
    out = io.BytesIO()
    write_aam(out, contents_of(files), Sources(files), "x.aam")
    return out.getvalue()


@pytest.mark.uaaps("P19", "P20")
def test_what_belongs_there_is_allowed_in_the_manifest() -> None:
    hidden, secret = '{"path": "skills/*/colors.sh", "what": "hidden"}', '{"path": "**/data.json", "what": "secret"}'
    assert package_of(f"[{hidden}, {secret}]")
    for allowed, where in ((hidden, "skills/a/data.json:1"), (secret, "skills/a/colors.sh:1")):
        with pytest.raises(PackagingError) as caught:
            package_of(f"[{allowed}]")
        assert [one.where for one in caught.value.problems] == [where]


def test_lines_of_a_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_WINDOW", 100)
    text = "".join(f"line {number}\n" for number in range(200)) + f"sk-{BODY}\n" + "é\n" * 60 + "\u202e"
    assert [what.partition(":")[0] for what in told(text, pieces=33)] == ["201", "262"]


def test_a_file_full_of_them_is_told_of_in_short() -> None:
    found = told("\u200b\n" * 500)
    assert len(found) == 21
    assert found[-1] == "SKILL.md: there are 480 more such places in the file"


@given(st.binary(max_size=200), st.integers(1, 20))
def test_pieces_change_nothing(data: bytes, pieces: int) -> None:
    assert told(data, pieces=pieces) == told(data)


def test_looking_costs_little_in_the_worst_case() -> None:
    texts = ["sk-" * 300_000, "xox" * 300_000, "-----BEGIN PRIVATE KEY-----" * 40_000, "\u2014\u200d" * 100_000]
    for text in texts:
        started = time.process_time()
        told(text)
        assert time.process_time() - started < 3

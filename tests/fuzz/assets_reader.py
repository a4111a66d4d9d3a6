"""Coverage-guided fuzzing of the reader of `assets.pa`: nothing but IntegrityError may come out of it.

    pip install atheris                        # Linux, x86-64; no dependency of this project
    mkdir -p /tmp/corpus
    python tests/fuzz/assets_reader.py --seeds /tmp/corpus
    python tests/fuzz/assets_reader.py -dict=tests/fuzz/assets.dict -max_total_time=1800 -timeout=2 \
        -rss_limit_mb=512 -max_len=16384 /tmp/corpus

Each input is opened, listed, sliced and verified three times: as it is; with a prelude that fits, and a payload as long
as the table asks for; and spelt anew besides, so that what stands behind such checks is reached too. A run of more than
two seconds, one that lets the process grow by more than 64 MiB, and a row that is judged otherwise by the short cut for
plain rows, or when the header is cut into other pieces, end the fuzzing, as any exception does.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import resource
import struct
import sys
import time
from pathlib import Path
from unittest.mock import patch

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: pip install atheris")

with atheris.instrument_imports(include=["packaging_targets.formats"]):
    from packaging_targets.errors import IntegrityError
    from packaging_targets.formats.assets import header as rules
    from packaging_targets.formats.assets import spelling
    from packaging_targets.formats.assets.reader import AssetPack

SECONDS = 2.0
GROWTH = 64 << 20
PAYLOAD_LIMIT = 1 << 20
HEAD = 32
LONGEST = 1 << 14
NEVER = re.compile("(?!)")
VECTORS = Path(__file__).parents[1] / "vectors" / "assets-pa"


def peak() -> int:
    """Return how much memory the process has had at its most, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def read(raw: bytes) -> None:
    """Do all that a reader does."""
    try:
        pack = AssetPack.open(io.BytesIO(raw))
        for entry in pack.entries:
            assert entry.metadata is not None
            assert pack.entry(entry.asset_id) == entry
            bank = pack.slice(entry.asset_id)
            assert len(bank.read(16)) == min(entry.size, 16)
        assert pack.preload is not None
        assert raw[32:].startswith(b'{"asset_table":' + pack.header.companions["asset_table.json"] + b',"preload":')
        pack.verify()
    except IntegrityError as error:
        if not error.problems:
            raise


def mended(header: bytes) -> bytes:
    """Return a file of a header, with a prelude and a payload that fit it as far as they can."""
    rows, found = rules.judge(header)
    size = 0 if found else sum(row.size for row in rows.table)
    prelude = struct.pack("<4sIIQI8s", b"ASPA", 1, len(header), 32 + len(header), 0, bytes(8))
    return prelude + header + bytes(min(size, PAYLOAD_LIMIT))


def respelled(header: bytes) -> bytes | None:
    """Return a header in canonical JSON, with banks that follow each other; None where it is no JSON."""
    try:
        value = json.loads(header)
        end = 0
        for row in value["asset_table"]:
            row["offset"] = end
            end += row["size"]
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def same_all_ways(header: bytes) -> None:
    """Fail where a header is judged otherwise without the short cut for plain rows, or cut at other places."""
    short = rules.judge(header)
    with patch.multiple(rules, ENTRY=NEVER, PRELOAD=NEVER):
        assert rules.judge(header) == short
    rows, found = short
    if not found:
        spelt = [row.spelling for row in rows.table] + [row.spelling for row in rows.preload]
        longest = max(map(len, spelt), default=HEAD)
        for more in range(1 + len(header) % 7, 64, 7):
            with patch.object(spelling, "_WINDOW", longest + more):
                assert rules.judge(header) == short


def one_input(raw: bytes) -> None:
    """Read `raw` as it is, and mended."""
    before, started = peak(), time.monotonic()
    read(raw)
    header = raw[32:] if raw[:4] == b"ASPA" else raw
    header = header[: header.rfind(b"]}") + 2]
    for one in (header, respelled(header)):
        if one is not None:
            same_all_ways(one)
            read(mended(one))
    assert time.monotonic() - started < SECONDS
    assert peak() - before < GROWTH


def write_seeds(folder: Path) -> None:
    """Write the vectors whose header is not long, without their payload where they have one: it is mended."""
    for path in sorted(VECTORS.rglob("*.pa.gz")):
        data = gzip.decompress(path.read_bytes())
        length = struct.unpack_from("<I", data, 8)[0] if len(data) >= HEAD else 0
        if len(data[: HEAD + length]) <= LONGEST:
            (folder / path.name.removesuffix(".gz")).write_bytes(data[: HEAD + length])


def main() -> None:
    if sys.argv[1:2] == ["--seeds"]:
        write_seeds(Path(sys.argv[2]))
        return
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

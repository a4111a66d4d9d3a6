"""Putting `assets.pa` together from banks that lie in files, and everything that is made into its place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from packaging_targets.errors import BuildError, PackagingError, reason
from packaging_targets.formats.assets import pack
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.services.assets.building.banks import BankFile
from packaging_targets.services.assets.building.copying import copy_range, reserve
from packaging_targets.services.assets.building.record import FOLDER, OUTPUTS, PACK
from packaging_targets.services.assets.project import BUILD, Project
from packaging_targets.store.journal import Journal

STAGED = f"{FOLDER}/assets.pa"


@dataclass(frozen=True, slots=True)
class Assembled:
    """A pack that lies in staging: where each bank starts, by key, and the companions, by path."""

    offsets: Mapping[str, int]
    companions: Mapping[str, bytes]
    size: int


def assemble(project: Project, banks: Sequence[BankFile]) -> Assembled:
    """Write the pack of `banks`, which are in order of their ids, into staging."""
    try:
        header = pack.Header.lay_out(map(_row, banks))
        start = pack.prelude_and_header(header)
    except PackagingError as error:
        found = (Diagnostic(PACK, problem.where, "pack-invalid", problem.what) for problem in error.problems)
        raise AssetsError(*found) from error
    try:
        os.makedirs(project.path(FOLDER), exist_ok=True)
        with ThreadPoolExecutor(1) as pool:  # while the kernel copies
            copying = pool.submit(_write, project, start, banks)
            companions = {f"{BUILD}/{name}": data for name, data in header.companions.items()}
            tooling = pack.tooling_json(bank.asset.tooling for bank in banks)
            whole = copying.result()
    except OSError as error:
        what = f"`{STAGED}` cannot be written: {reason(error)}"
        raise BuildError.one(what, PACK, "the last good outputs are as they were") from error
    offsets = {bank.key: len(start) + entry.offset for bank, entry in zip(banks, header.asset_table, strict=True)}
    return Assembled(offsets, {**companions, OUTPUTS[-1]: tooling}, whole)


def _write(project: Project, start: bytes, banks: Sequence[BankFile]) -> int:
    """Write the pack into staging, and return how many bytes it has."""
    whole = len(start) + sum(bank.encoded.size for bank in banks)
    with open(project.path(STAGED), "wb", buffering=0) as out:
        reserve(out.fileno(), whole)
        out.write(start)
        for path, offset, size in _runs(banks):
            with open(project.path(path), "rb", buffering=0) as file:
                copy_range(file.fileno(), offset, out.fileno(), size)
        return whole


def promote(project: Project, assembled: Assembled) -> None:
    """Put what is staged into place: all of it or, where that is impossible, nothing. The pack itself comes last."""
    journal = Journal(project.path(FOLDER), project.root)
    for path, data in assembled.companions.items():
        journal.write(path, data)
    journal.move(STAGED, PACK, replacing=True)
    journal.commit()


def _row(bank: BankFile) -> pack.Bank:
    asset, encoded = bank.asset, bank.encoded
    return pack.Bank(
        asset.asset_id,
        asset.name,
        asset.made.bank_type,
        encoded.size,
        encoded.decoded_size,
        {**asset.metadata, **encoded.metadata},
        asset.preload,
    )


def _runs(banks: Sequence[BankFile]) -> Iterator[tuple[str, int, int]]:
    """Yield what is to be copied: file, offset and size. Banks that stand side by side in a file are one piece."""
    path, start, end = "", 0, 0
    for bank in banks:
        if bank.path != path or bank.offset != end:
            if end > start:
                yield path, start, end - start
            path, start = bank.path, bank.offset
        end = bank.offset + bank.encoded.size
    if end > start:
        yield path, start, end - start

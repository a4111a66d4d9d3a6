"""Signs an archive that is about to be published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.signature import SignedArchive
from packaging_targets.services.aam.config.reading import config_files
from packaging_targets.services.aam.config.signatures import path_of
from packaging_targets.services.aam.signing.signing import identity_token, sign
from packaging_targets.services.aam.signing.statements import provenance, publication
from packaging_targets.services.aam.signing.trust import Trust, read_trust
from packaging_targets.services.aam.signing.verifying import Verified, verify


@dataclass(frozen=True, slots=True)
class Signing:
    """How something is signed: the path of a trust configuration, an identity token or the path of one.

    Without a path the `trust_root` of the user's own file counts, and never that of a project, which may come from
    anybody: whoever it names would get the identity token.
    """

    trust_config: str = ""
    token: str = ""
    token_path: str = ""

    def signed(self, about: SignedArchive, archive: BinaryIO, *, packed: bool) -> tuple[bytes, Verified]:
        """Return the bundle of an archive, and what it says; `packed` tells that it was packed here, right before.

        It is verified as those who install will do it. Raises PackagingError where any of that cannot be done.
        """
        trust = self._trust()
        token = self.token or identity_token(self.token_path)
        statement = provenance(about, archive) if packed else publication(about)
        data = sign(statement, token, trust)
        return data, verify(data, about, (), trust, trust.where)

    def _trust(self) -> Trust:
        if self.trust_config:
            return read_trust(self.trust_config)
        rules = config_files(".")[0].read().signatures
        if not rules or rules[0].trust_root is None:
            fix = "name a client's trust configuration: --trust-config PATH"
            raise RequestError.one("signing needs to know which services sign, and nothing names any", "", fix)
        return read_trust(path_of(rules[0].trust_root))

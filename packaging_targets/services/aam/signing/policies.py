"""What the configuration demands of a package's signature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging_targets.services.aam.config.settings import Config, SignaturePolicy, SignatureRules
from packaging_targets.services.aam.config.signatures import path_of
from packaging_targets.services.aam.signing.verifying import Expected, fits


@dataclass(frozen=True, slots=True)
class Demand:
    """What one file demands of one package: who may have signed it, by which trust root, and whether it has to be.

    `where` is the file and line that says so.
    """

    expected: tuple[Expected, ...]
    trust_root: str
    required: bool
    where: str

    @property
    def told(self) -> str:
        """Who may have signed, for people."""
        return " or ".join(map(str, self.expected))


def demands_on(name: str, config: Config) -> tuple[Demand, ...]:
    """Return what each file demands of a package, the user's first; all of it has to be met."""
    return tuple(demand for rules in config.signatures for demand in _demand(name, rules))


def _demand(name: str, rules: SignatureRules) -> Iterator[Demand]:
    policies = _deciding(name, rules)
    if policies and rules.trust_root is not None:
        expected = tuple(Expected(one.identity, one.issuer) for one in policies)
        required = any(one.required for one in policies)
        yield Demand(expected, path_of(rules.trust_root), required, policies[0].where)


def _deciding(name: str, rules: SignatureRules) -> list[SignaturePolicy]:
    """Return the policies of the first pattern that has the package."""
    pattern = next((one.packages for one in rules.policies if fits(name, one.packages)), None)
    return [one for one in rules.policies if one.packages == pattern]

"""Recorded policies: which departments of the source must attest an answer, as the consumer has recorded it."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from pyfabric.errors import ConfigError
from pyfabric.identity.msp import MSPManager
from pyfabric.rules.policies.choices import anyone, choices
from pyfabric.rules.policies.evaluation import SignaturePolicy
from pyfabric.rules.policies.syntax import parse_signature_policy
from pyfabric.sharing.requests import LEAST_DEPARTMENTS, Source


@dataclass(frozen=True, slots=True)
class RecordedPolicy:
    """The policy for a function of a source: AND, OR and OutOf over `'X.peer'`, each department once.

    `single_source` lets one department attest alone; `inclusion` demands the fourth section of a proof. Raises
    PolicySyntaxError, and ConfigError for a policy that names another role than peer, or that nobody could satisfy with
    one endorsement a department.
    """

    source: Source
    expression: str
    single_source: bool = False
    inclusion: bool = False

    def __post_init__(self) -> None:
        _choices(self.expression)

    def is_satisfied_by(self, departments: AbstractSet[str]) -> bool:
        """Return whether the endorsements of these departments (MSP ids), one of each, are enough."""
        if len(departments) < LEAST_DEPARTMENTS and not self.single_source:
            return False
        return any(choice <= departments for choice in _choices(self.expression))

    @property
    def choices(self) -> tuple[frozenset[str], ...]:
        """The smallest sets of departments that satisfy the expression."""
        return _choices(self.expression)


@lru_cache(maxsize=256)
def _choices(expression: str) -> tuple[frozenset[str], ...]:
    envelope = parse_signature_policy(expression)
    found = choices(SignaturePolicy(envelope, MSPManager(())), anyone)
    _require_peers(signer for choice in found for signer in choice.signers)
    for choice in found:
        if len(choice.signers) > len(choice.organizations):
            raise ConfigError(
                f"{expression} asks {', '.join(choice.organizations)} for more than one endorsement: name each "
                "department once"
            )
    if not all(choice.organizations for choice in found) or not found:
        raise ConfigError(
            f"{expression} is no policy: nobody can satisfy it, or nobody needs to endorse"
        )
    return tuple(frozenset(choice.organizations) for choice in found)


def _require_peers(signers: Iterable[str]) -> None:
    for signer in signers:
        if not signer.endswith(".peer'"):
            raise ConfigError(f"a recorded policy names peers ('TaxMSP.peer'), not {signer}")

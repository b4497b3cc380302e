"""Key-level endorsement: the policy that a contract gives to a single key.

The bytes are those of Go's `statebased` package (fabric-chaincode-go), so that contracts of both languages
read each other's. Any other signature policy is a validation parameter too, but not one of this form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2

from pyfabric.messages.decoding import decode

_Role = msp_principal_pb2.MSPRole
_ROLE = msp_principal_pb2.MSPPrincipal.ROLE


@dataclass(frozen=True, slots=True)
class KeyEndorsementPolicy:
    """Who must endorse a change of a key: a peer, or any member, of every department named.

    It goes into `set_state_validation_parameter` as `to_bytes`, for public keys and for keys of a
    collection, and counts instead of the chaincode's policy from the next transaction on.
    """

    _roles: Mapping[str, _Role.MSPRoleType] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_bytes(cls, parameter: bytes | None) -> Self:
        """Return the policy in a key's validation parameter; None is a policy without departments.

        As in Go, only roles are read, and whatever the rule says, all of them must endorse. Raises
        DecodeError for other bytes.
        """
        envelope = decode(policies_pb2.SignaturePolicyEnvelope, parameter or b"")
        found = (
            decode(_Role, principal.principal)
            for principal in envelope.identities
            if principal.principal_classification == _ROLE
        )
        return cls(MappingProxyType({role.msp_identifier: role.role for role in found}))

    @property
    def msp_ids(self) -> tuple[str, ...]:
        """The departments that must endorse, sorted."""
        return tuple(sorted(self._roles))

    def with_peers(self, *msp_ids: str) -> Self:
        """Return this policy, with a peer of each of these departments too."""
        return self._with(_Role.PEER, msp_ids)

    def with_members(self, *msp_ids: str) -> Self:
        """Return this policy, with a member of each of these departments too, whatever its role."""
        return self._with(_Role.MEMBER, msp_ids)

    def without(self, *msp_ids: str) -> Self:
        """Return this policy without these departments."""
        kept = {name: role for name, role in self._roles.items() if name not in msp_ids}
        return type(self)(MappingProxyType(kept))

    def to_bytes(self) -> bytes:
        """Return the validation parameter: a signature policy that asks for all of the departments."""
        policy = policies_pb2.SignaturePolicyEnvelope(version=0)
        policy.rule.n_out_of.n = len(self._roles)
        for index, msp_id in enumerate(self.msp_ids):
            policy.rule.n_out_of.rules.add(signed_by=index)
            role = _Role(msp_identifier=msp_id, role=self._roles[msp_id])
            policy.identities.add(
                principal_classification=_ROLE, principal=role.SerializeToString()
            )
        return policy.SerializeToString()

    def _with(self, role: _Role.MSPRoleType, msp_ids: tuple[str, ...]) -> Self:
        return type(self)(MappingProxyType({**self._roles, **dict.fromkeys(msp_ids, role)}))

"""Signature policies as messages: their principals, and rules over them."""

from collections.abc import Sequence

from fabric_protos.common import policies_pb2
from fabric_protos.msp import identities_pb2, msp_principal_pb2

_Kind = msp_principal_pb2.MSPPrincipal.Classification
Role = msp_principal_pb2.MSPRole


def role_principal(msp_id: str, role: Role.MSPRoleType) -> msp_principal_pb2.MSPPrincipal:
    """Return the principal of everybody with a role in an organisation."""
    named = Role(msp_identifier=msp_id, role=role)
    return msp_principal_pb2.MSPPrincipal(
        principal_classification=_Kind.ROLE, principal=named.SerializeToString()
    )


def identity_principal(msp_id: str, certificate: bytes) -> msp_principal_pb2.MSPPrincipal:
    """Return the principal of one identity."""
    named = identities_pb2.SerializedIdentity(mspid=msp_id, id_bytes=certificate)
    return msp_principal_pb2.MSPPrincipal(
        principal_classification=_Kind.IDENTITY, principal=named.SerializeToString()
    )


def signed_by(
    count: int, principals: Sequence[msp_principal_pb2.MSPPrincipal]
) -> policies_pb2.SignaturePolicyEnvelope:
    """Return the policy that asks `count` of the principals for a signature each."""
    rule = policies_pb2.SignaturePolicy
    rules = [rule(signed_by=index) for index in range(len(principals))]
    return policies_pb2.SignaturePolicyEnvelope(
        rule=rule(n_out_of=rule.NOutOf(n=count, rules=rules)), identities=principals
    )


def signed_by_members(count: int, msp_ids: Sequence[str]) -> policies_pb2.SignaturePolicyEnvelope:
    """Return the policy that asks for a member of each of `count` of the organisations."""
    return signed_by(count, [role_principal(one, Role.MEMBER) for one in sorted(msp_ids)])

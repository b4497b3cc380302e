"""Checks whether an identity has a role."""

from typing import cast

from fabric_protos.msp import msp_principal_pb2

from pyfabric.errors import IdentityError
from pyfabric.identity.msp import MemberIdentity
from pyfabric.identity.principals import check_principal

MSPPrincipal = msp_principal_pb2.MSPPrincipal


def role_principal(msp_id: str, role: int) -> MSPPrincipal:
    """Return the principal that means a role in an organisation."""
    wanted = msp_principal_pb2.MSPRole(
        msp_identifier=msp_id, role=cast("msp_principal_pb2.MSPRole.MSPRoleType", role)
    )
    return MSPPrincipal(principal=wanted.SerializeToString())


def has_role(identity: MemberIdentity, role: int) -> bool:
    """Return whether the identity satisfies that principal."""
    try:
        check_principal(identity, role_principal(identity.msp_id, role))
    except IdentityError:
        return False
    return True

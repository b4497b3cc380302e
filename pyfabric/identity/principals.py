"""Whether an identity is the one that a policy's principal names (msp/msp_principal.proto)."""

from collections.abc import Iterator

from fabric_protos.msp import msp_principal_pb2

from pyfabric.errors import IdentityError
from pyfabric.identity.msp import MemberIdentity
from pyfabric.identity.units import Role, Unit
from pyfabric.messages.decoding import M, decode

MSPPrincipal = msp_principal_pb2.MSPPrincipal
_Anonymity = msp_principal_pb2.MSPIdentityAnonymity


def check_principal(identity: MemberIdentity, principal: MSPPrincipal) -> None:
    """Raise IdentityError, with Fabric's text, unless the identity satisfies the principal."""
    for part in list(_parts(principal)):
        match part.principal_classification:
            case MSPPrincipal.ROLE:
                _check_role(identity, part.principal)
            case MSPPrincipal.IDENTITY:
                _check_identity(identity, part.principal)
            case MSPPrincipal.ORGANIZATION_UNIT:
                _check_unit(identity, part.principal)
            case MSPPrincipal.ANONYMITY:
                _check_anonymity(part.principal)
            case kind:
                raise IdentityError(f"invalid principal type {kind}")


def _parts(principal: MSPPrincipal) -> Iterator[MSPPrincipal]:
    # A stack, not recursion: Fabric sets no limit to the nesting.
    waiting = [principal]
    while waiting:
        part = waiting.pop()
        if part.principal_classification != MSPPrincipal.COMBINED:
            yield part
            continue
        combined = _parse(msp_principal_pb2.CombinedPrincipal, part.principal)
        if not combined.principals:
            raise IdentityError("No principals in CombinedPrincipal")
        waiting += reversed(combined.principals)


def _parse(kind: type[M], data: bytes) -> M:
    name = kind.DESCRIPTOR.name
    return decode(kind, data, IdentityError, f"could not unmarshal {name} from principal")


def _check_msp(identity: MemberIdentity, msp_id: str) -> None:
    if msp_id != identity.msp_id:
        raise IdentityError(
            f"the identity is a member of a different MSP (expected {msp_id}, "
            f"got {identity.msp_id})"
        )


def _check_role(identity: MemberIdentity, data: bytes) -> None:
    wanted = _parse(msp_principal_pb2.MSPRole, data)
    _check_msp(identity, wanted.msp_identifier)
    by_unit = identity.msp.rules.enforced
    match wanted.role:
        case Role.MEMBER:
            identity.validate()
        case Role.ADMIN if identity.msp.is_admin_certificate(identity.parsed):
            return
        case Role.ADMIN if not by_unit:
            raise IdentityError("This identity is not an admin")
        case Role.ADMIN:
            _check_unit_role(identity, wanted.role, "an admin")
        case Role.CLIENT | Role.PEER:
            _check_unit_role(identity, wanted.role, f"a [{Role.MSPRoleType.Name(wanted.role)}]")
        case Role.ORDERER if by_unit:
            _check_unit_role(identity, wanted.role, "a [ORDERER]")
        case role:
            raise IdentityError(f"invalid MSP role type {role}")


def _check_unit_role(identity: MemberIdentity, role: Role.MSPRoleType, wording: str) -> None:
    msp = identity.msp
    problem = f"The identity is not valid under this MSP [{msp.msp_id}]"
    try:
        identity.validate()
        problem = f"The identity is not {wording} under this MSP [{msp.msp_id}]"
        msp.rules.check_role(identity.units, role)
    except IdentityError as error:
        raise IdentityError(f"{problem}: {error}") from error


def _check_identity(identity: MemberIdentity, data: bytes) -> None:
    try:
        wanted = identity.msp.deserialize(data)
    except IdentityError as error:
        raise IdentityError(f"invalid identity principal, not a certificate: {error}") from error
    if wanted.identifier != identity.identifier:
        raise IdentityError("The identities do not match")
    wanted.validate()


def _check_unit(identity: MemberIdentity, data: bytes) -> None:
    wanted = _parse(msp_principal_pb2.OrganizationUnit, data)
    _check_msp(identity, wanted.msp_identifier)
    identity.validate()
    unit = Unit(wanted.organizational_unit_identifier, wanted.certifiers_identifier)
    if unit not in identity.units:
        raise IdentityError("The identities do not match")


def _check_anonymity(data: bytes) -> None:
    anonymity = _parse(_Anonymity, data).anonymity_type
    if anonymity == _Anonymity.ANONYMOUS:
        raise IdentityError(
            "Principal is anonymous, but X.509 MSP does not support anonymous identities"
        )
    if anonymity != _Anonymity.NOMINAL:
        raise IdentityError(f"Unknown principal anonymity type: {anonymity}")

"""An identity that was made elsewhere, such as by a certificate authority's server, and is used on this machine."""

from datetime import datetime

from pyfabric.errors import IdentityError
from pyfabric.identity.certificates import certificate_attributes, load_certificate
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.folders import write_local_msp
from pyfabric.identity.key_files import key_of
from pyfabric.identity.loading import check_not_expired
from pyfabric.identity.msp import MSP
from pyfabric.identity.signing import Identity, SigningIdentity
from pyfabric_network.identities.holders import role_in
from pyfabric_network.material.former import keep_replaced
from pyfabric_network.material.keys import make_tls
from pyfabric_network.topology.nodes import Member
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.spec import FurtherUser


def further_user(definition: MSPDefinition, certificate: bytes, *, now: datetime) -> FurtherUser:
    """Return the user whose certificate (PEM) this is: role and attributes.

    Raises IdentityError unless the MSP accepts it now, as that of a client or an administrator.
    """
    member = MSP(definition, ed25519=True).identity(certificate)
    member.validate()
    check_not_expired(Identity(definition.msp_id, certificate), now)
    role = role_in(member.parsed)
    if role not in ("client", "admin"):
        raise IdentityError(
            f"the certificate is that of {role or 'nobody with a role'} and not of a client or admin: users have one "
            "of these as an organizational unit (OU)"
        )
    attributes = certificate_attributes(load_certificate(certificate))
    return FurtherUser(unit=role, attributes=dict(attributes), enrolled=True)


def keep_user(
    organization: Organization, user: Member, identity: SigningIdentity, *, now: datetime
) -> None:
    """Write an identity to the folder of a user, and make the user's TLS certificate unless there is one.

    A certificate that was there is kept, for it may have to be revoked. Raises IdentityError.
    """
    definition = MSPDefinition.from_folder(organization.msp, organization.msp_id)
    keep_replaced(user)
    write_local_msp(user.msp, definition, identity.identity.certificate, key_of(identity))
    make_tls(organization, user, now=now)

"""A further certificate from a CA server for somebody who has one."""

from datetime import datetime

from pyfabric.ca import CAErrorCode
from pyfabric.errors import CAError, IdentityError
from pyfabric.gateway import CertificateAuthority
from pyfabric.identity.pkcs11_token import PKCS11Key
from pyfabric.identity.signing import SigningIdentity
from pyfabric.identity.trust import read_certificate


def reenrolled(
    ca: CertificateAuthority, identity: SigningIdentity, *, same_key: bool, now: datetime
) -> SigningIdentity:
    """Return an identity with a new certificate of the CA, and a new key unless it stays, as one in a token does.

    Raises IdentityError with what to do for a certificate that the CA does not take: why is in its log alone, and it takes
    expired ones only if it is configured to (`ca.reenrollIgnoreCertExpiry`). Raises else what the CA's client raises.
    """
    try:
        stays = same_key or isinstance(identity.signer, PKCS11Key)
        return ca.reenroll(identity, key=None if stays else "p256").identity
    except CAError as error:
        if error.code != CAErrorCode.AUTHENTICATION_FAILURE:
            raise
        end = read_certificate(identity.identity.certificate).not_after
        why = (
            f"it ended at {end:%Y-%m-%d %H:%M:%S} UTC"
            if end < now
            else "it is revoked, or another CA issued it"
        )
        raise IdentityError(
            f"the CA does not renew by this certificate: {why}: a registrar gives a new secret (`pyfabric identity modify "
            f"--new-secret`), with which `pyfabric identity enroll` gets another one ({error})"
        ) from error

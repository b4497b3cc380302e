"""The signer of a client that holds no key: signatures are brought from elsewhere."""

from dataclasses import dataclass

from pyfabric.errors import ClientError
from pyfabric.identity.signing import Identity, SigningIdentity


@dataclass(frozen=True, slots=True)
class OfflineSigner:
    """Refuses to sign, and says what to do instead."""

    blocking: bool = False

    def sign(self, message: bytes) -> bytes:
        """Always raises ClientError."""
        raise ClientError(
            f"this gateway holds no key to sign {len(message)} bytes: sign digest() elsewhere and "
            "hand bytes() and the signature to new_signed_proposal, new_signed_transaction, …"
        )


def with_signer(identity: Identity | SigningIdentity) -> SigningIdentity:
    """The identity itself, or one whose signatures come from elsewhere."""
    if isinstance(identity, SigningIdentity):
        return identity
    return SigningIdentity(identity, OfflineSigner())


def can_sign(identity: SigningIdentity) -> bool:
    """Whether the identity's key is at hand."""
    return not isinstance(identity.signer, OfflineSigner)

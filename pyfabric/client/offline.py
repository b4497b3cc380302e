"""The signer of a client that has no key: its requests are signed elsewhere."""

from dataclasses import dataclass

from pyfabric.errors import ClientError
from pyfabric.identity.signing import Identity, SigningIdentity


@dataclass(frozen=True, slots=True)
class OfflineSigner:
    """A signer that refuses, with what to do instead."""

    blocking: bool = False

    def sign(self, message: bytes) -> bytes:
        """Raise ClientError."""
        raise ClientError(
            f"this gateway holds no key to sign {len(message)} bytes: sign digest() elsewhere and "
            "hand bytes() and the signature to new_signed_proposal, new_signed_transaction, …"
        )


def with_signer(identity: Identity | SigningIdentity) -> SigningIdentity:
    """Return the identity itself, or one whose signatures come from elsewhere."""
    if isinstance(identity, SigningIdentity):
        return identity
    return SigningIdentity(identity, OfflineSigner())


def can_sign(identity: SigningIdentity) -> bool:
    """Return whether the identity has a signer with a key."""
    return not isinstance(identity.signer, OfflineSigner)

"""Identities and signers: who speaks, and with which key."""

from dataclasses import dataclass, field
from typing import Protocol

from fabric_protos.msp import identities_pb2


class Signer(Protocol):
    """Signs whole messages.

    `blocking` is true for a signer that waits for something outside this process (an HSM, a remote
    key service): the asyncio surface then runs it in a thread.
    """

    @property
    def blocking(self) -> bool: ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature over `message`, in the form that Fabric verifies; raises IdentityError."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """A member of an organisation: its MSP id and its certificate (PEM)."""

    msp_id: str
    certificate: bytes

    def serialized(self) -> bytes:
        """Return the bytes of msp.SerializedIdentity, as creators and endorsers are written."""
        return identities_pb2.SerializedIdentity(
            mspid=self.msp_id, id_bytes=self.certificate
        ).SerializeToString()


@dataclass(frozen=True, slots=True)
class SigningIdentity:
    """An identity together with the signer that holds its key."""

    identity: Identity
    signer: Signer = field(repr=False)

    @property
    def msp_id(self) -> str:
        """The organisation's MSP id."""
        return self.identity.msp_id

    def serialized(self) -> bytes:
        """Return the bytes of msp.SerializedIdentity."""
        return self.identity.serialized()

    def sign(self, message: bytes) -> bytes:
        """Return the signature over `message`."""
        return self.signer.sign(message)

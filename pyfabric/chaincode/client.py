"""Who sent the transaction: the MSP, certificate and attributes of its creator."""

from functools import cached_property

from cryptography import x509
from fabric_protos.msp import identities_pb2

from pyfabric.errors import ContractError
from pyfabric.identity.certificates import certificate_attributes, client_id, load_certificate
from pyfabric.messages.decoding import decode


class ClientIdentity:
    """The identity that signed the proposal; the peer has already checked certificate and signature."""

    def __init__(self, creator: bytes) -> None:
        self._serialized = decode(
            identities_pb2.SerializedIdentity,
            creator,
            ContractError,
            "the proposal's creator is not a serialized identity",
        )

    @property
    def msp_id(self) -> str:
        """The organisation's MSP id."""
        return self._serialized.mspid

    @property
    def id(self) -> str:
        """The client's id, unique within its MSP, in the form of Fabric's own contract libraries."""
        return client_id(self.certificate)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The X.509 certificate; raises IdentityError when the creator holds none."""
        return load_certificate(self._serialized.id_bytes)

    def attribute(self, name: str) -> str | None:
        """Return the value of a certificate attribute (as Fabric CA writes them), None if it has none."""
        return self._attributes.get(name)

    def has_attribute(self, name: str, value: str | None = None) -> bool:
        """Return whether the certificate has the attribute, and with this value if one is given."""
        found = self.attribute(name)
        return found is not None and value in (None, found)

    @cached_property
    def _attributes(self) -> dict[str, str]:
        return dict(certificate_attributes(self.certificate))

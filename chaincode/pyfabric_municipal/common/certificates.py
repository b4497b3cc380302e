"""What a step keeps of a certificate: the units of its subject, and the id of its key."""

import hashlib
from collections.abc import Set as AbstractSet
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

_CLIENT: Final = "client"
_OTHERS: Final = frozenset({"admin", "peer", "orderer"})


def units(certificate: x509.Certificate) -> set[str]:
    """Return the organisational units of the subject, in lower case."""
    found = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return {str(one.value).lower() for one in found}


def is_client(found: AbstractSet[str]) -> bool:
    """Return whether these units make a certificate a client's, as NodeOUs usually read them, and no node's or administrator's."""
    return _CLIENT in found and not found & _OTHERS


def key_id(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the public key (SubjectPublicKeyInfo in DER), the same in each of its certificates."""
    der = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()

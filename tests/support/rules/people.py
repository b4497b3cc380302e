"""Signing identities of the vectors' channel: an administrator and a client of a member, and a stranger."""

from pyfabric.identity.keys import PrivateKeySigner, load_private_key
from pyfabric.identity.signing import Identity, SigningIdentity
from tests.support.rules import history


def person(name: str, department: str, msp_id: str) -> SigningIdentity:
    """Return somebody of the vectors with their key."""
    path = history.FOLDER / "identities" / f"{name}@{department}.test.pem"
    key = load_private_key(path.with_suffix(".key").read_bytes())
    return SigningIdentity(Identity(msp_id, path.read_bytes()), PrivateKeySigner(key))


ADMIN = person("Admin", "registry", "RegistryMSP")
CLIENT = person("user1", "registry", "RegistryMSP")
STRANGER = person("Admin", "ord", "OrdererMSP")

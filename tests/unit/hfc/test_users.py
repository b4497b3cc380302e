"""Users and their stores: kept, found again, those of fabric-sdk-py too, and never a program in a store."""

import pickle
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ClientError
from pyfabric.hfc.fabric.user import User, create_user, signing_identity, validate
from pyfabric.hfc.fabric_ca.enrollment import Enrollment
from pyfabric.hfc.fabric_network.inmemorywalletstore import InMemoryWalletStore
from pyfabric.hfc.fabric_network.wallet import FileSystenWallet, Identity
from pyfabric.hfc.util.crypto.crypto import ecies
from pyfabric.hfc.util.keyvaluestore import FileKeyValueStore, KeyValueStore
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key, private_key_pem

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = generate_private_key()
CERTIFICATE = CertificateAuthority.create("ca", "Tax", now=NOW).issue(
    "ann", unit="client", now=NOW, public_key=KEY.public_key()
)


class Memory(KeyValueStore):
    """A store of one's own."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}

    def set_value(self, key: str, value: str) -> bool:
        self.held[key] = value
        return True

    def get_value(self, key: str) -> str | None:
        return self.held.get(key)


def ann(store: KeyValueStore | None) -> User:
    return create_user("ann", "Tax", store, "TaxMSP", private_key_pem(KEY), CERTIFICATE)


def test_a_user_is_found_in_the_store_again(tmp_path: Path) -> None:
    store = FileKeyValueStore(tmp_path / "store")
    made = ann(store)
    made.roles, made.affiliation, made.account = ["clerk"], "city.tax", {"room": 5}
    found = User("ann", "Tax", store)
    assert (found.msp_id, found.roles, found.affiliation, found.account) == (
        "TaxMSP",
        ["clerk"],
        "city.tax",
        {"room": 5},
    )
    assert found.is_enrolled()
    assert signing_identity(found).serialized() == signing_identity(made).serialized()
    (file,) = (tmp_path / "store").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_user_that_fabric_sdk_py_kept_is_read() -> None:
    kept = {
        "name": "ann",
        "org": "Tax",
        "roles": [],
        "affiliation": None,
        "account": None,
        "enrollment_secret": None,
        "msp_id": "TaxMSP",
        "enrollment": {"private_key": private_key_pem(KEY), "cert": CERTIFICATE},
    }
    store = Memory()
    store.held["user.ann.Tax"] = pickle.dumps(kept).hex()
    found = User("ann", "Tax", store)
    assert signing_identity(found).identity.certificate == CERTIFICATE


class Bad:
    """What runs a program when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path, ("/",)


def test_a_store_runs_no_program() -> None:
    store = Memory()
    store.held["user.ann.Tax"] = pickle.dumps({"name": Bad()}).hex()
    with pytest.raises(OSError, match="cannot be read: it names pathlib"):
        User("ann", "Tax", store)


@given(st.binary(max_size=60).map(bytes.hex) | st.text(max_size=20))
def test_a_store_with_anything_else_is_refused(content: str) -> None:
    store = Memory()
    store.held["user.ann.Tax"] = content or "00"
    with pytest.raises(OSError, match="cannot be read"):
        User("ann", "Tax", store)


def test_a_user_without_a_certificate_cannot_call() -> None:
    user = User("ann", "Tax", None)
    assert not user.is_enrolled()
    assert not user.is_registered()
    with pytest.raises(ClientError, match="cannot call: it has no certificate"):
        signing_identity(user)
    with pytest.raises(ValueError, match="lacks: enrollment, certificate"):
        validate(user)
    with pytest.raises(ValueError, match="there is no user"):
        validate(None)


def test_keys_are_never_shown() -> None:
    user = ann(None)
    shown = f"{user}{user.enrollment}"
    assert private_key_pem(KEY).decode().splitlines()[1] not in shown
    assert "name=ann" in shown


def test_wallets_keep_enrolments(tmp_path: Path) -> None:
    enrollment = Enrollment(KEY, CERTIFICATE)
    wallet = FileSystenWallet(str(tmp_path / "wallet"))
    Identity("ann", enrollment).CreateIdentity(wallet)
    assert wallet.exists("ann")
    assert wallet.create_user("ann", "Tax", "TaxMSP").enrollment is not None
    wallet.remove("ann")
    wallet.remove("ann")
    with pytest.raises(AttributeError, match="no enrolment 'ann'"):
        wallet.create_user("ann", "Tax", "TaxMSP")
    memory = InMemoryWalletStore()
    memory.put("ann", enrollment)
    assert memory.create_user("ann", "Tax", "TaxMSP").enrollment is enrollment
    memory.remove("ann")
    assert not memory.exists("ann")
    with pytest.raises(ValueError, match="no Enrollment"):
        memory.put("ann", CERTIFICATE)  # type: ignore[arg-type]  # what an old program may do
    with pytest.raises(ValueError, match="no key here"):
        Identity("ann", Enrollment(None, CERTIFICATE))


@pytest.mark.parametrize("size", [256, 384])
def test_signatures_have_low_s_and_verify(size: int) -> None:
    suite = ecies(size)
    key = suite.generate_private_key()
    signature = suite.sign(key, b"message")
    assert suite.verify(key.public_key(), b"message", signature)
    assert not suite.verify(key.public_key(), b"another", signature)
    assert not suite.verify(key.public_key(), b"message", b"no signature")


def test_hashes_are_those_of_the_curve() -> None:
    assert ecies().hash(b"").name == "sha256"
    assert ecies(256, "SHA3").hash(b"").name == "sha3_256"
    assert ecies(384, "SHA3").hash(b"").name == "sha3_384"
    assert len(ecies().generate_nonce(24)) == 24

"""Users: who calls, and the store that remembers them."""

import binascii
import io
import pickle
from pathlib import Path
from typing import Any, Final, NoReturn

from pyfabric.errors import ClientError, IdentityError
from pyfabric.hfc.fabric_ca.enrollment import Enrollment
from pyfabric.hfc.util.crypto.crypto import Ecies, ecies
from pyfabric.hfc.util.keyvaluestore import KeyValueStore
from pyfabric.identity.keys import PrivateKeySigner, load_private_key, private_key_pem
from pyfabric.identity.signing import Identity, SigningIdentity

__all__ = ["User", "create_user", "validate"]

_KEPT: Final = ("name", "org", "roles", "affiliation", "account", "enrollment_secret", "msp_id")
_PROTOCOL: Final = 4  # which every Python since 3.4 reads


class User:
    """A user of an organisation. What is set is kept in the store at once, and found there by the next program."""

    def __init__(self, name: str, org: str, state_store: KeyValueStore | None) -> None:
        self._state_store = state_store
        self._state_store_key = f"user.{name}.{org}"
        self._state: dict[str, Any] = {
            **dict.fromkeys(_KEPT),
            "name": name,
            "org": org,
            "roles": [],
        }
        self._enrollment: Enrollment | None = None
        self._crypto_suite: Ecies | None = None
        kept = state_store.get_value(self._state_store_key) if state_store else None
        if kept:
            self._restore(kept)
        else:
            self._save()

    @property
    def name(self) -> str:
        """The user's name."""
        return str(self._state["name"])

    @property
    def org(self) -> str:
        """The name of the user's organisation."""
        return str(self._state["org"])

    @property
    def roles(self) -> list[str]:
        """The user's roles at the CA."""
        roles: list[str] = self._state["roles"]
        return roles

    @roles.setter
    def roles(self, roles: list[str]) -> None:
        self._set("roles", roles)

    @property
    def account(self) -> Any:
        """What the program keeps for the user."""
        return self._state["account"]

    @account.setter
    def account(self, account: Any) -> None:
        self._set("account", account)

    @property
    def affiliation(self) -> str | None:
        """The user's affiliation at the CA."""
        affiliation: str | None = self._state["affiliation"]
        return affiliation

    @affiliation.setter
    def affiliation(self, affiliation: str | None) -> None:
        self._set("affiliation", affiliation)

    @property
    def enrollment(self) -> Enrollment | None:
        """The user's certificate and key."""
        return self._enrollment

    @enrollment.setter
    def enrollment(self, enrollment: Enrollment | None) -> None:
        self._enrollment = enrollment
        self._save()

    @property
    def enrollment_secret(self) -> str | None:
        """The secret that the CA gave at the registration."""
        enrollment_secret: str | None = self._state["enrollment_secret"]
        return enrollment_secret

    @enrollment_secret.setter
    def enrollment_secret(self, enrollment_secret: str | None) -> None:
        self._set("enrollment_secret", enrollment_secret)

    @property
    def msp_id(self) -> str | None:
        """The MSP id of the user's organisation."""
        msp_id: str | None = self._state["msp_id"]
        return msp_id

    @msp_id.setter
    def msp_id(self, msp_id: str | None) -> None:
        self._set("msp_id", msp_id)

    @property
    def cryptoSuite(self) -> Ecies | None:
        """The keys and signatures of the user's curve."""
        return self._crypto_suite

    @cryptoSuite.setter
    def cryptoSuite(self, cryptoSuite: Ecies | None) -> None:
        self._crypto_suite = cryptoSuite

    def is_registered(self) -> bool:
        """Return whether the CA has given a secret for the user."""
        return self.enrollment_secret is not None

    def is_enrolled(self) -> bool:
        """Return whether the user has a certificate."""
        return self.enrollment is not None

    def enrolled(self, enrollment: Enrollment, msp_id: str, crypto_suite: Ecies) -> None:
        """Set what a user needs to call contracts, and keep it in one go."""
        self._enrollment, self._crypto_suite = enrollment, crypto_suite
        self._set("msp_id", msp_id)

    def get_attrs(self) -> str:
        """Return name and organisation as text, never the key."""
        return f"name={self.name},org={self.org},msp_id={self.msp_id}"

    def __str__(self) -> str:
        return f"[{type(self).__name__}:{self.get_attrs()}]"

    def _set(self, field: str, value: object) -> None:
        self._state[field] = value
        self._save()

    def _save(self) -> None:
        if self._state_store is None:
            return
        enrollment = self._enrollment
        held = None
        if enrollment is not None and enrollment.private_key is not None:
            held = {"private_key": private_key_pem(enrollment.private_key), "cert": enrollment.cert}
        packed = pickle.dumps({**self._state, "enrollment": held}, protocol=_PROTOCOL)
        self._state_store.set_value(self._state_store_key, packed.hex())

    def _restore(self, kept: str) -> None:
        try:
            state = _Plain(io.BytesIO(binascii.unhexlify(kept))).load()
            self._state = {field: state.get(field) for field in _KEPT}
            if held := state.get("enrollment"):
                self._enrollment = Enrollment(load_private_key(held["private_key"]), held["cert"])
        except (
            ValueError,
            KeyError,
            AttributeError,
            EOFError,
            pickle.UnpicklingError,
            IdentityError,
        ) as error:
            raise OSError(
                f"the user in the store under {self._state_store_key} cannot be read: {error}"
            ) from error


class _Plain(pickle.Unpickler):
    """Reads plain values alone: a store that somebody else wrote must not run a program here."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        """Refuse everything that is no plain value."""
        raise pickle.UnpicklingError(f"it names {module_name}.{global_name}")


def validate(user: User | None) -> User:
    """Return a user who can call contracts. Raises ValueError that names what is missing."""
    if user is None:
        raise ValueError("there is no user")
    enrollment = user.enrollment
    parts = {
        "name": user.name,
        "enrollment": enrollment,
        "certificate of the enrollment": enrollment and enrollment.cert,
        "key of the enrollment": enrollment and enrollment.private_key,
        "MSP id": user.msp_id,
        "crypto suite": user.cryptoSuite,
    }
    missing = [what for what, there in parts.items() if not there]
    if missing:
        raise ValueError(f"the user lacks: {', '.join(missing)}")
    return user


def create_user(
    name: str,
    org: str,
    state_store: KeyValueStore | None,
    msp_id: str,
    key_path: str | bytes,
    cert_path: str | bytes,
    crypto_suite: Ecies | None = None,
) -> User:
    """Return a user with the key and certificate of two files, or given as PEM in bytes. Raises OSError, IdentityError or ValueError."""
    enrollment = Enrollment(load_private_key(_pem(key_path)), _pem(cert_path))
    return enrolled_user(name, org, msp_id, enrollment, state_store, crypto_suite)


def enrolled_user(
    name: str,
    org: str,
    msp_id: str,
    enrollment: Enrollment,
    state_store: KeyValueStore | None,
    crypto_suite: Ecies | None = None,
) -> User:
    """Return the user of an enrolment. Raises ValueError when a part is missing."""
    user = User(name, org, state_store)
    user.enrolled(enrollment, msp_id, crypto_suite or ecies())
    return validate(user)


def signing_identity(user: User) -> SigningIdentity:
    """Return the identity for which a user's calls are made. Raises ClientError for one without certificate and key."""
    enrollment = user.enrollment
    if enrollment is None or enrollment.private_key is None or not user.msp_id:
        raise ClientError(
            f"{user} cannot call: it has no certificate with its key and MSP id; enroll it, or create_user"
        )
    return SigningIdentity(
        Identity(user.msp_id, enrollment.cert), PrivateKeySigner(enrollment.private_key)
    )


def _pem(given: str | bytes) -> bytes:
    return given if isinstance(given, bytes) else Path(given).read_bytes()

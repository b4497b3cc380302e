"""Wallets in folders: a folder for each name, with a certificate and its key, which its owner alone can read."""

import shutil
from pathlib import Path

from pyfabric.errors import ClientError
from pyfabric.hfc.fabric.user import User, create_user
from pyfabric.hfc.fabric_ca.enrollment import Enrollment
from pyfabric.hfc.util.keyvaluestore import FileKeyValueStore, KeyValueStore
from pyfabric.identity.keys import private_key_pem
from pyfabric.local import files

__all__ = ["FileSystenWallet", "Identity"]

_KEY, _CERTIFICATE = "private_sk", "enrollmentCert.pem"


class FileSystenWallet:
    """Enrolments by name in a folder, by default tmp/hfc-kvs here. (The class's name is fabric-sdk-py's.)"""

    def __init__(self, path: str | None = None) -> None:
        self._path = str(Path.cwd() / "tmp/hfc-kvs") if path is None else path
        Path(self._path).mkdir(parents=True, exist_ok=True)

    def exists(self, enrollment_id: str) -> bool:
        """Return whether there is an enrolment of that name."""
        return (Path(self._path) / enrollment_id).is_dir()

    def remove(self, enrollment_id: str) -> None:
        """Forget an enrolment; nothing happens if there is none."""
        if self.exists(enrollment_id):
            shutil.rmtree(Path(self._path) / enrollment_id)

    def create_user(
        self, enrollment_id: str, org: str, msp_id: str, state_store: KeyValueStore | None = None
    ) -> User:
        """Return the user of an enrolment, kept in this folder too. Raises AttributeError when there is none."""
        if not self.exists(enrollment_id):
            raise AttributeError(f"there is no enrolment {enrollment_id!r} in {self._path}")
        folder, store = Path(self._path) / enrollment_id, FileKeyValueStore(self._path)
        return create_user(
            enrollment_id, org, store, msp_id, str(folder / _KEY), str(folder / _CERTIFICATE)
        )


class Identity:
    """An enrolment with its name, to be put into a wallet."""

    def __init__(self, enrollment_id: str, user: Enrollment) -> None:
        if user.private_key is None:
            raise ValueError(
                f"the enrolment of {enrollment_id} has no key here: it was made by a request of one's own"
            )
        self._enrollment_id = enrollment_id
        self._EnrollmentCert = user.cert
        self._PrivateKey = private_key_pem(user.private_key)

    def CreateIdentity(self, Wallet: FileSystenWallet) -> None:
        """Put the enrolment into a wallet, over an older one."""
        folder = Path(Wallet._path) / self._enrollment_id  # noqa: SLF001 - a class of this module
        files.write_private(folder / _KEY, self._PrivateKey, error=ClientError)
        files.write_private(folder / _CERTIFICATE, self._EnrollmentCert, error=ClientError)

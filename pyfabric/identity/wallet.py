"""Wallets: folders of identities in the file format of the official SDKs (`<label>.id`)."""

import json
from pathlib import Path
from typing import Final

from pyfabric.errors import IdentityError
from pyfabric.identity.key_files import key_of, key_pem
from pyfabric.identity.loading import load_identity
from pyfabric.identity.pkcs11_token import PKCS11Key, PKCS11Token
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local import files

SUFFIX: Final = ".id"
"""How the names of its files end."""
_HSM: Final = "HSM-X.509"
"""The type of fabric-network's entries whose key is in a token, where the certificate's SKI finds it."""


class Wallet:
    """The identities in a folder, by label. Raises IdentityError for labels and files it cannot use.

    `token` is where the keys of entries of the type HSM-X.509 are: those have a certificate alone.
    """

    def __init__(self, folder: Path, *, token: PKCS11Token | None = None) -> None:
        self._folder = folder
        self._token = token

    def labels(self) -> list[str]:
        """Return the labels that there are, sorted; none if the folder does not exist."""
        return sorted(path.stem for path in self._folder.glob(f"*{SUFFIX}"))

    def get(self, label: str) -> SigningIdentity:
        """Return the identity under this label."""
        path = self._path(label)
        try:
            entry = json.loads(path.read_bytes())
            credentials = entry["credentials"]
            msp_id, certificate = entry["mspId"], credentials["certificate"].encode()
            if entry.get("type") == _HSM:
                return self._in_token(label).identity(msp_id, certificate)
            return load_identity(msp_id, certificate, credentials["privateKey"].encode())
        except FileNotFoundError as error:
            raise IdentityError(f"no identity {label!r} in the wallet {self._folder}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IdentityError(f"{path} is not a wallet entry: {error!r}") from error

    def put(self, label: str, identity: SigningIdentity) -> None:
        """Keep an identity, over an older one; its key must be in this process or in a PKCS#11 token."""
        key = key_of(identity)
        is_in_token = isinstance(key, PKCS11Key)
        credentials = {"certificate": identity.identity.certificate.decode()}
        if not is_in_token:
            credentials["privateKey"] = key_pem(key).decode()
        entry = {
            "credentials": credentials,
            "mspId": identity.msp_id,
            "type": _HSM if is_in_token else "X.509",
            "version": 1,
        }
        files.write_private(self._path(label), json.dumps(entry).encode(), error=IdentityError)

    def remove(self, label: str) -> None:
        """Forget an identity; nothing happens if there is none."""
        self._path(label).unlink(missing_ok=True)

    def _in_token(self, label: str) -> PKCS11Token:
        if self._token is None:
            raise IdentityError(
                f"the key of {label!r} in the wallet {self._folder} is in a PKCS#11 token: say in which, by its URI"
            )
        return self._token

    def _path(self, label: str) -> Path:
        if not label or Path(label).name != label or label.startswith("."):
            raise IdentityError(f"{label!r} cannot be a label: it names a file")
        return self._folder / (label + SUFFIX)

"""Wallets: folders of identities in the file format of the official SDKs (`<label>.id`)."""

import json
from pathlib import Path
from typing import Final

from pyfabric.errors import IdentityError
from pyfabric.identity.keys import PrivateKeySigner, private_key_pem
from pyfabric.identity.loading import load_identity
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local import files

_SUFFIX: Final = ".id"


class Wallet:
    """The identities in a folder, by label. Raises IdentityError for labels and files it cannot use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def labels(self) -> list[str]:
        """Return the labels that there are, sorted; none if the folder does not exist."""
        return sorted(path.stem for path in self._folder.glob(f"*{_SUFFIX}"))

    def get(self, label: str) -> SigningIdentity:
        """Return the identity under this label."""
        path = self._path(label)
        try:
            entry = json.loads(path.read_bytes())
            credentials = entry["credentials"]
            return load_identity(
                entry["mspId"],
                credentials["certificate"].encode(),
                credentials["privateKey"].encode(),
            )
        except FileNotFoundError as error:
            raise IdentityError(f"no identity {label!r} in the wallet {self._folder}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IdentityError(f"{path} is not a wallet entry: {error!r}") from error

    def put(self, label: str, identity: SigningIdentity) -> None:
        """Keep an identity, over an older one; its key must be in this process."""
        signer = identity.signer
        if not isinstance(signer, PrivateKeySigner):
            raise IdentityError(
                f"{label!r}: cannot be put into a wallet: its key is kept by another signer; put a signing identity with its own key"
            )
        entry = {
            "credentials": {
                "certificate": identity.identity.certificate.decode(),
                "privateKey": private_key_pem(signer.key).decode(),
            },
            "mspId": identity.msp_id,
            "type": "X.509",
            "version": 1,
        }
        files.write_private(self._path(label), json.dumps(entry).encode(), error=IdentityError)

    def remove(self, label: str) -> None:
        """Forget an identity; nothing happens if there is none."""
        self._path(label).unlink(missing_ok=True)

    def _path(self, label: str) -> Path:
        if not label or Path(label).name != label or label.startswith("."):
            raise IdentityError(f"{label!r} cannot be a label: it names a file")
        return self._folder / (label + _SUFFIX)

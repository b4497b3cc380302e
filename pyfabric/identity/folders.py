"""Folders of certificates and keys in the shape that peers, orderers, clients and SDKs load.

    <node or user>/
      msp/   cacerts/ intermediatecerts/ tlscacerts/ … config.yaml   the organisation's definition
             signcerts/cert.pem  keystore/priv_sk                    who this is
      tls/   server.crt server.key ca.crt                            (client.crt client.key for users)

An organisation's own `msp/` (no signcerts, no keystore) is written by `MSPDefinition.write`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pyfabric.errors import IdentityError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.key_files import FileKey, key_pem
from pyfabric.identity.keys import PrivateKey, private_key_pem
from pyfabric.local import files


def write_local_msp(
    folder: Path, definition: MSPDefinition, certificate_pem: bytes, key: FileKey
) -> None:
    """Write the MSP folder of a node or user: the definition, its own certificate, its key (0600) or the reference to it."""
    definition.write(folder)
    files.write_public(folder / "signcerts" / "cert.pem", certificate_pem, error=IdentityError)
    files.write_private(folder / "keystore" / "priv_sk", key_pem(key), error=IdentityError)


def write_tls(
    folder: Path,
    certificate_pem: bytes,
    key: PrivateKey,
    roots: Sequence[bytes],
    *,
    side: Literal["server", "client"] = "server",
) -> None:
    """Write a TLS folder: `<side>.crt`, `<side>.key` (0600) and `ca.crt` with all roots.

    A certificate from an intermediate CA must be given with the intermediate's after it.
    """
    certificate = folder / f"{side}.crt"
    with files.reported(certificate, IdentityError):
        certificate.unlink(missing_ok=True)
    # The certificate last: where there is one, key and roots are its own, even after an interruption.
    files.write_private(folder / f"{side}.key", private_key_pem(key), error=IdentityError)
    files.write_public(folder / "ca.crt", b"".join(roots), error=IdentityError)
    files.write_public(certificate, certificate_pem, error=IdentityError)


def write_ca(folder: Path, authority: CertificateAuthority) -> None:
    """Write a CA: `ca.pem`, and `ca.key` (0600)."""
    files.write_public(folder / "ca.pem", authority.certificate_pem, error=IdentityError)
    files.write_private(folder / "ca.key", authority.key_pem, error=IdentityError)


def load_ca(folder: Path) -> CertificateAuthority:
    """Return the CA that `write_ca` wrote; raises IdentityError if it cannot be read."""
    try:
        certificate, key = (folder / "ca.pem").read_bytes(), (folder / "ca.key").read_bytes()
    except OSError as error:
        raise IdentityError(f"no CA in {folder}: {error}") from error
    return CertificateAuthority.load(certificate, key)

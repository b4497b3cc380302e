"""TLS files: a certificate authority and one certificate that it issued."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key, private_key_pem

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TLSMaterial:
    """An authority's certificate, and a certificate of its own making with its key (PEM files)."""

    root: Path
    certificate: Path
    key: Path


def tls_material(folder: Path, name: str) -> TLSMaterial:
    """Write new material into a new folder."""
    folder.mkdir()
    authority = CertificateAuthority.create(f"ca.{name}", name, now=BEGINNING)
    key = generate_private_key()
    certificate = authority.issue(
        name,
        unit=None,
        now=BEGINNING,
        public_key=key.public_key(),
        hosts=("localhost", "127.0.0.1"),
        tls=True,
    )
    files = TLSMaterial(folder / "root.pem", folder / "certificate.pem", folder / "key.pem")
    files.root.write_bytes(authority.certificate_pem)
    files.certificate.write_bytes(certificate)
    files.key.write_bytes(private_key_pem(key))
    return files

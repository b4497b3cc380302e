"""A CA that issues for signing requests as Fabric CA does, and that a test can make lie."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from pyfabric.ca import answers
from pyfabric.ca.records import CAInfo
from pyfabric.client.effects import Answer, Rest
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import load_private_key

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
Issue = Callable[[CertificateAuthority, Mapping[str, Any]], bytes]


def issue(ca: CertificateAuthority, asked: Mapping[str, Any], **instead: Any) -> bytes:
    """Issue what was asked for, except what is given instead."""
    request = x509.load_pem_x509_csr(asked["certificate_request"].encode())
    (name,) = request.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    usual: dict[str, Any] = {
        "common_name": name.value,
        "now": NOW,
        "public_key": request.public_key(),
        "unit": "client",
        "hosts": asked["hosts"],
        "attributes": {one["name"]: "1" for one in asked.get("attr_reqs") or []},
        "tls": asked["profile"] == "tls",
    }
    return ca.issue(**usual | instead)


def issue_authority(ca: CertificateAuthority, asked: Mapping[str, Any]) -> bytes:
    """Issue the certificate of a CA below this one, for the key that asks."""
    request = x509.load_pem_x509_csr(asked["certificate_request"].encode())
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(ca.certificate.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    key = load_private_key(ca.key_pem)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@dataclass
class FakeCA:
    """Answers enrollments; `issue` makes the certificate, `chain` is what it sends as its own."""

    issue: Issue = issue
    ca: CertificateAuthority = field(
        default_factory=lambda: CertificateAuthority.create("ca.tax", "Tax", now=NOW)
    )
    chain: bytes | None = None
    seen: list[Rest] = field(default_factory=list)

    def answer(self, effect: Rest) -> Answer:
        """Return the answer to an enrollment."""
        self.seen.append(effect)
        certificate = self.issue(self.ca, json.loads(effect.body or b"{}"))
        chain = self.ca.certificate_pem if self.chain is None else self.chain
        result = {
            "Cert": base64.b64encode(certificate).decode(),
            "ServerInfo": CAInfo("tax", chain).json(),
        }
        return Answer(201, answers.write_result(result))

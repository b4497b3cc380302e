"""The metric of when a node's certificates end."""

from datetime import UTC, datetime
from pathlib import Path

from pyfabric._operations.certificates import add_certificate_metrics, ends_of
from pyfabric._operations.metrics import Registry
from pyfabric.identity.issuing import CertificateAuthority

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def test_each_certificate_has_its_end(tmp_path: Path) -> None:
    made = CertificateAuthority.create("ca", "Tax", now=NOW, years=1).certificate_pem
    (tmp_path / "cert.pem").write_bytes(made)
    (tmp_path / "broken.pem").write_bytes(b"no certificate")
    files = [
        ("TLS", tmp_path / "cert.pem"),
        ("identity", tmp_path / "broken.pem"),
        ("x", tmp_path / "none"),
    ]
    registry = Registry()
    add_certificate_metrics(registry, lambda: ends_of(files))
    end = datetime(2027, 11, 30, tzinfo=UTC).timestamp()
    (line,) = [one for one in registry.text().splitlines() if not one.startswith("#")]
    name, value = line.split(" ")
    assert name == 'certificate_end_seconds{use="TLS"}'
    assert float(value) == end

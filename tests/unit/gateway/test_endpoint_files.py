"""Endpoints from PEM files."""

import base64
from pathlib import Path

import pytest

from pyfabric.errors import ClientError
from pyfabric.gateway import Endpoint, connect, load_endpoint
from pyfabric.identity import pem
from tests.support.client.gateway_server import new_identity

CA = pem.encode("CERTIFICATE", b"ca")


def test_an_endpoint_holds_what_is_in_its_files(tmp_path: Path) -> None:
    (tmp_path / "ca").write_bytes(CA)
    for name in ("cert", "key"):
        (tmp_path / name).write_bytes(name.encode())
    assert load_endpoint("peer:7051", tmp_path / "ca") == Endpoint("peer:7051", CA)
    assert load_endpoint(
        "peer:7051",
        str(tmp_path / "ca"),
        server_name="peer0.tax",
        client_certificate=tmp_path / "cert",
        client_key=str(tmp_path / "key"),
    ) == Endpoint("peer:7051", CA, "peer0.tax", b"cert", b"key")


@pytest.mark.parametrize("missing", ["tls_roots", "client_certificate", "client_key"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, missing: str) -> None:
    (tmp_path / "there").write_bytes(CA)
    files = dict.fromkeys(("tls_roots", "client_certificate", "client_key"), tmp_path / "there")
    with pytest.raises(ClientError, match=f"{tmp_path}/gone: cannot read"):
        load_endpoint("peer:7051", **{**files, missing: tmp_path / "gone"})


WRONG_ROOTS = [
    (b"changeme", "no PEM certificate"),
    (b"/etc/city/tax-ca.pem", "no PEM but the name of a file"),
    (base64.b64encode(CA), "no PEM but base64 of it"),
    (CA.replace(b"\n", b"\\n"), "line ends are written out"),
    (pem.encode("PRIVATE KEY", b"key"), "is a PRIVATE KEY, not a CERTIFICATE"),
]


@pytest.mark.parametrize(("roots", "reason"), WRONG_ROOTS)
def test_roots_that_are_no_pem_are_refused_before_a_call(
    tmp_path: Path, roots: bytes, reason: str
) -> None:
    (tmp_path / "ca").write_bytes(roots)
    with pytest.raises(ClientError, match=f"{tmp_path}/ca: TLS roots of an endpoint: .*{reason}"):
        load_endpoint("peer:7051", tmp_path / "ca")
    with connect(new_identity(), Endpoint("peer:7051", roots)) as gateway:
        contract = gateway.network("c").contract("c")
        with pytest.raises(ClientError, match=f"peer:7051: TLS roots cannot be used: .*{reason}"):
            contract.evaluate("f")

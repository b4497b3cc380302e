"""Endpoints from PEM files."""

from pathlib import Path

import pytest

from pyfabric.errors import ClientError
from pyfabric.gateway import Endpoint, load_endpoint


def test_an_endpoint_holds_what_is_in_its_files(tmp_path: Path) -> None:
    for name in ("ca", "cert", "key"):
        (tmp_path / name).write_bytes(name.encode())
    assert load_endpoint("peer:7051", tmp_path / "ca") == Endpoint("peer:7051", b"ca")
    assert load_endpoint(
        "peer:7051",
        str(tmp_path / "ca"),
        server_name="peer0.tax",
        client_certificate=tmp_path / "cert",
        client_key=str(tmp_path / "key"),
    ) == Endpoint("peer:7051", b"ca", "peer0.tax", b"cert", b"key")


@pytest.mark.parametrize("missing", ["tls_roots", "client_certificate", "client_key"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, missing: str) -> None:
    (tmp_path / "there").write_bytes(b"pem")
    files = dict.fromkeys(("tls_roots", "client_certificate", "client_key"), tmp_path / "there")
    with pytest.raises(ClientError, match=f"{tmp_path}/gone: cannot read"):
        load_endpoint("peer:7051", **{**files, missing: tmp_path / "gone"})

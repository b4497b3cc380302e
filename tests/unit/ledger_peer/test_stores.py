"""A peer's packages, its configuration, and the connection that a package describes."""

from pathlib import Path

import pytest

from pyfabric.errors import LedgerError, PackageError
from pyfabric.ledger.config import LedgerConfig
from pyfabric.ledger.peer.connection import Connection, read_connection
from pyfabric.ledger.peer.packages import PackageStore
from tests.support.ledger.ledger import contract_package


def test_packages_survive(tmp_path: Path) -> None:
    store = PackageStore(tmp_path)
    first, second = contract_package("b"), contract_package("a")
    store.save(first)
    store.save(second)
    (tmp_path / "other.txt").write_text("not a package")
    again = PackageStore(tmp_path)
    assert again.listed() == [(second.package_id, "a"), (first.package_id, "b")]
    assert again.load(first.package_id) == first.data
    assert first.package_id in again
    with pytest.raises(PackageError, match="chaincode install package 'x:00' not found"):
        again.load("x:00")


def test_connections() -> None:
    builder = {"address": "10.0.0.1:7", "root_cert": "PEM", "key": "K", "cert": "C"}
    assert read_connection({"address": "{{.address}}"}, builder) == Connection("10.0.0.1:7", 3.0)
    plain = {"address": "{{ .address }}", "dial_timeout": "250ms", "tls_required": True}
    assert read_connection({**plain, "root_cert": "{{.root_cert}}"}, builder) == Connection(
        "10.0.0.1:7", 0.25, b"PEM"
    )
    mutual = {
        **plain,
        "dial_timeout": "2m",
        "root_cert": "R",
        "client_auth_required": True,
        "client_key": "{{.key}}",
        "client_cert": "{{.cert}}",
    }
    assert read_connection(mutual, builder) == Connection("10.0.0.1:7", 120.0, b"R", b"C", b"K")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ({}, "chaincode address not provided"),
        ({"address": 7}, "address is not a string"),
        ({"address": "{{.nothing}}"}, "map has no entry for key 'nothing'"),
        ({"address": "{{if .x}}a{{end}}"}, "unsupported template"),
        ({"address": "a:1", "dial_timeout": "soon"}, "invalid duration 'soon'"),
        ({"address": "a:1", "tls_required": True}, "chaincode tls root cert not provided"),
        (
            {
                "address": "a:1",
                "tls_required": True,
                "client_auth_required": True,
                "root_cert": "R",
            },
            "chaincode tls key not provided",
        ),
    ],
)
def test_connections_that_cannot_be_used(raw: dict[str, object], text: str) -> None:
    with pytest.raises(PackageError, match=text):
        read_connection(raw, {})


def test_configurations_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="No such file"):
        LedgerConfig.load(tmp_path / "missing.json")
    path = tmp_path / "ledger.json"
    path.write_text('{"folder": "x", "peers": [{"name": 1}], "surprise": 1}')
    with pytest.raises(LedgerError) as caught:
        LedgerConfig.load(path)
    for part in (str(path), "peers.0.name", "peers.0.address", "surprise"):
        assert part in str(caught.value)

"""A peer's files: packages, private data; and the connection that a package describes."""

import sqlite3
from pathlib import Path

import pytest
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.errors import LedgerError, PackageError
from pyfabric.ledger.config import LedgerConfig
from pyfabric.ledger.connection import Connection, read_connection
from pyfabric.ledger.packages_store import PackageStore
from pyfabric.ledger.private_store import PrivateStore
from tests.support.ledger import contract_package


def private_set(collection: str, **writes: bytes | None) -> bytes:
    rows = kv_rwset_pb2.KVRWSet(
        writes=[
            kv_rwset_pb2.KVWrite(key=key, value=value or b"", is_delete=value is None)
            for key, value in writes.items()
        ]
    )
    message = rwset_pb2.TxPvtReadWriteSet()
    namespace = message.ns_pvt_rwset.add(namespace="cc")
    namespace.collection_pvt_rwset.add(collection_name=collection, rwset=rows.SerializeToString())
    return message.SerializeToString()


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


def test_private_data_waits_for_its_transaction(tmp_path: Path) -> None:
    path = tmp_path / "private.db"
    store = PrivateStore(path)
    store.keep("ch", "t1", private_set("own", a=b"1", b=b"2"))
    store.keep("ch", "t2", private_set("own", a=b"9"))
    assert store.get("ch", "cc", "own", "a") is None
    store.close()
    store = PrivateStore(path)
    assert store.pending() == [("ch", "t1"), ("ch", "t2")]
    store.commit("ch", "t1", 5, 0)
    store.discard("ch", "t2")
    assert store.pending() == []
    assert store.get("ch", "cc", "own", "a") == b"1"
    assert store.keys("ch", "cc", "own", "") == ["a", "b"]
    assert store.in_block("ch", 5) == {0: private_set("own", a=b"1", b=b"2")}
    store.keep("ch", "t3", private_set("own", a=None))
    store.commit("ch", "t3", 6, 2)
    assert store.keys("ch", "cc", "own", "") == ["b"]
    assert not store.holds("ch", "t3")
    store.close()


def test_a_damaged_private_store(tmp_path: Path) -> None:
    path = tmp_path / "private.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(LedgerError, match=r"private\.db"):
        PrivateStore(path)
    assert issubclass(sqlite3.DatabaseError, Exception)


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

"""Verification that begins with the state of a peer's snapshot, as Fabric wrote it."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.admin.audit import Fault, FaultKind, verify_chain
from pyfabric.admin.snapshot_files import PeerSnapshot
from pyfabric.errors import ClientError, DecodeError
from pyfabric.messages.wire_format import bytes_fields
from pyfabric.rules.state.commit_hash import read_version_bytes, version_bytes
from pyfabric.rules.state.versions import Version
from pyfabric.rules.verification.chain import ChainVerification
from pyfabric.rules.verification.faults import ChainFaultError
from tests.support.rules import history
from tests.support.rules.verified import raw, verified

SNAPSHOT = history.FOLDER / "snapshot"
FILTER = 2
METADATA = "_snapshot_signable_metadata.json"


def test_the_state_of_a_verified_chain_is_the_peers_snapshot() -> None:
    snapshot = PeerSnapshot.read(SNAPSHOT)
    snapshot.check()
    assert (snapshot.channel, snapshot.block_number) == ("records", history.HEIGHT - 1)
    additional = json.loads((SNAPSHOT / "_snapshot_additional_metadata.json").read_text())
    assert snapshot.hash.hex() == additional["snapshot_hash"]
    newest = verified()[-1]
    state = newest.state
    assert newest.verified.link.hash == snapshot.block_hash
    assert newest.commit_hash == snapshot.commit_hash
    entries = list(snapshot.state())
    assert len(entries) > 80
    for namespace, key, value in entries:
        assert state.get(namespace, key) == value, (namespace, key)
    for namespace in {one for one, _, _ in entries}:
        there = [key for one, key, _ in entries if one == namespace]
        assert [key for key, _ in state.range(namespace, "", "")] == sorted(there)
    assert set(snapshot.transaction_ids()) == state.ids - {""}


@given(start=st.integers(1, 160))
def test_a_chain_goes_on_from_any_state_as_from_its_genesis_block(start: int) -> None:
    chain = verified()[start - 1].next()
    for number in range(start, min(start + 5, history.HEIGHT)):
        found = chain.add(raw(number))
        assert bytes(found.codes) == history.blocks()[number].metadata.metadata[FILTER]
        assert found.compared_codes == len(found.codes)
    with pytest.raises(ChainFaultError):
        chain.add(raw(start - 1))


def test_an_orderers_blocks_after_a_snapshot_have_no_codes_to_compare() -> None:
    after = verified()[9]
    link = after.verified.link
    chain = ChainVerification.from_state(after.state.copy(), "records", link, after.commit_hash)
    found = chain.add(history.ordered(10).SerializeToString())
    assert bytes(found.codes) == history.blocks()[10].metadata.metadata[FILTER]
    assert (found.compared_codes, found.has_commit_hash, found.is_signed) == (0, False, True)


def test_blocks_that_do_not_follow_the_snapshot_are_a_fault() -> None:
    fault: Fault | None = verify_chain([raw(164)], snapshot=SNAPSHOT).fault
    assert fault is not None
    assert (fault.kind, fault.block_number) == (FaultKind.NUMBER, 165)


def test_a_snapshot_with_a_changed_file_is_refused(tmp_path: Path) -> None:
    changed = shutil.copytree(SNAPSHOT, tmp_path / "changed")
    file = changed / "public_state.data"
    file.write_bytes(file.read_bytes().replace(b"doc0", b"doc1"))
    with pytest.raises(ClientError, match=r"public_state\.data does not have the hash"):
        verify_chain([raw(164)], snapshot=changed)
    with pytest.raises(ClientError, match="is not a snapshot of a channel"):
        verify_chain([raw(164)], snapshot=tmp_path)
    (changed / METADATA).write_text("{}")
    with pytest.raises(ClientError, match="cannot be read"):
        verify_chain([raw(164)], snapshot=changed)


@pytest.mark.parametrize(
    "name", ["public_state.data", "txids.data", "private_state_hashes.metadata"]
)
def test_a_file_that_ends_early_is_refused(tmp_path: Path, name: str) -> None:
    changed = shutil.copytree(SNAPSHOT, tmp_path / "changed")
    cut = (changed / name).read_bytes()[:-1]
    (changed / name).write_bytes(cut)
    metadata = json.loads((changed / METADATA).read_text())
    metadata["snapshot_files_raw_hashes"][name] = sha256(cut).hexdigest()
    (changed / METADATA).write_text(json.dumps(metadata))
    with pytest.raises(DecodeError, match=r"ends (within|before)"):
        verify_chain([raw(164)], snapshot=changed)


@given(block=st.integers(0, 2**63), position=st.integers(0, 2**31))
def test_versions_are_read_as_they_are_written(block: int, position: int) -> None:
    version = Version(block, position)
    assert read_version_bytes(version_bytes(version)) == version


@given(raw=st.binary(max_size=12))
def test_other_bytes_are_no_version(raw: bytes) -> None:
    try:
        version = read_version_bytes(raw)
    except DecodeError:
        return
    assert len(version_bytes(version)) <= len(raw)


def test_records_are_read_without_a_binding() -> None:
    assert bytes_fields(b"\x0a\x01k\x12\x02vv\x22\x00") == {1: b"k", 2: b"vv", 4: b""}
    assert bytes_fields(b"\x28\x07\x0a\x01k") == {1: b"k"}
    with pytest.raises(DecodeError, match="3 bytes are not a message"):
        bytes_fields(b"\x0a\x05k")

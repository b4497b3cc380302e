"""Summaries of transactions, for the blocks of a real channel."""

import base64
from collections import Counter
from hashlib import sha256
from pathlib import Path

from fabric_protos.common import common_pb2
from fabric_protos.msp import identities_pb2

from pyfabric.admin.inspection import (
    Invocation,
    PrivateWrite,
    Read,
    TransactionView,
    Write,
    describe_transaction,
)
from pyfabric.errors import ValidationCode
from pyfabric.messages.events import Block

BLOCKS = Path("tests/vectors/5-channel-history/blocks")


def views() -> list[tuple[ValidationCode, TransactionView]]:
    found = []
    for file in sorted(BLOCKS.glob("*.block")):
        block = Block.from_bytes(file.read_bytes())
        found += [(each.code, describe_transaction(each.envelope)) for each in block.transactions]
    return found


def test_every_transaction_of_a_real_channel_can_be_told() -> None:
    told = views()
    kinds = Counter(view.kind for _, view in told)
    assert kinds["ENDORSER_TRANSACTION"] > 150
    assert kinds["CONFIG"] >= 1
    for code, view in told:
        if code is ValidationCode.VALID and view.kind == "ENDORSER_TRANSACTION":
            assert view.invocation is not None
            assert view.invocation.problem == ""
            assert view.invocation.chaincode
            assert view.invocation.endorsers
            assert view.creator.endswith("MSP")


def test_a_malformed_transaction_is_told_as_far_as_it_can_be_read() -> None:
    broken = [(code, view) for code, view in views() if view.invocation and view.invocation.problem]
    assert broken
    assert all(code is not ValidationCode.VALID for code, _ in broken)
    problems = [view.invocation.problem for _, view in broken if view.invocation]
    assert "12 bytes are not a protos.Transaction" in problems
    assert "no action" in problems


def invocation(function: bytes) -> Invocation:
    """Return the first call of a function on the real channel."""
    calls = [view.invocation for _, view in views() if view.invocation]
    return next(one for one in calls if one.arguments[:1] == (function,))


def test_one_invocation_in_full() -> None:
    _, view = next(
        (code, view)
        for code, view in views()
        if view.invocation and view.invocation.arguments[:1] == (b"copy",)
    )
    assert (view.creator, view.user) == ("RegistryMSP", "user1@registry.test")
    assert view.invocation is not None
    assert view.invocation.arguments == (b"copy", b"doc9", b"copy-of-9")
    assert view.invocation.chaincode == "ledger"
    assert set(view.invocation.endorsers) == {"RegistryMSP", "FacultyMSP"}
    assert view.invocation.reads == (
        Read("_lifecycle", "namespaces/fields/ledger/Sequence", 7, 0),
        Read("ledger", "doc9", 14, 0),
    )
    assert view.invocation.writes == (Write("ledger", "copy-of-9", deleted=False, value=b"nine"),)


def test_what_was_not_there_was_deleted_or_was_in_a_range() -> None:
    assert Read("ledger", "counter", None, None) in invocation(b"incr").reads
    assert invocation(b"del").writes == (Write("ledger", "doc3", deleted=True),)
    assert invocation(b"scan").reads[1:] == tuple(
        Read("ledger", f"grade{number}", 13, 0) for number in (1, 2, 3)
    )


def test_private_writes_are_hashes() -> None:
    put, deleted, purged = [
        invocation(one).private_writes[0] for one in (b"pput", b"pdel", b"ppurge")
    ]
    assert put == PrivateWrite(
        "ledger", "duo", sha256(b"fee1").digest(), put.value_hash, deleted=False, purged=False
    )
    assert len(put.value_hash) == 32
    assert (deleted.value_hash, deleted.deleted, deleted.purged) == (b"", True, False)
    assert (purged.key_hash, purged.deleted, purged.purged) == (put.key_hash, True, True)


def test_an_identity_without_a_certificate_has_no_name() -> None:
    block = Block.from_bytes(min(BLOCKS.glob("*.block")).read_bytes())
    envelope = common_pb2.Envelope.FromString(block.transactions[0].envelope)
    payload = common_pb2.Payload.FromString(envelope.payload)
    for content in (b"", b"not a certificate", pem(b"no certificate")):
        creator = identities_pb2.SerializedIdentity(mspid="AMSP", id_bytes=content)
        signer = common_pb2.SignatureHeader(creator=creator.SerializeToString())
        payload.header.signature_header = signer.SerializeToString()
        envelope.payload = payload.SerializeToString()
        view = describe_transaction(envelope.SerializeToString())
        assert (view.creator, view.user) == ("AMSP", "")


def pem(content: bytes) -> bytes:
    text = base64.b64encode(content)
    return b"-----BEGIN CERTIFICATE-----\n" + text + b"\n-----END CERTIFICATE-----\n"

"""The search for personal data in blocks: a planted leak of each kind, in each encoding and part, is found; nothing else is."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)

from pyfabric.identity.issuing import CertificateAuthority
from tools.leaks import Leak, Search, Secret, price

RESIDENT = "11010519491231002X"
SECRETS = [
    Secret("name", "欧阳建国"),
    Secret("resident id", RESIDENT),
    Secret("phone", "13900001234"),
    *price(600_000_000),
    Secret("diagnosis", "2型糖尿病"),
]


def block(
    *,
    arguments: bytes = b"",
    event: bytes = b"",
    key: str = "",
    value: bytes = b"",
    result: bytes = b"",
    certificate: bytes = b"",
    other: bytes = b"",
) -> bytes:
    """Return a block with a transaction of a contract that has these parts."""
    reads = kv_rwset_pb2.KVRWSet(
        reads=[kv_rwset_pb2.KVRead(key=key)], writes=[kv_rwset_pb2.KVWrite(key="k", value=value)]
    )
    states = rwset_pb2.TxReadWriteSet(
        ns_rwset=[rwset_pb2.NsReadWriteSet(namespace="estate", rwset=reads.SerializeToString())]
    )
    action = proposal_pb2.ChaincodeAction(
        results=states.SerializeToString(),
        events=chaincode_event_pb2.ChaincodeEvent(
            event_name="unit.enter", payload=event
        ).SerializeToString(),
    )
    action.response.payload = result
    endorsed = proposal_response_pb2.ProposalResponsePayload(extension=action.SerializeToString())
    spec = chaincode_pb2.ChaincodeInvocationSpec()
    spec.chaincode_spec.input.args.extend([b"enter", arguments])
    given = transaction_pb2.ChaincodeActionPayload(
        chaincode_proposal_payload=proposal_pb2.ChaincodeProposalPayload(
            input=spec.SerializeToString()
        ).SerializeToString()
    )
    given.action.proposal_response_payload = endorsed.SerializeToString()
    transaction = transaction_pb2.Transaction(
        actions=[transaction_pb2.TransactionAction(payload=given.SerializeToString())]
    )
    payload = common_pb2.Payload(data=transaction.SerializeToString())
    payload.header.channel_header = common_pb2.ChannelHeader(
        type=common_pb2.HeaderType.ENDORSER_TRANSACTION
    ).SerializeToString()
    payload.header.signature_header = certificate
    envelope = common_pb2.Envelope(payload=payload.SerializeToString(), signature=other)
    made = common_pb2.Block(header=common_pb2.BlockHeader(number=7))
    made.data.data.append(envelope.SerializeToString())
    return made.SerializeToString()


def found(data: bytes) -> list[Leak]:
    """Return what the search finds in a block."""
    return Search(SECRETS).leaks([data])


def test_a_block_without_secrets_shows_nothing() -> None:
    clean = block(
        arguments=b'{"commitment": "ab12", "unit": "110108001002GB00003F00010001"}',
        value=b'{"fen": 1600000000, "phone": 139000012345}',
        event="欧阳".encode(),
    )
    assert found(clean) == []


@pytest.mark.parametrize("secret", SECRETS, ids=[f"{one.kind} {one.text}" for one in SECRETS])
def test_each_kind_is_found_as_it_is(secret: Secret) -> None:
    leaks = found(block(value=f'{{"holder":"{secret.text}"}}'.encode()))
    assert Leak(secret, "plain", 7, "value") in leaks


@pytest.mark.parametrize("text", ["欧阳建国", RESIDENT, "13900001234", "2型糖尿病"])
@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode().hex().encode(),
        lambda text: text.encode().hex().upper().encode(),
        lambda text: base64.b64encode(text.encode()),
        lambda text: base64.b64encode(f"x{text}y".encode()),
        lambda text: base64.urlsafe_b64encode(f"ab{text}!".encode()),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: "".join(f"\\u{ord(one):04x}" for one in text).encode(),
        lambda text: "".join(f"\\u{ord(one):04X}" for one in text).encode(),
        lambda text: text.encode("ascii", "backslashreplace"),
    ],
)
def test_each_encoding_is_found(text: str, encode: object) -> None:
    assert callable(encode)
    leaks = found(block(arguments=b'{"note":"' + encode(text) + b'"}'))
    assert {one.secret.text for one in leaks} == {text}


@pytest.mark.parametrize("text", ["欧阳建国", RESIDENT, "110105491231002", "600000000"])
@pytest.mark.parametrize("name", ["sha256", "sha1", "md5", "sm3"])
@pytest.mark.parametrize("shown", ["raw", "hex", "base64"])
def test_an_unsalted_hash_is_found(text: str, name: str, shown: str) -> None:
    digest = hashlib.new(name, text.encode()).digest()
    written = {
        "raw": digest,
        "hex": digest.hex().encode(),
        "base64": base64.b64encode(b"1" + digest),
    }
    (leak,) = {one.secret for one in found(block(event=written[shown]))}
    assert leak.text == (RESIDENT if text == "110105491231002" else text)


def test_a_salted_hash_is_no_leak() -> None:
    salted = hashlib.sha256(b"\x07" * 32 + RESIDENT.encode()).hexdigest()
    assert found(block(value=salted.encode())) == []


@pytest.mark.parametrize("part", ["arguments", "event", "value", "result", "key", "other"])
def test_the_part_is_named(part: str) -> None:
    text = "13900001234"
    shown = block(key=text) if part == "key" else block(**{part: text.encode()})  # type: ignore[arg-type]
    assert found(shown) == [Leak(Secret("phone", text), "plain", 7, part)]


def test_certificates_are_read() -> None:
    authority = CertificateAuthority.create("ca", "PubSecMSP", now=datetime(2026, 1, 1, tzinfo=UTC))
    named = CertificateAuthority.create(
        "欧阳建国", "PubSecMSP", now=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert found(block(certificate=authority.certificate_pem)) == []
    (leak,) = {
        (one.secret.text, one.part) for one in found(block(certificate=named.certificate_pem))
    }
    assert leak == ("欧阳建国", "certificate")

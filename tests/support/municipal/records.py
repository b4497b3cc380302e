"""Signed envelopes for the channel of vectors/5-channel-history, with its own members' keys."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.orderer import ab_pb2, configuration_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)

from pyfabric.identity.loading import load_identity
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.blocks import data_hash
from pyfabric.messages.envelopes import channel_header, envelope, transaction_id
from tests.support.rules import history

CHANNEL = "records"
NOW = datetime(2026, 11, 26, tzinfo=UTC)
MEMBERS = {"registry": "RegistryMSP", "faculty": "FacultyMSP", "archive": "ArchiveMSP"}


@cache
def identity(name: str) -> SigningIdentity:
    """Return an identity by its name: user1@registry, peer0.faculty, Admin@ord, …"""
    organization = name.replace("@", ".").partition(".")[2]
    folder = history.FOLDER / "identities"
    return load_identity(
        MEMBERS.get(organization, "OrdererMSP"),
        (folder / f"{name}.test.pem").read_bytes(),
        (folder / f"{name}.test.key").read_bytes(),
    )


def tls_certificate() -> bytes:
    """Return the server certificate of the channel's only consenter."""
    return (history.FOLDER / "tls" / "o.crt").read_bytes()


def genesis_with(certificate: bytes) -> common_pb2.Block:
    """Return the channel's genesis block, with this certificate (PEM) as its consenter's."""
    block = history.ordered(0)
    envelope = common_pb2.Envelope.FromString(block.data.data[0])
    payload = common_pb2.Payload.FromString(envelope.payload)
    config = configtx_pb2.ConfigEnvelope.FromString(payload.data)
    value = config.config.channel_group.groups["Orderer"].values["ConsensusType"]
    consensus = configuration_pb2.ConsensusType.FromString(value.value)
    raft = etcdraft_pb2.ConfigMetadata.FromString(consensus.metadata)
    raft.consenters[0].client_tls_cert = raft.consenters[0].server_tls_cert = certificate
    consensus.metadata = raft.SerializeToString()
    value.value = consensus.SerializeToString()
    payload.data = config.SerializeToString()
    envelope.payload = payload.SerializeToString()
    block.data.data[0] = envelope.SerializeToString()
    block.header.data_hash = data_hash(block.data)
    return block


def signed(
    data: bytes,
    *,
    signer: SigningIdentity | None = None,
    kind: int = common_pb2.HeaderType.ENDORSER_TRANSACTION,
    channel: str = CHANNEL,
    nonce: bytes = b"nonce",
    extension: bytes = b"",
    moment: datetime = NOW,
    tls_hash: bytes = b"",
) -> bytes:
    """Return an envelope around some data."""
    by = signer or identity("user1@registry")
    header = channel_header(
        kind,
        channel,
        moment,
        transaction=transaction_id(by.serialized(), nonce),
        extension=extension,
        tls_hash=tls_hash,
    )
    payload = common_pb2.Payload(
        header=common_pb2.Header(
            channel_header=header,
            signature_header=common_pb2.SignatureHeader(
                creator=by.serialized(), nonce=nonce
            ).SerializeToString(),
        ),
        data=data,
    ).SerializeToString()
    return envelope(payload, by.sign(payload))


def transaction(
    results: bytes,
    *,
    chaincode: str = "ledger",
    endorsers: Sequence[str] = ("peer0.registry", "peer0.faculty"),
    nonce: bytes = b"nonce",
    event: str = "",
    signer: SigningIdentity | None = None,
) -> bytes:
    """Return a whole endorser transaction with this read-write set."""
    by = signer or identity("user1@registry")
    called = chaincode_pb2.ChaincodeID(name=chaincode, version="1.0")
    extension = proposal_pb2.ChaincodeHeaderExtension(
        chaincode_id=chaincode_pb2.ChaincodeID(name=chaincode)
    ).SerializeToString()
    header = channel_header(
        common_pb2.HeaderType.ENDORSER_TRANSACTION,
        CHANNEL,
        NOW,
        transaction=transaction_id(by.serialized(), nonce),
        extension=extension,
    )
    signature_header = common_pb2.SignatureHeader(
        creator=by.serialized(), nonce=nonce
    ).SerializeToString()
    proposal = proposal_pb2.ChaincodeProposalPayload(input=b"input").SerializeToString()
    events = chaincode_event_pb2.ChaincodeEvent(chaincode_id=chaincode, event_name=event)
    response = proposal_response_pb2.ProposalResponsePayload(
        proposal_hash=sha256(header + signature_header + proposal).digest(),
        extension=proposal_pb2.ChaincodeAction(
            results=results,
            events=events.SerializeToString() if event else b"",
            response=proposal_response_pb2.Response(status=200),
            chaincode_id=called,
        ).SerializeToString(),
    ).SerializeToString()
    endorsements = [
        proposal_response_pb2.Endorsement(
            endorser=identity(name).serialized(),
            signature=identity(name).sign(response + identity(name).serialized()),
        )
        for name in endorsers
    ]
    action = transaction_pb2.ChaincodeActionPayload(
        chaincode_proposal_payload=proposal,
        action=transaction_pb2.ChaincodeEndorsedAction(
            proposal_response_payload=response, endorsements=endorsements
        ),
    )
    data = transaction_pb2.Transaction(
        actions=[
            transaction_pb2.TransactionAction(
                header=signature_header, payload=action.SerializeToString()
            )
        ]
    ).SerializeToString()
    return signed(data, signer=by, nonce=nonce, extension=extension)


def position(place: int | str) -> ab_pb2.SeekPosition:
    """Return a place in the chain: a number, oldest, newest, next, or anything else for none."""
    match place:
        case int(number):
            return ab_pb2.SeekPosition(specified=ab_pb2.SeekSpecified(number=number))
        case "oldest":
            return ab_pb2.SeekPosition(oldest=ab_pb2.SeekOldest())
        case "newest":
            return ab_pb2.SeekPosition(newest=ab_pb2.SeekNewest())
        case "next":
            return ab_pb2.SeekPosition(next_commit=ab_pb2.SeekNextCommit())
    return ab_pb2.SeekPosition()


def seek(
    start: int | str,
    stop: int | str,
    *,
    fail: bool = True,
    headers: bool = False,
    signer: SigningIdentity | None = None,
    channel: str = CHANNEL,
    moment: datetime = NOW,
    tls_hash: bytes = b"",
) -> bytes:
    """Return a request for blocks."""
    behaviour = ab_pb2.SeekInfo.FAIL_IF_NOT_READY if fail else ab_pb2.SeekInfo.BLOCK_UNTIL_READY
    content = ab_pb2.SeekInfo.HEADER_WITH_SIG if headers else ab_pb2.SeekInfo.BLOCK
    info = ab_pb2.SeekInfo(
        start=position(start), stop=position(stop), behavior=behaviour, content_type=content
    )
    return signed(
        info.SerializeToString(),
        signer=signer,
        kind=common_pb2.HeaderType.DELIVER_SEEK_INFO,
        channel=channel,
        moment=moment,
        tls_hash=tls_hash,
    )

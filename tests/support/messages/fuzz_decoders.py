"""All public decoders with real bytes to corrupt: a decoder may only raise this project's own errors."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from fabric_protos.common import common_pb2, configtx_pb2, policies_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import identities_pb2, msp_config_pb2, msp_principal_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    events_pb2,
    policy_pb2,
    proposal_pb2,
    proposal_response_pb2,
)
from fabric_protos.peer import chaincode_shim_pb2 as shim
from google.protobuf.json_format import ParseDict

from pyfabric.admin import archives, definitions, inspection
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.chaincode import key_policies, keys, requests
from pyfabric.chaincode.machine import Begin, Machine
from pyfabric.client import checkpoints, event_requests
from pyfabric.errors import ErrorDetail, FabricError
from pyfabric.identity import certificates, parsing, pem, revocation, trust
from pyfabric.identity import keys as identity_keys
from pyfabric.identity.definition_messages import definition_from_config
from pyfabric.identity.msp import MSP
from pyfabric.identity.principals import check_principal
from pyfabric.messages import (
    blocks,
    deliver,
    durations,
    events,
    json_values,
    prepared,
    proposals,
    status_details,
)
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.decoding import decode
from pyfabric.messages.translation.decoding import to_json
from pyfabric.messages.translation.encoding import from_json
from pyfabric.messages.translation.marks import parse
from pyfabric.messages.translation.table import COMPLETE
from pyfabric.rules.configuration.channel_config import ChannelConfig, validate_channel_id
from pyfabric.rules.consensus import bft, raft
from pyfabric.rules.discovery.config import config_result
from pyfabric.rules.discovery.principals import principal_sets
from pyfabric.rules.policies import syntax
from pyfabric.rules.policies.evaluation import SignaturePolicy
from pyfabric.rules.state import rwset
from pyfabric.sharing.proof_file import ProofFile
from pyfabric.sharing.trust import TrustRecord
from tests.support.messages.mutation import mutant
from tests.support.messages.real_messages import VECTORS, read_all, real_messages
from tests.support.municipal import records
from tests.support.rules import history
from tests.support.sharing import recorded_proofs


@dataclass(frozen=True)
class Target:
    """A decoder, and real bytes for it."""

    decode: Callable[[bytes], object]
    corpus: Sequence[bytes]

    def try_mutant(self, seed: int) -> None:
        """Decode one corrupted message; an exception that escapes is not one of this project's."""
        with suppress(FabricError):
            self.decode(mutant(seed, self.corpus))


@cache
def targets() -> Mapping[str, Target]:
    """Return the decoders by name."""
    return {
        **_of_blocks(),
        **_of_texts(),
        **_of_identities(),
        **_of_chaincodes(),
        **_of_proofs(),
    }


def _of_blocks() -> dict[str, Target]:
    real = real_messages()
    block, envelope = real[common_pb2.Block], real[common_pb2.Envelope]
    signature_policies = real[policies_pb2.SignaturePolicyEnvelope]
    membership = raft.Membership.first(3)
    return {
        "block": Target(_block, block),
        "signatures of a block": Target(_signatures_of_a_block, block),
        "block as an event": Target(_block_as_an_event, block),
        "what streams deliver": Target(_delivered, list(_from_streams())),
        "configuration": Target(_configuration, real[configtx_pb2.Config]),
        "transaction in words": Target(inspection.describe_transaction, envelope),
        "read-write set": Target(rwset.decode_read_write_set, real[rwset_pb2.TxReadWriteSet]),
        "metadata of a key": Target(rwset.decode_metadata, real[kv_rwset_pb2.KVMetadataWrite]),
        "messages of a gateway": Target(_gateway_messages, list(_for_the_gateway())),
        "details of an error": Target(status_details.read_details, [_status()]),
        "answer of an orderer": Target(
            deliver.read_broadcast,
            [ab_pb2.BroadcastResponse(status=400, info="no").SerializeToString()],
        ),
        "signature policy": Target(_signature_policy, signature_policies),
        "policy in words": Target(definitions.describe_policy, real[policy_pb2.ApplicationPolicy]),
        "principal": Target(_principal, real[msp_principal_pb2.MSPPrincipal]),
        "options of BFT": Target(_bft_options, real[smartbft_pb2.Options]),
        "members of Raft": Target(
            lambda raw: raft.Membership.read(raw, 3), [membership.metadata()]
        ),
        "block as JSON": Target(_as_json, block),
        "JSON of a message": Target(
            lambda raw: from_json(common_pb2.Envelope, parse(raw)),
            [
                json.dumps(to_json(one, opened=COMPLETE)).encode()
                for one in read_all(common_pb2.Envelope)[::20]
            ],
        ),
    }


def _of_proofs() -> dict[str, Target]:
    files = [(recorded_proofs.FOLDER / name).read_bytes() for name in recorded_proofs.FILES]
    sections = [ProofFile.from_bytes(one) for one in files]

    def within(transaction: bytes) -> None:
        file = replace(sections[0], transaction=transaction)
        recorded_proofs.try_to_verify(file.to_bytes())

    return {
        "proof": Target(recorded_proofs.try_to_verify, files),
        "transaction of a proof": Target(within, [one.transaction for one in sections]),
        "trust record": Target(
            TrustRecord.from_bytes, [recorded_proofs.record("sales").to_bytes()]
        ),
    }


def _of_texts() -> dict[str, Target]:
    accepted = json.loads((VECTORS / "3-signature-policies" / "accepted.json").read_text())
    expressions = [case["policy"].encode() for case in accepted]
    return {
        "policy expression": Target(
            lambda raw: syntax.parse_signature_policy(raw.decode(errors="replace")), expressions
        ),
        "duration": Target(
            lambda raw: durations.parse_duration(raw.decode(errors="replace")),
            [b"2s", b"1h30m0.5s", b"-1.5us", b"250ms"],
        ),
        "name of a channel": Target(
            lambda raw: validate_channel_id(raw.decode(errors="replace")), [b"records", b"a.b-c"]
        ),
        "checkpoint": Target(
            checkpoints.Checkpoint.from_json,
            [checkpoints.Checkpoint.after_transaction(7, "ab").to_json()],
        ),
    }


def _of_identities() -> dict[str, Target]:
    identities = history.FOLDER / "identities"
    files = sorted([*(VECTORS / "7-identities" / "certs").glob("*.pem"), *identities.glob("*.pem")])
    pems = [file.read_bytes() for file in files]
    certificate_blocks = [found.content for one in pems if (found := pem.find(one))]
    endorsements = read_all(proposal_response_pb2.Endorsement)
    return {
        "certificate": Target(_certificate, pems),
        "certificate in DER": Target(_certificate_in_der, certificate_blocks),
        "revocation list": Target(
            revocation.read_revocation_list,
            [file.read_bytes() for file in sorted(VECTORS.rglob("crls/*.pem"))],
        ),
        "private key": Target(
            identity_keys.load_private_key,
            [file.read_bytes() for file in sorted(identities.glob("*.key"))],
        ),
        "signature": Target(_signature, [one.signature for one in endorsements]),
        "MSP": Target(_msp, real_messages()[msp_config_pb2.MSPConfig]),
        "identity": Target(_identity, real_messages()[identities_pb2.SerializedIdentity]),
    }


def _of_chaincodes() -> dict[str, Target]:
    packages = [file.read_bytes() for file in sorted((VECTORS / "4-packages").rglob("*.tgz"))]
    return {
        "package": Target(_package, packages),
        "content of a package": Target(
            lambda raw: _package(gzip.compress(raw, 1)), list(_unpacked(packages))
        ),
        "archive": Target(archives.read_archive, packages),
        "message from a peer": Target(_from_a_peer, list(_peer_messages())),
        "results of a query": Target(_results, list(_query_results())),
        "JSON in a contract": Target(_contract_json, [b'{"a": [1, 2.5, null, "x"]}', b'[{}, "t"]']),
        "policy of a key": Target(
            key_policies.KeyEndorsementPolicy.from_bytes,
            real_messages()[policies_pb2.SignaturePolicyEnvelope],
        ),
        "composite key": Target(
            lambda raw: keys.split_composite_key(raw.decode(errors="replace")),
            [b"\0owner\0ann\0bo\0", b"\0a\0"],
        ),
    }


@cache
def _channel() -> ChannelConfig:
    return ChannelConfig.from_block(history.blocks()[0])


def _block(raw: bytes) -> None:
    block = blocks.parse_block(raw)
    blocks.header_hash(block.header)
    blocks.data_hash(block.data)
    blocks.transaction_filter(block)
    for read in (blocks.orderer_metadata, blocks.last_config_index, config_from_block):
        with suppress(FabricError):
            read(block)
    ChannelConfig.from_block(block)


def _signatures_of_a_block(raw: bytes) -> None:
    _channel().verify_block(blocks.parse_block(raw))


def _block_as_an_event(raw: bytes) -> None:
    for transaction in events.Block.from_bytes(raw).transactions:
        inspection.describe_transaction(transaction.envelope)


def _delivered(raw: bytes) -> None:
    kinds: tuple[event_requests.StreamKind[Any], ...] = (
        event_requests.BLOCKS,
        event_requests.FILTERED_BLOCKS,
        event_requests.BLOCKS_AND_PRIVATE_DATA,
        event_requests.CHAINCODE_EVENTS,
    )
    for kind in kinds:
        with suppress(FabricError):
            kind.read(raw)
        with suppress(FabricError):
            kind.starts_at_block(event_requests.EventsRequest.from_bytes(kind, raw).message)


def _from_streams() -> Iterator[bytes]:
    for block in history.blocks()[::10]:
        private = events_pb2.BlockAndPrivateData(block=block)
        private.private_data_map[0].ns_pvt_rwset.add(namespace="ledger")
        yield events_pb2.DeliverResponse(block=block).SerializeToString()
        yield events_pb2.DeliverResponse(block_and_private_data=private).SerializeToString()
    for line in (history.FOLDER / "filtered.jsonl").read_text().splitlines()[::10]:
        filtered = ParseDict(json.loads(line), events_pb2.FilteredBlock())
        yield events_pb2.DeliverResponse(filtered_block=filtered).SerializeToString()
    yield events_pb2.DeliverResponse(status=common_pb2.Status.NOT_FOUND).SerializeToString()
    event = chaincode_event_pb2.ChaincodeEvent(chaincode_id="ledger", tx_id="1", event_name="put")
    yield gateway_pb2.ChaincodeEventsResponse(block_number=3, events=[event]).SerializeToString()
    yield records.seek(0, 5)


def _configuration(raw: bytes) -> None:
    config = decode(configtx_pb2.Config, raw)
    with suppress(FabricError):
        config_result(config)
    ChannelConfig(config, channel_id="records")


def _gateway_messages(raw: bytes) -> None:
    for read in (
        prepared.CommitStatusRequest.from_bytes,
        prepared.PreparedTransaction.from_bytes,
        proposals.ProposedTransaction.from_bytes,
        proposals.proposal_header,
        lambda raw: prepared.read_endorsed(raw, b""),
    ):
        with suppress(FabricError):
            read(raw)


def _for_the_gateway() -> Iterator[bytes]:
    yield prepared.CommitStatusRequest.new(b"creator", "records", "1").to_bytes()
    for envelope in read_all(common_pb2.Envelope)[5:100:5]:
        payload = decode(common_pb2.Payload, envelope.payload)
        yield gateway_pb2.PreparedTransaction(
            transaction_id="1", envelope=envelope
        ).SerializeToString()
        yield gateway_pb2.EndorseResponse(prepared_transaction=envelope).SerializeToString()
        proposal = proposal_pb2.Proposal(header=payload.header.SerializeToString())
        yield gateway_pb2.ProposedTransaction(
            transaction_id="1",
            proposal=proposal_pb2.SignedProposal(proposal_bytes=proposal.SerializeToString()),
        ).SerializeToString()


def _status() -> bytes:
    return status_details.write_status(10, "failed", [ErrorDetail("peer:7051", "Org1", "no")] * 3)


def _signature_policy(raw: bytes) -> None:
    with suppress(FabricError):
        principal_sets(decode(policies_pb2.SignaturePolicyEnvelope, raw))
    policy = SignaturePolicy.from_bytes(raw, _channel().msp_manager)
    policy.evaluate([])


def _principal(raw: bytes) -> None:
    member = _channel().msp_manager.deserialize(records.identity("user1@registry").serialized())
    check_principal(member, decode(msp_principal_pb2.MSPPrincipal, raw))


def _bft_options(raw: bytes) -> None:
    with suppress(FabricError):
        bft.check_metadata(raw)
    bft.read_options(raw, _channel().batch)


def _as_json(raw: bytes) -> None:
    tree = to_json(decode(common_pb2.Block, raw), opened=COMPLETE)
    from_json(common_pb2.Block, parse(json.dumps(tree)))


def _certificate(raw: bytes) -> None:
    for read in (trust.read_certificate, parsing.read_pem):
        with suppress(FabricError):
            read(raw)
    certificate = certificates.load_certificate(raw)
    for ask in (certificates.certificate_attributes, certificates.client_id):
        with suppress(FabricError):
            ask(certificate)


def _certificate_in_der(raw: bytes) -> None:
    found = parsing.read_der(raw)
    for read in (
        lambda: found.basic_constraints,
        lambda: found.extended_key_usages,
        lambda: found.subject_key_id,
        lambda: found.authority_key_id,
        lambda: (found.may_sign_certificates, found.alternative_names, found.subject),
    ):
        with suppress(FabricError):
            read()
    trust.check_importable(found)


def _signature(raw: bytes) -> None:
    identity_keys.ecdsa_integers(raw)
    member = _channel().msp_manager.deserialize(records.identity("user1@registry").serialized())
    member.verify(b"message", raw)


def _msp(raw: bytes) -> None:
    definition = definition_from_config(decode(msp_config_pb2.MSPConfig, raw))
    MSP(definition)
    MSP(definition, ed25519=True)


def _identity(raw: bytes) -> None:
    member = _channel().msp_manager.deserialize(raw)
    member.validate()
    str(member.units)


def _unpacked(packages: Sequence[bytes]) -> Iterator[bytes]:
    """Yield what is in those that gzip can read: some vectors are broken."""
    for package in packages:
        with suppress(OSError, EOFError):
            yield gzip.decompress(package)


def _package(raw: bytes) -> None:
    package = ChaincodePackage.read(raw)
    for read in (lambda: package.files, lambda: package.connection, package.check_installable):
        with suppress(FabricError):
            read()


def _from_a_peer(raw: bytes) -> None:
    machine = Machine("ledger_1.0:ab")
    machine.open()
    for message in (*_READY, raw, raw):
        for action in machine.receive(message):
            if isinstance(action, Begin):
                _read_invocation(action)


def _read_invocation(action: Begin) -> None:
    given = action.invocation
    for read in (
        lambda: given.timestamp,
        lambda: given.creator,
        lambda: given.binding,
        lambda: given.transient,
    ):
        with suppress(FabricError):
            read()


_READY = [
    shim.ChaincodeMessage(type=shim.ChaincodeMessage.REGISTERED).SerializeToString(),
    shim.ChaincodeMessage(type=shim.ChaincodeMessage.READY).SerializeToString(),
]


def _peer_messages() -> Iterator[bytes]:
    for envelope in read_all(common_pb2.Envelope)[5:100:5]:
        header = decode(common_pb2.Payload, envelope.payload).header
        proposal = proposal_pb2.Proposal(
            header=header.SerializeToString(),
            payload=proposal_pb2.ChaincodeProposalPayload(
                TransientMap={"value": b"x"}
            ).SerializeToString(),
        )
        yield shim.ChaincodeMessage(
            type=shim.ChaincodeMessage.TRANSACTION,
            txid="1",
            channel_id="records",
            payload=chaincode_pb2.ChaincodeInput(
                args=[b"put", b"a"], decorations={"d": b"e"}
            ).SerializeToString(),
            proposal=proposal_pb2.SignedProposal(proposal_bytes=proposal.SerializeToString()),
        ).SerializeToString()
    for kind in (shim.ChaincodeMessage.RESPONSE, shim.ChaincodeMessage.ERROR):
        yield shim.ChaincodeMessage(type=kind, txid="1", payload=b"x").SerializeToString()


def _results(raw: bytes) -> None:
    for call in (
        requests.state_range("", ""),
        requests.history("k"),
        requests.state_page("", "", 1, ""),
        requests.get_states(["k"], 1)[0],
        requests.get_validation_parameter("k"),
        requests.invoke_chaincode("other", [], ""),
    ):
        with suppress(FabricError):
            call.parse(raw)


def _query_results() -> Iterator[bytes]:
    yield shim.GetStateMultipleResult(values=[b"a", b""]).SerializeToString()
    entry = shim.StateMetadata(metakey="VALIDATION_PARAMETER", value=b"p")
    yield shim.StateMetadataResult(entries=[entry]).SerializeToString()
    answer = proposal_response_pb2.Response(status=200, payload=b"x").SerializeToString()
    completed = shim.ChaincodeMessage(type=shim.ChaincodeMessage.COMPLETED, payload=answer)
    yield completed.SerializeToString()
    one = kv_query_result_pb2.KV(namespace="ledger", key="a", value=b"b")
    change = kv_query_result_pb2.KeyModification(tx_id="1", value=b"x")
    change.timestamp.seconds = 1
    for item in (one.SerializeToString(), change.SerializeToString()):
        yield shim.QueryResponse(
            results=[shim.QueryResultBytes(resultBytes=item)] * 2,
            has_more=True,
            id="q",
            metadata=shim.QueryResponseMetadata(
                fetched_records_count=2, bookmark="b"
            ).SerializeToString(),
        ).SerializeToString()


def _contract_json(raw: bytes) -> None:
    for kind in (dict[str, Any], list[int], str, float):
        with suppress(FabricError):
            json_values.from_json(kind, raw)
    json_values.check_json(raw)

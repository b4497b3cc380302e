"""Blocks and transactions as nested dicts, with the keys that fabric-sdk-py gave them.

Hashes and nonces are hexadecimal (bytes), certificates PEM or base64 as they were; what fabric-sdk-py left out
(writes to private data, the newer values of a configuration) is left out here: `pyfabric.messages` shows all.
"""

from base64 import b64encode
from binascii import hexlify
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import identities_pb2, msp_config_pb2, msp_principal_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    events_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)
from fabric_protos.peer import configuration_pb2 as peer_pb2
from google.protobuf.message import Message

from pyfabric.errors import DecodeError
from pyfabric.hfc._gone import attributes
from pyfabric.messages.decoding import decode
from pyfabric.messages.events import FilteredBlock, filtered_block_of

__all__ = ["BlockDecoder", "FilteredBlockDecoder"]

__getattr__ = attributes(__name__)

Decoded = dict[str, Any]

_SLOTS: Final = 3
"""The metadata that fabric-sdk-py knew: signatures, last configuration, validation codes."""


class BlockDecoder:
    """Decodes blocks and transactions."""

    @staticmethod
    def decode(block_bytes: bytes) -> Decoded:
        """Return a block (bytes of common.Block): `header`, `data` and `metadata`. Raises ValueError."""
        try:
            block = decode(common_pb2.Block, block_bytes)
            header = block.header
            return {
                "header": {
                    "number": header.number,
                    "previous_hash": hexlify(header.previous_hash),
                    "data_hash": hexlify(header.data_hash),
                },
                "data": {
                    "data": [_envelope(decode(common_pb2.Envelope, one)) for one in block.data.data]
                },
                "metadata": {"metadata": _block_metadata(block.metadata.metadata)},
            }
        except (DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"the block cannot be decoded: {error}") from error

    @staticmethod
    def decode_transaction(processed_tx_bytes: bytes) -> Decoded:
        """Return a transaction (bytes of peer.ProcessedTransaction): `validation_code` and `transaction_envelope`.

        Raises ValueError.
        """
        if not processed_tx_bytes:
            raise ValueError("the transaction cannot be decoded: it is empty")
        try:
            processed = decode(transaction_pb2.ProcessedTransaction, processed_tx_bytes)
            return {
                "validation_code": processed.validationCode,
                "transaction_envelope": _envelope(processed.transactionEnvelope),
            }
        except (DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"the transaction cannot be decoded: {error}") from error


class FilteredBlockDecoder:
    """Decodes filtered blocks: transactions without their contents."""

    @staticmethod
    def decode(block_bytes: bytes) -> Decoded:
        """Return a filtered block (bytes of peer.FilteredBlock): `channel_id`, `number`, `filtered_transactions`.

        Raises ValueError.
        """
        try:
            block = decode(events_pb2.FilteredBlock, block_bytes)
        except DecodeError as error:
            raise ValueError(f"the filtered block cannot be decoded: {error}") from error
        return filtered_block(filtered_block_of(block))


def filtered_block(block: FilteredBlock) -> Decoded:
    """Return a filtered block as `FilteredBlockDecoder` does."""
    return {
        "channel_id": block.channel,
        "number": block.number,
        "filtered_transactions": [
            {
                "txid": one.transaction_id,
                "type": _header_type(one.kind),
                "tx_validation_code": one.code.name,
                "transaction_actions": {
                    "chaincode_actions": [
                        {
                            "chaincode_event": {
                                "chaincode_id": event.chaincode,
                                "tx_id": event.transaction_id,
                                "event_name": event.name,
                                "payload": event.payload,
                            }
                        }
                        for event in one.chaincode_events
                    ]
                },
            }
            for one in block.transactions
        ],
    }


def proposal_result(payload: bytes) -> Decoded:
    """Return what endorsers signed (bytes of peer.ProposalResponsePayload): `proposal_hash` and `extension`."""
    response = decode(proposal_response_pb2.ProposalResponsePayload, payload)
    action = decode(proposal_pb2.ChaincodeAction, response.extension)
    return {
        "proposal_hash": hexlify(response.proposal_hash),
        "extension": {
            "results": _read_write_sets(action.results),
            "events": _event(decode(chaincode_event_pb2.ChaincodeEvent, action.events)),
            "response": _fields(action.response, "status", "message", "payload"),
            "chaincode_id": _fields(action.chaincode_id, "path", "name", "version"),
        },
    }


def _fields(message: Message, *names: str) -> Decoded:
    return {name: getattr(message, name) for name in names}


def _header_type(kind: int) -> str:
    known = kind in common_pb2.HeaderType.values()
    return common_pb2.HeaderType.Name(kind) if known else "UNKNOWN_TYPE"


def _envelope(envelope: common_pb2.Envelope) -> Decoded:
    payload = decode(common_pb2.Payload, envelope.payload)
    header = _header(payload.header)
    channel = header["channel_header"]
    kind = channel["type"]
    channel["type_string"] = _header_type(kind)
    decoded = _CONTENTS[kind](payload.data) if kind in _CONTENTS else {}
    return {
        "signature": envelope.signature,
        "payload": {"header": header, "data": decoded},
    }


def _header(header: common_pb2.Header) -> Decoded:
    channel = decode(common_pb2.ChannelHeader, header.channel_header)
    moment = channel.timestamp
    return {
        "channel_header": {
            **_fields(channel, "type", "version", "channel_id", "tx_id", "epoch", "extension"),
            "timestamp": f"{datetime.fromtimestamp(moment.seconds, UTC):%Y-%m-%d %H:%M:%S}",
        },
        "signature_header": _signature_header(header.signature_header),
    }


def _signature_header(raw: bytes) -> Decoded:
    header = decode(common_pb2.SignatureHeader, raw)
    return {"creator": _identity(header.creator), "nonce": hexlify(header.nonce)}


def _identity(raw: bytes) -> Decoded:
    identity = decode(identities_pb2.SerializedIdentity, raw)
    return {"mspid": identity.mspid, "id_bytes": identity.id_bytes.decode()}


def _block_metadata(slots: Sequence[bytes]) -> list[Any]:
    if len(slots) < _SLOTS:
        return []
    signatures = decode(common_pb2.Metadata, slots[common_pb2.SIGNATURES])
    codes = slots[common_pb2.TRANSACTIONS_FILTER]
    return [
        {"value": signatures.value, "signatures": _signatures(signatures.signatures)},
        _last_config(slots[common_pb2.LAST_CONFIG]),
        list(codes) if codes else None,
    ]


def _signatures(
    signed: Iterable[common_pb2.MetadataSignature | configtx_pb2.ConfigSignature],
) -> list[Decoded]:
    return [
        {
            "signature_header": _signature_header(one.signature_header),
            "signature": one.signature,
        }
        for one in signed
    ]


def _last_config(raw: bytes) -> Decoded:
    last: Decoded = {"value": {"index": 0, "signatures": []}}
    if raw:
        metadata = decode(common_pb2.Metadata, raw)
        last["value"]["index"] = decode(common_pb2.LastConfig, metadata.value).index
        last["signatures"] = _signatures(metadata.signatures)
    return last


def _endorser_transaction(raw: bytes) -> Decoded:
    if not raw:
        return {}
    return {
        "actions": [
            {"header": _signature_header(one.header), "payload": _action(one.payload)}
            for one in decode(transaction_pb2.Transaction, raw).actions
        ]
    }


def _action(raw: bytes) -> Decoded:
    payload = decode(transaction_pb2.ChaincodeActionPayload, raw)
    called = decode(proposal_pb2.ChaincodeProposalPayload, payload.chaincode_proposal_payload)
    return {
        "chaincode_proposal_payload": {"input": called.input},
        "action": {
            "proposal_response_payload": proposal_result(payload.action.proposal_response_payload),
            "endorsements": [
                {"endorser": _identity(one.endorser), "signature": one.signature}
                for one in payload.action.endorsements
            ],
        },
    }


def _event(event: chaincode_event_pb2.ChaincodeEvent) -> Decoded:
    return _fields(event, "chaincode_id", "tx_id", "event_name", "payload")


def _read_write_sets(raw: bytes) -> Decoded:
    sets = decode(rwset_pb2.TxReadWriteSet, raw)
    return {
        "data_model": sets.data_model,
        "ns_rwset": [
            {"namespace": one.namespace, "rwset": _read_write_set(one.rwset)}
            for one in sets.ns_rwset
        ],
    }


def _read_write_set(raw: bytes) -> Decoded:
    found = decode(kv_rwset_pb2.KVRWSet, raw)
    return {
        "reads": [_read(one) for one in found.reads],
        "range_queries_info": [_range(one) for one in found.range_queries_info],
        "writes": [_fields(one, "key", "is_delete", "value") for one in found.writes],
    }


def _read(read: kv_rwset_pb2.KVRead) -> Decoded:
    version = read.version
    return {
        "key": read.key,
        "version": {"block_num": str(version.block_num), "tx_num": str(version.tx_num)},
    }


def _range(found: kv_rwset_pb2.RangeQueryInfo) -> Decoded:
    hashes = found.reads_merkle_hashes
    return {
        **_fields(found, "start_key", "end_key", "itr_exhausted"),
        "raw_reads": {"kv_reads": [_read(one) for one in found.raw_reads.kv_reads]},
        "reads_merkle_hashes": {
            **_fields(hashes, "max_degree", "max_level"),
            "max_level_hashes": list(hashes.max_level_hashes),
        },
    }


def _config_envelope(raw: bytes) -> Decoded:
    envelope = decode(configtx_pb2.ConfigEnvelope, raw)
    update = decode(common_pb2.Payload, envelope.last_update.payload)
    return {
        "config": {
            "sequence": str(envelope.config.sequence),
            "channel_group": _group(envelope.config.channel_group),
        },
        "last_update": {
            "payload": {"header": _header(update.header), "data": _config_update(update.data)},
            "signature": envelope.last_update.signature,
        },
    }


def _config_update(raw: bytes) -> Decoded:
    envelope = decode(configtx_pb2.ConfigUpdateEnvelope, raw)
    update = decode(configtx_pb2.ConfigUpdate, envelope.config_update)
    return {
        "config_update": {
            "channel_id": update.channel_id,
            "read_set": _group(update.read_set),
            "write_set": _group(update.write_set),
        },
        "signatures": _signatures(envelope.signatures),
    }


def _group(group: configtx_pb2.ConfigGroup) -> Decoded:
    return {
        "version": group.version,
        "groups": {name: _group(one) for name, one in group.groups.items()},
        "values": {name: _value(name, one) for name, one in group.values.items()},
        "policies": {name: _policy(one) for name, one in group.policies.items()},
        "mod_policy": group.mod_policy,
    }


def _value(name: str, value: configtx_pb2.ConfigValue) -> Decoded:
    content = _VALUES[name](value.value) if name in _VALUES else {}
    return {"version": value.version, "mod_policy": value.mod_policy, "value": content}


def _anchor_peers(raw: bytes) -> Decoded:
    peers = decode(peer_pb2.AnchorPeers, raw).anchor_peers
    return {"anchor_peers": [_fields(one, "host", "port") for one in peers]} if peers else {}


def _orderer_addresses(raw: bytes) -> Decoded:
    addresses = decode(configuration_pb2.OrdererAddresses, raw).addresses
    return {"addresses": list(addresses)} if addresses else {}


def _msp(raw: bytes) -> Decoded:
    config = decode(msp_config_pb2.MSPConfig, raw)
    return {"type": config.type, "config": {} if config.type else _fabric_msp(config.config)}


def _fabric_msp(raw: bytes) -> Decoded:
    msp = decode(msp_config_pb2.FabricMSPConfig, raw)
    lists = (
        "root_certs",
        "intermediate_certs",
        "admins",
        "revocation_list",
        "tls_root_certs",
        "tls_intermediate_certs",
    )
    crypto = ("signature_hash_family", "identity_identifier_hash_function")
    units = msp.fabric_node_ous
    return {
        "name": msp.name,
        **{name: [b64encode(one).decode() for one in getattr(msp, name)] for name in lists},
        "signing_identity": _signer(msp.signing_identity),
        "crypto_config": _fields(msp.crypto_config, *crypto)
        if msp.HasField("crypto_config")
        else {},
        "organizational_unit_identifiers": [
            _unit(one) for one in msp.organizational_unit_identifiers
        ],
        "fabric_node_ous": {
            "enable": units.enable,
            "client_ou_identifier": _unit(units.client_ou_identifier),
            "peer_ou_identifier": _unit(units.peer_ou_identifier),
        },
    }


def _signer(info: msp_config_pb2.SigningIdentityInfo) -> Decoded | None:
    if not info.ByteSize():
        return None
    key = info.private_signer
    held = (
        {"key_identifier": key.key_identifier, "key_material": "private"} if key.ByteSize() else {}
    )
    return {"public_signer": info.public_signer.decode(), "private_signer": held}


def _unit(unit: msp_config_pb2.FabricOUIdentifier) -> Decoded:
    return {
        "certificate": unit.certificate.decode(),
        "organizational_unit_identifier": unit.organizational_unit_identifier,
    }


def _policy(policy: configtx_pb2.ConfigPolicy) -> Decoded:
    kind, raw = policy.policy.type, policy.policy.value
    content: Decoded = {"type": kind}
    if kind == policies_pb2.Policy.SIGNATURE:
        content["value"] = _signature_policy(raw)
    elif kind == policies_pb2.Policy.IMPLICIT_META:
        rule = decode(policies_pb2.ImplicitMetaPolicy, raw)
        name = policies_pb2.ImplicitMetaPolicy.Rule.Name(rule.rule)
        content["value"] = {"sub_policy": rule.sub_policy, "rule": name}
    elif kind == policies_pb2.Policy.UNKNOWN:
        content["value"] = "Unknown"
    return {"version": policy.version, "mod_policy": policy.mod_policy, "policy": content}


def _signature_policy(raw: bytes) -> Decoded:
    envelope = decode(policies_pb2.SignaturePolicyEnvelope, raw)
    return {
        "version": envelope.version,
        "rule": _rule(envelope.rule),
        "identities": [_principal(one) for one in envelope.identities],
    }


def _rule(rule: policies_pb2.SignaturePolicy) -> Decoded:
    if rule.HasField("n_out_of"):
        rules = [_rule(one) for one in rule.n_out_of.rules]
        return {"n_out_of": {"n": rule.n_out_of.n, "rules": rules}}
    return {"signed_by": rule.signed_by}


def _principal(principal: msp_principal_pb2.MSPPrincipal) -> Decoded:
    kind, raw = principal.principal_classification, principal.principal
    content: Decoded
    if kind == msp_principal_pb2.MSPPrincipal.ROLE:
        role = decode(msp_principal_pb2.MSPRole, raw)
        name = msp_principal_pb2.MSPRole.MSPRoleType.Name(role.role)
        content = {"msp_identifier": role.msp_identifier, "role": name}
        return {"principal_classification": "ROLE", "principal": content}
    if kind == msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT:
        unit = decode(msp_principal_pb2.OrganizationUnit, raw)
        names = ("msp_identifier", "organizational_unit_identifier", "certifiers_identifier")
        return {
            "principal_classification": "ORGANIZATION_UNIT",
            "principal": _fields(unit, *names),
        }
    return _identity(raw)


def _plain(kind: type[Message], **names: Callable[[Any], Any]) -> Callable[[bytes], Decoded]:
    """Return a decoder of a value whose fields are shown as they are, or made by the functions given."""

    def decoder(raw: bytes) -> Decoded:
        message = decode(kind, raw)
        return {name: shown(getattr(message, name)) for name, shown in names.items()}

    return decoder


_CONTENTS: Final[Mapping[int, Callable[[bytes], Decoded]]] = {
    common_pb2.HeaderType.CONFIG: _config_envelope,
    common_pb2.HeaderType.CONFIG_UPDATE: _config_update,
    common_pb2.HeaderType.ENDORSER_TRANSACTION: _endorser_transaction,
}
_VALUES: Final[Mapping[str, Callable[[bytes], Decoded]]] = {
    "AnchorPeers": _anchor_peers,
    "MSP": _msp,
    "ConsensusType": _plain(orderer_pb2.ConsensusType, type=str),
    "BatchSize": _plain(
        orderer_pb2.BatchSize,
        max_message_count=int,
        absolute_max_bytes=int,
        preferred_max_bytes=int,
    ),
    "BatchTimeout": _plain(orderer_pb2.BatchTimeout, timeout=str),
    "ChannelRestrictions": _plain(orderer_pb2.ChannelRestrictions, max_count=str),
    "Consortium": _plain(configuration_pb2.Consortium, name=str),
    "HashingAlgorithm": _plain(configuration_pb2.HashingAlgorithm, name=str),
    "BlockDataHashingStructure": _plain(configuration_pb2.BlockDataHashingStructure, width=int),
    "OrdererAddresses": _orderer_addresses,
}

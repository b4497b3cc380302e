"""Which bytes of Fabric's messages hold messages: what Fabric's own translator opens, and the rest.

Source: configtxlator of Fabric 3.1, run on real blocks and configurations, for AS_FABRIC; the definitions
of the messages for COMPLETE.
"""

from collections.abc import Mapping
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2, policies_pb2
from fabric_protos.discovery import protocol_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.gossip import message_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import identities_pb2, msp_config_pb2, msp_principal_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_configuration_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    chaincode_shim_pb2,
    policy_pb2,
    proposal_pb2,
    proposal_response_pb2,
    signed_cc_dep_spec_pb2,
    snapshot_pb2,
    transaction_pb2,
)
from fabric_protos.peer.lifecycle import chaincode_definition_pb2, db_pb2, lifecycle_pb2
from google.protobuf.message import Message

from pyfabric.errors import DecodeError
from pyfabric.messages import consensus
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import FIELD_MESSAGES
from pyfabric.messages.translation import configuration, lifecycle
from pyfabric.messages.translation.places import (
    Choice,
    Place,
    Table,
    View,
    always,
    by_field,
    by_role,
)

_HEADER_TYPE: Final = common_pb2.HeaderType
_TRANSACTION: Final = _HEADER_TYPE.ENDORSER_TRANSACTION
_PAYLOADS: Final[Mapping[int, type[Message]]] = {
    _HEADER_TYPE.MESSAGE: configtx_pb2.ConfigValue,
    _HEADER_TYPE.CONFIG: configtx_pb2.ConfigEnvelope,
    _HEADER_TYPE.CONFIG_UPDATE: configtx_pb2.ConfigUpdateEnvelope,
    _TRANSACTION: transaction_pb2.Transaction,
    _HEADER_TYPE.ORDERER_TRANSACTION: common_pb2.Envelope,
}
_MORE_PAYLOADS: Final = {**_PAYLOADS, _HEADER_TYPE.DELIVER_SEEK_INFO: ab_pb2.SeekInfo}


def _by_header(kinds: Mapping[int, type[Message]]) -> Choice:
    """Return the data of a payload, by the type in its channel header."""

    def choose(place: Place) -> View | None:
        try:
            header = decode(common_pb2.ChannelHeader, place.message.header.channel_header)
        except DecodeError:
            return None
        kind = kinds.get(header.type) if place.message.HasField("header") else None
        return None if kind is None else View(kind)

    return choose


_identity: Final = always(identities_pb2.SerializedIdentity)
_signature_header: Final = always(common_pb2.SignatureHeader)

AS_FABRIC: Final[Table] = {
    common_pb2.BlockData: {"data": always(common_pb2.Envelope)},
    common_pb2.Envelope: {"payload": always(common_pb2.Payload)},
    common_pb2.Payload: {"data": _by_header(_PAYLOADS)},
    common_pb2.Header: {
        "channel_header": always(common_pb2.ChannelHeader),
        "signature_header": _signature_header,
    },
    common_pb2.ChannelHeader: {
        "extension": by_field("type", {_TRANSACTION: proposal_pb2.ChaincodeHeaderExtension})
    },
    common_pb2.SignatureHeader: {"creator": _identity},
    configtx_pb2.Config: {"channel_group": configuration.channel_group},
    configtx_pb2.ConfigUpdate: {
        "read_set": configuration.channel_group,
        "write_set": configuration.channel_group,
    },
    configtx_pb2.ConfigGroup: {
        "groups": configuration.sub_group,
        "values": configuration.group_value,
    },
    configtx_pb2.ConfigValue: {"value": configuration.value_content},
    configtx_pb2.ConfigUpdateEnvelope: {"config_update": always(configtx_pb2.ConfigUpdate)},
    configtx_pb2.ConfigSignature: {"signature_header": _signature_header},
    policies_pb2.Policy: {
        "value": by_field(
            "type",
            {
                policies_pb2.Policy.SIGNATURE: policies_pb2.SignaturePolicyEnvelope,
                policies_pb2.Policy.IMPLICIT_META: policies_pb2.ImplicitMetaPolicy,
            },
        )
    },
    msp_config_pb2.MSPConfig: {
        "config": by_field(
            "type", {0: msp_config_pb2.FabricMSPConfig, 1: msp_config_pb2.IdemixMSPConfig}
        )
    },
    msp_principal_pb2.MSPPrincipal: {
        "principal": by_field(
            "principal_classification",
            {
                msp_principal_pb2.MSPPrincipal.ROLE: msp_principal_pb2.MSPRole,
                msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT: msp_principal_pb2.OrganizationUnit,
                msp_principal_pb2.MSPPrincipal.IDENTITY: identities_pb2.SerializedIdentity,
            },
        )
    },
    orderer_configuration_pb2.ConsensusType: {"metadata": by_field("type", consensus.METADATA)},
    transaction_pb2.TransactionAction: {
        "header": _signature_header,
        "payload": always(transaction_pb2.ChaincodeActionPayload),
    },
    transaction_pb2.ChaincodeActionPayload: {
        "chaincode_proposal_payload": always(proposal_pb2.ChaincodeProposalPayload)
    },
    transaction_pb2.ChaincodeEndorsedAction: {
        "proposal_response_payload": always(proposal_response_pb2.ProposalResponsePayload)
    },
    proposal_pb2.ChaincodeProposalPayload: {"input": always(chaincode_pb2.ChaincodeInvocationSpec)},
    proposal_response_pb2.ProposalResponsePayload: {
        "extension": always(proposal_pb2.ChaincodeAction)
    },
    proposal_pb2.ChaincodeAction: {
        "results": always(rwset_pb2.TxReadWriteSet),
        "events": always(chaincode_event_pb2.ChaincodeEvent),
    },
    rwset_pb2.NsReadWriteSet: {"rwset": always(kv_rwset_pb2.KVRWSet)},
}
"""What configtxlator opens. Its JSON of a message and ours with this table are equal."""

_SIGNATURES: Final = "signatures"
_LAST_CONFIG: Final = "last config"
_SLOTS: Final = common_pb2.BlockMetadataIndex
_SLOT_ROLES: Final[Mapping[int, str]] = {
    _SLOTS.SIGNATURES: _SIGNATURES,
    _SLOTS.LAST_CONFIG: _LAST_CONFIG,
    _SLOTS.ORDERER: "orderer",
    _SLOTS.COMMIT_HASH: "commit hash",
}


def _slot(place: Place) -> View | None:
    """Return a slot of a block's metadata; the transactions' codes are plain bytes."""
    role = _SLOT_ROLES.get(int(place.key or 0))
    return None if role is None else View(common_pb2.Metadata, role)


def _metadata_entry(place: Place) -> View | None:
    """Return a key's metadata: Fabric has one entry, the key's own endorsement policy."""
    named = place.message.name == "VALIDATION_PARAMETER"
    return View(policies_pb2.SignaturePolicyEnvelope) if named else None


_CHAINCODE_MESSAGE: Final = chaincode_shim_pb2.ChaincodeMessage
_CHAINCODE_PAYLOADS: Final[Mapping[int, type[Message]]] = {
    _CHAINCODE_MESSAGE.REGISTER: chaincode_pb2.ChaincodeID,
    _CHAINCODE_MESSAGE.INIT: chaincode_pb2.ChaincodeInput,
    _CHAINCODE_MESSAGE.TRANSACTION: chaincode_pb2.ChaincodeInput,
    _CHAINCODE_MESSAGE.COMPLETED: proposal_response_pb2.Response,
    _CHAINCODE_MESSAGE.GET_STATE: chaincode_shim_pb2.GetState,
    _CHAINCODE_MESSAGE.GET_STATE_MULTIPLE: chaincode_shim_pb2.GetStateMultiple,
    _CHAINCODE_MESSAGE.GET_PRIVATE_DATA_HASH: chaincode_shim_pb2.GetState,
    _CHAINCODE_MESSAGE.GET_STATE_METADATA: chaincode_shim_pb2.GetStateMetadata,
    _CHAINCODE_MESSAGE.PUT_STATE: chaincode_shim_pb2.PutState,
    _CHAINCODE_MESSAGE.PUT_STATE_METADATA: chaincode_shim_pb2.PutStateMetadata,
    _CHAINCODE_MESSAGE.DEL_STATE: chaincode_shim_pb2.DelState,
    _CHAINCODE_MESSAGE.PURGE_PRIVATE_DATA: chaincode_shim_pb2.PurgePrivateState,
    _CHAINCODE_MESSAGE.WRITE_BATCH_STATE: chaincode_shim_pb2.WriteBatchState,
    _CHAINCODE_MESSAGE.GET_STATE_BY_RANGE: chaincode_shim_pb2.GetStateByRange,
    _CHAINCODE_MESSAGE.GET_QUERY_RESULT: chaincode_shim_pb2.GetQueryResult,
    _CHAINCODE_MESSAGE.GET_HISTORY_FOR_KEY: chaincode_shim_pb2.GetHistoryForKey,
    _CHAINCODE_MESSAGE.QUERY_STATE_NEXT: chaincode_shim_pb2.QueryStateNext,
    _CHAINCODE_MESSAGE.QUERY_STATE_CLOSE: chaincode_shim_pb2.QueryStateClose,
    _CHAINCODE_MESSAGE.INVOKE_CHAINCODE: chaincode_pb2.ChaincodeSpec,
}
_policy: Final[Mapping[str, Choice]] = {
    "validation_parameter": always(policy_pb2.ApplicationPolicy)
}
_Approved: Final = lifecycle_pb2.QueryApprovedChaincodeDefinitionsResult.ApprovedChaincodeDefinition

COMPLETE: Final[Table] = {
    **AS_FABRIC,
    common_pb2.Payload: {"data": _by_header(_MORE_PAYLOADS)},
    common_pb2.BlockMetadata: {"metadata": _slot},
    common_pb2.Metadata: {
        "value": by_role(
            {_SIGNATURES: common_pb2.OrdererBlockMetadata, _LAST_CONFIG: common_pb2.LastConfig}
        )
    },
    common_pb2.MetadataSignature: {
        "signature_header": _signature_header,
        "identifier_header": always(common_pb2.IdentifierHeader),
    },
    proposal_pb2.SignedProposal: {"proposal_bytes": always(proposal_pb2.Proposal)},
    proposal_pb2.Proposal: {
        "header": always(common_pb2.Header),
        "payload": always(proposal_pb2.ChaincodeProposalPayload),
    },
    proposal_response_pb2.ProposalResponse: {
        "payload": always(proposal_response_pb2.ProposalResponsePayload)
    },
    proposal_response_pb2.Endorsement: {"endorser": _identity},
    rwset_pb2.NsReadWriteSet: {"rwset": lifecycle.public_set},
    rwset_pb2.NsPvtReadWriteSet: {"collection_pvt_rwset": lifecycle.private_collection},
    rwset_pb2.CollectionPvtReadWriteSet: {"rwset": lifecycle.private_set},
    rwset_pb2.CollectionHashedReadWriteSet: {"hashed_rwset": always(kv_rwset_pb2.HashedRWSet)},
    kv_rwset_pb2.KVRWSet: {"writes": lifecycle.write},
    kv_rwset_pb2.KVWrite: {"value": lifecycle.state_record},
    kv_rwset_pb2.KVMetadataEntry: {"value": _metadata_entry},
    db_pb2.StateData: {"Bytes": by_role(FIELD_MESSAGES)},
    chaincode_pb2.ChaincodeSpec: {"input": lifecycle.chaincode_input},
    chaincode_pb2.ChaincodeInput: {"args": lifecycle.argument},
    chaincode_definition_pb2.ChaincodeValidationInfo: _policy,
    lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs: _policy,
    lifecycle_pb2.CommitChaincodeDefinitionArgs: _policy,
    lifecycle_pb2.CheckCommitReadinessArgs: _policy,
    lifecycle_pb2.QueryApprovedChaincodeDefinitionResult: _policy,
    _Approved: _policy,
    lifecycle_pb2.QueryChaincodeDefinitionResult: _policy,
    lifecycle_pb2.QueryChaincodeDefinitionsResult.ChaincodeDefinition: _policy,
    signed_cc_dep_spec_pb2.SignedChaincodeDeploymentSpec: {
        "chaincode_deployment_spec": always(chaincode_pb2.ChaincodeDeploymentSpec),
        "instantiation_policy": always(policies_pb2.SignaturePolicyEnvelope),
    },
    _CHAINCODE_MESSAGE: {"payload": by_field("type", _CHAINCODE_PAYLOADS)},
    chaincode_shim_pb2.StateMetadata: {
        "value": lambda place: (
            View(policies_pb2.SignaturePolicyEnvelope)
            if place.message.metakey == "VALIDATION_PARAMETER"
            else None
        )
    },
    snapshot_pb2.SignedSnapshotRequest: {"request": always(snapshot_pb2.SnapshotRequest)},
    protocol_pb2.SignedRequest: {"payload": always(protocol_pb2.Request)},
    protocol_pb2.AuthInfo: {"client_identity": _identity},
    protocol_pb2.Peer: {"identity": _identity},
    message_pb2.Envelope: {"payload": always(message_pb2.GossipMessage)},
    message_pb2.SecretEnvelope: {"payload": always(message_pb2.Secret)},
    message_pb2.Payload: {"data": always(common_pb2.Block)},
    message_pb2.PrivatePayload: {"private_rwset": always(kv_rwset_pb2.KVRWSet)},
    message_pb2.ConnEstablish: {"identity": _identity},
    message_pb2.PeerIdentity: {"cert": _identity},
    gateway_pb2.SignedCommitStatusRequest: {"request": always(gateway_pb2.CommitStatusRequest)},
    gateway_pb2.CommitStatusRequest: {"identity": _identity},
    gateway_pb2.SignedChaincodeEventsRequest: {
        "request": always(gateway_pb2.ChaincodeEventsRequest)
    },
    gateway_pb2.ChaincodeEventsRequest: {"identity": _identity},
}
"""All bytes that hold messages: metadata of blocks, endorsers, hashed sets, lifecycle, discovery, …"""

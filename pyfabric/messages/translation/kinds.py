"""Fabric's messages by their names in the protocol, such as common.Block."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from fabric_protos.common import (
    collection_pb2 as common_collection_pb2,
)
from fabric_protos.common import (
    common_pb2,
    configtx_pb2,
    configuration_pb2,
    ledger_pb2,
    policies_pb2,
)
from fabric_protos.discovery import protocol_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.gossip import message_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import identities_pb2, msp_config_pb2, msp_principal_pb2
from fabric_protos.orderer import (
    ab_pb2,
    cluster_pb2,
    clusterserver_pb2,
)
from fabric_protos.orderer import (
    configuration_pb2 as orderer_configuration_pb2,
)
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_configuration_pb2
from fabric_protos.orderer.etcdraft import metadata_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_configuration_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    chaincode_shim_pb2,
    collection_pb2,
    events_pb2,
    peer_pb2,
    policy_pb2,
    proposal_pb2,
    proposal_response_pb2,
    query_pb2,
    resources_pb2,
    signed_cc_dep_spec_pb2,
    snapshot_pb2,
    transaction_pb2,
)
from fabric_protos.peer import (
    configuration_pb2 as peer_configuration_pb2,
)
from fabric_protos.peer.lifecycle import chaincode_definition_pb2, db_pb2, lifecycle_pb2
from fabric_protos.transientstore import transientstore_pb2
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from pyfabric.errors import DecodeError

_FILES: Final = (
    common_collection_pb2,
    common_pb2,
    configtx_pb2,
    configuration_pb2,
    ledger_pb2,
    policies_pb2,
    protocol_pb2,
    gateway_pb2,
    message_pb2,
    kv_query_result_pb2,
    rwset_pb2,
    kv_rwset_pb2,
    identities_pb2,
    msp_config_pb2,
    msp_principal_pb2,
    ab_pb2,
    cluster_pb2,
    clusterserver_pb2,
    orderer_configuration_pb2,
    etcdraft_configuration_pb2,
    metadata_pb2,
    smartbft_configuration_pb2,
    chaincode_event_pb2,
    chaincode_pb2,
    chaincode_shim_pb2,
    collection_pb2,
    peer_configuration_pb2,
    events_pb2,
    peer_pb2,
    policy_pb2,
    proposal_pb2,
    proposal_response_pb2,
    query_pb2,
    resources_pb2,
    signed_cc_dep_spec_pb2,
    snapshot_pb2,
    transaction_pb2,
    chaincode_definition_pb2,
    db_pb2,
    lifecycle_pb2,
    transientstore_pb2,
)


def _named(descriptors: Iterable[Any]) -> dict[str, type[Message]]:
    found: dict[str, type[Message]] = {}
    for descriptor in descriptors:
        if not descriptor.GetOptions().map_entry:
            found[descriptor.full_name] = GetMessageClass(descriptor)
            found.update(_named(descriptor.nested_types))
    return found


KINDS: Final[Mapping[str, type[Message]]] = _named(
    descriptor for file in _FILES for descriptor in file.DESCRIPTOR.message_types_by_name.values()
)
"""Every message of Fabric's protocol."""


def kind_named(name: str) -> type[Message]:
    """Return the message of that name; raises DecodeError with the names most like it."""
    kind = KINDS.get(name)
    if kind is None:
        last = name.rpartition(".")[2]
        like = get_close_matches(name, KINDS, 3, 0.7) or [
            one for one in KINDS if one.rpartition(".")[2].lower() == last.lower()
        ]
        hint = f"do you mean {' or '.join(like)}?" if like else "one is common.Block"
        raise DecodeError(f"Fabric has no message called {name}: {hint}")
    return kind

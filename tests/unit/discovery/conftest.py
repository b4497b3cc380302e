"""The channel of the discovery vectors, as real peers saw it."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.msp import identities_pb2, msp_principal_pb2
from fabric_protos.peer import collection_pb2, policy_pb2

from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.discovery.endorsement import ChannelView, Member
from pyfabric.rules.discovery.policies import DefinedChaincode, lifecycle_chaincode

VECTORS = Path("tests/vectors/6-discovery-gateway")


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def _rule(value: Any) -> policies_pb2.SignaturePolicy:
    kind = value["Type"]
    if "SignedBy" in kind:
        return policies_pb2.SignaturePolicy(signed_by=kind["SignedBy"])
    rule = policies_pb2.SignaturePolicy()
    rule.n_out_of.n = kind["NOutOf"].get("n", 0)
    rule.n_out_of.rules.extend(_rule(one) for one in kind["NOutOf"]["rules"])
    return rule


def _signature_policy(value: Any) -> policies_pb2.SignaturePolicyEnvelope:
    return policies_pb2.SignaturePolicyEnvelope(
        rule=_rule(value["rule"]),
        identities=[
            msp_principal_pb2.MSPPrincipal(
                principal_classification=one.get("principal_classification", 0),
                principal=base64.b64decode(one["principal"]),
            )
            for one in value["identities"]
        ],
    )


def _collections(value: Any) -> collection_pb2.CollectionConfigPackage:
    package = collection_pb2.CollectionConfigPackage()
    for entry in value.get("config", []):
        fields = entry["Payload"]["StaticCollectionConfig"]
        collection = package.config.add().static_collection_config
        collection.name = fields["name"]
        collection.member_orgs_policy.signature_policy.CopyFrom(
            _signature_policy(fields["member_orgs_policy"]["Payload"]["SignaturePolicy"])
        )
        if "endorsement_policy" in fields:
            kind = fields["endorsement_policy"]["Type"]
            collection.endorsement_policy.CopyFrom(
                policy_pb2.ApplicationPolicy(
                    signature_policy=_signature_policy(kind["SignaturePolicy"])
                )
                if "SignaturePolicy" in kind
                else policy_pb2.ApplicationPolicy(
                    channel_config_policy_reference=kind["ChannelConfigPolicyReference"]
                )
            )
    return package


@pytest.fixture(scope="session")
def config() -> ChannelConfig:
    raw = configtx_pb2.Config.FromString((VECTORS / "channel-config.pb").read_bytes())
    return ChannelConfig(raw, channel_id="records")


@pytest.fixture(scope="session")
def definitions(config: ChannelConfig) -> dict[str, DefinedChaincode]:
    found = {
        one["name"]: DefinedChaincode(
            one["name"],
            one["sequence"],
            base64.b64decode(one["validation_parameter"]),
            _collections(one["collections"]),
        )
        for one in load("committed-definitions.json")["chaincode_definitions"]
    }
    return {**found, "_lifecycle": lifecycle_chaincode(config)}


@pytest.fixture(scope="session")
def member(
    config: ChannelConfig, definitions: dict[str, DefinedChaincode]
) -> Callable[..., Member[str]]:
    """Make a member from a peer of the vectors; "without" names what it cannot run."""

    def make(peer: Any, without: tuple[str, ...] = ()) -> Member[str]:
        serialized = identities_pb2.SerializedIdentity(
            mspid=peer["MSPID"], id_bytes=peer["Identity"].encode()
        ).SerializeToString()
        return Member(
            peer["Endpoint"],
            config.msp_manager.deserialize(serialized),
            {name: definitions[name].version for name in peer["Chaincodes"] if name not in without},
        )

    return make


@pytest.fixture(scope="session")
def view(
    config: ChannelConfig,
    definitions: dict[str, DefinedChaincode],
    member: Callable[..., Member[str]],
) -> ChannelView[str]:
    return ChannelView(config, definitions.get, [member(peer) for peer in load("peers.json")])

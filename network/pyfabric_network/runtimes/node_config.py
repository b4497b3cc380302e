"""Configuration of Fabric's `peer` and `orderer` as local processes: core.yaml and orderer.yaml.

Only keys that Fabric has no default for, or whose default does not fit. Which keys there are and what
they mean: sampleconfig/ and docs/ of Hyperledger Fabric 3.1; 2.5 reads the same ones, except for one filter.
"""

from pathlib import Path
from typing import Any

from pyfabric_network.runtimes.node_times import add_settings, orderer_times, peer_times
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.places import LOOPBACK
from pyfabric_network.topology.plan import Plan

_BUILDER = "chaincode-as-a-service"
BUILDER_VARIABLE = "CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG"

# No process ever dials a peer for a chaincode here: the peer dials contract hosts.
_ANY_PORT = f"{LOOPBACK}:0"
_AUTH_FILTERS = {
    "2.5": ("DefaultAuth", "ExpirationCheck"),
    "3.1": ("DefaultAuth", "ExpirationCheck", "TimeWindowCheck"),
}
SOFTWARE_KEYS = {"Default": "SW", "SW": {"Hash": "SHA2", "Security": 256}}
# Peers meet when they join a channel: the first attempt fails, because TLS roots of the others are
# taken over a moment later. Fabric's own pause before the next attempt is 25 s.
_RECONNECT = "250ms"
_ATTEMPTS = 12_000
# What peers know of each other comes back signed by each of them, and checking this is more than half of what an
# idle peer does. Asking one other peer a round, another one each time, instead of Fabric's three costs a third less.
_ASKED = 1
# How long a peer looks for private data that a block mentions, before it continues without (and asks again
# later). Fabric's own minute is for peers that are far apart.
_PULL = "10s"


def peer_config(plan: Plan, peer: Node, *, data: Path, builder: Path) -> dict[str, Any]:
    """Return core.yaml of a peer that keeps its ledgers in `data`; `builder` is the folder of `bin`."""
    config: dict[str, Any] = {
        "peer": {
            "id": peer.name,
            "networkId": plan.name,
            "address": str(peer.inside),
            "listenAddress": str(peer.listen),
            "chaincodeListenAddress": _ANY_PORT,
            "localMspId": peer.msp_id,
            "mspConfigPath": str(peer.member.msp),
            "BCCSP": SOFTWARE_KEYS,
            "tls": _peer_tls(peer)
            | {"rootcert": {"file": str(peer.member.tls_roots)}}
            | _peer_clients(peer),
            "fileSystemPath": str(data),
            "gossip": _gossip(plan, peer),
            "deliveryclient": {"blockGossipEnabled": False},
            "discovery": {"enabled": True, "authCacheEnabled": True, "authCacheMaxSize": 1000}
            | {"authCachePurgeRetentionRatio": 0.75},
            "authentication": {"timewindow": "15m"},
            "handlers": {
                "authFilters": [{"name": name} for name in _AUTH_FILTERS[plan.topology.fabric]],
                "decorators": [{"name": "DefaultDecorator"}],
                "endorsers": {"escc": {"name": "DefaultEndorsement"}},
                "validators": {"vscc": {"name": "DefaultValidation"}},
            },
            "limits": {
                "concurrency": {"endorserService": 2500, "deliverService": 2500}
                | {"gatewayService": 500}
            },
        },
        "vm": {"endpoint": ""},
        "chaincode": {
            "system": dict.fromkeys(("_lifecycle", "cscc", "lscc", "qscc"), "enable"),
            "externalBuilders": [
                {
                    "name": _BUILDER,
                    "path": str(builder),
                    "propagateEnvironment": [BUILDER_VARIABLE],
                }
            ],
            "installTimeout": "300s",
            "startuptimeout": "300s",
            "executetimeout": "30s",
            "runtimeParams": {"useWriteBatch": True, "useGetMultipleKeys": True},
        },
        "ledger": {
            "state": {"stateDatabase": "goleveldb", "totalQueryLimit": 100_000},
            "history": {"enableHistoryDatabase": True},
            "snapshots": {"rootDir": str(data / "snapshots")},
        },
        "operations": {
            "listenAddress": str(peer.operations),
            "tls": _peer_tls(peer) | {"clientRootCAs": {"files": [str(peer.member.tls_roots)]}},
        },
        "metrics": {"provider": "prometheus"},
    }
    add_settings(config["peer"], peer_times(plan.topology.times))
    return config


def orderer_config(plan: Plan, orderer: Node, *, data: Path) -> dict[str, Any]:
    """Return orderer.yaml of an orderer that keeps its ledgers in `data`.

    Its participation API takes clients with a certificate of the own organisation's TLS CA.
    """
    own = orderer.member
    tls = {"Enabled": True, "Certificate": str(own.tls_certificate), "PrivateKey": str(own.tls_key)}
    clients = {"ClientRootCAs": [str(own.tls_roots)]}
    config: dict[str, Any] = {
        "General": {
            "ListenAddress": orderer.listen.host,
            "ListenPort": orderer.listen.port,
            "TLS": tls
            | {"RootCAs": [str(own.tls_roots)]}
            | (clients | {"ClientAuthRequired": True} if orderer.client else {}),
            "LocalMSPID": orderer.msp_id,
            "LocalMSPDir": str(own.msp),
            "BCCSP": SOFTWARE_KEYS,
            "BootstrapMethod": "none",
        },
        "FileLedger": {"Location": str(data / "ledger")},
        "ChannelParticipation": {"Enabled": True, "MaxRequestBodySize": "1 MB"},
        "Consensus": {"WALDir": str(data / "wal"), "SnapDir": str(data / "snapshots")},
        "Admin": {
            "ListenAddress": str(orderer.admin),
            "TLS": tls | clients | {"ClientAuthRequired": True},
        },
        "Operations": {"ListenAddress": str(orderer.operations), "TLS": tls | clients},
        "Metrics": {"Provider": "prometheus"},
    }
    add_settings(config["General"], orderer_times(plan.topology.times))
    return config


def _peer_tls(peer: Node) -> dict[str, Any]:
    return {
        "enabled": True,
        "cert": {"file": str(peer.member.tls_certificate)},
        "key": {"file": str(peer.member.tls_key)},
    }


def _peer_clients(peer: Node) -> dict[str, Any]:
    """Return what makes a peer's TLS mutual, if it is to be.

    Members of its channels are taken without being named here: a peer has their CAs from the channels.
    """
    if peer.client is None:
        return {}
    return {
        "clientAuthRequired": True,
        "clientRootCAs": {"files": [str(peer.member.tls_roots)]},
    }


def _gossip(plan: Plan, peer: Node) -> dict[str, Any]:
    """Return how a peer gossips.

    It gets its blocks from orderers, and knows its colleagues by the department's first peer, other
    departments by their anchors. Nothing of it changes when the network grows.
    """
    return {
        "bootstrap": [str(plan.owner(peer).peers[0].inside)],
        "externalEndpoint": str(peer.inside),
        "useLeaderElection": False,
        "orgLeader": True,
        "reconnectInterval": _RECONNECT,
        "maxConnectionAttempts": _ATTEMPTS,
        "pullPeerNum": _ASKED,
        "pvtData": {
            "pullRetryThreshold": _PULL,
            "pushAckTimeout": "3s",
            "reconciliationEnabled": True,
            "reconcileBatchSize": 10,
            "reconcileSleepInterval": "1m",
            "transientstoreMaxBlockRetention": 20_000,
            "implicitCollectionDisseminationPolicy": {"requiredPeerCount": 0, "maxPeerCount": 1},
        },
    }

"""The ordering service of a profile of configtx.yaml: its orderers, batches and options."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pyfabric.rules.policies.paths import BLOCK_VALIDATION_NAME
from pyfabric.rules.policies.usual import orderer_policies
from pyfabric_network.importing.configtx_options import bft_times, compare_bft, compare_raft
from pyfabric_network.importing.configtx_values import (
    compare_capabilities,
    compare_policies,
    nanoseconds,
    octets,
    read_policy,
)
from pyfabric_network.importing.draft import duration, size
from pyfabric_network.importing.source import Source

_MB: Final = 1024**2
CERTIFICATES: Final = "keys and certificates are made by `network up`"
HOSTS: Final = "hosts are named after departments, ports count from base_port"
_SMALLEST_BFT: Final = 4


def consensus_of(orderer: Source) -> str:
    """Return the consensus of a topology for an Orderer section."""
    given = orderer.text("OrdererType", "solo")
    if given.lower() == "bft":
        if len(orderer.parts("ConsenterMapping")) >= _SMALLEST_BFT:
            return "bft"
        orderer.leave(
            "OrdererType", f"BFT needs {_SMALLEST_BFT} orderers: the network begins with Raft"
        )
    elif given != "etcdraft":
        orderer.leave("OrdererType", f"{given} is no consensus of Fabric 3: the network has Raft")
    return "raft"


def consenter_hosts(orderer: Source) -> list[tuple[str, str]]:
    """Return the host and the MSP id (if it is known) of each consenter; the rest of them is left out."""
    unused: tuple[str, ...] = ("ConsenterMapping", "SmartBFT")
    consenters = orderer.part("EtcdRaft").parts("Consenters")
    if orderer.text("OrdererType", "solo").lower() == "bft":
        consenters, unused = orderer.parts("ConsenterMapping"), ("EtcdRaft",)
    orderer.leave_if_given("belongs to another OrdererType", *unused)
    found = []
    for number, one in enumerate(consenters, 1):
        found.append((one.text("Host"), one.text("MSPID", "")))
        one.leave_if_given(HOSTS, "Host", "Port")
        one.leave_if_given(CERTIFICATES, "ClientTLSCert", "ServerTLSCert", "Identity")
        if one.number("ID", number) != number:
            one.leave("ID", "orderers are numbered in their order")
    return found


def owners_of(
    consenters: Sequence[tuple[str, str]], organizations: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return the MSP id of each consenter's organisation.

    `organizations` has the hosts, or ends of hosts, of each: by the consenter's own MSP id, its host, else the
    only organisation, or one after the other.
    """
    names = list(organizations)
    found = []
    for index, (host, msp_id) in enumerate(consenters):
        by_host = [
            name
            for name, hosts in organizations.items()
            if any(host == one or host.endswith(f".{one}") for one in hosts)
        ]
        known = [msp_id] if msp_id in organizations else by_host
        found.append(known[0] if known else names[index % len(names)])
    return found


def ordering_of(orderer: Source, consensus: str, nodes: Sequence[str]) -> dict[str, Any]:
    """Return the `ordering` of a topology; raise ConfigError. What differs from it is left out."""
    batch, timeout = _batch(orderer, consensus)
    found: dict[str, Any] = {"consensus": consensus, "nodes": list(nodes), "batch": batch}
    if consensus == "bft":
        found["bft"] = bft_times(orderer.part("SmartBFT"), timeout)
        compare_bft(orderer.part("SmartBFT"), found)
    else:
        compare_raft(orderer.part("EtcdRaft").part("Options"))
    if orderer.number("MaxChannels", 0):
        orderer.leave("MaxChannels", "there may be any number of channels")
    orderer.leave_if_given("addresses of orderers are those of their organisations", "Addresses")
    return found


def compare_ordering(orderer: Source, msp_ids: Sequence[str], consensus: str) -> None:
    """Leave out capabilities and policies of an Orderer section that channels of a topology have otherwise."""
    compare_capabilities(orderer, "V2_0")
    usual = dict(orderer_policies(msp_ids))
    validation = orderer.part("Policies").part(BLOCK_VALIDATION_NAME)
    if consensus == "bft" and validation.names():  # made from the consenters, whatever is written
        usual[BLOCK_VALIDATION_NAME] = read_policy(validation)
    compare_policies(orderer, usual, "the Orderer group")


def _batch(orderer: Source, consensus: str) -> tuple[dict[str, Any], int]:
    """Return the batch, and its timeout in nanoseconds; with BFT that is an option of its own."""
    sizes = orderer.part("BatchSize")
    timeout = nanoseconds(orderer, "BatchTimeout", "2s")
    bft = orderer.part("SmartBFT")
    if consensus == "bft" and bft.names():
        interval = nanoseconds(bft, "RequestBatchMaxInterval", "50ms")
        if interval != timeout:
            orderer.leave(
                "BatchTimeout", "has no effect with BFT: SmartBFT.RequestBatchMaxInterval has"
            )
        timeout = interval
    absolute = octets(sizes, "AbsoluteMaxBytes", 10 * _MB)
    return {
        "timeout": duration(timeout),
        "max_messages": sizes.number("MaxMessageCount", 0) or 500,
        "preferred_bytes": size(octets(sizes, "PreferredMaxBytes", 2 * _MB)),
        "absolute_bytes": size(absolute),
    }, timeout

"""The ordering service of a profile of configtx.yaml: its orderers, batches and options."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from pydantic import ValidationError

from pyfabric.admin.config.model import BFTModel, RaftModel, orderer_policies
from pyfabric.messages.durations import SECOND
from pyfabric.rules.policies.paths import BLOCK_VALIDATION_NAME
from pyfabric_network.importing.configtx_values import (
    compare_capabilities,
    compare_policies,
    leave_if_other,
    nanoseconds,
    octets,
    read_policy,
)
from pyfabric_network.importing.draft import duration, size
from pyfabric_network.importing.source import Source
from pyfabric_network.material.genesis import bft_options
from pyfabric_network.topology.spec import Ordering

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
        found["bft"] = _bft_times(orderer.part("SmartBFT"), timeout)
        _compare_bft(orderer, found)
    else:
        _compare_raft(orderer)
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


def _bft_times(options: Source, timeout: int) -> dict[str, str]:
    """Return the times of BFT from SmartBFT's, which count from a transaction's arrival, not from its batch."""
    usual = BFTModel(consenters=())
    forward = nanoseconds(options, "RequestForwardTimeout", usual.request_forward_timeout) - timeout
    complain = (
        nanoseconds(options, "RequestComplainTimeout", usual.request_complain_timeout) - timeout
    )
    complain = max(complain, SECOND // 1000)
    return {
        "forward_timeout": duration(min(max(forward, SECOND // 1000), complain)),
        "complain_timeout": duration(complain),
        "view_change_timeout": duration(
            nanoseconds(options, "ViewChangeTimeout", usual.view_change_timeout)
        ),
        "heartbeat_timeout": duration(
            nanoseconds(options, "LeaderHeartbeatTimeout", usual.leader_heartbeat_timeout)
        ),
    }


def _compare_bft(orderer: Source, ordering: Mapping[str, Any]) -> None:
    """Leave out SmartBFT's options that differ from those that the channels will have."""
    options, usual = orderer.part("SmartBFT"), BFTModel(consenters=())
    try:
        made = bft_options(Ordering.model_validate_json(json.dumps(ordering)))
    except ValidationError:
        return  # the topology is refused, with its reason
    for one in fields(BFTModel):
        if one.name == "consenters":
            continue
        name = one.name.title().replace("_", "")
        will_be = getattr(made, one.name)
        if _option(options, name, getattr(usual, one.name)) != _value(will_be):
            options.leave(name, f"follows from ordering.batch and ordering.bft: {will_be}")


def _compare_raft(orderer: Source) -> None:
    """Leave out Raft's options that differ from Fabric's usual ones, which the channels have."""
    options, usual = orderer.part("EtcdRaft").part("Options"), RaftModel(consenters=())
    for one in fields(RaftModel):
        if one.name != "consenters":
            value = getattr(usual, one.name)
            name = one.name.title().replace("_", "")
            leave_if_other(options, name, value, octets if isinstance(value, int) else _duration)


def _option(options: Source, name: str, usual: int | str) -> int:
    """Return an option of SmartBFT in bytes, a count, or nanoseconds; a section that lacks it has nothing."""
    if not options.names():
        return _value(usual)
    if name not in options.names():
        return 0
    return nanoseconds(options, name, "0") if isinstance(usual, str) else octets(options, name, 0)


def _value(value: int | str) -> int:
    text = str(value)
    return int(text) if re.fullmatch("[0-9]+", text) else nanoseconds(Source({"": text}), "", "0")


def _duration(options: Source, name: str, usual: object) -> object:
    given = nanoseconds(options, name, str(usual))
    return usual if given == nanoseconds(options, "", str(usual)) else given

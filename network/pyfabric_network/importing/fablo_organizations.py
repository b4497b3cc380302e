"""The organisations of a fablo file and their orderers, as departments and an ordering service."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyfabric.errors import ConfigError
from pyfabric_network.importing.draft import Draft, department_name, orderers_of
from pyfabric_network.importing.source import Source

_HOSTS: Final = "hosts are named after departments: peer0.tax, orderer0.tax"
_MOST_PEERS: Final = 9
_SMALLEST_BFT: Final = 4
_GROUP: Final = "group1"
"""What fablo calls a group of orderers that has no name."""


@dataclass(frozen=True, slots=True)
class Organization:
    """An organisation of the file: its department, and the number of its orderers by group."""

    source: Source
    name: str
    msp_id: str
    department: str
    peers: int
    anchor_peers: int
    orderers: Mapping[str, int]


def read_organizations(document: Source) -> list[Organization]:
    """Return the organisations that have peers or orderers; raise ConfigError if there are none."""
    found: list[Organization] = []
    for source in document.parts("orgs"):
        one = _organization(source, [one.department for one in found])
        if one.peers or one.orderers:
            found.append(one)
        else:
            source.leave("", "has neither peers nor orderers")
    if not any(one.orderers for one in found):
        raise ConfigError(f"{document.at('orgs')}: no organisation runs orderers")
    return found


def write_departments(draft: Draft, organizations: Sequence[Organization], group: str) -> None:
    """Write the departments, and the ordering service of a group of orderers."""
    departments: dict[str, Any] = {}
    for one in organizations:
        orders = group in one.orderers
        for part in _orderer_parts(one.source):
            if part.text("groupName", _GROUP) != group:
                part.leave(
                    "", f"a topology has one ordering service, for all channels: that of {group}"
                )
        if one.peers:
            departments[one.department] = _department(one)
            if orders:
                reason = "its orderers are an organisation of their own, with an MSP of their own"
                one.source.note("orderers", reason)
        elif orders:
            departments[one.department] = {"peers": 0, "orderer_msp_id": one.msp_id}
    sources = {one.department: one.source for one in organizations}
    nodes, added = orderers_of(
        [(one.department, one.orderers[group]) for one in organizations if group in one.orderers],
        list(departments),
        lambda owner, reason: sources[owner].note("orderers", reason),
    )
    departments |= {further: {"peers": 0} for further in added}
    consensus = _consensus(organizations, group, len(nodes))
    draft.document["departments"] = departments
    draft.document["ordering"] = {"consensus": consensus, "nodes": nodes}


def first_group(organizations: Sequence[Organization]) -> str:
    """Return the group of orderers of channels that name none."""
    return next(group for one in organizations for group in one.orderers)


def _organization(source: Source, taken: Sequence[str]) -> Organization:
    own, peer = source.part("organization"), source.part("peer")
    name = own.text("name")
    department = department_name(name, taken)
    if department != name:
        own.leave("name", f"the department is called {department}")
    own.leave_if_given(_HOSTS, "domain")
    peers = peer.number("instances", 0)
    if peers > _MOST_PEERS:
        peer.leave("instances", f"a department has at most {_MOST_PEERS} peers")
        peers = _MOST_PEERS
    if peer.get("db") == "CouchDb":
        peer.leave("db", "peers keep their state in LevelDB, without rich queries")
    for part in (peer, source.part("ca")):
        part.leave_if_given(_HOSTS, "prefix")
    source.part("ca").leave_if_given("a department's CA keeps its keys in files", "db")
    source.leave_if_given("is another program", "tools")
    anchors = peer.number("anchorPeerInstances", 0) or peers
    return Organization(
        source=source,
        name=name,
        msp_id=own.text("mspName", f"{name}MSP"),
        department=department,
        peers=peers,
        anchor_peers=min(anchors, peers),
        orderers=_orderers(source),
    )


def _orderers(source: Source) -> dict[str, int]:
    """Return the number of orderers by group."""
    groups: Counter[str] = Counter()
    for part in _orderer_parts(source):
        groups[part.text("groupName", _GROUP)] += part.number("instances", 1)
        part.leave_if_given(_HOSTS, "prefix")
    return {group: count for group, count in groups.items() if count}


def _orderer_parts(source: Source) -> list[Source]:
    """Return the groups of orderers; older files have a single one without a list."""
    old = [source.part("orderer")] if "orderer" in source.names() else []
    return [*source.parts("orderers"), *old]


def _consensus(organizations: Sequence[Organization], group: str, count: int) -> str:
    """Return the consensus of a group with this number of orderers."""
    found = "raft"
    for part in (part for one in organizations for part in _orderer_parts(one.source)):
        key = "type" if "type" in part.names() else "consensus"
        kind = part.text(key, "raft").lower()
        if kind == "bft" and count < _SMALLEST_BFT:
            part.leave(key, f"BFT needs {_SMALLEST_BFT} orderers: the network begins with Raft")
        elif kind == "bft" and part.text("groupName", _GROUP) == group:
            found = "bft"
        elif kind not in ("raft", "etcdraft"):
            part.leave(key, f"{kind} is no consensus of Fabric 2.5 and 3: the network has Raft")
    return found


def _department(one: Organization) -> dict[str, Any]:
    named = {} if one.msp_id == f"{one.department}MSP" else {"msp_id": one.msp_id}
    return {**named, "peers": one.peers, "anchor_peers": one.anchor_peers}

"""The checks of `pyfabric doctor`, each for one cause of trouble, in the order in which causes precede effects."""

from collections.abc import Iterator, Mapping
from typing import Final

from pyfabric_network.diagnosis.facts import Encounter
from pyfabric_network.diagnosis.findings import Check
from pyfabric_network.diagnosis.judging_authorities import authorities
from pyfabric_network.diagnosis.judging_certificates import expiry, identities, revocations
from pyfabric_network.diagnosis.judging_chaincodes import (
    collections,
    contracts,
    endorsement,
    installed,
    packages,
)
from pyfabric_network.diagnosis.judging_channels import (
    anchors,
    capabilities,
    heights,
    joined,
    membership,
)
from pyfabric_network.diagnosis.judging_machines import disk, ports, unfinished
from pyfabric_network.diagnosis.judging_nodes import clock, health, hosts, meets
from pyfabric_network.diagnosis.judging_ordering import consenters, followers, quorum

_SILENCE: Final = frozenset(
    {"ports", "disk", "capabilities", "tls-name", "tls-root", "tls-client", "expiry", "clock"}
)
"""What can keep a node from answering, or others from understanding its answer."""


def _causes(*ids: str) -> frozenset[str]:
    return _SILENCE | {"unfinished", "hosts", *ids}


CHECKS: Final[tuple[Check, ...]] = (
    Check(
        id="disk",
        title="full disk",
        looks_at="the free space of the network's folder; what nodes report of a full disk",
        remedy="free space or move the node's data, then start the node again: it continues where it was",
        scope="everybody",
        judge=disk,
    ),
    Check(
        id="ports",
        title="port taken",
        looks_at="the ports of nodes and contract hosts that do not run",
        remedy="stop the other program, or choose other ports with `--base-port` in a new network",
        scope="everybody",
        judge=ports,
    ),
    Check(
        id="unfinished",
        title="command interrupted",
        looks_at="commands of many steps that were begun on this machine and are not finished",
        remedy="run the command again: it continues from the network as it is",
        scope="everybody",
        judge=unfinished,
    ),
    Check(
        id="capabilities",
        title="capability above the release",
        looks_at="the capabilities in the configuration, and the release of each node",
        remedy="install a newer release on the node: one that does not know a capability stops at its block",
        scope="everybody",
        asks=True,
        channels=True,
        judge=capabilities,
    ),
    Check(
        id="expiry",
        title="certificate expired",
        looks_at="certificates of identities, TLS, CAs and consenters, and revocation lists (30 days ahead)",
        remedy="have the certificate issued again for the same key, and the node started again; "
        "put those of CAs, consenters and lists into each channel's configuration",
        scope="everybody",
        judge=expiry,
    ),
    Check(
        id="clock",
        title="clocks differ",
        looks_at="the time that each node reports, against this machine's (30 s; Fabric refuses from 15 min on)",
        remedy="synchronise the clocks of both machines (NTP)",
        scope="everybody",
        asks=True,
        judge=clock,
    ),
    Check(
        id="tls-name",
        title="TLS certificate with other names",
        looks_at="the certificate that a connection shows, against the name that is used",
        remedy="use one of its names as address or `ssl-target-name-override`, or have the name added",
        scope="anybody",
        judge=meets(Encounter.WRONG_NAME),
        follows=frozenset({"ports"}),
    ),
    Check(
        id="tls-root",
        title="TLS certificate of another CA",
        looks_at="the certificate that a connection shows, against the CA certificates in the profile or MSP",
        remedy="get the CA certificate of that department's TLS CA, and put it into the profile; "
        "compare the fingerprint by telephone",
        scope="anybody",
        judge=meets(Encounter.WRONG_CA, Encounter.NO_TLS),
        follows=frozenset({"ports", "unfinished"}),
    ),
    Check(
        id="tls-client",
        title="TLS client certificate wanted",
        looks_at="whether a node closes the connection for want of a client certificate, or of one that it trusts",
        remedy="name a certificate of the department's TLS CA and its key in the profile, at client.tlsCerts.client; "
        "`pyfabric network up` writes it into the profiles of a network with client_auth_required",
        scope="anybody",
        judge=meets(Encounter.WANTS_CERTIFICATE, Encounter.REFUSES_CERTIFICATE),
    ),
    Check(
        id="hosts",
        title="node does not answer",
        looks_at="whether each node takes a connection and answers on it",
        remedy="`pyfabric network up` starts what does not run and what hangs; see its log: "
        "`pyfabric network logs NODE`",
        scope="anybody",
        judge=hosts,
        follows=_SILENCE | {"unfinished"},
    ),
    Check(
        id="health",
        title="node reports a fault",
        looks_at="the health that each node reports",
        remedy="see the node's log (`pyfabric network logs NODE`), then start it again",
        scope="everybody",
        asks=True,
        judge=health,
        follows=_causes(),
    ),
    Check(
        id="joined",
        title="channel not joined",
        looks_at="the channels that each node has, against those of its department",
        remedy="`pyfabric network up` joins nodes to their channels",
        scope="everybody",
        asks=True,
        judge=joined,
        follows=_causes(),
    ),
    Check(
        id="anchors",
        title="anchor peer missing or wrong",
        looks_at="the anchor peers in the configuration, against the departments' peers",
        remedy="set a peer of the department as its anchor peer, in the channel's configuration",
        scope="anybody",
        channels=True,
        judge=anchors,
        follows=_causes("joined"),
    ),
    Check(
        id="membership",
        title="peers do not know each other",
        looks_at="the peers that each peer knows on a channel, against those that have joined it",
        remedy="see that peers reach each other at their addresses and that each has its external address "
        "set (`peer.gossip.externalEndpoint`)",
        scope="peers",
        asks=True,
        channels=True,
        judge=membership,
        follows=_causes("joined", "anchors"),
    ),
    Check(
        id="consenters",
        title="consenter with another certificate",
        looks_at="the consenters' certificates in the configuration, against what orderers show",
        remedy="put the orderer's certificate into the configuration of each channel, or give the orderer "
        "back the one that is there",
        scope="anybody",
        channels=True,
        judge=consenters,
        follows=frozenset({"unfinished"}),
    ),
    Check(
        id="followers",
        title="orderer takes no part",
        looks_at="each orderer's part in each channel",
        remedy="add the orderer to the channel's consenters, or have it started again",
        scope="orderers",
        asks=True,
        judge=followers,
        follows=_causes("consenters", "joined"),
    ),
    Check(
        id="quorum",
        title="too few orderers, or no leader",
        looks_at="how many consenters of each channel answer, and whether one leads",
        remedy="start orderers until there are enough; nothing is ordered until then",
        scope="anybody",
        channels=True,
        judge=quorum,
        follows=_causes("consenters", "followers", "joined"),
    ),
    Check(
        id="heights",
        title="node lags behind",
        looks_at="the blocks of each node, against what others had some seconds before",
        remedy="see that the node reaches the orderers or a peer that is not behind; see its log",
        scope="everybody",
        asks=True,
        judge=heights,
        follows=_causes("membership", "anchors", "quorum", "consenters", "followers"),
    ),
    Check(
        id="authorities",
        title="CA server does not work",
        looks_at="each CA of the CA servers: its answer and TLS, its certificate against those in the channels, "
        "whether its first registrar can enroll",
        remedy="`pyfabric network up` starts it; the registrar's secret is in the department's folder `ca-server`, "
        "or in a backup; a new CA is brought to the channels by `pyfabric network renew`",
        scope="everybody",
        channels=True,
        judge=authorities,
        follows=_causes("health"),
    ),
    Check(
        id="identities",
        title="identity refused",
        looks_at="the certificates of users and nodes, against the MSPs in the configuration",
        remedy="have the department's CA issue a new certificate; if the CA itself is new, add its "
        "certificate to the department's MSP on each channel",
        scope="everybody",
        channels=True,
        judge=identities,
    ),
    Check(
        id="crl",
        title="revocation not in the channel",
        looks_at="the revocation lists in a department's MSP folder and of its CA server, against those in the configuration",
        remedy="bring the list to the channels: `pyfabric identity revoke DEPARTMENT --join FILE` (docs/users.md)",
        scope="everybody",
        channels=True,
        judge=revocations,
    ),
    Check(
        id="installed",
        title="chaincode not approved or not installed",
        looks_at="what departments approved and installed, against the definitions in force",
        remedy="`pyfabric chaincode deploy` installs and approves what is missing",
        scope="peers",
        asks=True,
        channels=True,
        judge=installed,
        follows=_causes("joined", "heights"),
    ),
    Check(
        id="packages",
        title="packages differ",
        looks_at="the package ids that departments approved for one chaincode: same label, other hash",
        remedy="install and approve the same file everywhere; no harm where only the address in it differs",
        scope="peers",
        asks=True,
        channels=True,
        judge=packages,
    ),
    Check(
        id="contracts",
        title="contract does not run",
        looks_at="whether each contract's process serves it, and takes connections",
        remedy="see `pyfabric network logs contracts.DEPARTMENT`; `pyfabric network up` starts contract hosts",
        scope="peers",
        judge=contracts,
        follows=frozenset({"ports", "disk", "hosts"}),
    ),
    Check(
        id="endorsement",
        title="no combination of peers can endorse",
        looks_at="each chaincode's endorsement policy, against the peers that answer and run it",
        remedy="bring the named departments' peers back, or change the endorsement policy",
        scope="anybody",
        channels=True,
        judge=endorsement,
        follows=_causes("installed", "membership", "anchors", "joined", "heights"),
    ),
    Check(
        id="collections",
        title="collection that does not work",
        looks_at="each collection's members, endorsers and requiredPeerCount, against the peers that answer",
        remedy="commit a definition with other collections, or bring the named departments' peers back",
        scope="anybody",
        channels=True,
        judge=collections,
        follows=_causes("installed", "membership", "anchors", "joined"),
    ),
)
"""Every check, by causes first."""

BY_ID: Final[Mapping[str, Check]] = {check.id: check for check in CHECKS}


def checks_table() -> str:
    """Return the checks as a Markdown table, for the documentation."""
    return "".join(_rows())


def _rows() -> Iterator[str]:
    yield "| check | what it finds | what it looks at | what to do |\n|---|---|---|---|\n"
    for one in CHECKS:
        yield f"| `{one.id}` | {one.title} | {one.looks_at} | {one.remedy} |\n"

"""Waiting until a network can take transactions: Fabric answers a join before that is so."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from pyfabric.admin import orderers
from pyfabric.admin.discovery import discover_peers
from pyfabric.client.effects import Endpoint, Flow, Rest, gather, rest, sleep
from pyfabric.errors import DiscoveryError, GatewayError, NetworkError
from pyfabric.local.sockets import listens
from pyfabric.messages.addresses import Address
from pyfabric_network.steps import administrator, endpoint, participation_endpoint, together
from pyfabric_network.topology.plan import ChannelPlan, DepartmentPlan, Member, Node, Plan

_PAUSE = 0.1
_ATTEMPTS = 600
_SHORTLY = 200
_ACTIVE = "active"
_OK = 200
# In the metrics of an orderer; the development ledger, which elects nobody, has none.
_ELECTED = re.compile(
    r'^consensus_etcdraft_leader_changes\{channel="([^"]+)"\} [1-9]', re.MULTILINE
)
_LEADER = re.compile(r'^consensus_\w+_is_leader\{channel="([^"]+)"\} ([01])', re.MULTILINE)


def is_healthy(operations: Address, member: Member) -> Flow[bool]:
    """Whether the operations service of a node or contract host answers that all is well."""
    target = Endpoint(address=str(operations), tls_roots=member.tls_roots.read_bytes())
    try:
        answer = yield from rest(Rest(target, "GET", "/healthz"))
    except GatewayError:
        return False
    return answer.status == _OK


def await_channels(plan: Plan) -> Flow[None]:
    """Every orderer serves every channel, each channel has a leader, and its peers know each other.

    Where departments have machines of their own, only what this one decides is waited for: that its
    orderers serve every channel. Raises NetworkError that names what is not so after a minute.
    """
    serving = [partial(_orderer_problem, plan, node) for node in plan.own_orderers]
    if plan.places:
        yield from together([_patiently(check) for check in serving])
        return
    checks = [
        *serving,
        *(partial(_leader_problem, plan, channel) for channel in plan.channels.values()),
        *(
            partial(_peer_problem, plan, channel, peer)
            for channel in plan.channels.values()
            for peer in channel.peers()
        ),
    ]
    yield from together([_patiently(check) for check in checks])


def absent(plan: Plan) -> Flow[tuple[str, ...]]:
    """What this machine's nodes lack of other machines', each in a sentence.

    Departments whose peers take connections are given twenty seconds to be met. Nothing, where all
    nodes are on this machine.
    """
    if not plan.places:
        return ()
    joined = [channel for channel in plan.channels.values() if channel.own]
    others = {one.name: one for channel in joined for one in channel.departments}
    with ThreadPoolExecutor() as pool:
        reached = dict(zip(others, pool.map(_takes_connections, others.values()), strict=True))
    silent = [
        f"no peer of {name} takes connections" for name, taken in reached.items() if not taken
    ]
    checks = [partial(_ordering_problem, plan, channel) for channel in plan.channels.values()]
    for channel in joined:
        present = [one for one in channel.departments if reached[one.name]]
        meeting = replace(channel, departments=tuple(present))
        checks += [partial(_department_problem, meeting, department) for department in channel.own]
    found = yield from together([_lasting_problem(check, _SHORTLY) for check in checks])
    return (*silent, *(problem for problem in found if problem is not None))


def _takes_connections(department: DepartmentPlan) -> bool:
    return any(listens(peer.inside) for peer in department.peers)


def await_ordering(plan: Plan, channel: ChannelPlan) -> Flow[None]:
    """An orderer of this machine, if there is one, has seen a leader of the channel.

    It takes more than half of all orderers to elect one by Raft; with BFT nobody is waited for. Raises
    NetworkError if there is none after a minute.
    """
    yield from _patiently(partial(_ordering_problem, plan, channel))


def await_departments(channel: ChannelPlan, department: DepartmentPlan) -> Flow[None]:
    """The department's first peer knows a peer of every department of the channel.

    Raises NetworkError that names one that it does not know after a minute.
    """
    yield from _patiently(partial(_department_problem, channel, department))


def _patiently(check: Callable[[], Flow[str | None]]) -> Flow[None]:
    """Ask again and again what is wrong, until nothing is; NetworkError after a minute."""
    problem = yield from _lasting_problem(check, _ATTEMPTS)
    if problem is not None:
        raise NetworkError(f"{problem}, and that for {_ATTEMPTS * _PAUSE:.0f} s")


def _lasting_problem(check: Callable[[], Flow[str | None]], attempts: int) -> Flow[str | None]:
    problem: str | None = None
    for _ in range(attempts):
        problem = yield from check()
        if problem is None:
            return None
        yield from sleep(_PAUSE)
    return problem


def _orderer_problem(plan: Plan, node: Node) -> Flow[str | None]:
    target = participation_endpoint(plan, node)
    for channel in plan.channels:
        info = yield from orderers.channel(target, channel)
        if info.status != _ACTIVE:
            return f"{node.name} is {info.status} on {channel}"
    return None


def _leader_problem(plan: Plan, channel: ChannelPlan) -> Flow[str | None]:
    outcomes = yield from gather([leads(plan, node, channel) for node in plan.orderers])
    said = [outcome.value for outcome in outcomes if outcome.value is not None]
    return None if any(said) or not said else f"{channel.name} has no leader"


def _ordering_problem(plan: Plan, channel: ChannelPlan) -> Flow[str | None]:
    if plan.topology.ordering.consensus != "raft" or not plan.own_orderers:
        return None
    node = plan.own_orderers[0]
    metrics = yield from _metrics(plan, node)
    if channel.name in _ELECTED.findall(metrics):
        return None
    return f"{node.name} knows no leader of {channel.name}: more than half of the orderers must run"


def leads(plan: Plan, node: Node, channel: ChannelPlan) -> Flow[bool | None]:
    """Whether an orderer says that it leads a channel; None if it speaks of no leader."""
    found = dict(_LEADER.findall((yield from _metrics(plan, node))))
    return found[channel.name] == "1" if channel.name in found else None


def _peer_problem(plan: Plan, channel: ChannelPlan, peer: Node) -> Flow[str | None]:
    admin = administrator(plan.owner(peer))
    try:
        found = yield from discover_peers(endpoint(peer), admin, channel.name)
    except DiscoveryError as error:
        return f"{peer.name} does not answer of {channel.name}: {error}"
    known = {one.address for one in found}
    missing = [one.name for one in channel.peers() if str(one.inside) not in known]
    return f"{peer.name} does not know {missing[0]} on {channel.name}" if missing else None


def _department_problem(channel: ChannelPlan, department: DepartmentPlan) -> Flow[str | None]:
    peer = department.peers[0]
    found = yield from discover_peers(endpoint(peer), administrator(department), channel.name)
    known = {one.msp_id for one in found}
    missing = [one.name for one in channel.departments if one.msp_id not in known]
    return f"{peer.name} knows no peer of {missing[0]} on {channel.name}" if missing else None


def _metrics(plan: Plan, node: Node) -> Flow[str]:
    target = replace(participation_endpoint(plan, node), address=str(node.operations))
    answer = yield from rest(Rest(target, "GET", "/metrics"))
    return answer.body.decode()

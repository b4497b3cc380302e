"""Waiting until a network can process transactions: Fabric answers a join before that is so."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias

from pyfabric.errors import (
    DiscoveryError,
    FabricError,
    GatewayError,
    NetworkError,
    PeerResponseError,
    StatusCode,
)
from pyfabric.local.sockets import listens
from pyfabric.local.waiting import poll
from pyfabric_network.connections import Connections, endpoint
from pyfabric_network.parallel import side_by_side
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import ChannelPlan, Plan

Check: TypeAlias = Callable[[], str | None]
"""Returns what is still wrong, None if nothing is."""

_PAUSE: Final = 0.1
_SECONDS: Final = 60.0
_MEETING_SECONDS: Final = 20.0
_ACTIVE: Final = "active"
_CONSENTER: Final = "consenter"
# In the metrics of an orderer; the development ledger, which elects nobody, has none.
_ELECTED: Final = re.compile(
    r'^consensus_etcdraft_leader_changes\{channel="([^"]+)"\} [1-9]', re.MULTILINE
)
_LEADER: Final = re.compile(r'^consensus_\w+_is_leader\{channel="([^"]+)"\} ([01])', re.MULTILINE)


@dataclass(frozen=True)
class Readiness:
    """The checks of a network, repeated until nothing is wrong or the time is over."""

    plan: Plan
    connections: Connections
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep

    def await_channels(self) -> None:
        """Wait until every orderer serves every channel, each has a leader, and its peers know each other.

        Where departments have machines of their own, this waits only for what this machine decides: that
        its orderers serve every channel. Raises NetworkError with what is still wrong after a minute.
        """
        checks: list[Check] = [
            partial(self._orderer_problem, node) for node in self.plan.own_orderers
        ]
        if not self.plan.places:
            for channel in self.plan.channels.values():
                checks.append(partial(self._leader_problem, channel))
                checks += [partial(self._peer_problem, channel, peer) for peer in channel.peers()]
        side_by_side([partial(self._await, check) for check in checks])

    def await_leaders(self) -> None:
        """Wait until each channel has a leader among the orderers of this machine; raises NetworkError after a minute."""
        checks: list[Check] = [
            partial(self._leader_problem, channel) for channel in self.plan.channels.values()
        ]
        side_by_side([partial(self._await, check) for check in checks])

    def await_ordering(self, channel: ChannelPlan) -> None:
        """Wait until an orderer of this machine, if there is one, has seen a leader of the channel.

        It takes more than half of all orderers to elect one by Raft; with BFT this waits for nobody.
        Raises NetworkError if there is none after a minute.
        """
        self._await(partial(self._ordering_problem, channel))

    def await_departments(self, channel: ChannelPlan, department: DepartmentPlan) -> None:
        """Wait until the department's first peer knows a peer of every department of the channel.

        Raises NetworkError that names one that it does not know after a minute.
        """
        self._await(partial(self._department_problem, channel, department))

    def absent(self) -> tuple[str, ...]:
        """Return what this machine's nodes lack of other machines', each in a sentence.

        Departments whose peers accept connections get twenty seconds to be found. Nothing, where all
        nodes are on this machine.
        """
        if not self.plan.places:
            return ()
        entries = self._entries(_MEETING_SECONDS)
        joined = [one for one in self.plan.channels.values() if one.own and not entries[one.name]]
        others = {one.name: one for channel in joined for one in channel.departments}
        connects = side_by_side([partial(_accepts_connections, one) for one in others.values()])
        reached = dict(zip(others, connects, strict=True))
        silent = [
            f"no peer of {name} takes connections"
            for name, connected in reached.items()
            if not connected
        ]
        checks: list[Check] = [
            partial(self._ordering_problem, channel) for channel in self.plan.channels.values()
        ]
        for channel in joined:
            present = tuple(one for one in channel.departments if reached[one.name])
            meeting = replace(channel, departments=present)
            checks += [
                partial(self._department_problem, meeting, department) for department in channel.own
            ]
        found = side_by_side(
            [partial(self._last_problem, check, _MEETING_SECONDS) for check in checks]
        )
        early = [problem for problem in entries.values() if problem is not None]
        return (*early, *silent, *(problem for problem in found if problem is not None))

    def await_entries(self) -> None:
        """Wait until a peer of each department here has the block in which a channel has admitted it.

        Raises NetworkError that names one that has not after a minute.
        """
        for problem in self._entries(_SECONDS).values():
            if problem is not None:
                raise NetworkError(problem)

    def await_blocks(self, node: Node) -> None:
        """Wait until a node of this machine has the blocks that its orderers have now; raises NetworkError after a minute."""
        checks: list[Check] = []
        for channel in self.plan.channels.values():
            own = [peer for department in channel.own for peer in channel.peers_of(department)]
            takes_part = node in own if node.admin is None else node.name not in channel.left
            if takes_part:
                height = self._ordered(channel)
                checks.append(partial(self._height_problem, channel, height, node))
        side_by_side([partial(self._await, check) for check in checks])

    def behind(self) -> tuple[str, ...]:
        """Return a sentence for each peer of this machine that has fewer blocks than the orderers had.

        Peers get twenty seconds to fetch them; what is ordered meanwhile does not count. Nothing, where no
        orderers run on this machine.
        """
        if not self.plan.own_orderers:
            return ()
        channels = list(self.plan.channels.values())
        ordered = side_by_side([partial(self._ordered, channel) for channel in channels])
        checks: list[Check] = [
            partial(self._height_problem, channel, height, peer)
            for channel, height in zip(channels, ordered, strict=True)
            for department in channel.own
            for peer in channel.peers_of(department)
        ]
        found = side_by_side(
            [partial(self._last_problem, check, _MEETING_SECONDS) for check in checks]
        )
        return tuple(problem for problem in found if problem is not None)

    def _entries(self, timeout: float) -> dict[str, str | None]:
        """Return, by channel, which peer of this machine cannot answer as a member within this time."""
        joined = [channel for channel in self.plan.channels.values() if channel.own]
        found = side_by_side(
            [
                partial(self._last_problem, partial(self._entry_problem, one), timeout)
                for one in joined
            ]
        )
        return dict(zip([one.name for one in joined], found, strict=True))

    def _entry_problem(self, channel: ChannelPlan) -> str | None:
        for department in channel.own:
            peer = channel.peers_of(department)[0]
            try:
                self.connections.admin(department).chain_info(endpoint(peer), channel.name)
            except FabricError as error:
                return f"{peer.name} does not have the block yet in which {channel.name} admits {department.msp_id}: {error}"
        return None

    def _await(self, check: Check) -> None:
        problem = self._last_problem(check, _SECONDS)
        if problem is not None:
            raise NetworkError(f"{problem} after {_SECONDS:.0f} s")

    def _last_problem(self, check: Check, timeout: float) -> str | None:
        return poll(check, every=_PAUSE, timeout=timeout, clock=self.clock, sleep=self.sleep)

    def _orderer_problem(self, node: Node) -> str | None:
        for channel in self.plan.channels.values():
            if node.name not in channel.left:
                status = self.connections.orderer(node).channel(channel.name).status
                if status != _ACTIVE:
                    return f"{node.name} is {status} on {channel.name}"
        return None

    def _leader_problem(self, channel: ChannelPlan) -> str | None:
        leading = side_by_side([partial(self._leads, node, channel) for node in self.plan.orderers])
        known = [one for one in leading if one is not None]
        return f"{channel.name} has no leader" if known and not any(known) else None

    def _leads(self, node: Node, channel: ChannelPlan) -> bool | None:
        try:
            return leads(self.connections, node, channel)
        except GatewayError:  # the others may have a leader without it
            return None

    def _ordering_problem(self, channel: ChannelPlan) -> str | None:
        if self.plan.topology.ordering.consensus != "raft" or not self.plan.own_orderers:
            return None
        node = self._own_consenter(channel)
        if node is None or channel.name in _ELECTED.findall(
            self.connections.operations(node).metrics()
        ):
            return None
        return f"{node.name} knows no leader of {channel.name} (more than half of the orderers must run)"

    def _own_consenter(self, channel: ChannelPlan) -> Node | None:
        """Return an orderer of this machine that is a consenter of a channel: others know no leader."""
        for node in self.plan.own_orderers:
            if node.name not in channel.left:
                relation = self.connections.orderer(node).channel(channel.name).consensus_relation
                if relation == _CONSENTER:
                    return node
        return None

    def _ordered(self, channel: ChannelPlan) -> int:
        found = [
            self._height(channel, node)
            for node in self.plan.own_orderers
            if node.name not in channel.left
        ]
        return max(found, default=0)

    def _height_problem(self, channel: ChannelPlan, ordered: int, node: Node) -> str | None:
        height = self._height(channel, node)
        if height >= ordered:
            return None
        return f"{node.name} has {height} of {ordered} blocks of {channel.name} and is fetching the rest"

    def _height(self, channel: ChannelPlan, node: Node) -> int:
        if node.admin is not None:
            return self.connections.orderer(node).channel(channel.name).height
        admin = self.connections.admin(self.plan.owner(node))
        try:
            return admin.chain_info(endpoint(node), channel.name).height
        except PeerResponseError:  # it does not have the block yet in which it is admitted
            return 0
        except GatewayError as error:  # nor one that names its MSP
            if error.code is not StatusCode.UNKNOWN:
                raise
            return 0

    def _peer_problem(self, channel: ChannelPlan, peer: Node) -> str | None:
        admin = self.connections.admin(self.plan.owner(peer))
        try:
            found = admin.discover_peers(endpoint(peer), channel.name)
        except DiscoveryError as error:
            return f"{peer.name} does not answer about {channel.name}: {error}"
        known = {one.address for one in found}
        missing = [one.name for one in channel.peers() if str(one.inside) not in known]
        return f"{peer.name} does not know {missing[0]} on {channel.name}" if missing else None

    def _department_problem(self, channel: ChannelPlan, department: DepartmentPlan) -> str | None:
        peer = channel.peers_of(department)[0]
        found = self.connections.admin(department).discover_peers(endpoint(peer), channel.name)
        known = {one.msp_id for one in found}
        missing = [one.name for one in channel.departments if one.msp_id not in known]
        return f"{peer.name} knows no peer of {missing[0]} on {channel.name}" if missing else None


def leads(connections: Connections, node: Node, channel: ChannelPlan) -> bool | None:
    """Return whether an orderer leads a channel; None if its metrics mention no leader."""
    return leaders(connections.operations(node).metrics()).get(channel.name)


def leaders(metrics: str) -> dict[str, bool]:
    """Return whether an orderer leads each channel, as far as its metrics mention a leader."""
    return {channel: leads == "1" for channel, leads in _LEADER.findall(metrics)}


def _accepts_connections(department: DepartmentPlan) -> bool:
    return any(listens(peer.inside) for peer in department.peers)

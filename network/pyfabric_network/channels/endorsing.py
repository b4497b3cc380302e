"""What the contracts in force on a channel lose, or do not offer, when departments leave it and come to it.

Endorsement policies of single keys, which contracts set as they run, cannot be listed: nothing here knows them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pyfabric.admin import ChaincodeDefinition
from pyfabric.admin.channels import edit_config
from pyfabric.admin.definition_checks import left_out, unusable_parts
from pyfabric.errors import NetworkError
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric_network.channels.following import Following
from pyfabric_network.connections import Connections, endpoint
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.plan import ChannelPlan, Plan

_ENOUGH: Final = 100
"""Peers that a member is taken to have which the topology does not know."""


@dataclass(frozen=True)
class Endorsing:
    """The contracts of the channels of a network whose members change."""

    following: Following
    connections: Connections

    def refuse_losses(self) -> None:
        """Raise NetworkError for a department that leaves a channel on which a contract in force needs it."""
        for channel, gone in self._changed(self.following.before, self.following.after):
            carrier = self.following.carrier(self.connections, channel.name)
            config = carrier.config()
            updates = self.following.updates(self.connections).get(channel.name, ())
            after = edit_config(config, [edit for one in updates for edit in one.edits])
            for one in self._committed(carrier.channel):
                lost = self._lost(channel, one, config, after, gone)
                if lost:
                    names = ", ".join(department.name for department in gone)
                    raise NetworkError(
                        f"{names} cannot leave {channel.name} yet, where {one.name} is in force with sequence "
                        f"{one.sequence}: {'; '.join(lost)}. First give it policies and collections that do without: "
                        f"in the topology, with sequence: {one.sequence + 1}, then `pyfabric chaincode deploy "
                        f"{one.name}`, or by `pyfabric chaincode approve` and `commit`"
                    )

    def left_out(self) -> tuple[str, ...]:
        """Return a sentence for each contract in force that a department which has come to a channel cannot endorse."""
        return tuple(
            f"{department.name} has come to {channel.name} and has no part in {lacking} of {one.name}: to change that, "
            f"name it in the topology, with sequence: {one.sequence + 1}, then `pyfabric chaincode deploy {one.name}`"
            for channel, come in self._changed(self.following.after, self.following.before)
            for one in self._committed(
                self.following.carrier(self.connections, channel.name).channel
            )
            for department in come
            for lacking in left_out(one, department.msp_id)
        )

    def unseen(self) -> tuple[str, ...]:
        """Return a sentence for each channel with contracts that departments have left: what nobody can check."""
        return tuple(
            f"keys of {channel.name} whose own endorsement policy asks for {', '.join(one.name for one in gone)} cannot "
            "be written any more; no peer lists them: ask the authors of the contracts"
            for channel, gone in self._changed(self.following.before, self.following.after)
            if channel.contracts
        )

    def _changed(
        self, these: Plan, those: Plan
    ) -> Iterator[tuple[ChannelPlan, list[DepartmentPlan]]]:
        """Yield channels of one plan with the departments that they do not have in the other."""
        for name, channel in these.channels.items():
            if name in those.channels:
                others = {one.name for one in those.channels[name].departments}
                found = [one for one in channel.departments if one.name not in others]
                if found:
                    yield channel, found

    def _committed(self, channel: ChannelPlan) -> Sequence[ChaincodeDefinition]:
        """Return what a peer of this machine knows to be in force; nothing where none is of the channel."""
        for department in channel.own[:1]:
            peer = endpoint(channel.peers_of(department)[0])
            return self.connections.admin(department).committed(peer, channel.name)
        return ()

    def _lost(
        self,
        channel: ChannelPlan,
        definition: ChaincodeDefinition,
        before: bytes,
        after: bytes,
        gone: Sequence[DepartmentPlan],
    ) -> list[str]:
        """Return what of a definition works before the departments go, and not after that."""
        members = ChannelConfig.from_bytes(before, channel_id=channel.name)
        known = {one.msp_id: len(one.peers) for one in channel.departments}
        peers = {**dict.fromkeys(members.application_organizations, _ENOUGH), **known}
        rest = {
            name: count for name, count in peers.items() if name not in {g.msp_id for g in gone}
        }
        useless = unusable_parts(definition, channel=channel.name, config=before, peers=peers)
        found = unusable_parts(definition, channel=channel.name, config=after, peers=rest)
        return [one for one in found if one not in useless]

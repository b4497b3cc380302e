"""The channels of a running network brought to a changed topology: which steps that takes, and taking them.

Each step is safe to repeat: what is left to do is worked out from the channels as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pyfabric.admin.channels import differences, edit_config
from pyfabric.admin.config.proposal_files import write_proposal
from pyfabric.errors import ConfigError, NetworkError
from pyfabric_network.channels.carrying import Carrier
from pyfabric_network.channels.orderers import Part
from pyfabric_network.channels.towards import Update, updates_towards
from pyfabric_network.connections import Connections
from pyfabric_network.material.genesis import channel_model
from pyfabric_network.material.keys import make_material, missing_material
from pyfabric_network.progress import Report, Step
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan, make_plan

_ORGANIZATIONS: Final = "organizations"


@dataclass(frozen=True, slots=True)
class Proposed:
    """The next update of a channel, for departments to sign: what it changes in words, and the proposal's file.

    `missing` are the policies that need more signatures, `first` is an orderer that must follow the channel before it is
    submitted, and `later` the number of updates after it.
    """

    channel: str
    words: str
    content: bytes
    missing: tuple[str, ...]
    first: str | None
    later: int


@dataclass(frozen=True)
class Following:
    """A network on its way from the topology that its channels have to a changed one.

    `between` has the nodes and members of both: all of them run while the channels are changed.
    """

    before: Plan
    after: Plan
    between: Plan

    def updates(self, connections: Connections) -> dict[str, tuple[Update, ...]]:
        """Return the updates that each channel still needs, of those that need any.

        Keys and certificates of `after` exist already. Raises NetworkError if the peers of this machine do not
        answer, ConfigError for what is no update.
        """
        found = {
            name: updates_towards(
                channel_model(self.before, self.before.channels[name]),
                channel_model(self.after, self.after.channels[name]),
                self.carrier(connections, name).config(),
            )
            for name in self.before.channels
            if name in self.after.channels
        }
        return {name: updates for name, updates in found.items() if updates}

    def all_words(self, connections: Connections) -> list[str]:
        """Return what all channels still need, in words, in a line for each change; raises as `updates`."""
        return [
            f"{name}: {line}"
            for name, updates in self.updates(connections).items()
            for line in self.words(self.carrier(connections, name).config(), updates)
        ]

    def steps(self, connections: Connections, planned: Plan) -> list[Step]:
        """Return what would be done, in its order; `planned` is `after` with keys that may be for show."""
        made = [
            Step("make", "keys and certificates", one.name) for one in missing_material(self.after)
        ]
        present = {node.name for node in self.before.own_nodes}
        new = [node for node in self.after.own_nodes if node.name not in present]
        shown = replace(self, after=planned)
        steps = [*made, *(Step("start", node.name) for node in new)]
        for name, updates in shown.updates(connections).items():
            words = self.words(self.carrier(connections, name).config(), updates)
            for update, line in zip(updates, words, strict=True):
                steps += self._shown(name, update, line)
        kept = {node.name for node in self.after.own_nodes}
        gone = [node for node in self.before.own_nodes if node.name not in kept]
        return [*steps, *(Step("stop", node.name, "needs --remove") for node in gone)]

    def run(self, connections: Connections, report: Report, *, remove: bool) -> None:
        """Make the updates of all channels; all nodes of `between` run. Raises what its steps raise.

        Raises NetworkError, before anything is changed, if members or orderers are taken out without `remove`.
        """
        needed = self.updates(connections)
        if not remove:
            self.refuse_removals(connections, needed)
        work = [
            (self.carrier(connections, name), update)
            for name, updates in needed.items()
            for update in updates
        ]
        for number, (carrier, update) in enumerate(work):
            line = self.words(carrier.config(), [update])[0]
            report(f"{carrier.channel.name}: {line}", number, len(work))
            self._make(carrier, update)

    def refuse_removals(
        self, connections: Connections, needed: Mapping[str, Sequence[Update]]
    ) -> None:
        """Raise NetworkError that names what these updates take out, if anything."""
        for name, updates in needed.items():
            words = self.words(self.carrier(connections, name).config(), updates)
            gone = [line for one, line in zip(updates, words, strict=True) if one.removes]
            if gone:
                raise NetworkError(
                    f"the topology takes out of {name}: {'; '.join(gone)}: add --remove to do that, or undo the change"
                )

    def proposals(self, connections: Connections) -> list[Proposed]:
        """Return the next update of each channel that needs one, as a proposal signed by the administrators here.

        Nothing is changed. The update after it is proposed once this one is in force. Raises as `updates`, and
        ConfigError for a change that would harm the channel.
        """
        found = []
        for name, updates in self.updates(connections).items():
            carrier = self.carrier(connections, name)
            proposal, stand = carrier.signed(updates[0].edits)
            if stand.problems:
                raise ConfigError(f"{name} is not changed: {'; '.join(stand.problems)}")
            (words,) = self.words(carrier.config(), updates[:1])
            joins = updates[0].joins
            first = None if joins is None else self.node_at(joins).name
            missing = tuple(str(one.policy) for one in stand.missing)
            found.append(
                Proposed(name, words, write_proposal(proposal), missing, first, len(updates) - 1)
            )
        return found

    def _shown(self, channel: str, update: Update, line: str) -> Iterator[Step]:
        if update.joins is not None:
            yield Step("join", self.node_at(update.joins).name, f"{channel}, as a follower")
        yield Step("update", channel, f"{line} (needs --remove)" if update.removes else line)
        if update.leaves is not None:
            yield Step("leave", self.node_at(update.leaves).name, f"{channel} (needs --remove)")

    def words(self, config: bytes, updates: Sequence[Update]) -> list[str]:
        """Return what each of these updates changes, one after the other, in a line each."""
        found = []
        for update in updates:
            after = edit_config(config, update.edits)
            found.append("; ".join(one.words for one in differences(config, after)))
            config = after
        return found

    def carrier(self, connections: Connections, name: str) -> Carrier:
        """Return what makes updates of a channel, by departments that are in it before and afterwards."""
        staying = {one.name for one in self.after.channels[name].departments}
        channel = self.before.channels[name]
        departments = tuple(one for one in channel.departments if one.name in staying)
        if not departments:
            raise NetworkError(
                f"no department of {name} stays in it: make another channel (`pyfabric channel create`)"
            )
        return Carrier(self.between, connections, replace(channel, departments=departments))

    def node_at(self, address: str) -> Node:
        """Return the orderer whose address channels have."""
        return next(one for one in self.between.orderers if str(one.inside) == address)

    def _make(self, carrier: Carrier, update: Update) -> None:
        def part(address: str) -> Part:
            node = self.node_at(address)
            return Part(carrier.plan, carrier.connections, carrier.channel, node)

        if update.joins is not None:
            part(update.joins).follow()
        if update.serves is not None:
            part(update.serves).await_consenter()
        carrier.make(update.edits)
        if update.leaves is not None:
            part(update.leaves).leave()


@contextmanager
def with_keys(plan: Plan) -> Iterator[Plan]:
    """Yield a plan whose keys all exist: missing ones are made for the moment, elsewhere, to show what would be done."""
    missing = {member.name for member in missing_material(plan)}
    if not missing:
        yield plan
        return
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / _ORGANIZATIONS).mkdir()
        departments = list(plan.departments.values())
        for one in departments:
            members = [m for each in one.organizations for m in (*each.members(), *each.tls_only)]
            if missing.isdisjoint(member.name for member in members):
                (root / _ORGANIZATIONS / one.folder.name).symlink_to(one.folder.absolute())
        port = departments[0].place.first_port
        shadow = make_plan(plan.topology, root, base_port=port, containers=plan.containers)
        make_material(shadow, now=datetime.now(UTC))
        yield shadow

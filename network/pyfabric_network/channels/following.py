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
from pyfabric.errors import FabricError, NetworkError, PolicyError
from pyfabric_network.channels.carrying import Carrier, Proposed
from pyfabric_network.channels.orderers import Part
from pyfabric_network.channels.towards import Update, updates_towards
from pyfabric_network.connections import Connections
from pyfabric_network.material.genesis import channel_model
from pyfabric_network.material.keys import make_material, missing_material
from pyfabric_network.progress import Report, Step
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan, make_plan

_ORGANIZATIONS: Final = "organizations"


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
        found = {name: self._updates(self.carrier(connections, name)) for name in self._ours()}
        return {name: updates for name, updates in found.items() if updates}

    def _ours(self) -> list[str]:
        """Return the channels of both topologies in which departments of this machine have a part afterwards."""
        return [
            name
            for name in self.before.channels
            if name in self.after.channels
            and any(
                self.after.channels[name] in self.after.channels_of(one) for one in self.after.own
            )
        ]

    def _updates(self, carrier: Carrier) -> tuple[Update, ...]:
        """Return the updates that the carrier's channel still needs."""
        name = carrier.channel.name
        return updates_towards(
            channel_model(self.before, self.before.channels[name]),
            channel_model(self.after, self.after.channels[name]),
            carrier.config(),
        )

    def all_words(self, connections: Connections) -> list[str]:
        """Return what all channels still need, in words, in a line for each change; raises as `updates`."""
        return [
            f"{name}: {line}"
            for name, updates in self.updates(connections).items()
            for line in self.words(self.carrier(connections, name).config(), updates)
        ]

    def lacks(self, connections: Connections) -> tuple[str, ...]:
        """Return a sentence for each update that a channel of this machine's departments still needs.

        A channel that cannot be read from here gets one, too: whether it has everything is not known.
        """
        found: list[str] = []
        for name in self._ours():
            try:
                carrier = self.carrier(connections, name)
                updates = self._updates(carrier)
                lines = self.words(carrier.config(), updates)
            except FabricError as error:
                found.append(f"whether {name} has all of the topology is not known: {error}")
            else:
                found += [
                    f"{name} lacks what `pyfabric channel apply` makes: {one}" for one in lines
                ]
        return tuple(found)

    def leave(self, connections: Connections) -> None:
        """Take the orderers of this machine that the later topology does not have out of all channels."""
        kept = {node.name for node in self.after.own_orderers}
        for node in self.before.own_orderers:
            if node.name not in kept:
                for channel in self.before.channels.values():
                    Part(self.between, connections, channel, node).leave()

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

    def run_own(
        self, connections: Connections, report: Report, *, remove: bool
    ) -> tuple[bool, tuple[str, ...]]:
        """Make those updates, one channel after the other, for which the signatures of this machine suffice.

        Returns whether any was made, and a sentence for each channel that waits for others. Raises as `run`.
        """
        made, waiting = False, []
        for number, name in enumerate(self._ours()):
            report(name, number, len(self._ours()))
            carrier = self.carrier(connections, name)
            while updates := self._updates(carrier):
                why = self._waits(carrier, updates[0], remove=remove)
                if why is not None:
                    (line,) = self.words(carrier.config(), updates[:1])
                    waiting.append(f"{name} waits with {line}: {why}")
                    break
                made = True
        return made, tuple(waiting)

    def _waits(self, carrier: Carrier, update: Update, *, remove: bool) -> str | None:
        """Make an update and return None, or return for what it waits."""
        if update.removes and not remove:
            return "add --remove to do that, or undo the change of the topology"
        if update.joins is not None and self._is_elsewhere(update.joins):
            return f"{self.node_at(update.joins).name} proposes that from its own machine, once it has the blocks"
        try:
            self._make(carrier, update)
        except PolicyError as error:
            return str(error)
        return None

    def _is_elsewhere(self, address: str) -> bool:
        """Return whether the orderer at an address is of another machine, which alone knows how far it is."""
        return self.node_at(address) not in self.between.own_orderers

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

    def proposals(self, connections: Connections, *, remove: bool) -> list[Proposed]:
        """Return the next update of each channel that needs one, as a proposal signed by the administrators here.

        Nothing is changed. The update after it is proposed once this one is in force. Raises as `updates`, and
        ConfigError for a change that would harm the channel.
        """
        found = []
        for name, updates in self.updates(connections).items():
            carrier = self.carrier(connections, name)
            if not remove:
                self.refuse_removals(connections, {name: updates[:1]})
            self._require_follower(carrier, updates[0])
            joins = updates[0].joins
            known = bool(self.between.places) and not (joins and self._is_elsewhere(joins))
            first = None if joins is None or known else self.node_at(joins).name
            proposed = carrier.propose(updates[0].edits)
            found.append(replace(proposed, first=first, later=len(updates) - 1))
        return found

    def _require_follower(self, carrier: Carrier, update: Update) -> None:
        """Raise NetworkError unless an orderer of this machine that an update makes a consenter has all blocks."""
        if not self.between.places or update.joins is None or self._is_elsewhere(update.joins):
            return
        node = self.node_at(update.joins)
        if not Part(carrier.plan, carrier.connections, carrier.channel, node).follows():
            raise NetworkError(
                f"{node.name} does not follow {carrier.channel.name} yet, and only then may count for its quorum: "
                "`pyfabric network up` joins it"
            )

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
        if update.serves is not None and not self._is_elsewhere(update.serves):
            part(update.serves).await_consenter()
        carrier.make(update.edits)
        if update.leaves is not None and not self._is_elsewhere(update.leaves):
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
        shadow = make_plan(
            plan.topology,
            root,
            base_port=port,
            places=plan.places,
            containers=plan.containers,
            every_ca=plan.every_ca,
        )
        make_material(shadow, now=datetime.now(UTC))
        yield shadow

"""Acceptance of a bundle on the machine of its department's nodes: checked, shown, and then written."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from pyfabric.admin import config_of_block
from pyfabric.errors import ConfigError, NetworkError
from pyfabric.local import files
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric_network.followed import FOLLOWED
from pyfabric_network.material.genesis import is_genesis_block
from pyfabric_network.members.agreement import Agreement, Difference
from pyfabric_network.members.bundle import Bundle, write_own_files
from pyfabric_network.members.membership import Membership
from pyfabric_network.members.public import PublicDefinition, public_definition, unfold
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.state import State, read_state
from pyfabric_network.state_folder import TOPOLOGY_COPY
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.plan import Plan, make_plan
from pyfabric_network.topology.spec import Topology


@dataclass(frozen=True, slots=True)
class Review:
    """A bundle that was checked, and what it would change on this machine; nothing is changed yet.

    `earlier` are the channels whose genesis blocks are of an earlier topology, before the department came: the fingerprint
    does not cover these.
    """

    bundle: Bundle
    members: Membership
    definitions: Mapping[str, PublicDefinition]
    keys: Mapping[Path, bytes]
    blocks: Mapping[str, bytes]
    earlier: tuple[str, ...]
    fingerprint: str
    differences: tuple[Difference, ...]

    def accept(self) -> None:
        """Write all that the department's nodes need to the state folder; safe to repeat.

        A topology that differs from the one that this machine has takes its place, in the network's folder;
        the file that it was made from stays as it is. Raises NetworkError, also if the bundle is no longer the
        one that was checked.
        """
        members = self.members
        if Agreement.beside(self.bundle.topology).fingerprint() != self.fingerprint:
            raise NetworkError(
                f"{self.bundle.folder} was changed after it was checked: nothing is accepted"
            )
        with members.locked():
            fresh = not any(one.block.exists() for one in members.plan.channels.values())
            write_own_files(members.root / "organizations", self.keys)
            for name, block in self.blocks.items():
                files.write_public(members.plan.channels[name].block, block, error=NetworkError)
            followed = self.bundle.followed
            if fresh and followed.exists():
                files.write_public(
                    members.root / FOLLOWED, followed.read_bytes(), error=NetworkError
                )
            members.keep(self.definitions, here=self.bundle.department)


def review_bundle(
    folder: Path, state_folder: Path, *, runtime: RuntimeName | None, now: datetime
) -> Review:
    """Check a bundle, and compare it with what is on this machine.

    The department's keys are there already, or in the bundle. `runtime` is for a network that is new
    here. Raises ConfigError for a bundle that is not consistent, NetworkError for one that does not fit
    this machine.
    """
    bundle = Bundle.open(folder)
    members = Membership.open(bundle.topology, state_folder, runtime=runtime)
    members.plan.department(bundle.department)
    definitions = bundle.definitions()
    members.check(definitions, now=now)
    lacking = [name for name in members.topology.departments if name not in definitions]
    if lacking:
        raise ConfigError(f"{folder} lacks the definition of {', '.join(lacking)}")
    keys = {} if members.has_keys(bundle.department) else _keys(bundle, members, definitions)
    blocks, earlier = _blocks(bundle, members, definitions)
    agreement = Agreement.beside(bundle.topology)
    before = read_state(members.root)
    changes = _changes(agreement, members.root, before)
    members.state = members.state.model_copy(update={"topology": _source(members, before, changes)})
    return Review(
        bundle=bundle,
        members=members,
        definitions=definitions,
        keys=keys,
        blocks=blocks,
        earlier=earlier,
        fingerprint=agreement.fingerprint(),
        differences=(*changes, *_additions(members, definitions, blocks, earlier)),
    )


def _changes(agreement: Agreement, root: Path, state: State | None) -> tuple[Difference, ...]:
    """Return what the bundle has otherwise than this machine's topology and code."""
    if state is None:
        return (Difference("topology", "everything", "", f"fingerprint {agreement.fingerprint()}"),)
    return tuple(Agreement.kept(root, state.code).differences(agreement))


def _source(members: Membership, before: State | None, changes: Sequence[Difference]) -> Path:
    """Return the topology file that the network is to have: its own, unless that is to be replaced."""
    if before is not None and not changes:
        return before.topology
    return members.root / TOPOLOGY_COPY


def _additions(
    members: Membership,
    definitions: Mapping[str, PublicDefinition],
    blocks: Mapping[str, bytes],
    earlier: Collection[str],
) -> Iterator[Difference]:
    """Yield the members and genesis blocks that this machine has not yet, or otherwise."""
    known = members.known()
    for name, definition in definitions.items():
        here = known.get(name)
        if here != definition and not (here and members.has_keys(name)):
            yield Difference("member", name, _described(here), _described(definition))
    for name, block in blocks.items():
        if not members.plan.channels[name].block.exists():
            made = " (of an earlier topology)" if name in earlier else ""
            yield Difference("genesis block", name, "", sha256(block).hexdigest() + made)


def _described(definition: PublicDefinition | None) -> str:
    if definition is None:
        return ""
    where = f"{definition.host}, ports from {definition.first_port}"
    return f"{where}, fingerprint {definition.fingerprint()}"


def _keys(
    bundle: Bundle, members: Membership, definitions: Mapping[str, PublicDefinition]
) -> dict[Path, bytes]:
    """Return the department's own folder from the bundle; it must be the one that its definition is of."""
    found = bundle.own_files()
    name = bundle.department
    if not found:
        raise NetworkError(
            f"the keys of {name} are neither in {members.root} nor in {bundle.folder}: is this the "
            "machine, and --state the folder, of `pyfabric network member init`?"
        )
    plan = _plan(members.topology, bundle.folder, definitions)
    if public_definition(plan.name, plan.departments[name]) != definitions[name]:
        raise ConfigError(f"{bundle.folder}: the keys of {name} are not those of its definition")
    return found


def _blocks(
    bundle: Bundle, members: Membership, definitions: Mapping[str, PublicDefinition]
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the genesis blocks, each checked, and the channels whose blocks are of an earlier topology.

    A block that this machine does not have yet must be what the topology and the definitions make. One that the department is not in,
    since it has come to the channel later, must have the MSPs of the definitions.
    """
    blocks, earlier = {}, []
    with TemporaryDirectory() as scratch:
        plan = _plan(members.topology, Path(scratch), definitions)
        for name, definition in definitions.items():
            unfold(definition, plan.departments[name])
        own = plan.departments[bundle.department]
        for channel in plan.channels_of(own):
            blocks[channel.name] = block = bundle.block(channel.name)
            standing = members.plan.channels[channel.name].block
            if standing.exists():
                if standing.read_bytes() != block:
                    raise NetworkError(f"{standing} is another genesis block of {channel.name}")
            elif not is_genesis_block(plan, channel, block):
                if not _is_of_others(channel.name, block, own, definitions):
                    raise ConfigError(
                        f"{bundle.folder}: the genesis block of {channel.name} is not the one that the "
                        "topology and the definitions make: it was changed, or made by another release"
                    )
                earlier.append(channel.name)
    return blocks, tuple(earlier)


def _is_of_others(
    channel: str,
    block: bytes,
    own: DepartmentPlan,
    definitions: Mapping[str, PublicDefinition],
) -> bool:
    """Return whether a block begins a channel of other departments, each with the MSPs of its definition."""
    config = ChannelConfig.from_bytes(config_of_block(block), channel_id=channel)
    msps = {msp.msp_id: msp for one in definitions.values() for msp in one.msps()}
    here = {one.msp_id for one in own.organizations}
    return all(
        name not in here and msps.get(name) == msp.definition
        for name, msp in config.msp_manager.msps.items()
    )


def _plan(topology: Topology, root: Path, definitions: Mapping[str, PublicDefinition]) -> Plan:
    places = {name: definition.place(here=False) for name, definition in definitions.items()}
    return make_plan(topology, root, base_port=topology.base_port, places=places)

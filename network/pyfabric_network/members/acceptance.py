"""Acceptance of a bundle on the machine of its department's nodes: only if everything in it is consistent."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pyfabric.errors import ConfigError, NetworkError
from pyfabric.local import files
from pyfabric_network.material.genesis import is_genesis_block
from pyfabric_network.members.bundle import Bundle, write_own_files
from pyfabric_network.members.membership import Membership
from pyfabric_network.members.public import PublicDefinition, public_definition, unfold
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.topology.plan import Plan, make_plan
from pyfabric_network.topology.spec import Topology


def accept_bundle(
    folder: Path, state_folder: Path, *, runtime: RuntimeName | None, now: datetime
) -> Bundle:
    """Write all that the department's nodes need to the state folder; safe to repeat.

    The department's keys are there already, or in the bundle. `runtime` is for a network that is new
    here. Raises ConfigError for a bundle that is not consistent, NetworkError for one
    that does not fit this machine; nothing is changed then.
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
    blocks = _blocks(bundle, members.topology, definitions)
    for name, block in blocks.items():
        standing = members.plan.channels[name].block
        if standing.exists() and standing.read_bytes() != block:
            raise NetworkError(f"{standing} is another genesis block of {name}")
    with members.locked():
        write_own_files(members.root / "organizations", keys)
        for name, block in blocks.items():
            files.write_public(members.plan.channels[name].block, block, error=NetworkError)
        members.keep(definitions, here=bundle.department)
    return bundle


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
    bundle: Bundle, topology: Topology, definitions: Mapping[str, PublicDefinition]
) -> dict[str, bytes]:
    """Return the genesis blocks, each checked to be what the topology and the definitions make."""
    blocks = {}
    with TemporaryDirectory() as scratch:
        plan = _plan(topology, Path(scratch), definitions)
        for name, definition in definitions.items():
            unfold(definition, plan.departments[name])
        for channel in plan.channels_of(plan.departments[bundle.department]):
            block = bundle.block(channel.name)
            if not is_genesis_block(plan, channel, block):
                raise ConfigError(
                    f"{bundle.folder}: the genesis block of {channel.name} is not the one that the "
                    "topology and the definitions make: it was changed, or made by another release"
                )
            blocks[channel.name] = block
    return blocks


def _plan(topology: Topology, root: Path, definitions: Mapping[str, PublicDefinition]) -> Plan:
    places = {name: definition.place(here=False) for name, definition in definitions.items()}
    return make_plan(topology, root, base_port=topology.base_port, places=places)

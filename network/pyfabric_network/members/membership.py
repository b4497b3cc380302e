"""Departments with machines of their own: each makes its own keys there, and the others know it by
its public definition (`public`)."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Self

from pyfabric.errors import ConfigError, NetworkError
from pyfabric_network.followed import keep_followed
from pyfabric_network.kept_code import code_of, keep_all
from pyfabric_network.material.keys import make_material
from pyfabric_network.members.public import PublicDefinition, goes_on, public_definition, unfold
from pyfabric_network.members.public_checks import (
    check_clashes,
    check_location,
    check_public_definition,
    read_public_definition,
)
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.state import State, check_version, is_copy, keep_topology, locked, read_state
from pyfabric_network.state_folder import TOPOLOGY_COPY
from pyfabric_network.topology.changes import check_change, lacking_between_machines
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.places import Place
from pyfabric_network.topology.plan import Plan, make_plan
from pyfabric_network.topology.spec import PORTS_PER_DEPARTMENT, Topology


class Membership:
    """A network below `folder` (the state folder) whose departments have machines of their own.

    Every method changes the folder, is safe to repeat, and changes nothing when it fails.
    """

    def __init__(self, folder: Path, file: Path, topology: Topology, state: State) -> None:
        self.file = file
        self.topology = topology
        self.state = state
        self.root = folder.absolute() / topology.name

    @classmethod
    def open(cls, file: Path, folder: Path, *, runtime: RuntimeName | None = None) -> Self:
        """Return the network of a topology file, new (for that runtime; None: native) or existing.

        Raises TopologyError, and NetworkError if the network here has all keys in one place, or for a
        runtime that it cannot have.
        """
        if runtime is RuntimeName.EMBEDDED:
            raise NetworkError(
                f"the {runtime} runtime is one process for all departments: choose {RuntimeName.NATIVE} "
                f"or {RuntimeName.COMPOSE}"
            )
        topology = load_topology(file)
        root = folder / topology.name
        state = read_state(root)
        if state is None:
            made_for = runtime or RuntimeName.NATIVE
            state = State(topology=file.absolute(), base_port=topology.base_port, runtime=made_for)
            return cls(folder, file, topology, state)
        check_version(state, root)
        if not state.places:
            raise NetworkError(
                f"{topology.name} in {folder} has the keys of all departments in one place: use "
                "another state folder (--state)"
            )
        if runtime not in (None, state.runtime):
            raise NetworkError(f"{topology.name} was made for the {state.runtime} runtime")
        before = load_topology(root / TOPOLOGY_COPY)
        check_change(
            before,
            topology,
            file,
            base_port=state.base_port,
            lacking=lambda: lacking_between_machines(before, topology),
        )
        return cls(folder, file, topology, state.model_copy(update={"topology": file.absolute()}))

    @property
    def plan(self) -> Plan:
        """The network as far as it is known on this machine."""
        return self._plan_with({})

    def make(
        self, name: str, host: str, first_port: int | None, *, now: datetime
    ) -> PublicDefinition:
        """Make the keys of a department on this machine, which the others reach as `host`.

        Its 50 ports begin at `first_port` (None: where the topology has them). No key that exists is
        made again: NetworkError if the department is known to be elsewhere.
        """
        self.plan.department(name)
        offset = PORTS_PER_DEPARTMENT * list(self.topology.departments).index(name)
        place = Place(host, first_port or self.state.base_port + offset, here=True)
        check_location(place.host, place.first_port)
        if place.is_loopback and self.state.runtime is RuntimeName.COMPOSE:
            raise ConfigError(f"host: containers of other departments do not reach {host}")
        known = self.state.places.get(name, place)
        if known != place:
            whose = "" if known.here else ", with keys on another machine"
            raise NetworkError(
                f"{name} is at {known.host}, with ports from {known.first_port} on{whose}: its "
                f"certificates have that; to start again with new keys, use another state folder (--state)"
            )
        with self.locked():
            self._save({name: place})
            make_material(self.plan, now=now)
        return public_definition(self.topology.name, self.plan.departments[name])

    def add(self, files: Sequence[Path], *, now: datetime) -> list[PublicDefinition]:
        """Add these departments by the definitions that they sent.

        One that sends another definition replaces its first; once there are genesis blocks, only with other orderers or
        other certificates of them. Raises
        ConfigError for what a definition must not be, NetworkError for one that comes too late.
        """
        received: dict[str, PublicDefinition] = {}
        for file in files:
            definition = read_public_definition(file)
            if received.setdefault(definition.department, definition) != definition:
                raise ConfigError(f"{file}: is another definition of {definition.department}")
        self.check(received, now=now)
        with self.locked():
            self.keep(received)
        return list(received.values())

    def check(self, received: Mapping[str, PublicDefinition], *, now: datetime) -> None:
        """Raise ConfigError or NetworkError unless `keep` may keep these definitions."""
        plan = self.plan
        for definition in received.values():
            check_public_definition(definition, plan, now=now)
        known = self.known()
        check_clashes(list({**known, **received}.values()))
        block = next((one.block for one in plan.channels.values() if one.block.exists()), None)
        for name, definition in received.items():
            here = known.get(name, definition)
            if here == definition or (block is not None and goes_on(here, definition)):
                continue
            if self.has_keys(name):
                raise ConfigError(f"{name}: is not the definition of the keys on this machine")
            if block is not None:
                raise NetworkError(f"{name}: {block} was made with another definition of it")

    def keep(self, received: Mapping[str, PublicDefinition], *, here: str | None = None) -> None:
        """Keep definitions that were checked, with the topology and its code; the folder is locked.

        `here` is a department whose own folder has come to this machine.
        """
        places = {
            name: definition.place(here=name == here or self.has_keys(name))
            for name, definition in received.items()
        }
        plan = self._plan_with(places)
        for name, definition in received.items():
            if not places[name].here:
                unfold(definition, plan.departments[name])
        self._save(places)

    def locked(self) -> AbstractContextManager[None]:
        """Hold the network's lock; raises NetworkError."""
        return locked(self.root)

    def has_keys(self, name: str) -> bool:
        """Return whether a department's keys are on this machine."""
        return name in self.state.places and self.state.places[name].here

    def known(self) -> dict[str, PublicDefinition]:
        """Return the definitions of the departments that are known on this machine."""
        plan = self.plan
        return {name: public_definition(plan.name, plan.departments[name]) for name in plan.places}

    def _plan_with(self, places: Mapping[str, Place]) -> Plan:
        state = self.state
        return make_plan(
            self.topology,
            self.root,
            base_port=state.base_port,
            served=state.served,
            places={**state.places, **places},
            containers=state.runtime is RuntimeName.COMPOSE,
            users=state.users,
        )

    def _save(self, places: Mapping[str, Place]) -> None:
        code = self.state.code
        if not is_copy(self.file, self.root):
            code = keep_all(code_of(self.topology, self.file.parent), self.root)
        changes = {"places": {**self.state.places, **places}, "code": code}
        self.state = self.state.model_copy(update=changes)
        keep_followed(self.root, self.state, self.topology)
        self.state.save(self.root)
        keep_topology(self.file, self.root)

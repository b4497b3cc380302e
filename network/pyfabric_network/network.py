"""A network: everything that programs and commands do with one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Self

from pyfabric.errors import NetworkError
from pyfabric.gateway import Endpoint
from pyfabric.identity.signing import SigningIdentity
from pyfabric_network.backups.restoring import restore
from pyfabric_network.backups.writing import check_target, write_backup
from pyfabric_network.connections import (
    administrator,
    ca_operations_endpoint,
    host_operations_endpoint,
    operations_endpoint,
    participation_endpoint,
)
from pyfabric_network.department_contexts import add_contexts
from pyfabric_network.development import Development
from pyfabric_network.diagnosis.collecting import collect
from pyfabric_network.diagnosis.facts import View
from pyfabric_network.diagnosis.sights import sight_of_plan
from pyfabric_network.material.genesis import make_genesis_blocks
from pyfabric_network.members.bundle import write_bundle
from pyfabric_network.opened_network import present
from pyfabric_network.opening import ANY_FREE_PORT
from pyfabric_network.profile import write_profiles
from pyfabric_network.runtimes.log_choice import LogChoice, LogLevel
from pyfabric_network.state import locked
from pyfabric_network.status import NodeStatus, ca_status, network_status, service_status
from pyfabric_network.upgraded_network import UpgradedNetwork

__all__ = ["ANY_FREE_PORT", "Network"]


class Network(UpgradedNetwork):
    """A network below `folder` (the state folder, which may hold several).

    `programs` is the folder of Fabric's own programs, if they are not on PATH, and `modules` the one that
    contracts' code is taken from; None for the code that is kept in the network's folder.
    """

    def bundle(self, department: str, target: Path) -> None:
        """Write the department's bundle to the folder `target`; the genesis blocks stay as they are then.

        Raises NetworkError if the network is on this machine alone or a department is not known yet,
        ConfigError if the folder exists.
        """
        self.plan.department(department)
        if not self.plan.places:
            raise NetworkError(
                f"{self.plan.name} is on this machine alone, as its genesis blocks have it: a network on "
                "many machines begins with `pyfabric network member init`"
            )
        with locked(self.root):
            self._refresh()
            self._save()
            self._require_definitions()
            plan = self._plan_of(self.topology)
            make_genesis_blocks(plan, now=present())
        write_bundle(plan, plan.department(department), self._agreement(), target)

    def fingerprint(self) -> str:
        """Return the fingerprint of topology and contracts' code, as last brought up (see `Agreement`)."""
        return self._agreement().fingerprint()

    def status(self) -> list[NodeStatus]:
        """Return every node with the channels it has, then every CA server and contract service."""
        self._refresh()
        runtime = self.runtime
        nodes, cas = (
            [
                node
                if node.problem is None
                else replace(node, stopped=runtime.was_stopped(node.name))
                for node in ask(self.plan, runtime.process, runtime.fault)
            ]
            for ask in (network_status, ca_status)
        )
        return [*nodes, *cas, *service_status(self.plan)]

    def view(self) -> View:
        """Return what the doctor sees of the network from this machine; takes some seconds where nodes hang.

        `pyfabric_network.diagnosis` judges it. Raises NetworkError before the network was brought up.
        """
        self._require_nodes()
        self._refresh()
        if not self.state.blocks:
            raise NetworkError(f"{self.plan.name} was never brought up: `pyfabric network up`")
        return collect(sight_of_plan(self.plan, self.runtime), now=present())

    def backup(self, file: Path, *, passphrase: str | None = None) -> None:
        """Write all that this machine has of the network to a new file (0600), encrypted with a passphrase.

        Its private keys, those of CAs too, and its ledgers are in it; docs/operations.md has the format. Raises
        NetworkError if the network runs, ConfigError if the file exists or cannot be written.
        """
        check_target(file, self.root)
        with locked(self.root):
            self._refresh()
            if self.runtime.running():
                raise NetworkError(
                    f"{self.plan.name} runs, and its ledgers change while they are copied: stop it first "
                    "(`pyfabric network down`), or have it stopped and started again (`--stop`)"
                )
            self._refuse_half_restored()
            write_backup(
                self.plan,
                self.runtime,
                self.state.runtime,
                file,
                passphrase=passphrase,
                now=present(),
            )

    @classmethod
    def restore(
        cls,
        file: Path,
        folder: Path,
        *,
        passphrase: str | None = None,
        programs: Path | None = None,
        keep_orderers: bool = False,
    ) -> tuple[Self, tuple[str, ...]]:
        """Replace a network in the state folder `folder` by the one in a backup; return it, and warnings.

        The backup may be of another folder or machine. Everything in it is checked before anything is
        replaced. An orderer begins without its ledgers if there are others on other machines, unless
        `keep_orderers`. Raises ConfigError for a damaged backup or another passphrase, and NetworkError if
        the network runs, or for orderers that may not begin without their ledgers.
        """
        name, warnings = restore(
            file, folder, passphrase=passphrase, programs=programs, keep_orderers=keep_orderers
        )
        network = cls.open(folder, name, programs=programs)
        write_profiles(network.plan)
        add_contexts(network.plan, folder)
        return network, warnings

    def operations(self) -> dict[str, Endpoint]:
        """Return where health and metrics of each node, contract host and CA server of this machine are served.

        By name, for `pyfabric.gateway.Operations`, with the TLS certificate of the organisation's
        administrator.
        """
        found = {
            node.name: operations_endpoint(self.plan.organization(node), node)
            for node in self.plan.own_nodes
        }
        cas = {
            one.cas.name: ca_operations_endpoint(one, one.cas)
            for one in self.plan.own
            if one.cas is not None
        }
        hosts = {
            department.contract_host.name: host_operations_endpoint(department)
            for department in self.plan.own_with_peers
        }
        return {**found, **cas, **hosts}

    def participation(self) -> dict[str, Endpoint]:
        """Return where the participation API of each orderer of this machine is served.

        By name, for `pyfabric.gateway.OrdererAdmin`, with the TLS certificate of the organisation's administrator.
        """
        return {
            node.name: participation_endpoint(self.plan.organization(node), node)
            for node in self.plan.own_orderers
        }

    def administrators(self, department: str) -> dict[str, SigningIdentity]:
        """Return a department's administrators, by MSP id: of its orderers, if any, then of its peers.

        An update of a channel that needs Orderer/Admins and Application/Admins is signed by both. Raises
        NetworkError for a department that is not in the network, IdentityError if this machine does not have its keys.
        """
        organizations = self.plan.department(department).organizations
        return {one.msp_id: administrator(one) for one in organizations}

    def development(self) -> Development:
        """Return the development tools of a development ledger; raises NetworkError on other runtimes."""
        found = self.runtime.development
        if found is None:
            raise NetworkError(
                f"{self.plan.name} runs on Fabric, which cannot do this: only the embedded runtime can"
            )
        return found

    def logs(
        self,
        *nodes: str,
        follow: bool = False,
        tail: int | None = None,
        since: datetime | None = None,
        level: LogLevel | None = None,
    ) -> Iterator[str]:
        """Return the logs of these nodes and contract hosts (default: of all), line by line.

        Of each the last `tail` lines, no records before `since` (a time with its zone), and none below
        `level`; with `follow`, continue while the network runs. Raises NetworkError for an unknown name, and on the
        embedded runtime, whose nodes have one log, for any.
        """
        self.check_names(nodes)
        return self.runtime.logs(self.plan, LogChoice(nodes, tail, since, level), follow=follow)

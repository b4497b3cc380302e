"""The compose runtime: Fabric's images and contract hosts as containers under Docker Compose."""

import json
import shutil
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric.local.waiting import poll
from pyfabric.messages.addresses import Address
from pyfabric_network.development import Development
from pyfabric_network.parallel import side_by_side
from pyfabric_network.ports import check_free
from pyfabric_network.runtimes.compose import (
    DATA,
    OPERATIONS_PORT,
    OWNERS,
    builder_file,
    ca_server_files,
    compose_project,
    mounted,
    mounted_users,
    services_file,
)
from pyfabric_network.runtimes.compose_project import (
    ComposeProject,
    get_images,
    give_to_hosts,
    services_of,
)
from pyfabric_network.runtimes.compose_releases import ComposeReleases
from pyfabric_network.runtimes.container_readiness import ContainerReadiness
from pyfabric_network.runtimes.contract_hosts import (
    builder_values,
    host_services,
    serves,
)
from pyfabric_network.runtimes.docker import EVERY_PROFILE, DockerCompose
from pyfabric_network.runtimes.engine import printed, volumes
from pyfabric_network.runtimes.log_choice import LogChoice
from pyfabric_network.runtimes.log_files import choose_lines, read_logs
from pyfabric_network.runtimes.node_config import BUILDER_VARIABLE
from pyfabric_network.runtimes.programs import unjoin_failure
from pyfabric_network.runtimes.release import Releases
from pyfabric_network.runtimes.reloading import ANSWER_SECONDS, read_answer
from pyfabric_network.runtimes.runtime import running_peer
from pyfabric_network.runtimes.volumes import remove_volumes, restore_volume, save_volume
from pyfabric_network.state_folder import MODULES, OUTSIDE
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.places import CONTAINER_PORTS
from pyfabric_network.topology.plan import Plan

_READINESS = ContainerReadiness()
_HANGING_SECONDS = 5
_PAUSE = 0.2
_CARRIED = "carried"
# From inside: `docker kill`, whatever the signal, keeps the engine from ever starting a container again.
_HANG_UP = ("python", "-c", "import os, signal; os.kill(1, signal.SIGHUP)")
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - of the container, whose ports are not published


class ComposeRuntime:
    """The project in `root`; contract classes are imported from the modules kept there.

    `readiness` waits for its containers.
    """

    def __init__(self, root: Path, *, readiness: ContainerReadiness = _READINESS) -> None:
        self._root = root
        self._readiness = readiness
        self._project = ComposeProject(root)

    @property
    def _compose(self) -> DockerCompose:
        return self._project.compose

    def running(self) -> bool:
        """Return whether any container runs."""
        return bool(self._project.running())

    def check(self, plan: Plan) -> tuple[str, ...]:
        """Raise NetworkError without an engine, for a port in use, or for another network's data."""
        self.check_outside(plan)
        found = self._project.containers()
        kept = [name for name, container in found.items() if container.is_kept_running]
        check_free(plan.listening(running=kept))
        return ()

    def idle(self, plan: Plan) -> tuple[str, ...]:
        """Return the nodes whose containers do not run, or not as the plan and the settings have them."""
        running = self._project.running()
        with self._project.planned(plan) as planned:
            changed = self._project.changed(services_of(plan, planned), running)
        names = [one.name for one in plan.own_servers]
        return tuple(name for name in names if name not in running or name in changed)

    def outdated(self, plan: Plan) -> tuple[str, ...]:
        """Return the nodes whose containers were made otherwise."""
        running = self._project.running()
        return tuple(name for name in self.idle(plan) if name in running)

    def process(self, node: str) -> str | None:
        """Return the node's container."""
        found = self._project.running().get(node)
        if found is None:
            return None
        return f"container {node}" + (", paused" if found.state == "paused" else "")

    def fault(self, _node: str) -> str | None:
        """Return None: `docker compose` shows what a container printed."""
        return None

    def start(self, plan: Plan, *, again: Collection[str] = ()) -> None:
        """Bring up what does not run as it should, and wait until all of it is ready.

        Every image is there before anything is changed. What does not run is started at once, then what
        hangs (`again`) is stopped and started, then what runs and has changed is made again, one after the
        other: each must be ready before the next. Raises NetworkError that names each that is not ready, with the reason; the
        others run then.
        """
        with self._project.planned(plan) as planned:
            get_images(plan, planned.configured())
        before = self._project.running()
        self._write(plan)
        configured = services_of(plan, self._compose)
        changed = self._project.changed(configured, before)
        absent = [name for name in configured if name not in before and name != OWNERS]
        try:
            broken = self._start_absent(plan, configured, absent)
            broken |= self._start_again(plan, [name for name in before if name in again])
            for name in changed:
                if not broken:
                    broken |= self._make_again(plan, configured, name)
            self._reload(plan, without=broken)
        except BaseException:
            self._stop_all_but(before)
            raise
        if broken:
            if not before and set(absent) == set(broken):
                self._stop_all_but(before)
            raise NetworkError(_reasons(broken, self._root))

    def _start_absent(
        self, plan: Plan, configured: Mapping[str, Any], absent: Sequence[str]
    ) -> dict[str, str]:
        """Start what does not run, all at once, and return why some are not ready then."""
        if not absent:
            return {}
        self._project.remove(absent)
        if OWNERS in configured:
            self._compose.run("run", "--rm", "--no-deps", OWNERS)
        self._project.make(configured, absent)
        return self._readiness.unready(plan, absent)

    def _start_again(self, plan: Plan, names: Sequence[str]) -> dict[str, str]:
        """Stop and start what hangs; it gets a short time to stop."""
        if not names:
            return {}
        self._compose.run("restart", "--no-deps", "--timeout", str(_HANGING_SECONDS), *names)
        return self._readiness.unready(plan, names)

    def _make_again(self, plan: Plan, configured: Mapping[str, Any], name: str) -> dict[str, str]:
        """Replace a container by one with the present image and settings."""
        self._project.remove([name])
        self._project.make(configured, [name])
        return self._readiness.unready(plan, [name])

    def _stop_all_but(self, before: Collection[str]) -> None:
        started = [name for name in self._project.running() if name not in before]
        if started:
            self._compose.run("stop", *started)

    def serve(self, plan: Plan) -> None:
        """Serve exactly the packages of this plan by each department's contract host.

        Raises NetworkError with the host's own text if it cannot.
        """
        self._reload(plan)

    def _reload(self, plan: Plan, *, without: Collection[str] = ()) -> None:
        """Reload what the hosts are to serve, except those in `without`, and wait until they serve it."""
        asked = datetime.now(UTC).isoformat()
        wanted = {
            department.contract_host.name: serves(services)
            for department, services in self._write_services(plan)
            if department.contract_host.name not in without
        }
        if not wanted:
            return
        command = ("exec", "--no-TTY")
        side_by_side([partial(self._compose.run, *command, host, *_HANG_UP) for host in wanted])
        found = self._project.containers()

        def silent() -> str | None:
            while wanted:
                host, is_done = next(iter(wanted.items()))
                if not is_done(_answer(host, found[host].id, since=asked)):
                    return host
                del wanted[host]
            return None

        host = poll(silent, every=_PAUSE, timeout=ANSWER_SECONDS)
        if host is not None:
            raise NetworkError(f"contract host {host}: no answer in {ANSWER_SECONDS:.0f} s")

    @property
    def development(self) -> Development | None:
        """None: Fabric has no development tools."""
        return None

    @property
    def releases(self) -> Releases:
        """The images that nodes run."""
        return ComposeReleases(self._root, self._project)

    def stop(self) -> bool:
        """Remove the containers, and keep the end of their logs; the volumes stay. Returns whether any ran."""
        ran = self.running()
        self._project.remove_all()
        return ran

    def discard(self) -> None:
        """Remove the volumes."""
        self._project.discard()

    def ledger_of(self, node: Node) -> Path:
        """Return the file with the contents of a node's volume."""
        return self._saved(node.name)

    def save_outside(self, plan: Plan) -> None:
        """Copy the contents of the volumes; one that was never used has none."""
        self._compose.require()
        _empty(self._root / OUTSIDE)
        present = volumes(plan.project)
        image = self._packing_image(plan)
        for name in compose_project(plan)["volumes"]:
            volume = f"{plan.project}_{name}"
            if volume in present:
                save_volume(volume, image, self._saved(name))

    def check_outside(self, plan: Plan) -> None:
        """Raise NetworkError without an engine, or for volumes of an earlier network or another folder's."""
        self._compose.require()
        other = self._project.other_folder(plan.project)
        if other is not None:
            raise NetworkError(
                f"Docker has a network {plan.project} of another folder, {other}: one engine holds one "
                f"network of a name; give this one another (`name` in its topology), or work in that folder"
            )
        left = volumes(plan.project)
        if left and not self._project.file.exists():
            raise NetworkError(
                f"Docker has ledgers of an earlier network {plan.project} ({left[0]}, …), whose keys are "
                f"not in {self._root}: restore that folder from its backup, or give this network another "
                "name (`name` in its topology)"
            )

    def restore_outside(self, plan: Plan) -> None:
        """Make the volumes again, with the contents that are in the network's folder."""
        self._compose.run("down", "--volumes", "--remove-orphans", profile=EVERY_PROFILE)
        remove_volumes(volumes(plan.project))
        image = self._packing_image(plan)
        for name in compose_project(plan)["volumes"]:
            file = self._saved(name)
            found = file if file.exists() else None
            restore_volume(f"{plan.project}_{name}", plan.project, name, image, found)
        shutil.rmtree(self._root / OUTSIDE, ignore_errors=True)

    def _saved(self, name: str) -> Path:
        return self._root / OUTSIDE / f"{name}.tar"

    def _packing_image(self, plan: Plan) -> str:
        """Return an image that a node of this machine runs in, and so is there or will be."""
        return str(self._compose.configured()[plan.own_nodes[0].name]["image"])

    def start_nodes(self, plan: Plan, names: Collection[str]) -> None:
        """Start the containers of these nodes and hosts that do not run, and wait until they are ready."""
        self.check_outside(plan)
        with self._project.planned(plan) as planned:
            configured = planned.configured()
            get_images(plan, {name: configured[name] for name in names})
        running = self._project.running()
        self._write(plan)
        absent = [name for name in names if name not in running]
        broken = self._start_absent(plan, services_of(plan, self._compose), absent)
        if broken:
            raise NetworkError(_reasons(broken, self._root))

    def stop_nodes(self, plan: Plan, names: Collection[str]) -> None:
        """Stop these containers, which stay; the engine does not start them again."""
        self.check_outside(plan)
        self._compose.run("stop", *names)

    def halt(self, plan: Plan, node: Node) -> None:
        """Stop a node's container."""
        self.stop_nodes(plan, [node.name])

    def resume(self, plan: Plan, node: Node) -> None:
        """Start a node alone."""
        self.start_nodes(plan, [node.name])

    def forget(self, plan: Plan, node: Node) -> None:
        """Remove a stopped node's container and volume."""
        self._project.remove([node.name])
        volume = f"{plan.project}_{node.name}"
        remove_volumes(tuple(name for name in volumes(plan.project) if name == volume))

    def leave(self, plan: Plan, peer: Node, channel: str) -> None:
        """Delete a stopped peer's ledger of a channel, as `peer node unjoin` does in a container of its own."""
        if peer.name in self._project.running():
            raise NetworkError(running_peer(peer.name))
        self._write(plan)
        command = ("peer", "node", "unjoin", "--channelID", channel)
        try:
            self._compose.run("run", "--rm", "--no-deps", "--no-TTY", peer.name, *command)
        except NetworkError as error:
            raise NetworkError(unjoin_failure(channel, str(error))) from error

    @contextmanager
    def reachable(self, _plan: Plan, peer: Node, folder: Path) -> Iterator[str]:
        """Copy the folder's files into the peer's volume, and remove them there afterwards.

        File by file, into a folder of the peer's user: `docker compose cp` keeps a folder's owner out of it, and
        peers make folders of snapshots that only their owner can read.
        """
        inside = f"{DATA}/{_CARRIED}"
        command = ("exec", "--no-TTY", peer.name)
        self._compose.run(*command, "rm", "-rf", inside)
        self._compose.run(*command, "mkdir", inside)
        try:
            for file in sorted(folder.iterdir()):
                if not file.stat().st_mode & stat.S_IROTH:
                    raise NetworkError(
                        f"the peer's user cannot read {file}: `chmod o+r` the files of that folder"
                    )
                self._compose.run("cp", str(file.absolute()), f"{peer.name}:{inside}/{file.name}")
            yield inside
        finally:
            self._compose.run(*command, "rm", "-rf", inside)

    def was_stopped(self, node: str) -> bool:
        """Return whether the container is stopped or removed: the engine starts one again that terminated."""
        found = self._project.containers().get(node)
        return found is None or not found.is_kept_running

    def logs(self, plan: Plan, choice: LogChoice, *, follow: bool) -> Iterator[str]:
        """Yield the logs of containers; each line begins with the name of its own.

        Without containers these are the logs that `stop` has kept.
        """
        if not self._project.containers():
            kept = {
                name: file
                for name, file in self._project.kept_logs.items()
                if not choice.nodes or name in choice.nodes
            }
            yield from read_logs(kept, choice, follow=False, running=lambda: False)
            return
        options = ["--no-color", *(["--follow"] if follow else [])]
        if choice.since is not None:
            options += ["--since", choice.since.astimezone(UTC).isoformat()]
        if choice.tail is not None and choice.level is None:
            options += ["--tail", str(choice.tail)]
        lines = self._compose.lines("logs", *options, *choice.nodes)
        yield from choose_lines(lines, replace(choice, since=None), follow=follow)

    def _write(self, plan: Plan) -> None:
        self._project.write(plan)
        for department in plan.own_with_peers:
            # Single quotes: Compose takes what is between them as it is, and JSON has none.
            values = json.dumps(builder_values(department))
            line = f"{BUILDER_VARIABLE}='{values}'\n"
            files.write_private(
                self._root / builder_file(department), line.encode(), error=NetworkError
            )
        for server in plan.own_ca_servers:
            for name, text in ca_server_files(server).items():
                file = server.member.folder / name
                if not file.exists() or file.read_text(encoding="utf-8") != text:
                    files.write_private(file, text.encode(), error=NetworkError)
        self._write_services(plan)

    def _write_services(self, plan: Plan) -> list[tuple[DepartmentPlan, dict[str, Any]]]:
        """Write what each host is to serve; return it."""
        written = []
        for department in plan.own_with_peers:
            served = plan.served_by(department)
            services = host_services(department, served, inside=_inside(department))
            content = json.dumps(services, indent=2).encode()
            files.write_public(self._root / services_file(department), content, error=NetworkError)
            written.append((department, services))
            own = [department.contract_host.folder, (self._root / services_file(department)).parent]
            give_to_hosts(
                *own, *(department.users[each].folder for each in mounted_users(department))
            )
        give_to_hosts(self._root / MODULES)
        return written


def _reasons(broken: Mapping[str, str], folder: Path) -> str:
    """Return the message about services that are not ready."""
    reasons = "; ".join(f"{name}: {why}" for name, why in broken.items())
    return (
        f"{reasons} (all of its log: `docker compose logs {next(iter(broken))}` in {folder}); what else was "
        "there runs: `pyfabric network up` again once this is corrected"
    )


def _answer(host: str, container: str, *, since: str) -> Mapping[str, Any]:
    """Return a host's last answer, empty without one; raises NetworkError if it reports an error.

    What contracts print is in their container's stderr.
    """
    lines = printed(container, since=since)
    if not lines:
        return {}
    return read_answer(f"contract host {host}", lines[-1].encode(), error=NetworkError)


def _empty(folder: Path) -> None:
    """Make an empty folder, its owner's alone."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)


def _inside(department: DepartmentPlan) -> DepartmentPlan:
    """Return a department as its contract host's container sees it."""
    return replace(
        department,
        contract_host=mounted(department.contract_host),
        users=mounted_users(department),
        first_contract=Address(_EVERY_ADDRESS, CONTAINER_PORTS["contracts"]),
        host_operations=Address(_EVERY_ADDRESS, OPERATIONS_PORT["client"]),
    )

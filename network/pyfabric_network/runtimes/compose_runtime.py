"""The compose runtime: Fabric's images and contract hosts as containers under Docker Compose."""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric.local.waiting import poll
from pyfabric.local.yaml_text import load_yaml
from pyfabric.messages.addresses import Address
from pyfabric_network.development import Development
from pyfabric_network.parallel import side_by_side
from pyfabric_network.ports import check_free
from pyfabric_network.runtimes.compose import (
    COMPOSE_FILE,
    OPERATIONS_PORT,
    builder_file,
    compose_project,
    mounted,
    project_files,
    services_file,
)
from pyfabric_network.runtimes.contract_hosts import builder_values, host_services, serves
from pyfabric_network.runtimes.docker import EVERY_PROFILE, DockerCompose, image_id, printed
from pyfabric_network.runtimes.log_choice import LogChoice
from pyfabric_network.runtimes.log_files import choose_lines
from pyfabric_network.runtimes.node_config import BUILDER_VARIABLE
from pyfabric_network.runtimes.reloading import ANSWER_SECONDS, read_answer
from pyfabric_network.runtimes.volumes import remove_volumes, restore_volume, save_volume
from pyfabric_network.state_folder import OUTSIDE
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.places import CONTAINER_PORTS
from pyfabric_network.topology.plan import Plan

_START_SECONDS = 180
_PAUSE = 0.2
# From inside: `docker kill`, whatever the signal, keeps the engine from ever starting a container again.
_HANG_UP = ("python", "-c", "import os, signal; os.kill(1, signal.SIGHUP)")
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - of the container, whose ports are not published


class ComposeRuntime:
    """The project in `root`; contract classes are imported from the modules kept there."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._compose = DockerCompose(root / COMPOSE_FILE)

    def running(self) -> bool:
        """Return whether any container runs."""
        return bool(self._compose.running())

    def check(self, plan: Plan) -> tuple[str, ...]:
        """Raise NetworkError without an engine, for a port in use, or for an earlier network's data."""
        self._compose.require()
        check_free(plan.listening(running=self._compose.running()))
        self.check_outside(plan)
        return ()

    def idle(self, plan: Plan) -> tuple[str, ...]:
        """Return the nodes whose containers do not run, or not as the plan has them."""
        running, written = self._compose.running(), self._written()
        services = compose_project(plan)["services"]
        return tuple(
            node.name
            for node in plan.own_nodes
            if node.name not in running or written.get(node.name) != services[node.name]
        )

    def process(self, node: str) -> str | None:
        """Return the node's container."""
        return f"container {node}" if node in self._compose.running() else None

    def fault(self, _node: str) -> str | None:
        """Return None: `docker compose` shows what a container printed."""
        return None

    def start(self, plan: Plan, *, again: Collection[str] = ()) -> None:
        """Bring up what does not run as it should, and wait until every container is healthy.

        Containers in `again` are stopped and started.

        Raises NetworkError with the end of Compose's error output.
        """
        before = self._compose.running()
        self._write(plan)
        images = self._compose.images()
        for department in plan.own_with_peers[:1]:
            self._require_image(department.contract_host.name, images)
        self._remove(
            [
                name
                for name, image in self._compose.made_from(plan.project).items()
                if name in images and image_id(images[name]) != image
            ]
        )
        try:
            if again:
                self._compose.run("restart", *again)
            wait = ("--wait", "--wait-timeout", str(_START_SECONDS))
            self._compose.run("up", "--detach", "--remove-orphans", *wait)
            self._reload(plan)
        except BaseException:
            started = [name for name in self._compose.running() if name not in before]
            if started:
                self._compose.run("stop", *started)
            raise

    def serve(self, plan: Plan) -> None:
        """Serve exactly the packages of this plan by each department's contract host.

        Raises NetworkError with the host's own text if it cannot.
        """
        self._reload(plan, restart=not plan.served)  # what is served next is then imported again

    def _reload(self, plan: Plan, *, restart: bool = False) -> None:
        """Reload what the hosts are to serve, and wait until they serve it."""
        asked = datetime.now(UTC).isoformat()
        wanted = {
            department.contract_host.name: serves(services)
            for department, services in self._write_services(plan)
        }
        if not wanted:
            return
        if restart:
            self._compose.run("restart", *wanted)
        else:
            command = ("exec", "--no-TTY")
            side_by_side([partial(self._compose.run, *command, host, *_HANG_UP) for host in wanted])

        containers = self._compose.containers(plan.project)

        def silent() -> str | None:
            while wanted:
                host, is_done = next(iter(wanted.items()))
                if not is_done(_answer(host, containers[host], since=asked)):
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

    def stop(self) -> bool:
        """Remove the containers; the volumes stay. Returns whether any ran."""
        ran = self.running()
        if self._compose.file.exists():
            self._remove(self._compose.services())
            self._compose.run("down", "--remove-orphans", profile=EVERY_PROFILE)
        return ran

    def discard(self) -> None:
        """Remove the volumes."""
        if self._compose.file.exists():
            self._compose.run("down", "--volumes", "--remove-orphans", profile=EVERY_PROFILE)

    def ledger_of(self, node: Node) -> Path:
        """Return the file with the contents of a node's volume."""
        return self._saved(node.name)

    def save_outside(self, plan: Plan) -> None:
        """Copy the contents of the volumes; one that was never used has none."""
        self._compose.require()
        _empty(self._root / OUTSIDE)
        present = self._compose.volumes(plan.project)
        image = self._packing_image(plan)
        for name in compose_project(plan)["volumes"]:
            volume = f"{plan.project}_{name}"
            if volume in present:
                save_volume(volume, image, self._saved(name))

    def check_outside(self, plan: Plan) -> None:
        """Raise NetworkError without an engine, or for volumes of an earlier network or another folder's."""
        self._compose.require()
        left = () if self._compose.file.exists() else self._compose.volumes(plan.project)
        if left:
            raise NetworkError(
                f"Docker has volumes of an earlier network {plan.name}, whose keys are gone "
                f"({left[0]}, …): remove them with `docker compose -p {plan.project} down --volumes`"
            )

    def restore_outside(self, plan: Plan) -> None:
        """Make the volumes again, with the contents that are in the network's folder."""
        self._compose.run("down", "--volumes", "--remove-orphans", profile=EVERY_PROFILE)
        remove_volumes(self._compose.volumes(plan.project))
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
        return self._compose.images()[plan.own_nodes[0].name]

    def start_nodes(self, plan: Plan, names: Collection[str]) -> None:
        """Start the containers of these nodes and hosts, and wait until they are healthy."""
        self._compose.require()
        self._write(plan)
        wait = ("--wait", "--wait-timeout", str(_START_SECONDS))
        self._compose.run("up", "--detach", "--no-deps", *wait, *names)

    def stop_nodes(self, plan: Plan, names: Collection[str]) -> None:
        """Stop these containers, which stay; the engine does not start them again."""
        self._compose.require()
        self._compose.run("stop", *names)

    def was_stopped(self, node: str) -> bool:
        """Return whether the container is stopped or removed: the engine starts one again that terminated."""
        return node not in self._compose.trying()

    def logs(self, plan: Plan, choice: LogChoice, *, follow: bool) -> Iterator[str]:
        """Yield the logs of containers; each line begins with the name of its own."""
        if not self._compose.file.exists():
            return
        options = ["--no-color", *(["--follow"] if follow else [])]
        if choice.since is not None:
            options += ["--since", choice.since.astimezone(UTC).isoformat()]
        if choice.tail is not None and choice.level is None:
            options += ["--tail", str(choice.tail)]
        lines = self._compose.lines("logs", *options, *choice.nodes)
        yield from choose_lines(lines, replace(choice, since=None), follow=follow)

    def _remove(self, services: Sequence[str]) -> None:
        """Stop these containers and remove them with their anonymous volumes.

        In such a volume is an image's default configuration: a new image brings its own.
        """
        if services:
            self._compose.run(
                *("rm", "--stop", "--force", "--volumes", *services), profile=EVERY_PROFILE
            )

    def _require_image(self, host: str, images: Mapping[str, str]) -> None:
        if image_id(images[host]) is None:
            try:
                self._compose.run("pull", host)
            except NetworkError as error:
                raise NetworkError(
                    f"there is no image {images[host]} for contract hosts: build it with "
                    "`make image`, or name one in CONTRACT_IMAGE"
                ) from error

    def _written(self) -> Mapping[str, object]:
        """Return the services of the project as it was brought up last."""
        if not self._compose.file.exists():
            return {}
        project = load_yaml(self._compose.file.read_text(encoding="utf-8"))
        services: Mapping[str, object] = project["services"]
        return services

    def _write(self, plan: Plan) -> None:
        for name, text in project_files(plan).items():
            files.write_public(self._root / name, text.encode(), error=NetworkError)
        for department in plan.own_with_peers:
            # Single quotes: Compose takes what is between them as it is, and JSON has none.
            values = json.dumps(builder_values(department))
            line = f"{BUILDER_VARIABLE}='{values}'\n"
            files.write_private(
                self._root / builder_file(department), line.encode(), error=NetworkError
            )
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
        return written


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
        first_contract=Address(_EVERY_ADDRESS, CONTAINER_PORTS["contracts"]),
        host_operations=Address(_EVERY_ADDRESS, OPERATIONS_PORT["client"]),
    )

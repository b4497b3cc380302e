"""The compose runtime: Fabric's images and contract hosts as containers under Docker Compose."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import yaml

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric.local.waiting import poll
from pyfabric.messages.addresses import Address
from pyfabric_network.modules import copy_modules
from pyfabric_network.ports import check_free
from pyfabric_network.runtimes.compose import (
    COMPOSE_FILE,
    MODULES,
    OPERATIONS_PORT,
    builder_file,
    compose_project,
    mounted,
    project_files,
    services_file,
)
from pyfabric_network.runtimes.contract_hosts import builder_values, host_services
from pyfabric_network.runtimes.docker import EVERY_PROFILE, DockerCompose, image_id
from pyfabric_network.runtimes.node_config import BUILDER_VARIABLE
from pyfabric_network.topology.plan import CONTAINER_PORTS, DepartmentPlan, Plan, Served

_START_SECONDS = 180
_ANSWER_SECONDS = 60.0
_PAUSE = 0.2
# From inside: `docker kill`, whatever the signal, keeps the engine from ever starting a container again.
_HANG_UP = ("python", "-c", "import os, signal; os.kill(1, signal.SIGHUP)")
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - of the container, whose ports are not published


class ComposeRuntime:
    """The project in `root`; contract classes are imported from copies of what is in `modules`."""

    def __init__(self, root: Path, *, modules: Path) -> None:
        self._root = root
        self._modules = modules
        self._compose = DockerCompose(root / COMPOSE_FILE)

    def running(self) -> bool:
        """Whether any container runs."""
        return bool(self._compose.running())

    def check(self, plan: Plan, served: Sequence[Served]) -> tuple[str, ...]:
        """Raise NetworkError without an engine, for a port in use, or for an earlier network's data."""
        self._compose.require()
        check_free(plan.listening(served, running=self._compose.running()))
        if not self._compose.file.exists():
            left = self._compose.volumes(plan.project)
            if left:
                raise NetworkError(
                    f"Docker has volumes of an earlier network {plan.name}, whose keys are gone "
                    f"({left[0]}, …): remove them with `docker compose -p {plan.project} down --volumes`"
                )
        return ()

    def idle(self, plan: Plan, served: Sequence[Served]) -> tuple[str, ...]:
        """Nodes whose containers do not run, or not as the Plan has them."""
        running, written = self._compose.running(), self._written()
        services = compose_project(plan)["services"]
        return tuple(
            node.name
            for node in plan.own_nodes
            if node.name not in running or written.get(node.name) != services[node.name]
        )

    def start(self, plan: Plan, served: Sequence[Served]) -> None:
        """Bring up what does not run as it should, and wait until every container is healthy.

        Raises NetworkError with Compose's last words.
        """
        before = self._compose.running()
        self._write(plan, served)
        images = self._compose.images()
        self._require_image(plan.own[0].contract_host.name, images)
        self._remove(
            [
                name
                for name, image in self._compose.made_from(plan.project).items()
                if name in images and image_id(images[name]) != image
            ]
        )
        try:
            wait = ("--wait", "--wait-timeout", str(_START_SECONDS))
            self._compose.run("up", "--detach", "--remove-orphans", *wait)
            self._tell(plan, served)
        except BaseException:
            started = [name for name in self._compose.running() if name not in before]
            if started:
                self._compose.run("stop", *started)
            raise

    def serve(self, plan: Plan, served: Sequence[Served]) -> None:
        """Have each department's contract host serve exactly these packages.

        Raises NetworkError with the host's own words if it cannot.
        """
        self._tell(plan, served, anew=not served)  # what is served next is then imported anew

    def _tell(self, plan: Plan, served: Sequence[Served], *, anew: bool = False) -> None:
        """Have the hosts, or new ones, read what they shall serve; wait until they serve it."""
        hosts = {department.contract_host.name: department for department in plan.own}
        asked = datetime.now(UTC).isoformat()
        self._write_services(plan, served)
        if anew:
            self._compose.run("restart", *hosts)
        else:
            self._hang_up(list(hosts))
        wanted = sorted(item.package_id for item in served)

        def silent() -> str | None:
            answers = self._answers(hosts, since=asked)
            return next((name for name in hosts if answers.get(name) != wanted), None)

        host = poll(silent, every=_PAUSE, timeout=_ANSWER_SECONDS)
        if host is not None:
            raise NetworkError(f"contract host {host}: no answer in {_ANSWER_SECONDS:.0f} s")

    def _hang_up(self, hosts: Sequence[str]) -> None:
        with ThreadPoolExecutor(len(hosts)) as pool:
            told = [
                pool.submit(self._compose.run, "exec", "--no-TTY", host, *_HANG_UP)
                for host in hosts
            ]
        for one in told:
            one.result()

    def stop(self) -> bool:
        """Remove the containers; the volumes stay. Answers whether any ran."""
        ran = self.running()
        if self._compose.file.exists():
            self._remove(self._compose.services())
            self._compose.run("down", "--remove-orphans", profile=EVERY_PROFILE)
        return ran

    def discard(self) -> None:
        """Remove the volumes."""
        if self._compose.file.exists():
            self._compose.run("down", "--volumes", "--remove-orphans", profile=EVERY_PROFILE)

    def logs(self, *, follow: bool) -> Iterator[str]:
        """Every container's log; each line begins with the name of its own."""
        if self._compose.file.exists():
            yield from self._compose.lines("logs", "--no-color", *(["--follow"] if follow else []))

    def _remove(self, services: Sequence[str]) -> None:
        """End these containers and remove them with their anonymous volumes.

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
        """The services of the project as it was brought up last."""
        if not self._compose.file.exists():
            return {}
        project = yaml.safe_load(self._compose.file.read_text(encoding="utf-8"))
        services: Mapping[str, object] = project["services"]
        return services

    def _write(self, plan: Plan, served: Sequence[Served]) -> None:
        for name, text in project_files(plan).items():
            files.write_public(self._root / name, text.encode(), error=NetworkError)
        for department in plan.own:
            # Single quotes: Compose takes what is between them as it is, and JSON has none.
            values = json.dumps(builder_values(department))
            line = f"{BUILDER_VARIABLE}='{values}'\n"
            files.write_public(
                self._root / builder_file(department), line.encode(), error=NetworkError
            )
        self._write_services(plan, served)

    def _write_services(self, plan: Plan, served: Sequence[Served]) -> None:
        for department in plan.own:
            services = host_services(_inside(department), served)
            file = self._root / services_file(department)
            files.write_public(file, json.dumps(services, indent=2).encode(), error=NetworkError)
        _empty(self._root / MODULES)
        classes = [name for one in served for name in one.classes]
        copy_modules(self._modules, self._root / MODULES, classes)

    def _answers(self, hosts: Mapping[str, object], *, since: str) -> dict[str, list[str]]:
        """What each host said last that it serves; raises NetworkError if it said that it cannot."""
        found: dict[str, list[str]] = {}
        for line in self._compose.run("logs", "--no-color", "--since", since, *hosts).splitlines():
            container, _, said = line.partition("|")
            name = container.strip().removesuffix("-1")
            if said.strip().startswith('{"error"'):
                raise NetworkError(f"contract host {name}: {json.loads(said)['error']}")
            if said.strip().startswith('{"serving"'):
                found[name] = sorted(json.loads(said)["serving"])
        return found


def _empty(folder: Path) -> None:
    """The folder is there, and empty; it is not made anew: containers have mounted it."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()


def _inside(department: DepartmentPlan) -> DepartmentPlan:
    """A department as its contract host's container sees it."""
    return replace(
        department,
        contract_host=mounted(department.contract_host),
        first_contract=Address(_EVERY_ADDRESS, CONTAINER_PORTS["client"]),
        host_operations=Address(_EVERY_ADDRESS, OPERATIONS_PORT["client"]),
    )

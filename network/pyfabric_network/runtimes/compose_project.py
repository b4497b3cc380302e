"""The Compose project in a network's folder: its containers, beside what the plan and the settings want."""

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric.local.yaml_text import load_yaml
from pyfabric_network.material.ca_server import certificates_digest
from pyfabric_network.parallel import side_by_side
from pyfabric_network.runtimes.compose import (
    COMPOSE_FILE,
    ENV_FILE,
    NODES_FILE,
    OVERRIDES,
    ca_server_files,
    project_files,
)
from pyfabric_network.runtimes.contract_hosts import builder_values, can_fill
from pyfabric_network.runtimes.docker import EVERY_PROFILE, DockerCompose
from pyfabric_network.runtimes.engine import (
    Container,
    containers,
    forget_owner,
    image_id,
    owner,
    pull,
    remember_owner,
    save_log,
)
from pyfabric_network.runtimes.node_config import BUILDER_VARIABLE
from pyfabric_network.topology.plan import Plan

# Who hosts are if the operator is root: their keys are given to this user, which nobody else is.
_HOST_USER: Final = 10001
_LOGS: Final = "logs"


class ComposeProject:
    """The project in `root`; Docker may have another folder's of the same name, which is left alone."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._record = root / "containers.json"

    @property
    def file(self) -> Path:
        """The project's file, which need not exist."""
        return self._root / COMPOSE_FILE

    @property
    def compose(self) -> DockerCompose:
        """The commands of Compose on the project."""
        return DockerCompose(self.file, self._root, self._overrides)

    @property
    def name(self) -> str:
        """The name under which it was written last."""
        return str(load_yaml(self.file.read_text(encoding="utf-8"))["name"])

    @property
    def is_own(self) -> bool:
        """Whether the project was written, and Docker has none of its name from another folder."""
        return self.file.exists() and self.other_folder(self.name) is None

    def other_folder(self, name: str) -> Path | None:
        """Return the other folder that a project of this name belongs to; one that is gone was moved here."""
        found = containers(name)
        folder = found[0].folder if found else owner(name)
        if folder is None or not (folder / COMPOSE_FILE).exists():
            return None
        return None if folder.resolve() == self._root.resolve() else folder

    def containers(self) -> dict[str, Container]:
        """Return the project's containers, by service."""
        return {one.service: one for one in containers(self.name)} if self.is_own else {}

    def running(self) -> dict[str, Container]:
        """Return those that run."""
        return {name: one for name, one in self.containers().items() if one.runs}

    @property
    def kept_logs(self) -> dict[str, Path]:
        """The files with the logs of containers that were removed, by service."""
        return {path.stem: path for path in sorted((self._root / _LOGS).glob("*.log"))}

    @contextmanager
    def planned(
        self, plan: Plan, settings: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[DockerCompose]:
        """Provide the project of a plan, without writing it into the network's folder; `settings` go before `.env`."""
        with TemporaryDirectory() as folder:
            texts = _texts(plan)
            # Compose looks for what is extended in the network's folder.
            nodes = json.dumps(str(Path(folder) / NODES_FILE))
            texts[COMPOSE_FILE] = texts[COMPOSE_FILE].replace(
                f"file: {NODES_FILE}", f"file: {nodes}"
            )
            for name, text in texts.items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
            yield DockerCompose(
                Path(folder) / COMPOSE_FILE,
                self._root,
                self._overrides,
                tuple(self._with_settings(settings, Path(folder) / ENV_FILE)),
            )

    def _with_settings(self, settings: Mapping[str, str], file: Path) -> Iterator[Path]:
        """Yield the files that Compose is to read if there are settings besides its usual one, `file` for these."""
        if settings:
            if (self._root / ENV_FILE).exists():
                yield self._root / ENV_FILE
            text = "".join(f"{name}={value}\n" for name, value in settings.items())
            file.write_text(text, encoding="utf-8")
            yield file

    def write(self, plan: Plan) -> None:
        """Write the project of a plan."""
        for name, text in _texts(plan).items():
            files.write_public(self._root / name, text.encode(), error=NetworkError)

    def changed(
        self, configured: Mapping[str, Any], running: Mapping[str, Container]
    ) -> tuple[str, ...]:
        """Return the running services that were made of another image, or with other settings."""
        ids = {name: image_id(name) for name in {one["image"] for one in configured.values()}}
        recorded = self._recorded()
        return tuple(
            name
            for name, service in configured.items()
            if name in running
            and (running[name].image, recorded.get(name))
            != (ids[service["image"]], _digest(service))
        )

    def make(self, configured: Mapping[str, Any], names: Sequence[str]) -> None:
        """Make and start containers from images that are there; orphans of the project are removed."""
        remember_owner(self.name, self._root)
        options = ("--detach", "--no-deps", "--pull", "never", "--remove-orphans")
        self.compose.run("up", *options, *names)
        noted = self._recorded() | {name: _digest(configured[name]) for name in names}
        content = json.dumps(noted, indent=2) + "\n"
        files.write_public(self._record, content.encode(), error=NetworkError)

    def remove(self, services: Collection[str]) -> None:
        """Stop these containers and remove them with their anonymous volumes; keep the end of their logs.

        In such a volume is an image's default configuration: a new image brings its own.
        """
        found = [one for one in self.containers().values() if one.service in services]
        if found:
            kept = self._root / _LOGS
            side_by_side([partial(save_log, one.id, kept / f"{one.service}.log") for one in found])
            options = ("--stop", "--force", "--volumes")
            names = [one.service for one in found]
            self.compose.run("rm", *options, *names, profile=EVERY_PROFILE)

    def remove_all(self) -> None:
        """Remove every container and network; the volumes stay."""
        if self.is_own:
            self.remove(self.containers())
            self.compose.run("down", "--remove-orphans", profile=EVERY_PROFILE)

    def discard(self) -> None:
        """Remove the volumes too."""
        if self.is_own:
            self.compose.run("down", "--volumes", "--remove-orphans", profile=EVERY_PROFILE)
            forget_owner(self.name)

    @property
    def _overrides(self) -> tuple[Path, ...]:
        found = [self._root / name for name in OVERRIDES if (self._root / name).exists()]
        return tuple(found[:1])

    def _recorded(self) -> dict[str, str]:
        """Return the digest of each service's settings when its container was made."""
        if not self._record.exists():
            return {}
        found: dict[str, str] = json.loads(self._record.read_text(encoding="utf-8"))
        return found


def services_of(plan: Plan, compose: DockerCompose) -> dict[str, Any]:
    """Return the services of a project as they would be made now, whatever the files in the network's folder hold.

    Peers have the values for their builder; CA servers a digest of what they read when they start.
    """
    services = compose.configured()
    for department in plan.own_with_peers:
        for peer in department.peers:
            environment = services[peer.name]["environment"]
            environment.pop(BUILDER_VARIABLE, None)
            if can_fill(department):  # or else `up` makes again what is missing
                environment[BUILDER_VARIABLE] = json.dumps(builder_values(department))
    for server in plan.own_ca_servers:
        if server.registrar_secret.exists():  # or else `up` makes another
            read = json.dumps([ca_server_files(server), certificates_digest(server)])
            services[server.name]["x-read"] = sha256(read.encode()).hexdigest()
    return services


def get_images(plan: Plan, configured: Mapping[str, Any]) -> None:
    """Pull the images that this machine does not have; raises NetworkError with advice."""
    hosts = {one.contract_host.name for one in plan.own_with_peers}
    needed: dict[str, list[str]] = {}
    for name, service in configured.items():
        needed.setdefault(service["image"], []).append(name)
    for image, services in needed.items():
        if image_id(image) is None:
            advice = "correct its name or version, or load it (docs/compose.md)"
            if hosts.intersection(services):
                advice = "build it with `make image`, or name one in CONTRACT_IMAGE"
            try:
                pull(image)
            except NetworkError as error:
                raise NetworkError(
                    f"there is no image {image} for {services[0]}: {error}; {advice}; nothing was changed"
                ) from error


def give_to_hosts(*folders: Path) -> None:
    """Make the user of contract hosts the owner of folders and of what is in them, if the operator is root."""
    for folder in folders if os.getuid() == 0 else ():
        folder.mkdir(exist_ok=True)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, _HOST_USER, _HOST_USER, follow_symlinks=False)


def _texts(plan: Plan) -> dict[str, str]:
    user = f"{os.getuid()}:{os.getgid()}"
    host_user = f"{_HOST_USER}:{_HOST_USER}" if os.getuid() == 0 else user
    return project_files(plan, user=user, host_user=host_user)


def _digest(service: Mapping[str, Any]) -> str:
    return sha256(json.dumps(service, sort_keys=True).encode()).hexdigest()

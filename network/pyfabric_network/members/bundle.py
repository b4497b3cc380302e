"""A department's bundle: what it needs, beside its keys, to run its own nodes on its own machine.

    README.md                       the steps
    topology/                       what the network is, with the modules of contracts beside its file
    bundle.json                     for whom it is
    definitions/<department>.json   the public definitions of all
    channels/<channel>.block        the genesis blocks of the channels that its nodes join
    followed.yaml                   the topology that the channels have, if they do not have this one yet
    compose.yaml, nodes.yaml        what Docker Compose would run, for those who choose that
    organizations/<department>/     its keys, only if they were made where the bundle was

Nothing in it is a secret of anybody else.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pyfabric.errors import ConfigError, NetworkError
from pyfabric.local import files
from pyfabric_network.followed import FOLLOWED
from pyfabric_network.kept_code import write_code
from pyfabric_network.members.agreement import Agreement
from pyfabric_network.members.bundle_page import bundle_page
from pyfabric_network.members.public import PublicDefinition, public_definition
from pyfabric_network.members.public_checks import read_public_definition
from pyfabric_network.runtimes.compose import project_files
from pyfabric_network.state_folder import TOPOLOGY_COPY
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.plan import Plan, make_plan

_LABEL = "bundle.json"
_TOPOLOGY = "topology"
_KEY = b"PRIVATE KEY-----"
_CERTIFICATES = (".pem", ".crt")


class _Label(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    network: str
    department: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle in its folder."""

    folder: Path
    department: str

    @classmethod
    def open(cls, folder: Path) -> "Bundle":
        """Return the bundle in a folder; raises ConfigError if there is none."""
        file = folder / _LABEL
        try:
            label = _Label.model_validate_json(file.read_bytes())
        except OSError as error:
            raise ConfigError(f"{folder} is not a bundle: {file}: {error.strerror}") from error
        except ValidationError as error:
            raise ConfigError(f"{file} is damaged: {error.errors()[0]['msg']}") from error
        return cls(folder, label.department)

    @property
    def topology(self) -> Path:
        """The topology file; the modules of contracts are beside it."""
        return self.folder / _TOPOLOGY / TOPOLOGY_COPY

    @property
    def followed(self) -> Path:
        """The topology that the channels have; there is none if they have that of the bundle."""
        return self.folder / FOLLOWED

    def definitions(self) -> dict[str, PublicDefinition]:
        """Return the public definitions, by department; raises ConfigError."""
        found = map(read_public_definition, sorted((self.folder / "definitions").glob("*.json")))
        return {definition.department: definition for definition in found}

    def block(self, channel: str) -> bytes:
        """Return the genesis block of a channel; raises ConfigError if it is not in the bundle."""
        file = self.folder / "channels" / f"{channel}.block"
        try:
            return file.read_bytes()
        except OSError as error:
            raise ConfigError(f"{file}: {error.strerror}") from error

    def own_files(self) -> dict[Path, bytes]:
        """Return what the department's own folder holds, by path below `organizations`; may be nothing."""
        above = self.folder / "organizations"
        return {
            path.relative_to(above): path.read_bytes()
            for path in sorted((above / self.department.lower()).rglob("*"))
            if path.is_file() and not path.is_symlink()
        }


def write_bundle(
    plan: Plan, department: DepartmentPlan, agreement: Agreement, target: Path
) -> None:
    """Write a department's bundle, whole or not at all; the genesis blocks exist already.

    Raises ConfigError if `target` is there.
    """
    if target.exists():
        raise ConfigError(f"{target} exists already: name another folder with --to")
    draft = target.with_name(f".{target.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    for path, content in _contents(plan, department, agreement):
        files.write_public(draft / path, content, error=NetworkError)
    write_code(agreement.code, draft / _TOPOLOGY)
    if department.place.here:
        _copy_keys(department, draft / "organizations" / department.folder.name)
    with files.reported(target, NetworkError):
        files.rename_folder(draft, target)


def write_own_files(folder: Path, contents: Mapping[Path, bytes]) -> None:
    """Write files of a department that are not there yet; all but certificates for their owner alone."""
    for path, content in contents.items():
        file = folder / path
        if not file.exists():
            public = path.suffix in _CERTIFICATES and _KEY not in content
            mode = files.PUBLIC if public else files.PRIVATE
            files.write(file, content, error=NetworkError, mode=mode)


def _contents(
    plan: Plan, department: DepartmentPlan, agreement: Agreement
) -> Iterator[tuple[str, bytes]]:
    definitions = [public_definition(plan.name, one) for one in plan.departments.values()]
    page = bundle_page(plan, department, definitions, agreement.fingerprint())
    label = _Label(network=plan.name, department=department.name)
    yield _LABEL, label.model_dump_json(indent=2).encode() + b"\n"
    yield f"{_TOPOLOGY}/{TOPOLOGY_COPY}", agreement.text
    yield "README.md", page.encode()
    for definition in definitions:
        yield f"definitions/{definition.department.lower()}.json", definition.to_bytes()
    for name, text in project_files(_in_containers(plan, department)).items():
        yield name, text.encode()
    for channel in plan.channels_of(department):
        yield f"channels/{channel.name}.block", channel.block.read_bytes()
    followed = plan.root / FOLLOWED
    if followed.exists():
        yield FOLLOWED, followed.read_bytes()


def _in_containers(plan: Plan, department: DepartmentPlan) -> Plan:
    """Return the plan of the department's own machine, if nodes run in containers there."""
    places = {
        name: replace(place, here=name == department.name) for name, place in plan.places.items()
    }
    base_port = plan.topology.base_port
    return make_plan(plan.topology, plan.root, base_port=base_port, places=places, containers=True)


def _copy_keys(department: DepartmentPlan, target: Path) -> None:
    found = {
        path.relative_to(department.folder): path.read_bytes()
        for path in sorted(department.folder.rglob("*"))
        if path.is_file()
    }
    write_own_files(target, found)

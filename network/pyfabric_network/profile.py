"""Connection profiles: what a department's programs need to reach its peers, in the known form.

The form is that of Fabric's samples (organizations, peers, orderers, tlsCACerts); what only this
project reads is under `x-pyfabric`: the department's users (MSP folders) and channels. No keys.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pyfabric.client.effects import Endpoint
from pyfabric.errors import NetworkError
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local import files
from pyfabric_network.topology.plan import DepartmentPlan, Node, Plan

_SCHEME = "grpcs://"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class _Certificates(_Part):
    pem: str | list[str] = ""
    path: Path | None = None


class _Options(_Part):
    override: str | None = Field(None, alias="ssl-target-name-override")


class _Node(_Part):
    url: str
    roots: _Certificates = Field(alias="tlsCACerts")
    options: _Options | None = Field(None, alias="grpcOptions")


class _Organization(_Part):
    mspid: str
    peers: list[str] = Field(default_factory=list)


class _Client(_Part):
    organization: str


class _Own(_Part):
    users: dict[str, Path] = Field(default_factory=dict)
    channels: list[str] = Field(default_factory=list)


class _Document(_Part):
    name: str = ""
    client: _Client
    organizations: dict[str, _Organization]
    peers: dict[str, _Node]
    orderers: dict[str, _Node] = Field(default_factory=dict)
    own: _Own = Field(_Own(), alias="x-pyfabric")


@dataclass(frozen=True)
class Profile:
    """A department's view: `peers` are its own, in the order in which they are to be tried."""

    network: str
    department: str
    msp_id: str
    peers: tuple[Endpoint, ...]
    orderers: tuple[Endpoint, ...]
    users: Mapping[str, Path]
    channels: tuple[str, ...]

    def user(self, name: str) -> SigningIdentity:
        """A user by short name or by the path of an MSP folder; raises IdentityError, NetworkError."""
        folder = self.users.get(name, Path(name))
        if not folder.is_dir():
            known = ", ".join(self.users) or "none in its profile"
            raise NetworkError(
                f"{self.department} has no user {name}, nor is there such a folder; users: {known}"
            )
        return load_msp_folder(folder, self.msp_id)


def connection_profile(plan: Plan, department: DepartmentPlan) -> dict[str, Any]:
    """The profile of one department, as plain values for JSON or YAML."""
    channels = [name for name, spec in plan.channels.items() if department in spec.departments]
    return {
        "name": plan.name,
        "version": "1.0.0",
        "client": {"organization": department.name},
        "organizations": {
            department.name: {
                "mspid": department.msp_id,
                "peers": [peer.name for peer in department.peers],
            }
        },
        "peers": {peer.name: _node(peer) for peer in department.peers},
        "orderers": {node.name: _node(node) for node in plan.orderers},
        "x-pyfabric": {
            "users": {name: str(user.msp) for name, user in department.users.items()},
            "channels": channels,
        },
    }


def profile_file(plan: Plan, department: DepartmentPlan) -> Path:
    """Where `up` leaves a department's profile."""
    return plan.root / "profiles" / f"{department.name.lower()}.json"


def write_profiles(plan: Plan) -> None:
    """The profile of every department of this machine is in its file."""
    for department in plan.own:
        text = json.dumps(connection_profile(plan, department), ensure_ascii=False, indent=2)
        files.write_public(profile_file(plan, department), text.encode(), error=NetworkError)


def load_profile(file: Path) -> Profile:
    """Read a profile, JSON or YAML; raises NetworkError that names the file and the key."""
    try:
        document = _Document.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise NetworkError(f"{file}: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise NetworkError(f"{file}: is neither JSON nor YAML") from error
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"])
        raise NetworkError(f"{file}: {key or 'profile'}: {fault['msg'].lower()}") from error
    return _profile(document, file)


def _profile(document: _Document, file: Path) -> Profile:
    name = document.client.organization
    organization = document.organizations.get(name)
    if organization is None:
        raise NetworkError(f"{file}: client.organization: {name} is not among the organizations")
    unknown = [peer for peer in organization.peers if peer not in document.peers]
    if unknown or not organization.peers:
        what = f"{unknown[0]} is not among the peers" if unknown else "names no peer"
        raise NetworkError(f"{file}: organizations.{name}.peers: {what}")
    return Profile(
        network=document.name,
        department=name,
        msp_id=organization.mspid,
        peers=tuple(_endpoint(document.peers[peer], file) for peer in organization.peers),
        orderers=tuple(_endpoint(node, file) for node in document.orderers.values()),
        users=document.own.users,
        channels=tuple(document.own.channels),
    )


def _endpoint(node: _Node, file: Path) -> Endpoint:
    if not node.url.startswith(_SCHEME):
        raise NetworkError(f"{file}: {node.url} must begin with {_SCHEME}: nodes speak TLS only")
    roots = node.roots.pem if isinstance(node.roots.pem, str) else "\n".join(node.roots.pem)
    if node.roots.path is not None:
        try:
            roots = (file.parent / node.roots.path).read_text(encoding="utf-8")
        except OSError as error:
            raise NetworkError(f"{node.roots.path}: {error.strerror} (named in {file})") from error
    return Endpoint(
        address=node.url.removeprefix(_SCHEME),
        tls_roots=roots.encode(),
        server_name=node.options.override if node.options else None,
    )


def _node(node: Node) -> dict[str, Any]:
    return {
        "url": f"{_SCHEME}{node.outside}",
        "tlsCACerts": {"pem": node.member.tls_roots.read_text(encoding="utf-8")},
        "grpcOptions": {
            "ssl-target-name-override": node.name,
            "hostnameOverride": node.name,
        },
    }

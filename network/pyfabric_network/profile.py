"""Connection profiles: what a department's programs need to reach its peers, in the known form.

The form is that of Fabric's samples (organizations, peers, orderers, tlsCACerts); what only this
project reads is under `x-pyfabric`: the department's users (MSP folders) and channels. No keys.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyfabric.client.effects import Endpoint
from pyfabric.errors import NetworkError
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.pem import not_certificates
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local import files
from pyfabric_network.fields import FieldError, Fields

if TYPE_CHECKING:  # a program that only reads its profile needs no topology
    from pyfabric_network.topology.departments import DepartmentPlan
    from pyfabric_network.topology.nodes import Node
    from pyfabric_network.topology.plan import Plan

_SCHEME = "grpcs://"
_ADDRESS: Final = re.compile(r"(\[[^\]]+\]|[^:/\s]+):[1-9][0-9]{0,4}")


@dataclass(frozen=True)
class Profile:
    """A department's view: `peers` are its own, in the order in which they are to be tried."""

    network: str
    department: str
    msp_id: str
    peers: tuple[Endpoint, ...]
    users: Mapping[str, Path]
    channels: tuple[str, ...]
    _read_orderers: Callable[[], tuple[Endpoint, ...]] = field(repr=False, compare=False)

    @cached_property
    def orderers(self) -> tuple[Endpoint, ...]:
        """The channels' orderers, which administrators need alone: they are read when they are asked for.

        Raises NetworkError that names the file and the key.
        """
        return self._read_orderers()

    def user(self, name: str) -> SigningIdentity:
        """Return a user by short name or by the path of an MSP folder.

        Raises IdentityError or NetworkError.
        """
        folder = self.users.get(name, Path(name))
        if not folder.is_dir():
            known = ", ".join(self.users) or "none in its profile"
            raise NetworkError(
                f"{self.department} has no user {name}, nor is there such a folder; users: {known}"
            )
        return load_msp_folder(folder, self.msp_id)


def connection_profile(
    plan: "Plan", department: "DepartmentPlan", *, beside: Path | None = None
) -> dict[str, Any]:
    """Return the profile of one department, as plain values for JSON or YAML.

    Paths are absolute, or relative to the folder `beside`.
    """
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
            "users": {
                name: str(user.msp if beside is None else os.path.relpath(user.msp, beside))
                for name, user in department.users.items()
            },
            "channels": channels,
        },
    }


def profile_file(plan: "Plan", department: "DepartmentPlan") -> Path:
    """Return the file to which `up` writes a department's profile."""
    return plan.root / "profiles" / f"{department.name.lower()}.json"


def write_profiles(plan: "Plan") -> None:
    """Write the profile of every department of this machine that has peers to its file."""
    for department in plan.own_with_peers:
        file = profile_file(plan, department)
        profile = connection_profile(plan, department, beside=file.parent)
        text = json.dumps(profile, ensure_ascii=False, indent=2)
        files.write_public(file, text.encode(), error=NetworkError)


def load_profile(file: str | Path) -> Profile:
    """Read a profile, JSON or YAML; raise NetworkError that names the file and the line or key."""
    file = Path(file)
    try:
        document = _parse(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise NetworkError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NetworkError(f"{file}: is not text in UTF-8") from error
    except ValueError as error:
        raise NetworkError(f"{file}: is neither JSON nor YAML: {error}") from error
    try:
        return _profile(Fields(document), file)
    except FieldError as error:
        raise NetworkError(f"{file}: {error}") from error


def _parse(text: str) -> Any:
    """Return the document; raise ValueError. JSON, which `up` writes, needs no YAML library."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("is nested too deep") from error
    except ValueError as fault:
        if text.lstrip().startswith("{"):  # YAML's own words about broken JSON mislead
            raise
        import yaml

        from pyfabric.local.yaml_text import load_yaml

        try:
            return load_yaml(text)
        except yaml.YAMLError as error:
            raise ValueError(" ".join(str(error).split())) from fault


def _profile(document: Fields, file: Path) -> Profile:
    name = document.part("client").text("organization")
    organizations, nodes = document.part("organizations"), document.part("peers")
    if name not in organizations.names():
        raise FieldError(f"client.organization: {name} is not among the organizations")
    organization = organizations.part(name)
    names, known = organization.texts("peers"), nodes.names()
    unknown = [peer for peer in names if peer not in known]
    if unknown or not names:
        what = f"{unknown[0]} is not among the peers" if unknown else "names no peer"
        raise FieldError(f"organizations.{name}.peers: {what}")
    own = document.part("x-pyfabric", {})
    pair = _client_pair(document.part("client"), file)
    return Profile(
        network=document.text("name", ""),
        department=name,
        msp_id=_msp_id(organization, name),
        peers=tuple(_endpoint(nodes.part(peer), file, pair) for peer in names),
        users={
            user: file.parent.absolute() / folder for user, folder in own.pairs("users").items()
        },
        channels=own.texts("channels"),
        _read_orderers=partial(_orderers, document, file, pair),
    )


def _orderers(
    document: Fields, file: Path, pair: tuple[bytes, bytes] | None
) -> tuple[Endpoint, ...]:
    try:
        nodes = document.parts("orderers", {})
        return tuple(_endpoint(node, file, pair) for node in nodes.values())
    except FieldError as error:
        raise NetworkError(f"{file}: {error}") from error


def _msp_id(organization: Fields, name: str) -> str:
    found = organization.text("mspid")
    if not found.strip():
        raise FieldError(f"organizations.{name}.mspid: must not be empty")
    return found


def _client_pair(client: Fields, file: Path) -> tuple[bytes, bytes] | None:
    """Return the certificate and key with which the department's programs show who they are (mutual TLS).

    They are at `client.tlsCerts.client`, as in the form of Fabric's SDKs: `cert` and `key`, each with a
    path; the certificate may be written out too. None without them.
    """
    given = client.part("tlsCerts", {}).part("client", {})
    if not given.names():
        return None
    certificate = _checked(
        _roots(given.part("cert"), file).encode(), "client.tlsCerts.client", "cert"
    )
    return certificate, _read(given.part("key").text("path"), file).encode()


def _endpoint(node: Fields, file: Path, pair: tuple[bytes, bytes] | None) -> Endpoint:
    url = node.text("url")
    if not url.startswith(_SCHEME):
        raise FieldError(f"{url} must begin with {_SCHEME}: nodes speak TLS only")
    if not _ADDRESS.fullmatch(address := url.removeprefix(_SCHEME).removesuffix("/")):
        raise FieldError(f"{url} must be {_SCHEME}HOST:PORT")
    return Endpoint(
        address=address,
        tls_roots=_checked(_roots(node.part("tlsCACerts"), file).encode(), url, "tlsCACerts"),
        server_name=node.part("grpcOptions", {}).optional_text("ssl-target-name-override"),
        client_certificate=pair and pair[0],
        client_key=pair and pair[1],
    )


def _checked(certificates: bytes, owner: str, field: str) -> bytes:
    problem = not_certificates(certificates)
    if problem is not None:
        raise FieldError(f"{field} of {owner}: {problem}")
    return certificates


def _read(path: str, profile: Path) -> str:
    try:
        return (profile.parent / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise FieldError(f"{path}: {reason}") from error


def _roots(certificates: Fields, file: Path) -> str:
    """Return the PEM texts of certificates: from a file, or written out, one or a list of them."""
    path = certificates.optional_text("path")
    if path is not None:
        return _read(path, file)
    if certificates.holds("pem", str):
        return certificates.text("pem")
    return "\n".join(certificates.texts("pem"))


def _node(node: "Node") -> dict[str, Any]:
    return {
        "url": f"{_SCHEME}{node.outside}",
        "tlsCACerts": {"pem": node.member.tls_roots.read_text(encoding="utf-8")},
        "grpcOptions": {
            "ssl-target-name-override": node.name,
            "hostnameOverride": node.name,
        },
    }

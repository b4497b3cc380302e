"""Writing a department's connection profile, as Fabric's SDKs and this project read it."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric.profile.nodes import SCHEME

if TYPE_CHECKING:  # a program that only reads its profile needs no topology
    from pyfabric_network.topology.ca_servers import CAServer, ServedCA
    from pyfabric_network.topology.departments import DepartmentPlan
    from pyfabric_network.topology.nodes import Node
    from pyfabric_network.topology.plan import Plan

_ROLES = ("endorsingPeer", "chaincodeQuery", "ledgerQuery", "eventSource")
"""What a peer of a channel is used for by SDKs without discovery."""


def connection_profile(
    plan: "Plan", department: "DepartmentPlan", *, beside: Path | None = None
) -> dict[str, Any]:
    """Return the profile of one department, as plain values for JSON or YAML.

    Paths are absolute, or relative to the folder `beside`. It names the files of users' keys and holds no key.
    """

    def path(file: Path) -> str:
        return str(file if beside is None else os.path.relpath(file, beside))

    channels = [name for name, spec in plan.channels.items() if department in spec.departments]
    names = [peer.name for peer in department.peers]
    profile: dict[str, Any] = {
        "name": plan.name,
        "version": "1.0.0",
        "client": {"organization": department.name, **_client_certificate(plan, department, path)},
        "organizations": {
            department.name: {
                "mspid": department.msp_id,
                "peers": names,
                "users": {
                    name: {
                        "cert": {"path": path(user.certificate)},
                        "key": {"path": path(user.key)},
                    }
                    for name, user in department.users.items()
                },
                "signedCert": {"path": path(department.admin.certificate)},
                "adminPrivateKey": {"path": path(department.admin.key)},
            }
        },
        "peers": {peer.name: _node(peer) for peer in department.peers},
        "orderers": {node.name: _node(node) for node in plan.orderers},
        "channels": {
            name: {
                "orderers": [node.name for node in plan.orderers],
                "peers": {peer: dict.fromkeys(_ROLES, True) for peer in names},
            }
            for name in channels
        },
        "x-pyfabric": {
            "users": {name: path(user.msp) for name, user in department.users.items()},
            "administrators": {one.msp_id: path(one.admin.msp) for one in department.organizations},
            "channels": channels,
        },
    }
    if department.cas is not None:
        server = department.cas
        own = [ca.name for ca in server.served if ca.msp_id == department.msp_id]
        profile["organizations"][department.name]["certificateAuthorities"] = own
        profile["certificateAuthorities"] = {
            ca.name: _authority(server, ca) for ca in server.served
        }
    return profile


def profile_yaml(profile: Mapping[str, Any]) -> str:
    """Return a profile as YAML, with certificates in blocks as people paste them."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """A dumper of its own, since a representer is added to a whole class."""

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return yaml.dump(profile, Dumper=Dumper, sort_keys=False, allow_unicode=True)


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


def _client_certificate(
    plan: "Plan", department: "DepartmentPlan", path: Callable[[Path], str]
) -> dict[str, Any]:
    """Return the TLS certificate that programs show, where nodes demand one: that of the first user."""
    if not any(node.client for node in (*department.peers, *plan.orderers)):
        return {}
    user = department.users[department.first_user]
    pair = {"cert": {"path": path(user.tls_certificate)}, "key": {"path": path(user.tls_key)}}
    return {"tlsCerts": {"client": pair}}


def _node(node: "Node") -> dict[str, Any]:
    return {
        "url": f"{SCHEME}{node.outside}",
        "tlsCACerts": {"pem": node.member.tls_roots.read_text(encoding="utf-8")},
        "grpcOptions": {
            "ssl-target-name-override": node.name,
            "hostnameOverride": node.name,
        },
    }


def _authority(server: "CAServer", ca: "ServedCA") -> dict[str, Any]:
    return {
        "url": f"https://{server.address}",
        "caName": ca.name,
        "tlsCACerts": {"pem": [server.member.tls_roots.read_text(encoding="utf-8")]},
        "httpOptions": {"verify": True},
        "x-pyfabric": {"mspid": ca.msp_id, "trusted": ca.roots.read_text(encoding="utf-8")},
    }

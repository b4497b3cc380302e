"""A plan as a project for Docker Compose v2. Pure: the same plan makes the same text.

compose.yaml names each node; what they have in common is in nodes.yaml, which is bundled. Paths are
relative to the network's folder, where both files are:

    organizations/<department>/…     the folders that `material` makes, mounted read-only
    builders/<department>.env        what the peers' builder fills packages with
    hosts/<department>/services.json what a contract host serves
    contracts/                       the modules that contract classes are imported from
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from pyfabric.messages.addresses import Address
from pyfabric_network.material.ca_server import CA_CONFIG
from pyfabric_network.runtimes.node_times import as_environment, orderer_times, peer_times
from pyfabric_network.state_folder import MODULES
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Member, Node
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.places import CONTAINER_PORTS
from pyfabric_network.topology.plan import Plan

COMPOSE_FILE: Final = "compose.yaml"
NODES_FILE: Final = "nodes.yaml"
OVERRIDES: Final = tuple(
    f"{name}.override.{ending}"
    for name in ("compose", "docker-compose")
    for ending in ("yml", "yaml")
)
"""What a file is called that adds to the project: Compose takes the first that is beside compose.yaml."""
OWNERS: Final = "volumes"
"""The service that makes the user of the containers the owner of their volumes; it runs and stops."""
RENDERED_USER: Final = "1000:1000"

OPERATIONS_PORT: Final = {"peer": 9443, "orderer": 8443, "client": 9443}
_PARTICIPATION_PORT: Final = 9443
_CA_PORT: Final = 7054
# The newest patch releases when this was written.
_VERSIONS: Final[Mapping[str, str]] = {"3.1": "3.1.5", "2.5": "2.5.15"}
_CA_VERSION: Final = "1.5.17"
_MEMBER_FOLDER: Final = "/etc/pyfabric"
_HOST_FOLDER: Final = "/etc/pyfabric-host"
DATA: Final = "/var/hyperledger"
_CA_HOME: Final = "/etc/hyperledger/fabric-ca-server"

_COMPLETED: Final = "service_completed_successfully"

_HEADING: Final = """\
# The network "{name}" for Docker Compose, made from its topology by `pyfabric network render`: change that,
# not this. What nodes have in common, and every setting: nodes.yaml. Additions: compose.override.yaml.
"""


def project_files(
    plan: Plan, *, user: str = RENDERED_USER, host_user: str = RENDERED_USER
) -> dict[str, str]:
    """Return compose.yaml for the departments whose nodes run on this machine, and nodes.yaml.

    Containers run as `user` (ids of a user and a group), contract hosts as `host_user`: the owners of
    the keys that they mount.
    """
    project = compose_project(plan, user=user, host_user=host_user)
    text = yaml.safe_dump(project, sort_keys=False, allow_unicode=True, width=1000)
    return {COMPOSE_FILE: _HEADING.format(name=plan.name) + text, NODES_FILE: _nodes_file()}


def _nodes_file() -> str:
    packaged = Path(str(files("pyfabric_network") / "compose_nodes.yaml"))
    source = Path(__file__).parents[2] / "compose" / NODES_FILE
    return (packaged if packaged.exists() else source).read_text(encoding="utf-8")


def compose_project(
    plan: Plan, *, user: str = RENDERED_USER, host_user: str = RENDERED_USER
) -> dict[str, Any]:
    """Return the project as plain values: every service has a health check, limits and a restart policy.

    Each department's contract host is on a network that its peers alone share with it; all nodes are
    on another one.
    """
    services: dict[str, Any] = {}
    for department in plan.own:
        for orderer in department.orderers:
            services[orderer.name] = _orderer(plan, orderer)
        if department.peers:
            services[department.contract_host.name] = _contract_host(plan, department)
        for peer in department.peers:
            services[peer.name] = _peer(plan, department, peer)
        for organization in department.organizations:
            if organization.ca_server is not None:
                server = organization.ca_server
                services[server.name] = _ca(plan, organization, server)
    volumes = [name for name, service in services.items() if _keeps_data(name, service)]
    users = {one.contract_host.name: f"${{CONTRACT_USER:-{host_user}}}" for one in plan.own}
    node_user = f"${{NODE_USER:-{user}}}"
    owners = _owners(services, volumes, node_user)
    return {
        "name": plan.project,
        "services": {
            **{name: {"user": users.get(name, node_user)} | one for name, one in services.items()},
            **owners,
        },
        "networks": {
            "default": {},
            **{one.contract_host.name: {} for one in plan.own_with_peers},
        },
        "volumes": {name: {} for name in volumes},
    }


def _owners(services: Mapping[str, Any], volumes: Sequence[str], user: str) -> dict[str, Any]:
    """Return the services that give volumes to the user, and have the others wait for them.

    Docker makes volumes of root; those of the CAs exist with their profile only.
    """
    found: dict[str, Any] = {}
    for name, of_cas in ((OWNERS, False), (f"ca.{OWNERS}", True)):
        own = [volume for volume in volumes if ("profiles" in services[volume]) is of_cas]
        if not own:
            continue
        found[name] = {
            **({"profiles": ["ca"]} if of_cas else {}),
            "extends": _extends("owners"),
            "image": services[own[0]]["image"],
            "command": ["chown", "-R", user, *(f"/volumes/{volume}" for volume in own)],
            "volumes": [f"{volume}:/volumes/{volume}" for volume in own],
        }
        for volume in own:
            services[volume]["depends_on"] = {name: {"condition": _COMPLETED}}
    return found


def services_file(department: DepartmentPlan) -> str:
    """Return the path, below the network's folder, of the file with what a contract host serves."""
    return f"hosts/{department.folder.name}/services.json"


def builder_file(department: DepartmentPlan) -> str:
    """Return the path, below the network's folder, of the values for the builder of a department's peers."""
    return f"builders/{department.folder.name}.env"


def mounted(member: Member) -> Member:
    """Return a member as its own container sees it."""
    return Member(member.name, member.unit, Path(_MEMBER_FOLDER), member.hosts)


def _orderer(plan: Plan, node: Node) -> dict[str, Any]:
    published = [
        _published(node.listen, CONTAINER_PORTS["orderer"]),
        _published(node.operations, OPERATIONS_PORT["orderer"]),
    ]
    if node.admin is not None:
        published.append(_published(node.admin, _PARTICIPATION_PORT))
    return {
        "extends": _extends("orderer"),
        "image": _image("orderer", _VERSIONS[plan.topology.fabric], "FABRIC_VERSION"),
        "environment": {
            "ORDERER_GENERAL_LOCALMSPID": node.msp_id,
            **as_environment("ORDERER_GENERAL", orderer_times(plan.topology.times)),
        },
        "volumes": [_mount(plan, node.member.folder, _MEMBER_FOLDER), f"{node.name}:{DATA}"],
        "ports": published,
    }


def _peer(plan: Plan, department: DepartmentPlan, node: Node) -> dict[str, Any]:
    others = [str(one.inside) for one in department.peers if one is not node]
    return {
        "extends": _extends("peer"),
        "image": _image("peer", _VERSIONS[plan.topology.fabric], "FABRIC_VERSION"),
        "networks": ["default", department.contract_host.name],
        "env_file": [{"path": builder_file(department), "required": False}],
        "environment": {
            "CORE_PEER_ID": node.name,
            "CORE_PEER_NETWORKID": plan.name,
            "CORE_PEER_LOCALMSPID": node.msp_id,
            "CORE_PEER_ADDRESS": str(node.inside),
            "CORE_PEER_GOSSIP_EXTERNALENDPOINT": str(node.inside),
            "CORE_PEER_GOSSIP_BOOTSTRAP": " ".join(others) or str(node.inside),
            **as_environment("CORE_PEER", peer_times(plan.topology.times)),
        },
        "volumes": [_mount(plan, node.member.folder, _MEMBER_FOLDER), f"{node.name}:{DATA}"],
        "ports": [
            _published(node.listen, CONTAINER_PORTS["peer"]),
            _published(node.operations, OPERATIONS_PORT["peer"]),
        ],
    }


def _contract_host(plan: Plan, department: DepartmentPlan) -> dict[str, Any]:
    host = department.contract_host
    return {
        "extends": _extends("contracts"),
        "networks": [host.name],
        "volumes": [
            _mount(plan, host.folder, _MEMBER_FOLDER),
            _mount(plan, (plan.root / services_file(department)).parent, _HOST_FOLDER),
            _mount(plan, plan.root / MODULES, f"/{MODULES}"),
        ],
        "ports": [_published(department.host_operations, OPERATIONS_PORT["client"])],
    }


def _ca(plan: Plan, organization: Organization, server: Member) -> dict[str, Any]:
    return {
        "profiles": ["ca"],
        "extends": _extends("ca"),
        "image": _image("ca", _CA_VERSION, "FABRIC_CA_VERSION"),
        "volumes": [
            _mount(plan, server.folder, _MEMBER_FOLDER),
            _mount(plan, organization.ca, "/etc/pyfabric-ca"),
            f"{server.name}:{_CA_HOME}",
            _mount(plan, server.folder / CA_CONFIG, f"{_CA_HOME}/{CA_CONFIG}"),
        ],
        "ports": [_published(organization.ca_address, _CA_PORT)],
    }


def _keeps_data(name: str, service: Mapping[str, Any]) -> bool:
    return any(mount.startswith(f"{name}:") for mount in service["volumes"])


def _extends(service: str) -> dict[str, str]:
    return {"file": NODES_FILE, "service": service}


def _image(kind: str, version: str, setting: str) -> str:
    """Return an image by name and tag, or by all of its name, which may have a digest."""
    name = f"${{FABRIC_{kind.upper()}:-docker.io/hyperledger/fabric-{kind}}}"
    return f"${{FABRIC_{kind.upper()}_IMAGE:-{name}:${{{setting}:-{version}}}}}"


def _mount(plan: Plan, folder: Path, target: str) -> str:
    return f"./{folder.relative_to(plan.root)}:{target}:ro"


def _published(address: Address, port: int) -> str:
    if address.is_loopback:
        return f"{address}:{port}"
    return f"${{PUBLISH_ADDRESS:-{address.host}}}:{address.port}:{port}"

"""A plan as a project for Docker Compose v2. Pure: the same plan makes the same text.

compose.yaml names each node; what they have in common is in nodes.yaml, which is bundled. Paths are
relative to the network's folder, where both files are:

    organizations/<department>/…     the folders that `material` makes, mounted read-only; a CA server's configurations
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
from pyfabric_network.material.ca_server import server_configs
from pyfabric_network.runtimes.node_times import as_environment, orderer_times, peer_times
from pyfabric_network.state_folder import MODULES, TICKER
from pyfabric_network.topology.ca_servers import CAServer
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Member, Node
from pyfabric_network.topology.places import CONTAINER_PORTS
from pyfabric_network.topology.plan import Plan

COMPOSE_FILE: Final = "compose.yaml"
NODES_FILE: Final = "nodes.yaml"
ENV_FILE: Final = ".env"
"""What Compose reads settings from, beside compose.yaml."""
VERSION_SETTING: Final = "FABRIC_VERSION"
"""The setting with the tag of Fabric's images."""
OVERRIDES: Final = tuple(
    f"{name}.override.{ending}"
    for name in ("compose", "docker-compose")
    for ending in ("yml", "yaml")
)
"""What a file is called that adds to the project: Compose takes the first that is beside compose.yaml."""
OWNERS: Final = "volumes"
"""The service that makes the user of the containers the owner of their volumes; it runs and stops."""
RENDERED_USER: Final = "1000:1000"

OPERATIONS_PORT: Final = {"peer": 9443, "orderer": 8443, "client": 9443, "ca": 9443}
_PARTICIPATION_PORT: Final = 9443
_CA_PORT: Final = 7054
# The newest patch releases when this was written.
_VERSIONS: Final[Mapping[str, str]] = {"3.1": "3.1.5", "2.5": "2.5.15"}
_CA_VERSION: Final = "1.5.17"
_MEMBER_FOLDER: Final = "/etc/pyfabric"
_HOST_FOLDER: Final = "/etc/pyfabric-host"
_TICKER_FOLDER: Final = "/etc/pyfabric-ticker"
DATA: Final = "/var/hyperledger"
_CA_HOME: Final = "/etc/hyperledger/fabric-ca-server"
_CAS_FOLDER: Final = "/etc/pyfabric-ca"
_EVERY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - of the container, whose ports are published on this machine alone

_ORDERER_CLIENTS: Final[Mapping[str, str]] = {
    "ORDERER_GENERAL_TLS_CLIENTAUTHREQUIRED": "true",
    "ORDERER_GENERAL_TLS_CLIENTROOTCAS": f"[{_MEMBER_FOLDER}/tls/ca.crt]",
}
"""What makes the TLS of a node mutual. The pair that a peer shows is for its health check too: `peer channel list`."""
_PEER_CLIENTS: Final[Mapping[str, str]] = {
    "CORE_PEER_TLS_CLIENTAUTHREQUIRED": "true",
    "CORE_PEER_TLS_CLIENTROOTCAS_FILES": f"{_MEMBER_FOLDER}/tls/ca.crt",
    "CORE_PEER_TLS_CLIENTCERT_FILE": f"{_MEMBER_FOLDER}/tls/server.crt",
    "CORE_PEER_TLS_CLIENTKEY_FILE": f"{_MEMBER_FOLDER}/tls/server.key",
}

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
        if department.cas is not None:
            services[department.cas.name] = _ca(plan, department.cas)
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
    """Return the service that gives volumes to the user, and have the others wait for it: Docker makes them of root."""
    if not volumes:
        return {}
    for volume in volumes:
        services[volume]["depends_on"] = {OWNERS: {"condition": _COMPLETED}}
    return {
        OWNERS: {
            "extends": _extends("owners"),
            "image": services[volumes[0]]["image"],
            "command": ["chown", "-R", user, *(f"/volumes/{volume}" for volume in volumes)],
            "volumes": [f"{volume}:/volumes/{volume}" for volume in volumes],
        }
    }


def services_file(department: DepartmentPlan) -> str:
    """Return the path, below the network's folder, of the file with what a contract host serves."""
    return f"hosts/{department.folder.name}/services.json"


def builder_file(department: DepartmentPlan) -> str:
    """Return the path, below the network's folder, of the values for the builder of a department's peers."""
    return f"builders/{department.folder.name}.env"


def mounted(member: Member) -> Member:
    """Return a member as its own container sees it."""
    return Member(member.name, member.unit, Path(_MEMBER_FOLDER), member.hosts)


def mounted_users(department: DepartmentPlan) -> dict[str, Member]:
    """Return the users of a department whom its contract host's container sees: who ticks clocks, if anybody does."""
    if not department.ticked:
        return {}
    ticker = department.users[TICKER]
    return {TICKER: Member(ticker.name, ticker.unit, Path(_TICKER_FOLDER))}


def _orderer(plan: Plan, node: Node) -> dict[str, Any]:
    published = [
        _published(node.listen, CONTAINER_PORTS["orderer"]),
        _published(node.operations, OPERATIONS_PORT["orderer"]),
    ]
    if node.admin is not None:
        published.append(_published(node.admin, _PARTICIPATION_PORT))
    return {
        "extends": _extends("orderer"),
        "image": _image("orderer", _VERSIONS[plan.topology.fabric], VERSION_SETTING),
        "environment": {
            "ORDERER_GENERAL_LOCALMSPID": node.msp_id,
            **as_environment("ORDERER_GENERAL", orderer_times(plan.topology.times)),
            **(_ORDERER_CLIENTS if node.client else {}),
        },
        "volumes": [_mount(plan, node.member.folder, _MEMBER_FOLDER), f"{node.name}:{DATA}"],
        "ports": published,
    }


def _peer(plan: Plan, department: DepartmentPlan, node: Node) -> dict[str, Any]:
    others = [str(one.inside) for one in department.peers if one is not node]
    return {
        "extends": _extends("peer"),
        "image": _image("peer", _VERSIONS[plan.topology.fabric], VERSION_SETTING),
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
            **(_PEER_CLIENTS if node.client else {}),
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
            *(
                [_mount(plan, department.users[TICKER].folder, _TICKER_FOLDER)]
                if department.ticked
                else []
            ),
        ],
        "ports": [_published(department.host_operations, OPERATIONS_PORT["client"])],
    }


def _ca(plan: Plan, server: CAServer) -> dict[str, Any]:
    above = server.member.folder.parent
    return {
        "extends": _extends("ca"),
        "image": _image("ca", _CA_VERSION, "FABRIC_CA_VERSION"),
        "volumes": [
            _mount(plan, server.member.folder, _MEMBER_FOLDER),
            *(
                _mount(plan, ca.folder, f"{_CAS_FOLDER}/{ca.folder.relative_to(above)}")
                for ca in server.served
            ),
            f"{server.name}:{_CA_HOME}",
        ],
        "ports": [
            _published(server.address, _CA_PORT),
            _published(server.operations, OPERATIONS_PORT["ca"]),
        ],
    }


def ca_server_files(server: CAServer) -> dict[str, str]:
    """Return the configurations of a CA server in its container, by their paths below its folder: they hold a secret."""
    found = server_configs(
        server,
        listen=Address(_EVERY_ADDRESS, _CA_PORT),
        operations=Address(_EVERY_ADDRESS, OPERATIONS_PORT["ca"]),
        inside=Path(_CAS_FOLDER),
        member=Path(_MEMBER_FOLDER),
    )
    return {f"config/{name}": text for name, text in found.items()}


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

"""The Compose project: the committed one is up to date, and it keeps these rules."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyfabric_network.runtimes.compose import project_files
from pyfabric_network.topology.bundled import bundled_topologies
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.places import Place
from pyfabric_network.topology.plan import Plan, make_plan

from tests.support.network.containers import has_compose

COMMITTED = Path("network/compose")
ROOT = Path("/somewhere/network")
# The environment variables that each kind of service may have.
SETTINGS = {
    "orderer": ("ORDERER_", "FABRIC_LOGGING_SPEC", "GOMEMLIMIT"),
    "peer": ("CORE_", "FABRIC_LOGGING_SPEC", "GOMEMLIMIT"),
    "contracts": (),
    "ca": ("FABRIC_CA_SERVER_",),
}


def plan_of(
    name: str, places: Mapping[str, Place] | None = None, *, ca_server: bool = True
) -> Plan:
    """Return a bundled topology's plan, with CA servers unless it is to be as it is."""
    topology = load_topology(bundled_topologies()[name]).model_copy(update={"ca_server": ca_server})
    return make_plan(topology, ROOT, base_port=topology.base_port, places=places, containers=True)


def project_of(plan: Plan) -> dict[str, Any]:
    """Return the project with `extends` worked out: environments joined, anything else replaced."""
    texts = project_files(plan)
    project = yaml.safe_load(texts["compose.yaml"])
    common = yaml.safe_load(texts["nodes.yaml"])["services"]
    for name, service in project["services"].items():
        extends = service.pop("extends")
        assert extends["file"] == "nodes.yaml"
        base = common[extends["service"]]
        environment = {**base.get("environment", {}), **service.get("environment", {})}
        project["services"][name] = {
            **base,
            **service,
            "environment": environment,
            "kind": extends["service"],
        }
    return dict(project)


CITY = plan_of("city")
PROJECT = project_of(CITY)
OWNERS = ("volumes",)
SERVICES: dict[str, dict[str, Any]] = {
    name: service for name, service in PROJECT["services"].items() if name not in OWNERS
}


def test_the_committed_project_is_the_one_of_the_city() -> None:
    for name, text in project_files(plan_of("city", ca_server=False)).items():
        assert (COMMITTED / name).read_text(encoding="utf-8") == text, (
            "make it again: pyfabric network render city --to network/compose"
        )


def test_every_node_contract_host_and_ca_is_a_service_and_nothing_else() -> None:
    hosts = {department.contract_host.name for department in CITY.departments.values()}
    cas = {f"ca.{one.domain}" for one in CITY.departments.values()}
    assert set(SERVICES) == {node.name for node in (*CITY.orderers, *CITY.peers)} | hosts | cas
    assert len(SERVICES) == 4 + 19 + 18 + 18


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_watched_limited_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"
    assert set(service["deploy"]["resources"]["limits"]) == {"memory", "cpus", "pids"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    setting = "CONTRACT_USER" if service["kind"] == "contracts" else "NODE_USER"
    assert service["user"] == f"${{{setting}:-1000:1000}}"
    assert "privileged" not in service
    assert not any("docker.sock" in mount for mount in service["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_settings_are_the_program_s_own_and_text(name: str) -> None:
    service = SERVICES[name]
    for key, value in service["environment"].items():
        assert key.startswith(SETTINGS[service["kind"]])
        assert isinstance(value, str), f"{key}: Compose wants text"


def test_images_are_official_pinned_and_settable() -> None:
    images = {service["kind"]: service["image"] for service in SERVICES.values()}
    official = "docker.io/hyperledger/fabric"
    tagged = {
        "orderer": f"${{FABRIC_ORDERER:-{official}-orderer}}:${{FABRIC_VERSION:-3.1.5}}",
        "peer": f"${{FABRIC_PEER:-{official}-peer}}:${{FABRIC_VERSION:-3.1.5}}",
        "ca": f"${{FABRIC_CA:-{official}-ca}}:${{FABRIC_CA_VERSION:-1.5.17}}",
    }
    assert images == {
        **{kind: f"${{FABRIC_{kind.upper()}_IMAGE:-{tag}}}" for kind, tag in tagged.items()},
        "contracts": "${CONTRACT_IMAGE:-pyfabric-contracts:latest}",
    }


def test_contract_hosts_meet_only_their_department_s_peers() -> None:
    for department in CITY.departments.values():
        host = department.contract_host.name
        members = {name for name, one in SERVICES.items() if host in one.get("networks", [])}
        assert members == {host, *(peer.name for peer in department.peers)}
        assert SERVICES[host]["networks"] == [host]
        assert all("default" in SERVICES[peer.name]["networks"] for peer in department.peers)
        assert host in PROJECT["networks"]
    assert all("networks" not in SERVICES[orderer.name] for orderer in CITY.orderers)


def test_volumes_are_given_to_the_user_before_nodes_start() -> None:
    for name in OWNERS:
        service = PROJECT["services"][name]
        assert service["user"] == "0:0"
        assert service["network_mode"] == "none"
        assert service["cap_add"] == ["CHOWN", "DAC_OVERRIDE"]
        assert service["restart"] == "no"
        given = service["command"][3:]
        assert service["command"][:3] == ["chown", "-R", "${NODE_USER:-1000:1000}"]
        volumes = [folder.removeprefix("/volumes/") for folder in given]
        assert service["volumes"] == [f"{volume}:/volumes/{volume}" for volume in volumes]
        for volume in volumes:
            waits = SERVICES[volume]["depends_on"]
            assert waits == {name: {"condition": "service_completed_successfully"}}
    commands = [PROJECT["services"][name]["command"][3:] for name in OWNERS]
    assert {one for each in commands for one in each} == {
        f"/volumes/{n}" for n in PROJECT["volumes"]
    }


def test_what_is_published_is_what_the_plan_says_on_this_machine_alone() -> None:
    published = [port.rsplit(":", 1) for service in SERVICES.values() for port in service["ports"]]
    addresses = [address for address, _ in published]
    assert len(set(addresses)) == len(addresses)
    served = [each.service for each in CITY.contracts.values() if each.service]
    wanted = {str(address) for address in CITY.serving(served).listening().values()}
    assert set(addresses) == wanted
    assert all(address.startswith("127.0.0.1:") for address in addresses)
    contracts = {str(each.contract_address(0).port) for each in CITY.departments.values()}
    assert not contracts & {inside for _, inside in published}


def test_health_checks_ask_the_operations_service() -> None:
    for node in (*CITY.orderers, *CITY.peers):
        service = SERVICES[node.name]
        environment = service["environment"]
        kind = "CORE" if service["kind"] == "peer" else "ORDERER"
        _, port = environment[f"{kind}_OPERATIONS_LISTENADDRESS"].split(":")
        _, check = service["healthcheck"]["test"]
        assert f"https://localhost:{port}/healthz" in check
        assert "CaInfo=/etc/pyfabric/tls/ca.crt" in check
        assert f":{node.inside.port:04X} " in check  # where the image has no client
        listening = environment.get(
            "CORE_PEER_LISTENADDRESS", f"0.0.0.0:{environment.get('ORDERER_GENERAL_LISTENPORT')}"
        )
        assert listening == f"0.0.0.0:{node.inside.port}"
        assert node.inside.host == node.name
        assert {node.name, "localhost", "127.0.0.1"} <= set(node.member.hosts)


def test_a_node_that_is_starting_is_not_healthy_yet() -> None:
    for node in CITY.peers:
        assert "peer channel list" in SERVICES[node.name]["healthcheck"]["test"][1]
    for node in CITY.orderers:
        listening = SERVICES[node.name]["environment"]["ORDERER_ADMIN_LISTENADDRESS"]
        check = SERVICES[node.name]["healthcheck"]["test"][1]
        assert f":{int(listening.split(':')[1]):04X} 0*:0000 0A" in check


def test_keys_are_mounted_read_only_and_only_the_department_s_own() -> None:
    for department in CITY.departments.values():
        ca = f"ca.{department.domain}"
        peers = {ca, department.contract_host.name, *(node.name for node in department.peers)}
        orderers = {ca, *(one.name for one in department.orderers)}
        below = f"organizations/{department.domain}/"
        for name, service in SERVICES.items():
            for mount in service["volumes"]:
                if below in mount:
                    assert name in (orderers if f"{below}ordering/" in mount else peers)
                    assert mount.endswith(":ro")


def test_data_is_in_a_named_volume_of_each_node() -> None:
    volumes = project_of(CITY)["volumes"]
    for node in (*CITY.orderers, *CITY.peers):
        assert f"{node.name}:/var/hyperledger" in SERVICES[node.name]["volumes"]
        assert node.name in volumes
    assert len(volumes) == 4 + 19 + 18


def test_a_broken_contract_host_keeps_no_peer_from_starting() -> None:
    for department in CITY.departments.values():
        for peer in department.peers:
            assert set(SERVICES[peer.name]["depends_on"]) == {"volumes"}


def test_a_ca_server_has_the_keys_of_its_department_s_cas_and_its_own_configurations() -> None:
    department = next(one for one in CITY.departments.values() if one.ordering is not None)
    mounts = SERVICES[f"ca.{department.domain}"]["volumes"]
    folder = f"./organizations/{department.domain}"
    places = ("ca", "tlsca", "ordering/ca", "ordering/tlsca")
    assert mounts[0] == f"{folder}/ca-server:/etc/pyfabric:ro"
    assert mounts[1:5] == [f"{folder}/{place}:/etc/pyfabric-ca/{place}:ro" for place in places]
    assert mounts[5] == f"ca.{department.domain}:/etc/hyperledger/fabric-ca-server"


def test_without_the_topology_s_key_there_are_no_ca_servers() -> None:
    services = project_of(plan_of("city", ca_server=False))["services"]
    assert not [name for name in services if name.startswith("ca.")]


def test_a_department_with_a_machine_of_its_own_publishes_to_the_others() -> None:
    places = {
        "EconInfo": Place("econinfo.example", 17000, here=True),
        "MktSup": Place("mktsup.example", 17050, here=False),
    }
    plan = plan_of("quickstart", places)
    services = project_of(plan)["services"]
    assert set(services) == {
        "orderer0.econinfo",
        "contracts.econinfo",
        "peer0.econinfo",
        "ca.econinfo",
        *OWNERS,
    }
    peer = services["peer0.econinfo"]
    assert peer["ports"] == [
        "${PUBLISH_ADDRESS:-0.0.0.0}:17000:7051",
        "127.0.0.1:17001:9443",
    ]
    assert peer["environment"]["CORE_PEER_GOSSIP_EXTERNALENDPOINT"] == "econinfo.example:17000"


needs_compose = pytest.mark.skipif(not has_compose(), reason="there is no docker with Compose")


def configured(folder: Path, **settings: str) -> dict[str, Any]:
    """Return the services as Compose has them; it must have nothing to say."""
    config = subprocess.run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=folder,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert config.returncode == 0, config.stderr
    assert not config.stderr
    services: dict[str, Any] = json.loads(config.stdout)["services"]
    return services


@needs_compose
@pytest.mark.parametrize("name", ["city", "quickstart", "two-departments"])
def test_docker_compose_takes_what_is_rendered_alone(name: str, tmp_path: Path) -> None:
    plan = plan_of(name)
    for file, text in project_files(plan).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    services = configured(tmp_path)
    assert set(services) == set(project_of(plan)["services"])
    assert services[plan.peers[0].name]["image"] == "docker.io/hyperledger/fabric-peer:3.1.5"
    (tmp_path / "builders").mkdir()
    for department in plan.departments.values():
        (tmp_path / "builders" / f"{department.folder.name}.env").write_text("A='{\"b\": 1}'\n")
    assert configured(tmp_path)[plan.peers[0].name]["environment"]["A"] == '{"b": 1}'


@needs_compose
def test_settings_reach_the_services(tmp_path: Path) -> None:
    places = {"EconInfo": Place("econinfo.example", 17000, here=True)}
    plan = plan_of("quickstart", places)
    for file, text in project_files(plan, user="7:8", host_user="9:10").items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    digest = "registry.example/peer@sha256:" + "0" * 64
    services = configured(
        tmp_path,
        FABRIC_PEER_IMAGE=digest,
        FABRIC_VERSION="3.1.6",
        PUBLISH_ADDRESS="10.0.0.1",
        PEER_CPUS="1.5",
        PEER_GOMEMLIMIT="900MiB",
    )
    peer, host = services["peer0.econinfo"], services["contracts.econinfo"]
    assert peer["image"] == digest
    assert services["orderer0.econinfo"]["image"].endswith("fabric-orderer:3.1.6")
    assert [port["host_ip"] for port in peer["ports"]] == ["10.0.0.1", "127.0.0.1"]
    assert peer["deploy"]["resources"]["limits"]["cpus"] == 1.5
    assert peer["environment"]["GOMEMLIMIT"] == "900MiB"
    assert (peer["user"], host["user"]) == ("7:8", "9:10")

"""The compose runtime with a fake docker: the commands that it runs, and how it reports failures."""

import json
import shlex
import socket
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyfabric_network.kept_code import code_of, digests
from pyfabric_network.material.keys import make_material
from pyfabric_network.runtimes import docker as compose_program
from pyfabric_network.runtimes import engine
from pyfabric_network.runtimes.compose import OVERRIDES, compose_project
from pyfabric_network.runtimes.compose_runtime import ComposeRuntime
from pyfabric_network.runtimes.container_readiness import ContainerReadiness
from pyfabric_network.runtimes.log_choice import LogChoice, LogLevel
from pyfabric_network.runtimes.release import Release
from pyfabric_network.topology.ca_servers import CAServer
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.errors import NetworkError
from tests.support.extent import takes_long
from tests.support.network import fake_docker

TOPOLOGY = """\
name: small
base_port: 15000
departments: { Tax: { intermediate_ca: true }, Health: {} }
ordering: { nodes: [Tax] }
channels: { bills: { departments: [Tax, Health], contracts: [bill] } }
contracts:
  bill: { version: "1.0", classes: ["bills:Bill"] }
"""
NODES = ["orderer0.tax", "contracts.tax", "peer0.tax", "contracts.health", "peer0.health"]
FABRIC_NODES = [name for name in NODES if not name.startswith("contracts.")]
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = fake_docker.install(tmp_path / "docker")
    (folder / "image").write_text("sha256:1")
    (folder / "log").write_text("")
    monkeypatch.setenv("PATH", str(folder))

    def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
        return fake_docker.respond(folder, arguments)

    monkeypatch.setattr(engine, "docker", docker)
    monkeypatch.setattr(compose_program, "docker", docker)
    return folder


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "small.yaml").write_text(TOPOLOGY, encoding="utf-8")
    (modules / "bills.py").write_text("class Bill: ...")
    topology = load_topology(modules / "small.yaml")
    code = digests(code_of(topology, modules))
    made = make_plan(topology, tmp_path / "small", base_port=15000, containers=True, code=code)
    make_material(made, now=NOW)
    return made


@pytest.fixture
def runtime(docker: Path, plan: Plan) -> ComposeRuntime:
    readiness = ContainerReadiness(
        probe=lambda _, service: fake_docker.is_ready(docker, service),
        start_seconds=0.1,
    )
    return ComposeRuntime(plan.root, readiness=readiness)


def with_cas(plan: Plan) -> Plan:
    """Return the plan with CA servers, whose files are made."""
    topology = plan.topology.model_copy(update={"ca_server": True})
    code = digests(code_of(topology, plan.root.parent / "modules"))
    found = make_plan(topology, plan.root, base_port=15000, containers=True, code=code)
    make_material(found, now=NOW)
    return found


def serving(plan: Plan) -> Plan:
    """Return the plan with its contract served."""
    found = plan.contracts["bill"].service
    assert found is not None
    return plan.serving([found])


def last_call(docker: Path) -> list[str]:
    """Return the words of the last command."""
    return (docker / "calls").read_text().splitlines()[-1].split()


def commands(docker: Path) -> list[list[str]]:
    """Return the commands that change something, without the options of Compose and of most commands."""
    found = []
    for line in (docker / "calls").read_text().splitlines():
        words = shlex.split(line)
        if words[0] == "pull":
            found.append(["pull", words[-1]])
        if words[0] == "compose" and "--file" in words:
            while words[1].startswith("--"):
                del words[1:3]
            if words[1] not in ("config", "logs"):
                found.append([word for word in words[1:] if not word.startswith("-")])
    return found


def test_a_network_is_started_served_stopped_and_discarded(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    assert runtime.check(plan) == ()
    assert not runtime.running()
    assert list(runtime.logs(plan, LogChoice(), follow=False)) == []
    assert not runtime.stop()
    runtime.discard()
    assert runtime.idle(plan) == ("orderer0.tax", "peer0.tax", "peer0.health")
    runtime.start(plan)
    assert runtime.running()
    assert runtime.idle(plan) == ()
    runtime.serve(serving(plan))
    assert any("serving" in line for line in runtime.logs(plan, LogChoice(), follow=False))
    runtime.serve(plan)
    assert runtime.stop()
    assert not runtime.running()
    runtime.discard()
    hosts = ["contracts.tax", "contracts.health"]
    given = [words[:2] if words[0] == "exec" else words for words in commands(docker)]
    assert sorted(given[2:4]) == sorted(given[4:6]) == sorted(given[6:8])
    given[2:8] = sorted(given[2:4], reverse=True) * 3
    assert given == [
        ["run", "volumes"],
        ["up", "never", *NODES],
        *([["exec", host] for host in hosts] * 3),
        ["rm", *NODES],
        ["down"],
        ["down"],
    ]


def test_what_runs_as_it_should_is_left_alone(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    (docker / "calls").write_text("")
    runtime.start(plan)
    assert {words[0] for words in commands(docker)} == {"exec"}


@pytest.mark.parametrize("state", ["running", "paused"])
def test_containers_that_hang_are_stopped_and_started(
    docker: Path, plan: Plan, runtime: ComposeRuntime, state: str
) -> None:
    assert runtime.process("peer0.tax") is None
    runtime.start(plan)
    (docker / "calls").write_text("")
    for name in ("orderer0.tax", "peer0.tax"):
        fake_docker.change_state(docker, name, state)
    paused = ", paused" if state == "paused" else ""
    assert runtime.process("peer0.tax") == f"container peer0.tax{paused}"
    assert runtime.idle(plan) == ()
    runtime.start(plan, again=("orderer0.tax", "peer0.tax"))
    assert commands(docker)[0] == ["restart", "5", "orderer0.tax", "peer0.tax"]
    assert fake_docker.is_ready(docker, "peer0.tax")


@pytest.mark.parametrize("state", ["running", "paused", "restarting"])
def test_the_ports_of_a_container_that_the_engine_keeps_running_are_not_another_program_s(
    docker: Path, plan: Plan, runtime: ComposeRuntime, state: str
) -> None:
    runtime.start(plan)
    fake_docker.change_state(docker, "contracts.tax", state)
    served, host = serving(plan), plan.department("Tax").host_operations
    with socket.create_server((host.host, host.port)):
        runtime.check(served)
        fake_docker.change_state(docker, "contracts.tax", "exited")
        with pytest.raises(NetworkError, match=f"port {host.port}, wanted for contracts.tax"):
            runtime.check(served)


def test_a_contract_host_that_hangs_is_stopped_and_started(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    (docker / "calls").write_text("")
    (docker / "hangs").write_text("contracts.health")
    runtime.start(plan, again=("contracts.health",))
    assert commands(docker)[0] == ["restart", "5", "contracts.health"]


def test_every_image_is_there_before_anything_is_changed(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    (docker / "image").write_text("sha256:2")
    (docker / "missing").write_text("image/peer0.health")
    (docker / "broken").write_text("pull")
    (docker / "calls").write_text("")
    with pytest.raises(NetworkError, match=r"no image image/peer0.health .*nothing was changed$"):
        runtime.start(plan)
    assert commands(docker) == [["pull", "image/peer0.health"]]
    assert all(fake_docker.is_ready(docker, name) for name in NODES)
    (docker / "broken").unlink()
    runtime.start(plan)
    assert ["pull", "image/peer0.health"] in commands(docker)


def test_what_has_changed_is_made_again_one_by_one(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    (docker / "calls").write_text("")
    (docker / "image").write_text("sha256:2")
    assert runtime.idle(plan) == ("orderer0.tax", "peer0.tax", "peer0.health")
    runtime.start(plan)
    made = [words for words in commands(docker) if words[0] != "exec"]
    assert made == [step for name in NODES for step in (["rm", name], ["up", "never", name])]
    assert "rm --stop --force --volumes peer0.tax" in (docker / "calls").read_text()


@takes_long
@pytest.mark.parametrize(
    "read",
    [
        lambda server: server.served[0].certificate,
        lambda server: server.served[1].certificate,
        lambda server: server.member.tls_certificate,
        lambda server: server.member.tls_roots,
        lambda server: server.registrar_secret,
    ],
    ids=["CA", "TLS CA", "TLS", "TLS roots", "secret"],
)
def test_a_ca_server_is_made_again_when_what_it_reads_has_changed(
    docker: Path, plan: Plan, runtime: ComposeRuntime, read: Callable[[CAServer], Path]
) -> None:
    plan = with_cas(plan)
    runtime.start(plan)
    assert runtime.idle(plan) == ()
    read(plan.own_ca_servers[0]).write_text("another")
    assert runtime.outdated(plan) == ("ca.tax",)
    (docker / "calls").write_text("")
    runtime.start(plan)
    made = [words for words in commands(docker) if words[0] != "exec"]
    assert made == [["rm", "ca.tax"], ["up", "never", "ca.tax"]]
    assert runtime.idle(plan) == ()


def test_peers_are_made_again_when_what_they_show_to_contracts_has_changed(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    (tax, health) = plan.own_with_peers
    tax.contract_client.tls_certificate.write_text("another")
    assert runtime.outdated(plan) == ("peer0.tax",)
    health.contract_client.tls_certificate.unlink()
    assert runtime.outdated(plan) == ("peer0.tax", "peer0.health")
    health.contract_client.tls_certificate.write_text("another")
    (docker / "calls").write_text("")
    runtime.start(plan)
    made = [words for words in commands(docker) if words[0] != "exec"]
    assert made == [
        step
        for name in ("peer0.tax", "peer0.health")
        for step in (["rm", name], ["up", "never", name])
    ]
    assert runtime.idle(plan) == ()


def test_a_ca_server_whose_secret_is_lost_is_made_again(
    plan: Plan, runtime: ComposeRuntime
) -> None:
    plan = with_cas(plan)
    runtime.start(plan)
    for server in plan.own_ca_servers:
        server.registrar_secret.unlink()
    assert runtime.outdated(plan) == ("ca.tax", "ca.health")


def test_after_one_that_does_not_get_ready_the_others_stay_as_they_are(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    (docker / "image").write_text("sha256:2")
    (docker / "crashes").write_text("contracts.tax")
    (docker / "log").write_text("panic: no key\n\n/usr/local/go/proc.go:283\n")
    with pytest.raises(
        NetworkError, match=r"^contracts.tax: it stopped with exit code 2: panic: no key \("
    ):
        runtime.start(plan)
    images = [fake_docker.containers(docker)[name]["image"].strip() for name in NODES]
    assert images == ["sha256:2", "sha256:2", "sha256:1", "sha256:1", "sha256:1"]


def test_one_broken_node_keeps_no_other_from_running(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    (docker / "crashes").write_text("peer0.health")
    (docker / "log").write_text("an early line\nthe last line\n")
    with pytest.raises(
        NetworkError, match=r"^peer0.health: it stopped with exit code 2: the last line \("
    ):
        runtime.start(serving(plan))
    assert [name for name in NODES if fake_docker.is_ready(docker, name)] == NODES[:-1]
    assert (docker / "answers-contracts.health").exists()  # it serves


def test_if_nothing_gets_ready_nothing_stays(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    (docker / "crashes").write_text("\n".join(NODES))
    with pytest.raises(NetworkError, match=r"^orderer0.tax: .*; contracts.tax: "):
        runtime.start(plan)
    assert not runtime.running()


@takes_long
@pytest.mark.parametrize("name", OVERRIDES)
def test_what_an_override_file_adds_stays(
    docker: Path, plan: Plan, runtime: ComposeRuntime, name: str
) -> None:
    runtime.start(plan)
    assert runtime.idle(plan) == ()
    added = {"services": {"peer0.tax": {"labels": {"team": "monitoring"}}}}
    (plan.root / name).write_text(json.dumps(added))
    assert runtime.idle(plan) == ("peer0.tax",)
    (docker / "calls").write_text("")
    runtime.start(plan)
    assert commands(docker)[:2] == [["rm", "peer0.tax"], ["up", "never", "peer0.tax"]]
    assert f"--file {plan.root / name} up" in (docker / "calls").read_text()
    assert runtime.idle(plan) == ()


def test_logs_are_kept_after_a_stop(docker: Path, plan: Plan, runtime: ComposeRuntime) -> None:
    runtime.start(plan)
    (docker / "log").write_text("the last line\n")
    runtime.stop()
    file = plan.root / "logs" / "peer0.tax.log"
    assert file.read_text() == "the last line\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "peer0.tax | the last line" in list(runtime.logs(plan, LogChoice(), follow=True))


def test_a_network_of_another_folder_is_left_alone(
    docker: Path, plan: Plan, runtime: ComposeRuntime, tmp_path: Path
) -> None:
    runtime.start(plan)
    before = fake_docker.containers(docker)
    other = tmp_path / "other" / "small"
    other.mkdir(parents=True)
    (other / "compose.yaml").write_text("name: small\nservices: {}\n")
    elsewhere = ComposeRuntime(other)
    with pytest.raises(
        NetworkError, match=rf"another folder, {plan.root}: .*`name` in its topology"
    ):
        elsewhere.check(plan)
    assert not elsewhere.running()
    assert not elsewhere.stop()
    elsewhere.discard()
    assert fake_docker.containers(docker) == before
    runtime.stop()  # its volumes are left
    with pytest.raises(NetworkError, match=rf"another folder, {plan.root}: "):
        elsewhere.check(plan)


def test_a_folder_that_was_moved_has_its_network(
    docker: Path, plan: Plan, runtime: ComposeRuntime, tmp_path: Path
) -> None:
    runtime.start(plan)
    plan.root.rename(tmp_path / "moved")
    assert ComposeRuntime(tmp_path / "moved").running()


def test_hosts_are_told_what_to_serve_as_their_containers_see_it(
    plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(serving(plan))
    told = json.loads((plan.root / "hosts" / "tax" / "services.json").read_text())
    (service,) = told["services"]
    assert service["address"] == "0.0.0.0:9000"
    assert service["tls_key"] == "/etc/pyfabric/tls/server.key"
    tax = plan.department("Tax")
    assert service["client_certificates"] == tax.contract_client.tls_certificate.read_text()
    assert service["msp_id"] == "TaxMSP"
    assert service["digest"] == plan.contracts["bill"].version.partition("+")[2] != ""
    assert told["operations"]["address"] == "0.0.0.0:9443"


def test_builders_know_the_department_s_host_and_root(plan: Plan, runtime: ComposeRuntime) -> None:
    runtime.start(plan)
    file = plan.root / "builders" / "health.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600  # a key is in it
    line = file.read_text()
    assert line.startswith("CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG='")
    values = json.loads(line.split("'")[1])
    assert values["address_0"] == "contracts.health:9000"
    health = plan.departments["Health"]
    assert values["root_cert"] == (health.tls_ca / "ca.pem").read_text()
    assert values["client_key"] == health.contract_client.tls_key.read_text()
    host = json.loads((plan.root / "hosts" / "health" / "services.json").read_text())
    assert {one["client_certificates"] for one in host["services"]} <= {values["client_cert"]}


def test_volumes_are_saved_beside_the_keys_and_made_anew_from_there(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    runtime.stop()
    nodes = ("orderer0.tax", "peer0.tax", "peer0.health")
    (docker / "volumes").write_text("\n".join(f"small_{name}" for name in nodes) + "\nsmall_old")
    for name in nodes:
        (docker / f"volume-small_{name}").write_text(f"blocks of {name}")
    runtime.save_outside(plan)
    saved = {path.name: path.read_text() for path in (plan.root / "volumes").iterdir()}
    assert saved == {f"{name}.tar": f"blocks of {name}" for name in nodes}
    assert {path.stat().st_mode & 0o777 for path in (plan.root / "volumes").iterdir()} == {0o600}

    runtime.ledger_of(plan.orderers[0]).unlink()
    (docker / "volume-small_peer0.tax").write_text("newer blocks")
    runtime.restore_outside(plan)
    present = (docker / "volumes").read_text().split()
    assert set(present) == {f"small_{name}" for name in compose_project(plan)["volumes"]}
    assert (docker / "volume-small_peer0.tax").read_text() == "blocks of peer0.tax"
    assert not (docker / "volume-small_orderer0.tax").exists()
    assert not (plan.root / "volumes").exists()


def test_a_volume_that_cannot_be_packed_is_reported_in_the_engine_s_words(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    (docker / "volumes").write_text("small_peer0.tax")
    (docker / "broken").write_text("small_peer0.tax:/volume:ro")
    with pytest.raises(NetworkError, match=r"docker run .*: small_peer0\.tax:/volume:ro is broken"):
        runtime.save_outside(plan)


def test_single_nodes_are_stopped_and_started(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    runtime.stop_nodes(plan, ["peer0.tax", "contracts.tax"])
    assert runtime.process("peer0.tax") is None
    assert (runtime.was_stopped("peer0.tax"), runtime.was_stopped("peer0.health")) == (True, False)
    runtime.start_nodes(plan, ["peer0.tax"])
    assert commands(docker)[-1] == ["up", "never", "peer0.tax"]
    assert runtime.process("peer0.tax") == "container peer0.tax"


def test_a_stopped_peer_leaves_a_channel(docker: Path, plan: Plan, runtime: ComposeRuntime) -> None:
    runtime.start(plan)
    (peer,) = (node for node in plan.own_peers if node.name == "peer0.tax")
    with pytest.raises(
        NetworkError, match=r"only while it is stopped: .pyfabric network stop peer0\.tax"
    ):
        runtime.leave(plan, peer, "bills")
    runtime.halt(plan, peer)
    runtime.leave(plan, peer, "bills")
    assert commands(docker)[-1] == ["run", "peer0.tax", "peer", "node", "unjoin", "bills"]
    (docker / "broken").write_text("unjoin")
    with pytest.raises(
        NetworkError, match="the peer cannot leave bills: docker compose run: unjoin is broken"
    ):
        runtime.leave(plan, peer, "bills")


def test_a_node_forgets_what_it_has_stored(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    orderer = plan.own_orderers[0]
    volume = f"{plan.project}_{orderer.name}"
    (docker / "volumes").write_text(f"{volume}\n{plan.project}_peer0.tax\n")
    runtime.halt(plan, orderer)
    runtime.forget(plan, orderer)
    assert runtime.process(orderer.name) is None
    removals = [line for line in (docker / "calls").read_text().splitlines() if " rm" in f" {line}"]
    assert removals[-1].split()[-1] == volume
    assert not any("peer0.tax" in line for line in removals)


def test_the_engine_chooses_logs_by_node_and_time_and_lines_by_count(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    (docker / "log").write_text(
        "peer0.tax-1  | 2026-11-30T10:00:01.250Z INFO gossip one\n"
        "peer0.tax-1  | 2026-11-30T10:00:01.250Z WARN gossip two\n"
    )
    since = datetime(2026, 11, 30, tzinfo=UTC)
    choice = LogChoice(("peer0.tax",), 5, since)
    assert len(list(runtime.logs(plan, choice, follow=True))) == 2
    asked = ["--follow", "--since", "2026-11-30T00:00:00+00:00", "--tail", "5", "peer0.tax"]
    assert last_call(docker)[-6:] == asked
    severe = LogChoice(("peer0.tax",), 5, since, LogLevel.WARN)
    (line,) = runtime.logs(plan, severe, follow=False)
    assert line.endswith("two")
    assert "--tail" not in last_call(docker)


def test_a_start_that_fails_ends_what_it_started(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    (docker / "refuses").write_text("bills: no such module")
    with pytest.raises(
        NetworkError, match=r"contract host contracts\.(tax|health): bills: no such module"
    ):
        runtime.start(serving(plan))
    assert commands(docker)[-1] == ["stop", *NODES]
    assert not runtime.running()


def test_the_last_words_of_compose_are_told(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    (docker / "broken").write_text("up")
    with pytest.raises(NetworkError, match=r"^docker compose up: up is broken$"):
        runtime.start(plan)


def test_the_image_of_contract_hosts_is_pulled_or_asked_for(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    (docker / "missing").write_text("image/contracts.tax")
    (docker / "broken").write_text("pull")
    with pytest.raises(NetworkError, match=r"no image image/contracts.tax .*`make image`"):
        runtime.start(plan)
    (docker / "broken").unlink()
    runtime.start(plan)
    assert runtime.running()


def test_volumes_of_a_network_whose_keys_are_gone_are_not_taken_over(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    (docker / "volumes").write_text("small_peer0.tax")
    with pytest.raises(NetworkError, match=r"restore that folder .* another name") as refused:
        runtime.check(plan)
    assert "--volumes" not in str(refused.value)
    (plan.root / "compose.yaml").write_text("name: small\nservices: {}\n")
    runtime.check(plan)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("{{.Server.Version}}", "^no Docker engine answers: .*native .* embedded$"),
        ("compose", "^Docker has no Compose: .*native .* embedded$"),
    ],
)
def test_what_is_missing_is_said_with_the_other_runtimes(
    docker: Path, plan: Plan, runtime: ComposeRuntime, broken: str, says: str
) -> None:
    (docker / "broken").write_text(broken)
    with pytest.raises(NetworkError, match=says):
        runtime.check(plan)


def test_without_docker_the_other_runtimes_are_named(
    plan: Plan, runtime: ComposeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NetworkError, match=r"^there is no Docker engine here .*native .* embedded"):
        runtime.check(plan)


def test_a_snapshot_is_copied_file_by_file_to_where_its_peer_reads_it(
    docker: Path, plan: Plan, runtime: ComposeRuntime, tmp_path: Path
) -> None:
    runtime.start(plan)
    folder = tmp_path / "snapshot"
    folder.mkdir(mode=0o700)  # as peers make them
    for name in ("a.data", "b.data"):
        (folder / name).write_bytes(b"1")
        (folder / name).chmod(0o444)
    (docker / "calls").unlink()
    peer = plan.department("Tax").peers[0]
    inside = "/var/hyperledger/carried"
    with runtime.reachable(plan, peer, folder) as path:
        assert path == inside
        copied = [
            ["cp", str(folder / name), f"peer0.tax:{inside}/{name}"]
            for name in ("a.data", "b.data")
        ]
        prepared = [["exec", "peer0.tax", "rm", inside], ["exec", "peer0.tax", "mkdir", inside]]
        assert commands(docker) == prepared + copied
    assert commands(docker)[-1] == ["exec", "peer0.tax", "rm", inside]


def test_a_snapshot_that_its_peer_cannot_read_is_refused(
    docker: Path, plan: Plan, runtime: ComposeRuntime, tmp_path: Path
) -> None:
    runtime.start(plan)
    (tmp_path / "snapshot").mkdir()
    private = tmp_path / "snapshot/a.data"
    private.write_bytes(b"1")
    private.chmod(0o600)
    with (
        pytest.raises(NetworkError, match="the peer's user cannot read"),
        runtime.reachable(plan, plan.department("Tax").peers[0], tmp_path / "snapshot"),
    ):
        pytest.fail("it was given to the peer")
    assert commands(docker)[-1] == ["exec", "peer0.tax", "rm", "/var/hyperledger/carried"]


def find(runtime: ComposeRuntime, plan: Plan, version: str | None) -> Release:
    """Return a release by the tag of its images."""
    return runtime.releases.find(plan, programs=None, version=version)


def test_images_are_fetched_and_asked_and_nothing_else_is_changed(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    before = fake_docker.containers(docker)
    (docker / "missing").write_text("image/peer0.health:3.1.6")
    release = find(runtime, plan, "3.1.6")
    assert (release.version, release.command) == ("3.1.6", "network upgrade --version 3.1.6")
    assert (docker / "missing").read_text() == ""
    calls = (docker / "calls").read_text()
    assert "run --rm --network none --entrypoint orderer image/orderer0.tax:3.1.6 version" in calls
    assert runtime.releases.others(plan, release) == set(FABRIC_NODES)
    assert fake_docker.containers(docker) == before
    assert not (plan.root / ".env").exists()
    assert runtime.idle(plan) == ()


def test_a_node_has_the_chosen_image_when_it_is_started_again(
    plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    env = plan.root / ".env"
    env.write_text("PEER_MEMORY=2G\nFABRIC_VERSION=3.1.4\nX_FABRIC_VERSION=1")
    env.chmod(0o600)
    release = find(runtime, plan, "3.1.6")
    former = runtime.releases.former(plan, release)
    assert former is not None
    assert former.command == "network upgrade --version 3.1.4"
    runtime.releases.choose(plan, release)
    assert env.read_text() == "PEER_MEMORY=2G\nX_FABRIC_VERSION=1\nFABRIC_VERSION=3.1.6\n"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert runtime.releases.former(plan, release) is None
    first = plan.own_orderers[0]
    runtime.halt(plan, first)
    runtime.releases.take(first)
    runtime.resume(plan, first)
    assert runtime.releases.others(plan, release) == set(FABRIC_NODES) - {first.name}
    assert runtime.idle(plan) == ("peer0.tax", "peer0.health")  # `up` goes on, one by one
    runtime.start(plan)
    assert runtime.releases.others(plan, release) == frozenset()


@pytest.mark.parametrize(
    ("version", "why"),
    [
        (None, "name it with --version"),
        ("3.1.6 --privileged", "is no tag of an image"),
        ("-rf", "is no tag of an image"),
        ("2.5.15", r"image/orderer0.tax:2.5.15 is Fabric 2.5; this network needs 3.1 or later"),
    ],
)
def test_what_is_no_release_is_refused(
    plan: Plan, runtime: ComposeRuntime, version: str | None, why: str
) -> None:
    runtime.start(plan)
    with pytest.raises(NetworkError, match=why):
        find(runtime, plan, version)
    assert runtime.idle(plan) == ()


def test_an_image_that_does_not_run_or_cannot_be_had_is_named(
    docker: Path, plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    (docker / "broken").write_text("--entrypoint")
    with pytest.raises(NetworkError, match=r"orderer in image/orderer0.tax:3.1.6 does not run: "):
        find(runtime, plan, "3.1.6")
    (docker / "broken").write_text("pull")
    (docker / "missing").write_text("image/peer0.tax:3.1.6")
    with pytest.raises(NetworkError, match=r"there is no image image/peer0.tax:3.1.6"):
        find(runtime, plan, "3.1.6")


def test_an_image_that_is_set_otherwise_is_not_passed_over(
    plan: Plan, runtime: ComposeRuntime
) -> None:
    runtime.start(plan)
    (plan.root / "compose.override.yaml").write_text(
        "services: { peer0.tax: { image: registry.example/peer:city } }"
    )
    with pytest.raises(NetworkError, match=r"peer0.tax runs registry.example/peer:city, whatever"):
        find(runtime, plan, "3.1.6")

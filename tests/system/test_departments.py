"""Departments on machines of their own form one Fabric network: each with its own processes and keys."""

import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from itertools import combinations
from pathlib import Path

import pytest
from pyfabric_network.deployment import Deployed
from pyfabric_network.diagnosis import Facts, diagnose
from pyfabric_network.network import Network
from pyfabric_network.profile import load_profile, profile_file

from pyfabric.gateway import connect
from pyfabric.local.waiting import poll
from tests.support.network.by_command import CommandLine
from tests.support.network.containers import skip_without_containers
from tests.support.network.departments import TOPOLOGY, City, private_keys
from tests.support.network.network import SAMPLE
from tests.support.network.programs import fabric_programs, needs_fabric

TWO = """\
name: small
departments: { Tax: {}, Health: {} }
ordering: { nodes: [Tax], batch: { timeout: 50ms } }
channels: { bills: { departments: [Tax, Health], contracts: [sample] } }
contracts: { sample: { version: "1.0", classes: ["sample:Sample"] } }
"""


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> City:
    """Provide the departments with their keys and accepted bundles."""
    made = City(tmp_path_factory.mktemp("city"))
    made.collect()
    for name in made.departments:
        made.bundle(name)
        made.accept(name)
    return made


@pytest.fixture(scope="module")
def city(machines: City) -> Iterator[dict[str, Network]]:
    """Provide the departments' parts of the network, all started together from their own bundles and keys."""
    parts = {name: machines.network(name) for name in machines.departments}
    try:
        assert not all_up(parts)
        yield parts
    finally:
        for part in parts.values():
            part.down()


def all_up(parts: dict[str, Network]) -> list[str]:
    """Start all parts at the same time, twice; returns the second time's warnings, without that on Fabric's version."""
    with ThreadPoolExecutor(len(parts)) as pool:
        for _ in range(2):
            told = list(pool.map(lambda part: part.up(), parts.values()))
    return [one for warnings in told for one in warnings if "names no version" not in one]


def call(part: Network, channel: str, function: str, *arguments: str) -> str:
    """Return what a department's administrator is answered by the contract, through its own peer."""
    (department,) = part.plan.own
    profile = load_profile(profile_file(part.plan, department))
    with connect(profile.user("Admin"), profile.peers) as gateway:
        contract = gateway.network(channel).contract("sample")
        ask = contract.evaluate if function == "get" else contract.submit
        return ask(function, *arguments).decode()


@needs_fabric
def test_each_department_deploys_for_itself_and_all_share_one_ledger(
    city: dict[str, Network],
) -> None:
    told = {(name, one.channel): one for name, part in city.items() for one in part.deploy()}
    assert {where: one.waiting_for for where, one in told.items()} == {
        ("Tax", "bills"): ("Health", "Land"),
        ("Health", "bills"): ("Land",),
        ("Health", "seals"): ("Mail",),
        ("Land", "bills"): (),
        ("Mail", "seals"): (),
    }
    assert not any(one.changed for part in city.values() for one in part.deploy())
    for channel, writer, readers in (
        ("bills", "Tax", ("Tax", "Health", "Land")),
        ("seals", "Mail", ("Health", "Mail")),
    ):
        call(city[writer], channel, "put", "colour", f"{channel} blue")
        for name in readers:
            assert call(city[name], channel, "get", "colour") == f"{channel} blue"


@needs_fabric
def test_each_department_tells_of_its_own_nodes(city: dict[str, Network]) -> None:
    for name, part in city.items():
        status = part.status()
        assert {one.department for one in status} == {name}
        assert [one.problem for one in status] == [None] * len(status)
    assert [one.name for one in city["Mail"].status()] == [
        "peer0.mail",
        city["Mail"].plan.contracts["sample"].package.label,
    ]


@needs_fabric
def test_the_doctors_of_all_departments_together_look_at_everything(
    city: dict[str, Network],
) -> None:
    views = [part.view() for part in city.values()]
    alone = diagnose(Facts(views[:1]))
    assert [one.findings for one in alone if one.findings] == []
    assert {gap.msp_id for one in alone for gap in one.unmade} >= {"HealthMSP", "LandOrdererMSP"}
    together = diagnose(Facts(views))
    assert [one for one in together if one.findings or one.unmade] == []


@needs_fabric
def test_a_department_comes_up_from_a_backup_and_catches_up(city: dict[str, Network]) -> None:
    mail = city["Mail"]
    backup = mail.folder.with_name("mail.backup")
    assert mail.down()
    assert not any(one.problem for one in city["Health"].status())
    mail.backup(backup, passphrase="a word")
    mail.up()
    call(mail, "seals", "put", "after", "the backup")
    mail.down()
    shutil.rmtree(mail.plan.root)
    _, warnings = Network.restore(
        backup, mail.folder, passphrase="a word", programs=fabric_programs()
    )
    assert warnings == ()
    mail.up()
    assert call(mail, "seals", "put", "more", "work") == "work"
    assert call(mail, "seals", "get", "after") == "the backup"


@needs_fabric
def test_an_orderer_that_is_restored_from_an_old_copy_joins_anew(city: dict[str, Network]) -> None:
    tax, land = city["Tax"], city["Land"]
    backup = tax.folder.with_name("tax.backup")
    assert tax.down()
    tax.backup(backup)
    tax.up()
    call(land, "bills", "put", "between", "backup and loss")
    tax.down()
    call(land, "bills", "put", "during", "the loss")
    _, warnings = Network.restore(backup, tax.folder, programs=fabric_programs())
    assert [text.partition(" ")[0] for text in warnings] == ["orderer0.tax"]
    assert "the one that leads must have been started again since" in warnings[0]
    data = {node: tax.plan.root / "nodes" / node / "data" for node in ("orderer0.tax", "peer0.tax")}
    assert (data["orderer0.tax"].exists(), data["peer0.tax"].exists()) == (False, True)
    # One of them leads, and remembers what orderer0.tax acknowledged.
    for other in (land, city["Health"]):
        other.down()
        other.up()
    tax.up()
    assert poll(lambda: heights(tax) == heights(land), until=bool, every=0.2, timeout=60)
    assert call(tax, "bills", "get", "between") == "backup and loss"
    assert call(tax, "bills", "put", "after", "the restore") == "the restore"
    assert call(land, "bills", "get", "after") == "the restore"


def heights(part: Network) -> set[int]:
    """Return the heights that a department's nodes have of `bills`."""
    return {one.channels["bills"] for one in part.status() if "bills" in one.channels}


@needs_fabric
def test_a_department_goes_to_other_programs_and_back(
    machines: City, city: dict[str, Network], tmp_path: Path
) -> None:
    folder = fabric_programs() or Path(str(shutil.which("peer"))).parent
    other = tmp_path / "another-release"
    other.mkdir()
    for name in ("peer", "orderer"):
        (other / name).symlink_to(folder / name)
    for programs in (other, folder):
        mail = Network.reopen(machines.state("Mail"))
        before = mail.runtime.process("peer0.mail")
        mail.upgrade(mail.upgrading(programs=programs))
        assert mail.runtime.process("peer0.mail") != before
        assert mail.pending() == []
        assert call(mail, "seals", "put", "programs", str(programs)) == str(programs)
    assert not any(one.problem for one in city["Health"].status())


@needs_fabric
def test_nobody_has_a_key_of_anybody_else(city: dict[str, Network]) -> None:
    keys = {name: private_keys(part.folder.parent) for name, part in city.items()}
    assert all(len(own) >= 7 for own in keys.values())
    for one, other in combinations(keys.values(), 2):
        assert not one & other
    assert not private_keys(city["Tax"].folder.parents[1] / "coordinator")


@needs_fabric
def test_a_channel_that_is_added_comes_in_a_new_bundle(
    machines: City, city: dict[str, Network]
) -> None:
    machines.topology = machines.topology.replace(
        "channels:\n", "channels:\n  rivers: { departments: [Land, Mail], contracts: [sample] }\n"
    )
    for name in machines.departments:
        machines.bundle(name, "later")
        machines.accept(name, "later")
    parts = {name: machines.network(name) for name in machines.departments}
    all_up(parts)
    parts["Land"].deploy()
    assert not any(one.waiting_for for one in parts["Mail"].deploy())
    assert call(parts["Land"], "rivers", "put", "rhine", "high") == "high"
    assert call(parts["Mail"], "rivers", "get", "rhine") == "high"


@needs_fabric
def test_a_new_version_of_a_contract_runs_once_every_department_has_it(
    machines: City, city: dict[str, Network]
) -> None:
    machines.topology = machines.topology.replace('version: "1.0"', 'version: "2.0", sequence: 2')
    for name in machines.departments:
        changed = machines.machine(name) / "small.yaml"
        part = Network.prepare(changed, machines.state(name), programs=fabric_programs())
        part.up()
        told = {one.channel: one.waiting_for for one in part.deploy()}
        assert told.get("bills", ()) == {"Tax": ("Health", "Land"), "Health": ("Land",)}.get(
            name, ()
        )
        assert call(part, "seals" if name == "Mail" else "bills", "get", "colour")
    served = {one.name for name in machines.departments for one in city[name].status()}
    assert any(name.startswith("sample_2.0+") for name in served)


@needs_fabric
def test_a_department_whose_code_differs_is_named_and_holds_the_others_up(
    machines: City, city: dict[str, Network]
) -> None:
    machines.topology = machines.topology.replace(
        'version: "2.0", sequence: 2', 'version: "3.0", sequence: 3'
    )
    agreed, edited = SAMPLE.encode(), SAMPLE.replace('or ""', 'or "admin"').encode()

    def deployed(name: str, code: bytes) -> Deployed:
        file = machines.machine(name) / "small.yaml"
        (file.parent / "sample.py").write_bytes(code)
        part = Network.prepare(file, machines.state(name), programs=fabric_programs())
        part.up()
        return next(one for one in part.deploy() if one.channel == "bills")

    assert deployed("Tax", agreed).waiting_for == ("Health", "Land")
    land = deployed("Land", edited)
    assert (land.waiting_for, land.otherwise) == (("Tax", "Health"), {"Tax": "version or code"})
    health = deployed("Health", agreed)
    assert (health.waiting_for, health.otherwise) == (("Land",), {"Land": "version or code"})
    land = deployed("Land", agreed)
    assert (land.waiting_for, land.otherwise) == ((), {})
    assert land.version == health.version


@needs_fabric
def test_each_department_upgrades_for_itself_and_the_last_one_commits(
    machines: City, city: dict[str, Network]
) -> None:
    assert not any(one.problem for part in city.values() for one in part.status())
    here = ("--channel", "bills", "--state", "state", "-o", "json")
    tax, health, land = (
        CommandLine(machines.folder / name, "native") for name in ("Tax", "Health", "Land")
    )
    policy = "OR('TaxMSP.peer', 'HealthMSP.peer', 'LandMSP.peer')"
    first = tax("chaincode", "upgrade", "sample", "--policy", policy, "--yes", *here)
    assert not first.json()["committed"]
    assert "not committed yet: HealthMSP, LandMSP must approve" in first.err
    refused = tax("chaincode", "commit", "sample", *here, fails=6)
    assert "HealthMSP has approved nothing with sequence" in refused.err

    document = tax("chaincode", "approved", "sample", *here).out
    (health.folder / "sample.json").write_text(document)
    health("chaincode", "approve", "sample", "--definition", "sample.json", *here)
    # Of a department on another machine, only the part is known.
    land("chaincode", "approve", "sample", "--policy", "OR('LandMSP.peer')", *here)
    reasons = {
        row["msp_id"]: row["reason"]
        for row in tax("chaincode", "readiness", "sample", *here).json()
    }
    assert reasons == {
        "HealthMSP": "",
        "LandMSP": "has approved another definition: ValidationInfo",
        "TaxMSP": "",
    }
    last = land("chaincode", "upgrade", "sample", "--policy", policy, "--yes", *here).json()
    assert last["committed"]
    assert [one["ready"] for one in last["departments"]] == [True] * 3
    call(city["Tax"], "bills", "put", "colour", "green")
    assert call(city["Land"], "bills", "get", "colour") == "green"


@needs_fabric
def test_four_departments_with_a_bft_orderer_each_go_on_without_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    machines = City(
        tmp_path_factory.mktemp("bft"),
        TOPOLOGY.replace(
            "nodes: [Tax, Health, Land]", "consensus: bft, nodes: [Tax, Health, Land, Mail]"
        ),
    )
    machines.collect()
    for name in machines.departments:
        machines.bundle(name)
        machines.accept(name)
    parts = {name: machines.network(name) for name in machines.departments}
    try:
        all_up(parts)
        for name in ("Tax", "Health", "Land"):
            told = parts[name].deploy()
        assert not any(one.waiting_for for one in told)
        parts["Mail"].down()  # not the first leader, which is the first orderer
        assert call(parts["Tax"], "bills", "put", "one", "of four is gone") == "of four is gone"
    finally:
        for part in parts.values():
            part.down()


@needs_fabric
def test_a_department_that_only_orders_runs_its_orderer_on_its_own_machine(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    only_orders = TWO.replace("Health: {}", "Health: {}, Land: { peers: 0 }").replace(
        "nodes: [Tax]", "nodes: [Land]"
    )
    machines = City(tmp_path_factory.mktemp("orders"), only_orders)
    machines.collect()
    for name in machines.departments:
        machines.bundle(name)
        machines.accept(name)
    parts = {name: machines.network(name) for name in machines.departments}
    try:
        assert not all_up(parts)
        assert [one.name for one in parts["Land"].status()] == ["orderer0.land"]
        assert parts["Land"].deploy() == []
        for name in ("Tax", "Health"):
            told = parts[name].deploy()
        assert not any(one.waiting_for for one in told)
        assert call(parts["Tax"], "bills", "put", "one", "ordered by Land") == "ordered by Land"
        assert list(parts["Land"].administrators("Land")) == ["LandOrdererMSP"]
    finally:
        for part in parts.values():
            part.down()


def containers_reach() -> str:
    """Return the address of this machine in Docker's own network."""
    form = "{{(index .IPAM.Config 0).Subnet}}"
    asked = ("docker", "network", "inspect", "bridge", "--format", form)
    bridge = subprocess.run(asked, capture_output=True, text=True, check=True)
    return str(ip_network(bridge.stdout.strip())[1])


def test_departments_with_containers_of_their_own(tmp_path: Path) -> None:
    skip_without_containers()
    machines = City(tmp_path, TWO, containers_reach=containers_reach())
    machines.collect()
    for name in machines.departments:
        machines.bundle(name)
        machines.accept(name)
    tax, health = (machines.network(name) for name in machines.departments)
    try:
        assert tax.up() == ("no peer of Health takes connections",)
        assert health.up() == ()
        assert [one.waiting_for for one in tax.deploy()] == [("Health",)]
        assert [one.waiting_for for one in health.deploy()] == [()]
        assert call(tax, "bills", "put", "colour", "blue") == "blue"
        assert call(health, "bills", "get", "colour") == "blue"
        health.down()
        assert not any(one.problem for one in tax.status())
    finally:
        for part in (tax, health):
            part.down(delete=True)

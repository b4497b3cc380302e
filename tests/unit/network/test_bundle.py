"""A department's bundle: all that its nodes need, no other department's secrets; accepted as a whole or not."""

import json
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from fabric_protos.common import common_pb2
from pyfabric_network.members.acceptance import review_bundle
from pyfabric_network.members.agreement import Difference
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import connection_profile
from pyfabric_network.runtimes.compose import project_files

from pyfabric.errors import ConfigError, NetworkError
from tests.support.extent import takes_long
from tests.support.network.departments import City, now, private_keys
from tests.support.network.network import write_topology

COMPOSE = ("compose.yaml", "nodes.yaml")
TOPOLOGY = ("topology/sample.py", "topology/topology.yaml")


@pytest.fixture
def city(tmp_path: Path) -> City:
    """Provide the coordinator knows every department."""
    made = City(tmp_path)
    made.collect()
    return made


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in contents(folder)}


def test_it_has_what_the_departments_nodes_need(city: City) -> None:
    expected = {"README.md", "bundle.json", *TOPOLOGY, *COMPOSE}
    definitions = {f"definitions/{name.lower()}.json" for name in city.departments}
    assert names(city.bundle("Mail")) == expected | definitions | {"channels/seals.block"}
    assert names(city.bundle("Tax")) == {
        *expected,
        *definitions,
        "channels/bills.block",  # an orderer serves every channel
        "channels/seals.block",
    }


def test_its_page_names_the_nodes_the_ports_and_every_fingerprint(city: City) -> None:
    page = (city.bundle("Health") / "README.md").read_text(encoding="utf-8")
    for definition in city.members("coordinator").known().values():
        assert definition.fingerprint() in page
    own = city.members("Health").plan.departments["Health"]
    for text in (
        "bills, seals",
        "keys are not in it",
        *(str(node.inside) for node in (*own.orderers, *own.peers)),
    ):
        assert text in page


def test_no_key_leaves_a_department(city: City) -> None:
    for name in city.departments:
        assert not private_keys(city.bundle(name))
    assert not private_keys(city.state("coordinator"))


def test_a_key_beside_the_contracts_stays_or_stops_the_bundle(city: City) -> None:
    machine = city.machine("coordinator")
    (machine / "mail.key").write_text("-----BEGIN PRIVATE KEY-----")
    assert not private_keys(city.bundle("Mail"))
    (machine / "sample.py").write_text('KEY = "-----BEGIN PRIVATE KEY-----"')
    with pytest.raises(ConfigError, match=r"sample\.py: holds a private key"):
        Network.reopen(city.state("coordinator")).bundle("Health", city.folder / "new")
    assert not (city.folder / "new").exists()


def test_no_key_is_open_to_group_or_others(city: City) -> None:
    city.bundle("Health")
    city.accept("Health")
    open_to_others = [
        path
        for path, content in contents(city.folder).items()
        if b"PRIVATE KEY-----" in content and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert open_to_others == []


@takes_long
def test_keys_that_were_made_in_one_place_go_to_their_own_department_alone(tmp_path: Path) -> None:
    city = City(tmp_path, containers_reach="city.example")  # CAs in containers have passwords, too
    for name in city.departments:
        city.members("coordinator").make(name, city.host(name), None, now=now())
    network = city.network("coordinator")
    for name in network.plan.departments:
        bundle = tmp_path / f"of-{name}"
        network.bundle(name, bundle)
        folder = network.plan.departments[name].folder
        assert private_keys(bundle) == private_keys(folder)
        kept = bundle / "organizations" / name.lower()
        assert names(kept) == names(folder)
        assert private_keys(bundle) == private_keys(kept)
        assert list((bundle / "organizations").iterdir()) == [kept]
        modes = {
            stat.S_IMODE(path.stat().st_mode)
            for path, content in contents(bundle).items()
            if path.suffix not in (".pem", ".crt") and kept in path.parents
        }
        assert modes == {0o600}
        there = tmp_path / f"machine-of-{name}"
        review_bundle(bundle, there, runtime=None, now=now()).accept()
        assert private_keys(there) == private_keys(folder)
        assert [one.name for one in Network.open(there).plan.own] == [name]


def test_an_accepted_bundle_makes_a_part_that_knows_the_others(city: City) -> None:
    city.bundle("Health")
    city.accept("Health")
    plan = city.network("Health").plan
    assert [one.name for one in plan.own] == ["Health"]
    profile = connection_profile(plan, plan.departments["Health"])
    assert set(profile["orderers"]) == {"orderer0.tax", "orderer0.health", "orderer0.land"}
    assert profile["orderers"]["orderer0.land"]["url"].startswith("grpcs://127.0.0.4:")


def test_docker_compose_would_run_the_departments_own_nodes_for_all_others_to_reach(
    tmp_path: Path,
) -> None:
    city = City(tmp_path, containers_reach="city.example")
    city.collect()
    bundle = city.bundle("Health")
    project = yaml.safe_load((bundle / "compose.yaml").read_text(encoding="utf-8"))
    assert project["name"] == "small-health"
    assert set(project["services"]) == {
        *(f"{what}.health" for what in ("orderer0", "peer0", "contracts")),
        "volumes",
    }
    environment = project["services"]["peer0.health"]["environment"]
    own = city.members("Health").plan.departments["Health"].peers[0]
    assert environment["CORE_PEER_GOSSIP_EXTERNALENDPOINT"] == str(own.inside)
    published = f"${{PUBLISH_ADDRESS:-0.0.0.0}}:{own.inside.port}:7051"
    assert published in project["services"]["peer0.health"]["ports"]
    city.accept("Health")
    for name, text in project_files(city.network("Health").plan).items():
        assert (bundle / name).read_text(encoding="utf-8") == text


def test_a_network_on_one_machine_has_no_bundles(tmp_path: Path) -> None:
    network = Network.prepare(write_topology(tmp_path), tmp_path / "state", base_port=ANY_FREE_PORT)
    with pytest.raises(NetworkError, match="small is on this machine alone"):
        network.bundle("Tax", tmp_path / "bundle")


def test_accepting_again_changes_nothing(city: City) -> None:
    city.bundle("Health")
    city.accept("Health")
    before = contents(city.state("Health"))
    city.accept("Health")
    assert contents(city.state("Health")) == before


@takes_long
def test_one_fingerprint_everywhere_of_topology_and_code(city: City) -> None:
    found = set()
    for name in city.departments:
        page = (city.bundle(name) / "README.md").read_text(encoding="utf-8")
        found |= set(re.findall(r"Its fingerprint: `([0-9a-f]{64})`", page))
        found.add(city.review(name).fingerprint)
        city.accept(name)
        found.add(city.network(name).fingerprint())
    found.add(city.network("coordinator").fingerprint())
    topology = city.folder / "Mail" / "bundle" / "topology"
    command = "sha256sum sample.py topology.yaml | sha256sum"
    printed = subprocess.run(["sh", "-c", command], cwd=topology, capture_output=True, check=True)
    assert found == {printed.stdout.decode().split()[0]}


def weaken(bundle: Path) -> None:
    """Change a bundle as a hostile coordinator would: fewer endorsers, other code."""
    edited(
        "topology/topology.yaml",
        lambda found: found.replace(
            b'version: "1.0"', b"version: \"1.0\", endorsement: OR('HealthMSP.peer')"
        ),
    )(bundle)
    edited("topology/sample.py", lambda found: found.replace(b'or ""', b'or "admin"'))(bundle)
    (bundle / "topology" / "unused.py").write_text("x = 1")


def test_an_altered_bundle_is_shown_and_replaces_nothing_by_itself(city: City) -> None:
    city.bundle("Health")
    city.accept("Health")
    own = (city.folder / "Health" / "small.yaml").read_bytes()
    agreed = city.review("Health").fingerprint
    weaken(city.folder / "Health" / "bundle")
    before = contents(city.state("Health"))
    review = city.review("Health")
    assert review.fingerprint != agreed
    policy, code = review.differences
    assert policy == Difference(
        "topology", "contracts.sample.endorsement", "null", "\"OR('HealthMSP.peer')\""
    )
    assert (code.subject, code.name) == ("code", "sample.py")
    assert len({code.here, code.bundle}) == 2
    assert contents(city.state("Health")) == before
    review.accept()
    assert (city.folder / "Health" / "small.yaml").read_bytes() == own
    network = city.network("Health")
    assert network.fingerprint() == review.fingerprint
    assert network.topology.contracts["sample"].endorsement == "OR('HealthMSP.peer')"
    assert city.review("Health").differences == ()


def test_a_bundle_that_is_changed_while_somebody_reads_is_not_accepted(city: City) -> None:
    city.bundle("Health")
    review = city.review("Health")
    weaken(city.folder / "Health" / "bundle")
    before = contents(city.state("Health"))
    with pytest.raises(NetworkError, match="was changed after it was checked"):
        review.accept()
    assert contents(city.state("Health")) == before


def test_what_is_accepted_no_longer_needs_the_bundle(city: City) -> None:
    city.bundle("Health")
    city.accept("Health")
    fingerprint = city.network("Health").fingerprint()
    for gone in (city.folder / "Health" / "bundle", city.folder / "Health" / "sample.py"):
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    (city.folder / "Health" / "small.yaml").unlink()
    assert city.network("Health").fingerprint() == fingerprint
    assert city.network("Health").plan.contracts["sample"].version.startswith("1.0+")


def test_a_first_bundle_is_different_in_everything_that_is_not_here(city: City) -> None:
    city.bundle("Mail")
    found = {(one.subject, one.name): one for one in city.review("Mail").differences}
    others = [("member", name) for name in ("Tax", "Health", "Land")]
    assert set(found) == {*others, ("genesis block", "seals")}
    assert city.members("Tax").known()["Tax"].fingerprint() in found["member", "Tax"].bundle


def test_layout_alone_is_a_difference_too(city: City) -> None:
    city.bundle("Mail")
    city.accept("Mail")
    edited("topology/topology.yaml", lambda found: found + b"# a comment\n")(
        city.folder / "Mail" / "bundle"
    )
    (found,) = city.review("Mail").differences
    assert found == Difference("topology", "topology.yaml", "", "comments or layout alone")


def test_all_bundles_have_the_same_genesis_block(city: City) -> None:
    found = {
        (city.bundle(name) / "channels/seals.block").read_bytes() for name in ("Health", "Mail")
    }
    assert len(found) == 1


def test_no_bundle_without_every_definition(tmp_path: Path) -> None:
    city = City(tmp_path)
    city.members("coordinator").add([city.send("Tax"), city.send("Land")], now=now())
    with pytest.raises(NetworkError, match="public definition of Health, Mail is missing"):
        city.bundle("Tax")


def test_no_bundle_in_a_folder_that_is_there(city: City) -> None:
    city.bundle("Tax")
    with pytest.raises(ConfigError, match="bundle exists already"):
        city.bundle("Tax")


def edited(path: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def edit(bundle: Path) -> None:
        file = bundle / path
        file.write_bytes(change(file.read_bytes()))

    return edit


def without(path: str) -> Callable[[Path], None]:
    return lambda bundle: (bundle / path).unlink()


def other_host(definition: bytes) -> bytes:
    return json.dumps({**json.loads(definition), "first_port": 9000}).encode()


def other_address(block: bytes) -> bytes:
    return block.replace(b"127.0.0.4", b"127.0.0.9")


def other_timestamp(raw: bytes) -> bytes:
    block = common_pb2.Block.FromString(raw)
    block.header.data_hash = bytes(32)
    return block.SerializeToString()


WRONG = [
    (without("bundle.json"), ConfigError, "bundle.json: No such file"),
    (edited("bundle.json", lambda _: b"{}"), ConfigError, "bundle.json is damaged"),
    (
        edited("bundle.json", lambda found: found.replace(b"Health", b"Land")),
        NetworkError,
        "the keys of Land are neither in .*/small nor in",
    ),
    (
        edited("bundle.json", lambda found: found.replace(b"Health", b"Sea")),
        NetworkError,
        "no department named Sea",
    ),
    (without("definitions/land.json"), ConfigError, "lacks the definition of Land"),
    (
        edited("definitions/health.json", other_host),
        ConfigError,
        "Health: is not the definition of the keys on this machine",
    ),
    (
        edited("definitions/land.json", other_host),
        ConfigError,
        "the genesis block of bills is not the one that the topology and the definitions make",
    ),
    (
        edited("topology/topology.yaml", lambda found: found.replace(b"50ms", b"60ms")),
        ConfigError,
        "genesis block of bills is not the one that the topology",
    ),
    (without("channels/seals.block"), ConfigError, "seals.block: No such file"),
    (
        edited("channels/seals.block", lambda _: b"\xff"),
        ConfigError,
        "genesis block of seals is invalid",
    ),
    (edited("channels/seals.block", lambda _: b""), ConfigError, "not a config block"),
    (
        edited("channels/bills.block", other_address),
        ConfigError,
        "genesis block of bills is not the one",
    ),
]


@pytest.mark.parametrize(("corrupt", "error", "says"), WRONG, ids=[says for *_, says in WRONG])
def test_a_bundle_that_does_not_fit_changes_nothing(
    city: City, corrupt: Callable[[Path], None], error: type[Exception], says: str
) -> None:
    corrupt(city.bundle("Health"))
    before = contents(city.state("Health"))
    with pytest.raises(error, match=says):
        city.accept("Health")
    assert contents(city.state("Health")) == before


def test_another_genesis_block_of_a_channel_that_exists(city: City) -> None:
    bundle = city.bundle("Health")
    city.accept("Health")
    edited("channels/seals.block", other_timestamp)(bundle)
    with pytest.raises(NetworkError, match="is another genesis block of seals"):
        city.accept("Health")


def test_a_coordinator_that_is_no_department_has_nothing_to_bring_up(city: City) -> None:
    for attempt in (city.network("coordinator").up, city.network("coordinator").pending):
        with pytest.raises(NetworkError, match="no nodes of small run on this machine"):
            attempt()


def test_a_coordinator_that_is_a_department_needs_no_bundle(city: City) -> None:
    others = [city.folder / f"{name}.json" for name in city.departments]
    city.members("Tax").add(others, now=now())
    city.machine("Tax")
    Network.reopen(city.state("Tax")).bundle("Mail", city.machine("Mail") / "bundle")
    city.accept("Mail")
    tax, mail = (city.members(name).plan.channels["seals"].block for name in ("Tax", "Mail"))
    assert tax.read_bytes() == mail.read_bytes()


def test_up_reports_missing_genesis_blocks(city: City) -> None:
    with pytest.raises(NetworkError, match=r"genesis block of (bills|seals) is missing"):
        city.network("Health").up()

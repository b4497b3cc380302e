"""Channels between machines change by command, while transactions flow: each machine does its part, updates are files."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pyfabric_network.network import Network
from pyfabric_network.profile import profile_file

from pyfabric.local.waiting import poll
from tests.support.network.by_command import CommandLine, Writer
from tests.support.network.departments import City
from tests.support.network.programs import fabric_programs, needs_fabric

TOPOLOGY = """\
name: small
departments:
  Tax: {}
  Health: {}
  Land: {}
ordering:
  nodes: [Tax, Health, Land]
  batch: { timeout: 50ms }
channels:
  bills:
    departments: [Tax, Health, Land]
    contracts: [sample]
contracts:
  sample: { version: "1.0", classes: ["sample:Sample"] }
"""
PROPOSAL = "proposals/bills.json"

pytestmark = needs_fabric


@dataclass
class Machines:
    """Departments with a folder each, in which only commands are run; what goes between them are files."""

    city: City
    commands: dict[str, CommandLine] = field(default_factory=dict)

    def __call__(self, name: str, *arguments: str, fails: int = 0) -> Any:
        """Run a command on a department's machine."""
        if name not in self.commands:
            self.city.machine(name)
            self.commands[name] = CommandLine(self.city.folder / name, "native")
        return self.commands[name](*arguments, fails=fails)

    def change(self, old: str, new: str) -> None:
        """Change the topology that all agree on."""
        assert self.city.topology.count(old) == 1
        self.city.topology = self.city.topology.replace(old, new)

    def send(self, source: str, target: str, file: str) -> None:
        """Send a file to another department, to the same place there."""
        place = self.city.folder / target / file
        place.parent.mkdir(exist_ok=True)
        shutil.copy(self.city.folder / source / file, place)

    def sign_and_submit(self, proposer: str, signer: str, submitter: str) -> None:
        """Sign as a second department what one proposed, and send it as a third."""
        self.send(proposer, signer, PROPOSAL)
        self(signer, "channel", "update", "sign", PROPOSAL, "--yes")
        self.send(signer, submitter, PROPOSAL)
        self(submitter, "channel", "update", "submit", PROPOSAL)

    def up(self, *names: str) -> dict[str, str]:
        """Bring machines up with the topology of now, side by side; return what each says."""
        for name in names:
            self.city.machine(name)
        with ThreadPoolExecutor(len(names)) as pool:
            done = pool.map(lambda name: self(name, "network", "up", "small.yaml"), names)
        return dict(zip(names, [one.err for one in done], strict=True))

    def config(self, name: str) -> Any:
        """Return the groups of the channel's configuration, as Fabric's JSON."""
        shown = self(name, "channel", "show", "--channel", "bills", "--json")
        return shown.json()["channel_group"]["groups"]

    def consenters(self, name: str) -> list[str]:
        """Return the addresses of the channel's Raft consenters."""
        metadata = self.config(name)["Orderer"]["values"]["ConsensusType"]["value"]["metadata"]
        return [f"{one['host']}:{one['port']}" for one in metadata["consenters"]]

    def network(self, name: str) -> Network:
        """Return a department's part of the network."""
        return Network.open(self.city.state(name), programs=fabric_programs())

    def put(self, name: str, key: str, value: str) -> None:
        """Write a value as a department."""
        self(name, "chaincode", "invoke", "sample", "put", key, value, "--channel", "bills")

    def get(self, name: str, key: str) -> str:
        """Return a value as a department's peer has it."""
        found = self(name, "chaincode", "query", "sample", "get", key, "--channel", "bills")
        return str(found.out).strip()

    @contextmanager
    def writing(self, name: str = "Tax") -> Iterator[Writer]:
        """Write as a department meanwhile, and find everything afterwards."""
        plan = self.network(name).plan
        profile = profile_file(plan, plan.department(name))
        writer = Writer(profile, "bills", "sample", "Admin", pause=0.2, again=True)
        with writer.writing():
            yield writer
        assert writer.lost() == []


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """Provide three departments on machines of their own, with a channel and a contract of all."""
    city = City(tmp_path_factory.mktemp("city"), TOPOLOGY)
    city.collect()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYFABRIC_STATE", "state")
        machines = Machines(city)
        for name in city.departments:
            city.bundle(name)
            city.accept(name)
        try:
            machines.up(*city.departments)
            for name in city.departments:
                machines(name, "chaincode", "deploy")
            yield machines
        finally:
            for name in city.departments:
                machines(name, "network", "down", "--if-exists")


def test_a_batch_size_changes_where_all_follow_the_topology(machines: Machines) -> None:
    machines.change("timeout: 50ms", "timeout: 50ms, max_messages: 77")
    told = machines.up("Tax", "Health", "Land")
    lacks = "bills lacks what `pyfabric channel apply` makes: BatchSize of Orderer: max_message_count 500 → 77"
    assert all(lacks in one for one in told.values())
    assert any(lacks in one for one in machines.network("Health").lacking())
    alone = machines("Tax", "channel", "apply", "--yes")
    assert "bills waits with BatchSize of Orderer" in alone.err
    assert "more signatures are needed" in alone.err
    with machines.writing():
        (row,) = machines("Tax", "channel", "apply", "--to", "proposals", "-o", "json").json()
        assert (row["channel"], row["updates_after_it"]) == ("bills", 0)
        assert "HealthOrdererMSP" in row["missing"][0]
        machines.sign_and_submit("Tax", "Health", "Land")
    again = machines("Land", "channel", "update", "submit", PROPOSAL, fails=3)
    assert "in force already" in again.err
    told = machines.up("Tax", "Health", "Land")
    assert not any("lacks" in one for one in told.values())
    assert not any((machines.city.state(name) / "small/followed.yaml").exists() for name in told)
    batch = machines.config("Health")["Orderer"]["values"]["BatchSize"]["value"]
    assert batch["max_message_count"] == 77
    assert machines("Health", "channel", "apply", "--to", "proposals", "-o", "json").json() == []


def test_a_department_that_lives_elsewhere_is_added_and_endorses(machines: Machines) -> None:
    machines.change("  Land: {}\n", "  Land: {}\n  Zoo: {}\n")
    machines.city.departments = (*machines.city.departments, "Zoo")
    host = machines.city.host("Zoo")
    machines(
        "Zoo", "network", "member", "init", "small.yaml", "Zoo", "--host", host, "--to", "zoo.json"
    )
    machines.send("Zoo", "Tax", "zoo.json")
    machines.change("departments: [Tax, Health, Land]", "departments: [Tax, Health, Land, Zoo]")
    with machines.writing():
        added = machines("Tax", "channel", "add-member", "bills", "Zoo", "--new", "--definition", "zoo.json", "--to", "proposals", "--yes")  # fmt: skip
        assert "Zoo is at" in added.err
        machines("Tax", "network", "bundle", "Zoo", "--to", "../Zoo/bundle")
        accepted = machines("Zoo", "network", "member", "accept", "bundle", "--yes")
        assert "(of an earlier topology)" in accepted.out
        early = machines("Zoo", "network", "up")
        assert "bills has not admitted ZooMSP" in early.err
        refused = machines("Zoo", "channel", "join", "bills", fails=4)
        assert "bills has not admitted ZooMSP" in refused.err
        machines.sign_and_submit("Tax", "Health", "Land")
        machines("Zoo", "network", "up")
        machines("Zoo", "chaincode", "deploy")
        machines.put("Zoo", "lion", "1")
    assert machines.get("Tax", "lion") == "1"
    for name in ("Health", "Land"):
        machines("Tax", "network", "bundle", name, "--to", f"../{name}/second")
        machines(name, "network", "member", "accept", "second", "--yes")
        assert "lacks" not in machines(name, "network", "up").err


def definition_of(machines: Machines, name: str) -> None:
    """Send a department's definition of now to all others, who add it with the topology of now."""
    host = machines.city.host(name)
    file = f"{name.lower()}-now.json"
    for one in machines.city.departments:
        machines.city.machine(one)
    machines(name, "network", "member", "init", "small.yaml", name, "--host", host, "--to", file)
    for other in machines.city.departments:
        if other != name:
            machines.send(name, other, file)
            machines(other, "network", "member", "add", "small.yaml", file)


def test_an_orderer_of_another_department_joins_and_is_counted_on(machines: Machines) -> None:
    machines.change("nodes: [Tax, Health, Land]", "nodes: [Tax, Health, Land, Zoo]")
    definition_of(machines, "Zoo")
    with machines.writing():
        told = machines.up("Zoo", "Tax")
        assert "bills has not admitted ZooOrdererMSP" in told["Zoo"]
        (first,) = machines("Tax", "channel", "apply", "--to", "proposals", "-o", "json").json()
        assert first["updates_after_it"] == 2
        machines.sign_and_submit("Tax", "Health", "Land")
        elsewhere = machines("Tax", "channel", "apply", "--yes")
        assert "orderer0.zoo proposes that from its own machine" in elsewhere.err
        early = machines("Zoo", "channel", "apply", "--to", "proposals", fails=4)
        assert "orderer0.zoo does not follow bills yet" in early.err
        becomes_consenter(machines, "Zoo")
    told = machines.up("Tax", "Health", "Land", "Zoo")
    assert not any("lacks" in one for one in told.values())


def becomes_consenter(machines: Machines, name: str) -> None:
    """Bring the orderer of a department that the channel has admitted into the consensus, from its own machine."""
    machines(name, "network", "up")
    machines(name, "channel", "apply", "--to", "proposals")
    machines.send(name, "Tax", PROPOSAL)
    machines("Tax", "channel", "update", "sign", PROPOSAL, "--yes")
    machines.sign_and_submit("Tax", "Health", "Land")
    assert "bills waits" not in machines(name, "channel", "apply", "--yes").err
    assert len(machines.consenters("Tax")) == 4
    group = machines.config("Tax")["Orderer"]["groups"][f"{name}OrdererMSP"]
    (address,) = group["values"]["Endpoints"]["value"]["addresses"]
    assert not address.endswith(":9")


def test_an_orderer_gets_another_tls_certificate(machines: Machines) -> None:
    before = certificates(machines)
    with machines.writing():
        machines("Health", "channel", "orderer", "renew", "orderer0.health", "--to", "proposals", "--yes")  # fmt: skip
        waiting = machines("Health", "channel", "orderer", "renew", "orderer0.health", "--yes", fails=6)  # fmt: skip
        assert "write proposals for the others to sign" in waiting.err
        begun = machines.network("Health").interrupted()
        assert "channel orderer renew orderer0.health" in "".join(begun)
        machines.send("Health", "Tax", PROPOSAL)
        machines("Tax", "channel", "update", "sign", PROPOSAL, "--yes")
        machines.sign_and_submit("Tax", "Land", "Zoo")
        machines("Health", "channel", "orderer", "renew", "orderer0.health", "--yes")
    after = certificates(machines)
    assert len(before - after) == len(after - before) == 1
    assert machines.network("Health").interrupted() == ()
    definition_of(machines, "Health")


def certificates(machines: Machines) -> set[str]:
    """Return the TLS certificates of the channel's Raft consenters."""
    orderer = machines.config("Tax")["Orderer"]
    metadata = orderer["values"]["ConsensusType"]["value"]["metadata"]
    return {one["server_tls_cert"] for one in metadata["consenters"]}


def test_a_lost_orderer_is_replaced(machines: Machines) -> None:
    before = certificates(machines)
    lost = machines.network("Land")
    (node,) = lost.plan.own_orderers
    replace = ("channel", "orderer", "replace", "orderer0.land")
    with machines.writing():
        machines("Land", "network", "stop", "orderer0.land")
        shutil.rmtree(node.member.folder)
        shutil.rmtree(lost.root / "nodes/orderer0.land/data")
        for step in ("out of the consensus", "in again"):
            machines("Land", *replace, "--to", "proposals", "--yes")
            machines.send("Land", "Tax", PROPOSAL)
            machines("Tax", "channel", "update", "sign", PROPOSAL, "--yes")
            machines.sign_and_submit("Tax", "Health", "Zoo")
            if step == "out of the consensus":
                assert len(machines.consenters("Tax")) == 3
                assert "more signatures" in machines("Land", *replace, "--yes", fails=6).err
        machines("Land", *replace, "--yes")
    after = certificates(machines)
    assert (len(after), len(before - after)) == (4, 1)
    heights = {one.name: one.channels["bills"] for one in machines.network("Land").status() if one.channels}  # fmt: skip
    machines.put("Tax", "after", "the loss")
    assert poll(
        lambda: (
            {
                one.channels["bills"] > heights[one.name]
                for one in machines.network("Land").status()
                if one.channels
            }
            == {True}
        ),
        until=bool,
        every=0.2,
        timeout=30,
    )
    definition_of(machines, "Land")
    assert "lacks" not in "".join(machines.up("Tax", "Health", "Land", "Zoo").values())


def test_what_is_false_or_foreign_is_refused_and_changes_nothing(
    machines: Machines,
) -> None:
    before = machines.config("Tax")
    text = (machines.city.folder / "Zoo/zoo.json").read_text()
    file = machines.city.folder / "Tax/false.json"
    add = ("channel", "add-member", "bills", "Mill", "--new", "--definition", "false.json", "--yes")
    topology = (machines.city.folder / "Tax/small.yaml").read_bytes()
    for false, says in (
        (text.replace('"network": "small"', '"network": "large"'), "is the definition of Zoo"),
        (text.replace('"Zoo"', '"Mill"').replace('"small"', '"large"'), "is for the network large"),
        (text.replace('"Zoo"', '"Mill"'), "its MSP id is ZooMSP, and MillMSP in the topology"),
        (text.replace("ZooMSP", "MillMSP").replace('"Zoo"', '"Mill"'), "has the ports of"),
        ("{}", "false.json: host: field required"),
    ):
        file.write_text(false)
        assert says in machines("Tax", *add, fails=3).err
    proposal = machines.city.folder / "Tax" / PROPOSAL
    proposal.write_text(proposal.read_text().replace('"bills"', '"seals"'))
    for step in ("sign", "submit"):
        refused = machines("Tax", "channel", "update", step, PROPOSAL, fails=3)
        assert "the update is for channel 'bills', not for 'seals'" in refused.err
    notes = machines.city.state("Zoo") / "small/network.json"
    kept = notes.read_text()
    notes.write_text(kept.replace('"version": 2', '"version": 1'))
    try:
        for command in (("channel", "apply", "--to", "proposals"), ("network", "up")):
            assert "was made by an earlier version" in machines("Zoo", *command, fails=4).err
    finally:
        notes.write_text(kept)
    assert (machines.city.folder / "Tax/small.yaml").read_bytes() == topology
    assert machines.config("Tax") == before


def test_an_orderer_goes_and_comes_back(machines: Machines) -> None:
    machines.change("nodes: [Tax, Health, Land, Zoo]", "nodes: [Tax, Health, Land]")
    with machines.writing():
        machines.up("Tax", "Health", "Land", "Zoo")
        refused = machines("Zoo", "channel", "apply", "--to", "proposals", fails=4)
        assert "add --remove" in refused.err
        waiting = machines("Zoo", "channel", "apply", "--remove", "--yes")
        assert "bills waits with" in waiting.err
        machines("Zoo", "channel", "apply", "--remove", "--to", "proposals")
        machines.send("Zoo", "Tax", PROPOSAL)
        machines("Tax", "channel", "update", "sign", PROPOSAL, "--yes")
        machines.sign_and_submit("Tax", "Health", "Land")
        assert len(machines.consenters("Tax")) == 3
        machines("Tax", "channel", "apply", "--remove", "--to", "proposals")
        machines.send("Tax", "Land", PROPOSAL)
        machines("Land", "channel", "update", "sign", PROPOSAL, "--yes")
        machines.sign_and_submit("Land", "Health", "Tax")
        told = machines.up("Tax", "Health", "Land", "Zoo")
    assert not any("lacks" in one for one in told.values())
    assert "ZooOrdererMSP" not in machines.config("Tax")["Orderer"]["groups"]
    assert "orderer0.zoo" not in [one.name for one in machines.network("Zoo").status()]
    machines.change("nodes: [Tax, Health, Land]", "nodes: [Tax, Health, Land, Zoo]")
    with machines.writing():
        machines.up("Tax", "Health", "Land", "Zoo")
        machines("Tax", "channel", "apply", "--to", "proposals")
        machines.sign_and_submit("Tax", "Health", "Land")
        becomes_consenter(machines, "Zoo")
    machines.up("Tax", "Health", "Land", "Zoo")


def test_a_department_is_taken_out_and_its_writes_are_refused(machines: Machines) -> None:
    with machines.writing():
        remove = ("channel", "remove-member", "bills", "Zoo", "--to", "proposals", "--yes")
        assert "bills waits with" in machines("Tax", *remove).err
        machines.send("Tax", "Land", PROPOSAL)
        machines("Land", "channel", "update", "sign", PROPOSAL, "--yes")
        machines.sign_and_submit("Land", "Health", "Tax")
    assert "ZooMSP" not in machines.config("Tax")["Application"]["groups"]
    target = ("--channel", "bills")
    machines("Zoo", "chaincode", "invoke", "sample", "put", "lion", "2", *target, fails=6)
    machines.change("departments: [Tax, Health, Land, Zoo]", "departments: [Tax, Health, Land]")
    told = machines.up("Tax", "Health", "Land", "Zoo")
    assert not any("lacks" in one for one in told.values())
    machines("Zoo", "network", "stop", "peer0.zoo")
    machines("Zoo", "channel", "leave", "bills", "peer0.zoo", "--yes")
    machines("Zoo", "network", "start", "peer0.zoo")
    channels = {one.name: one.channels for one in machines.network("Zoo").status()}
    assert channels["peer0.zoo"] == {}
    assert machines.get("Tax", "lion") == "1"


def test_all_machines_move_to_bft_together(machines: Machines) -> None:
    names = machines.city.departments
    machines.put("Tax", "before", "the move")

    def part(name: str, *more: str) -> str:
        backup = ("--backup", f"../{name}.backup")
        return str(machines(name, "channel", "move-to-bft", *backup, *more, "--yes").err)

    for stage in ("maintenance", "BFT", "normal"):
        part("Tax", "--to", "proposals")
        machines.send("Tax", "Zoo", PROPOSAL)
        machines("Zoo", "channel", "update", "sign", PROPOSAL, "--yes")
        machines.sign_and_submit("Zoo", "Health", "Land")
        told = [part(name) for name in names]
        if stage == "maintenance":
            assert all("this machine is backed up" in one for one in told)
            assert all((machines.city.folder / f"{name}.backup").exists() for name in names)
        elif stage == "BFT":
            assert all("were started again" in one for one in told)
    values = machines.config("Tax")["Orderer"]["values"]
    assert values["ConsensusType"]["value"]["type"] == "BFT"
    assert values["ConsensusType"]["value"]["state"] == "STATE_NORMAL"
    for name in names:
        assert "consensus: bft" in (machines.city.folder / name / "small.yaml").read_text()
        assert machines.network(name).lacking() == ()
    assert machines.get("Health", "before") == "the move"
    with machines.writing("Land"):
        machines.put("Health", "after", "the move")

"""Updates that several departments sign, by command: files that travel, also through Fabric's own tools."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.ledger_proposals import LedgerProposals
from pyfabric_network.network import Network
from pyfabric_network.profile import Profile, load_profile, profile_file
from pyfabric_network.program_environment import program_environment

from pyfabric.errors import EndorseError
from pyfabric.gateway import Admin, connect
from pyfabric.identity.folders import load_ca
from pyfabric.local.waiting import poll
from pyfabric.messages import decode_message, encode_message
from tests.support.commands import Ended, run_command
from tests.support.network.programs import fabric_programs, skip_without_fabric

TOPOLOGY = """\
name: council
departments:
  Tax: { users: { ann: {} } }
  Land: { users: { bo: {} } }
  Health: { users: { cy: {} } }
ordering:
  nodes: [Tax, Land, Health]
  batch: { timeout: 50ms }
channels:
  estate:
    departments: [Tax, Land, Health]
    contracts: [proposals]
contracts:
  proposals:
    version: "1.0"
    classes: ["pyfabric_proposals.contract:Proposals"]
"""
ACL = """\
- edit: set-acls
  acls: {{ peer/Propose: /Channel/Application/{} }}
"""
BATCH = "- {{ edit: set-batch, max_message_count: {} }}\n"


@dataclass(frozen=True)
class Office:
    """A running network of three departments, and the folder in which their administrators exchange files."""

    folder: Path
    network: Network

    def run(self, *arguments: str, given: str = "") -> Ended:
        """Run `pyfabric` in this process."""
        return run_command(*arguments, given=given, PYFABRIC_STATE=str(self.network.folder))

    def update(self, department: str, *arguments: str | Path) -> Any:
        """Run a command of `channel update` as a department; return what it prints as JSON."""
        words = [str(one) for one in arguments]
        ended = self.run("channel", "update", *words, "--context", department, "-o", "json")
        assert ended.code == 0, f"{words}\n{ended.err}"
        return json.loads(ended.out) if ended.out else None

    def refused(self, department: str, *arguments: str | Path) -> Ended:
        """Run a command that is to be refused, and check that the channel has not changed."""
        before = self.config()
        words = [str(one) for one in arguments]
        ended = self.run("channel", "update", *words, "--context", department)
        assert ended.code != 0
        assert self.config() == before
        return ended

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file of the administrators."""
        file = self.folder / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def config(self) -> dict[str, Any]:
        """Return the configuration in force, as JSON."""
        found: dict[str, Any] = decode_message("common.Config", self.raw_config())
        return found

    def profile(self, department: str) -> Profile:
        """Return the connection profile of a department."""
        return load_profile(
            profile_file(self.network.plan, self.network.plan.department(department))
        )

    def raw_config(self) -> bytes:
        """Return the configuration in force (bytes of common.Config), as a peer of Tax has it."""
        profile = self.profile("Tax")
        with Admin(profile.user("ann")) as admin:
            return admin.config(profile.peers[0], "estate")

    def batch(self) -> int:
        """Return how many messages a block of the channel has at most."""
        values = self.config()["channel_group"]["groups"]["Orderer"]["values"]
        return int(values["BatchSize"]["value"]["max_message_count"])

    def acl(self) -> str:
        """Return who may propose transactions on the channel; empty before the channel says it."""
        values = self.config()["channel_group"]["groups"]["Application"]["values"]
        acls = values["ACLs"]["value"]["acls"] if "ACLs" in values else {}
        return str(acls["peer/Propose"]["policy_ref"] if "peer/Propose" in acls else "")

    def fabric(self, department: str, *command: str) -> str:
        """Run one of Fabric's own programs as a department's administrator."""
        plan = self.network.plan
        done = subprocess.run(
            [str(shutil.which(command[0], path=fabric_programs())), *command[1:]],
            env={**os.environ, **program_environment(plan, plan.department(department))},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


@pytest.fixture(
    scope="module", params=["embedded", pytest.param("native", marks=pytest.mark.fabric)]
)
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """Provide the network on each runtime."""
    if request.param != "embedded":
        skip_without_fabric()
    folder = tmp_path_factory.mktemp(request.param)
    topology = folder / "council.yaml"
    topology.write_text(TOPOLOGY, encoding="utf-8")
    network = Network.prepare(
        topology, folder / "state", base_port=0, runtime=request.param, programs=fabric_programs()
    )
    network.up()
    try:
        network.deploy()
        yield Office(folder, network)
    finally:
        network.down(delete=True)


def test_departments_sign_a_file_one_after_the_other(office: Office) -> None:
    file = office.folder / "acl.json"
    made = office.update(
        "Tax", "propose", office.write("acl.yaml", ACL.format("Writers")), "--to", file, "--yes"
    )
    assert made["state"] == "signatures are missing"
    assert [one["path"] for one in made["changes"]] == ["/Channel/Application/ACLs"]
    assert [one["msp_id"] for one in made["signatures"]] == ["TaxMSP"]
    refused = office.refused("Health", "submit", file)
    assert refused.code == 6
    assert "/Channel/Application/Admins needs 2 of 3 and has 1" in refused.err
    assert "have HealthMSP or LandMSP sign it" in refused.err
    signed = office.update("Land", "sign", file, "--yes")
    assert signed["state"] == "can be submitted"
    sequence = office.config()["sequence"]
    assert office.update("Health", "submit", file)["sequence"] == int(sequence) + 1
    assert office.acl() == "/Channel/Application/Writers"
    assert office.update("Health", "status", file)["state"] == "in force"
    assert "in force already" in office.refused("Health", "submit", file).err


def test_a_signer_sees_the_change_and_may_decline(office: Office) -> None:
    file = office.folder / "batch.json"
    office.update(
        "Health", "propose", office.write("b.yaml", BATCH.format(41)), "--to", file, "--yes"
    )
    before = file.read_bytes()
    words = ("channel", "update", "sign", str(file), "--context", "Tax")
    ended = office.run(*words, given="n\n")
    assert ended.code == 1
    assert "max_message_count 500 → 41" in ended.err
    assert "sign this change of estate" in ended.err
    assert file.read_bytes() == before
    assert office.run(*words, given="y\n").code == 0
    assert len(json.loads(file.read_text())["signatures"]) == 2


def test_copies_that_are_signed_side_by_side_are_put_together(office: Office) -> None:
    file, copy = office.folder / "one.json", office.folder / "copy.json"
    office.update("Tax", "propose", office.write("b.yaml", BATCH.format(43)), "--to", file, "--yes")
    office.update("Land", "sign", file, "--to", copy, "--yes")
    assert office.update("Tax", "status", file)["state"] == "signatures are missing"
    assert office.update("Tax", "status", file, copy)["state"] == "can be submitted"
    office.update("Tax", "submit", file, copy)
    assert office.batch() == 43


def test_an_update_that_has_become_void_is_computed_again(office: Office) -> None:
    late, first = office.folder / "late.json", office.folder / "first.json"
    for file, size in ((late, 51), (first, 52)):
        change = office.write("b.yaml", BATCH.format(size))
        office.update("Tax", "propose", change, "--to", file, "--yes")
        office.update("Land", "sign", file, "--yes")
    office.update("Tax", "submit", first)
    assert office.update("Tax", "status", late)["state"] == "void"
    refused = office.refused("Tax", "submit", late)
    assert refused.code == 3
    assert "/Channel/Orderer/BatchSize" in refused.err
    renewed = office.run(
        "channel", "update", "renew", str(late), "--context", "Tax", "--yes", "-o", "json"
    )
    assert "the signature of Admin@ordering.land of LandOrdererMSP is lost" in renewed.err
    assert json.loads(renewed.out)["state"] == "signatures are missing"
    assert [one["words"] for one in json.loads(renewed.out)["changes"]] == [
        "BatchSize of Orderer: max_message_count 52 → 51"
    ]
    office.update("Land", "sign", late, "--yes")
    office.update("Tax", "submit", late)
    assert office.batch() == 51


APPLICATION_ADMINS = "/Channel/Application/Admins"


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (
            {"edit": "set-policy", "path": APPLICATION_ADMINS, "rule": "OutOf(2, 'TaxMSP.admin')"},
            "nobody could sign the next change",
        ),
        (
            {
                "edit": "set-mod-policy",
                "path": "/Channel/Orderer/BatchSize",
                "element": "value",
                "mod_policy": "Nobody",
            },
            "nobody could sign the next change of /Channel/Orderer/BatchSize",
        ),
        ({"op": "remove", "path": "/channel_group/policies/Writers"}, "nobody could send anything"),
    ],
)
def test_an_update_after_which_nobody_could_sign_is_refused(
    office: Office, edit: dict[str, str], reason: str
) -> None:
    to = office.folder / "harmful.json"
    change = office.write("harmful-edit.json", json.dumps([edit]))
    refused = office.refused("Tax", "propose", change, "--to", to, "--yes")
    assert refused.code == 3
    assert reason in refused.err
    assert not to.exists()


def test_the_last_administrator_is_not_revoked(office: Office) -> None:
    department = office.network.plan.department("Tax")
    certificate = department.admin.certificate.read_bytes()
    crl = load_ca(department.ca).revoke([certificate], now=datetime.now(UTC))
    edit = {"edit": "add-to-msp", "organization": "TaxMSP", "part": "crls", "items": [crl.decode()]}
    change = office.write("crl.json", json.dumps([edit]))
    to = office.folder / "crl-proposal.json"
    refused = office.refused("Tax", "propose", change, "--to", to, "--yes")
    assert "no administrator of TaxMSP that is known could sign the next update" in refused.err
    assert "The certificate has been revoked" in refused.err


def test_two_orderers_do_not_go_at_once(office: Office) -> None:
    gone = [office.network.plan.orderers[number].inside for number in (1, 2)]
    change = office.write(
        "gone.json", json.dumps([{"edit": "remove-consenter", "address": str(one)} for one in gone])
    )
    refused = office.refused(
        "Tax", "propose", change, "--to", office.folder / "gone-proposal.json", "--yes"
    )
    assert "update of more than one consenter at a time is not supported" in refused.err


def test_our_file_goes_through_fabrics_tools(office: Office) -> None:
    skip_without_fabric()
    file, envelope = office.folder / "f.json", office.folder / "f.pb"
    change = office.write("a.yaml", ACL.format("Readers"))
    office.update("Tax", "propose", change, "--to", file, "--envelope", envelope, "--yes")
    office.fabric("Land", "peer", "channel", "signconfigtx", "-f", str(envelope))
    assert office.update("Health", "status", envelope)["state"] == "can be submitted"
    assert office.update("Health", "status", file, envelope)["state"] == "can be submitted"
    office.fabric("Land", *_peer_update(office, envelope))
    _await(office, lambda: office.acl() == "/Channel/Application/Readers")


def test_a_file_of_fabrics_tools_is_signed_and_sent(office: Office) -> None:
    skip_without_fabric()
    before = office.raw_config()
    wanted = decode_message("common.Config", before)
    values = wanted["channel_group"]["groups"]["Application"]["values"]
    values["ACLs"]["value"]["acls"]["peer/Propose"]["policy_ref"] = "/Channel/Application/Writers"
    office.write("before.pb", before)
    office.write("wanted.pb", encode_message("common.Config", wanted))
    office.fabric(
        "Tax",
        *("configtxlator", "compute_update", "--channel_id", "estate"),
        *("--original", "before.pb", "--updated", "wanted.pb", "--output", "update.pb"),
    )
    proposal, envelope = office.folder / "t.json", office.folder / "t.pb"
    office.update("Tax", "propose", office.folder / "update.pb", "--to", proposal, "--yes")
    office.update("Tax", "propose", office.folder / "wanted.pb", "--to", proposal, "--yes")
    office.update(
        *("Tax", "propose", office.folder / "update.pb", "--to", proposal),
        *("--envelope", envelope, "--yes"),
    )
    office.fabric("Land", "peer", "channel", "signconfigtx", "-f", str(envelope))
    office.update("Health", "sign", envelope, "--yes")
    office.update("Health", "submit", envelope)
    assert office.acl() == "/Channel/Application/Writers"


def test_departments_sign_on_the_ledger(office: Office) -> None:
    change = office.write("l.yaml", BATCH.format(61))
    office.update("Tax", "propose", change, "--on-ledger", "--yes")
    (kept,) = office.update("Land", "list")
    assert kept["department"] == "TaxMSP"
    digest = kept["id"]
    refused = office.refused("Health", "submit", digest[:10], "--on-ledger")
    assert "have HealthOrdererMSP or LandOrdererMSP sign it" in refused.err
    signed = office.update("Land", "sign", digest[:10], "--on-ledger", "--yes")
    assert {one["msp_id"] for one in signed["signatures"]} == {"TaxOrdererMSP", "LandOrdererMSP"}
    found = office.update("Health", "status", digest, "--on-ledger")
    assert found["state"] == "can be submitted"
    office.update("Health", "submit", digest, "--on-ledger")
    assert office.batch() == 61
    assert office.update("Tax", "status", digest, "--on-ledger")["state"] == "in force"
    assert office.run("channel", "update", "remove", digest, "--context", "Land").code == 0
    assert office.update("Tax", "list") == []


def test_a_void_proposal_on_the_ledger_is_replaced(office: Office) -> None:
    for size in (71, 72):
        change = office.write("r.yaml", BATCH.format(size))
        office.update("Tax", "propose", change, "--on-ledger", "--yes")
    first, second = (one["id"] for one in office.update("Tax", "list"))
    for digest in (first, second):
        office.update("Land", "sign", digest, "--on-ledger", "--yes")
    office.update("Health", "submit", first, "--on-ledger")
    refused = office.refused("Health", "sign", second, "--on-ledger", "--yes")
    assert "the update is void" in refused.err
    office.update("Tax", "renew", second, "--on-ledger", "--yes")
    left = [one["id"] for one in office.update("Tax", "list")]
    assert len(left) == 2
    assert second not in left
    (new,) = set(left) - {first}
    office.update("Health", "sign", new, "--on-ledger", "--yes")
    office.update("Health", "submit", new, "--on-ledger")
    assert office.batch() in (71, 72)


def test_a_signature_that_does_not_count_is_not_kept_on_the_ledger(office: Office) -> None:
    change = office.write("n.yaml", BATCH.format(81))
    office.update("Tax", "propose", change, "--on-ledger", "--yes")
    profile = office.profile("Health")
    with (
        connect(profile.user("cy"), profile.peers) as gateway,
        Admin(profile.user("Admin")) as admin,
    ):
        contract = gateway.network("estate").contract("proposals")
        ledger = LedgerProposals(contract, admin, profile.peers[0], "estate")
        digest, kept = ledger.get([*ledger.all()][-1]["id"])
        with pytest.raises(EndorseError, match="no policy that the update must satisfy counts"):
            ledger.sign(digest, [admin.sign_update(kept.update)])
        assert ledger.get(digest)[1] == kept


def _peer_update(office: Office, envelope: Path) -> tuple[str, ...]:
    orderer = office.network.plan.orderers[0]
    return (
        *("peer", "channel", "update", "-f", str(envelope), "-c", "estate"),
        *("-o", str(orderer.outside), "--tls", "--cafile", str(orderer.member.tls_roots)),
    )


def _await(office: Office, statement: Any) -> None:
    assert poll(statement, until=bool, every=0.1, timeout=60), office.config()

"""Edits of a running channel by command, each in force afterwards, on the development ledger and on Fabric itself.

On Fabric its own programs show the same configuration, and take and make the same files.
"""

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
from pyfabric_network.network import Network
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.program_environment import program_environment
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.admin.channels import describe_config
from pyfabric.errors import DeliverError
from pyfabric.gateway import Admin
from pyfabric.identity.folders import load_ca
from pyfabric.identity.issuing import CertificateAuthority
from tests.support.commands import Ended, run_command
from tests.support.network.programs import fabric_programs, skip_without_fabric

TOPOLOGY = """\
name: council
departments:
  Tax: { users: { ann: {}, bo: {} } }
ordering:
  nodes: [Tax, Tax, Tax]
  batch: { timeout: 50ms }
channels:
  estate:
    departments: [Tax]
    contracts: []
contracts: {}
"""


@dataclass(frozen=True)
class Office:
    """A running network of one department, whose administrators alone may change all of it."""

    folder: Path
    network: Network

    def run(self, *arguments: str) -> Ended:
        """Run `pyfabric`."""
        return run_command(*arguments, PYFABRIC_STATE=str(self.network.folder))

    def edit(self, *arguments: str | Path) -> list[str]:
        """Make an edit; return the words for what changed."""
        ended = self.run("channel", "config", *map(str, arguments), "--yes", "-o", "json")
        assert ended.code == 0, ended.err
        return [one["words"] for one in ended.json()["changes"]]

    def view(self) -> Any:
        """Return what `channel show` says."""
        return self.run("channel", "show", "-o", "json").json()

    def fabric(self, *command: str | Path) -> bytes:
        """Run one of Fabric's own programs as the department's administrator."""
        plan = self.network.plan
        program = shutil.which(str(command[0]), path=fabric_programs())
        assert program is not None
        done = subprocess.run(
            [program, *map(str, command[1:])],
            env={**os.environ, **program_environment(plan, plan.department("Tax"))},
            cwd=self.folder,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def start(runtime: RuntimeName, folder: Path) -> Office:
    topology = folder / "council.yaml"
    topology.write_text(TOPOLOGY, encoding="utf-8")
    network = Network.prepare(
        topology, folder / "state", base_port=0, runtime=runtime, programs=fabric_programs()
    )
    network.up()
    return Office(folder, network)


@pytest.fixture(
    scope="module", params=["embedded", pytest.param("native", marks=pytest.mark.fabric)]
)
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """Provide the network on each runtime."""
    if request.param != "embedded":
        skip_without_fabric()
    found = start(RuntimeName(request.param), tmp_path_factory.mktemp(request.param))
    try:
        yield found
    finally:
        found.network.down(delete=True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            ["set-batch", "--max-messages", "9", "--preferred-bytes", "100000"],
            "BatchSize of Orderer: max_message_count 500 → 9; preferred_max_bytes 2097152 → 100000",
        ),
        (
            ["set-policy", "/Channel/Application/Auditors", "OR('TaxMSP.admin')"],
            "policy Auditors of Application added: OR('TaxMSP.admin')",
        ),
        (
            ["set-mod-policy", "/Channel/Application/Readers", "Auditors", "--element", "policy"],
            "policy Readers of Application: may be changed by Auditors, no longer Admins",
        ),
        (
            ["set-acl", "event/FilteredBlock", "Writers"],
            "ACLs of Application added: event/FilteredBlock Writers",
        ),
        (
            ["remove-acl", "event/FilteredBlock"],
            "ACLs of Application: event/FilteredBlock Writers removed",
        ),
        (
            ["set-anchors", "TaxMSP", "peer7.tax:7051"],
            "AnchorPeers of Application/TaxMSP: peer7.tax:7051 added; …",
        ),
        (
            ["remove-policy", "/Channel/Orderer/TaxOrdererMSP/Endorsement"],
            "policy Endorsement of …",
        ),
        (["set-options", "snapshot_interval_size=20000000"], "ConsensusType of Orderer: snapshot…"),
        (["set-capabilities", "application", "V2_0"], "Capabilities of Application: V2_0 added; …"),
        (["set-capabilities", "application", "V2_5"], "Capabilities of Application: V2_5 added; …"),
        (["maintenance", "on"], "ConsensusType of Orderer: state STATE_NORMAL → STATE_MAINTENANCE"),
        (["maintenance", "off"], "ConsensusType of Orderer: state STATE_MAINTENANCE → STATE_NORM…"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_an_edit_is_in_force_afterwards(office: Office, line: list[str], words: str) -> None:
    before = office.view()["sequence"]
    (found,) = office.edit(*line)
    assert found.startswith(words.rstrip("…"))
    assert office.view()["sequence"] == before + 1


def test_orderers_show_their_own_administrators_alone_what_is_in_force_in_maintenance(
    office: Office,
) -> None:
    administrators = office.network.administrators("Tax")
    plan = office.network.plan
    orderer = load_profile(profile_file(plan, plan.department("Tax"))).orderers[0]

    def shown(msp_id: str, channel: str = "estate") -> str:
        with Admin(administrators[msp_id]) as admin:
            return describe_config(channel, admin.ordered_config(orderer, channel)).consensus_state

    assert shown("TaxMSP") == shown("TaxOrdererMSP") == "STATE_NORMAL"
    office.edit("maintenance", "on")
    assert shown("TaxOrdererMSP") == office.view()["consensus_state"] == "STATE_MAINTENANCE"
    with pytest.raises(DeliverError, match=r"sends no blocks of estate: FORBIDDEN \(403\)"):
        shown("TaxMSP")
    office.edit("maintenance", "off")
    assert shown("TaxMSP") == "STATE_NORMAL"
    with pytest.raises(DeliverError, match=r"NOT_FOUND \(404\)"):
        shown("TaxMSP", "sea")


def test_a_root_certificate_comes_and_goes(office: Office) -> None:
    ca = CertificateAuthority.create("ca2.tax", "Tax", now=datetime.now(UTC))
    file = office.folder / "next-root.pem"
    file.write_bytes(ca.certificate_pem)
    for command, verb in (("add-certificate", "added"), ("remove-certificate", "removed")):
        (words,) = office.edit(command, "TaxMSP", file)
        assert words.startswith("MSP of Application/TaxMSP: root ca2.tax (")
        assert words.endswith(verb)


def test_a_revoked_user_is_refused(office: Office) -> None:
    department = office.network.plan.department("Tax")
    assert office.run("ledger", "height", "--user", "bo").code == 0
    user = department.users["bo"]
    crl = load_ca(department.ca).revoke([user.certificate.read_bytes()], now=datetime.now(UTC))
    file = office.folder / "crl.pem"
    file.write_bytes(crl)
    (words,) = office.edit("add-crl", "TaxMSP", file)
    assert "revocation list: 1 revoked" in words
    assert office.run("ledger", "height", "--user", "bo").code == 6
    office.edit("remove-crl", "TaxMSP", file)
    assert office.run("ledger", "height", "--user", "bo").code == 0


def test_what_fabrics_orderers_refuse_is_refused_before(office: Office) -> None:
    before = office.view()
    for line, problem in (
        (["set-batch", "--preferred-bytes", "4000000000"], "greater than the absolute max bytes"),
        (["set-endpoints", "TaxOrdererMSP"], "some orderer organizations endpoints are empty"),
        (["set-orderer-addresses", "o:7050"], "not allowed with V3_0 capability"),
        (["remove-organization", "TaxMSP"], "nobody"),
    ):
        ended = office.run("channel", "config", *line, "--yes")
        assert ended.code == 3, ended.err
        assert problem in ended.err
    assert office.view() == before


@pytest.mark.fabric
def test_fabrics_own_programs_show_and_change_the_same(tmp_path: Path) -> None:
    skip_without_fabric()
    office = start(RuntimeName.NATIVE, tmp_path)
    try:
        _with_fabrics_programs(office)
    finally:
        office.network.down(delete=True)


def _with_fabrics_programs(office: Office) -> None:
    office.edit("set-batch", "--max-messages", "9")
    orderer = office.network.plan.orderers[0]
    at_orderer = ("-o", str(orderer.outside), "--tls", "--cafile", orderer.member.tls_roots)
    office.fabric("peer", "channel", "fetch", "config", "block.pb", "-c", "estate", *at_orderer)
    shown = office.fabric(
        "configtxlator", "proto_decode", "--type", "common.Block", "--input", "block.pb"
    )
    config = json.loads(shown)["data"]["data"][0]["payload"]["data"]["config"]
    assert office.run("channel", "show", "--json").json() == config
    assert office.run("channel", "show", str(office.folder / "block.pb"), "--json").json() == config
    assert office.run("channel", "diff", str(office.folder / "block.pb")).err == "no differences\n"

    wanted = json.loads(json.dumps(config))
    batch = wanted["channel_group"]["groups"]["Orderer"]["values"]["BatchSize"]["value"]
    batch["max_message_count"] = 11
    for name, document in (("before", config), ("wanted", wanted)):
        (office.folder / f"{name}.json").write_text(json.dumps(document))
        office.fabric(
            "configtxlator", "proto_encode", "--type", "common.Config",
            "--input", f"{name}.json", "--output", f"{name}.pb",
        )  # fmt: skip
    office.fabric(
        "configtxlator", "compute_update", "--channel_id", "estate",
        "--original", "before.pb", "--updated", "wanted.pb", "--output", "update.pb",
    )  # fmt: skip
    found = office.run("channel", "diff", "live", str(office.folder / "update.pb"), "-o", "json")
    assert [one["words"] for one in found.json()] == [
        "BatchSize of Orderer: max_message_count 9 → 11"
    ]
    assert (
        office.run(
            "channel", "diff", "live", str(office.folder / "wanted.json"), "-o", "json"
        ).json()
        == found.json()
    )

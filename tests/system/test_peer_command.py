"""Fabric's own `peer lifecycle chaincode` and the command here, on one channel: each continues what the other began."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.network.by_command import CommandLine, network_by_command
from tests.support.network.programs import fabric_programs, needs_fabric

pytestmark = needs_fabric

TOPOLOGY = """\
name: city
departments:
  Tax: { users: { ann: {} } }
  Land: { users: { bo: {} } }
ordering: { nodes: [Land], batch: { timeout: 50ms } }
times: { publish_interval: 250ms }
channels:
  estate: { departments: [Tax, Land], contracts: [] }
contracts: {}
"""
POLICY = "OR('TaxMSP.peer','LandMSP.peer')"
COLLECTIONS = [
    {
        "name": "drafts",
        "policy": "OR('TaxMSP.member','LandMSP.member')",
        "requiredPeerCount": 0,
        "maxPeerCount": 2,
        "blockToLive": 7,
        "memberOnlyRead": True,
        "memberOnlyWrite": False,
        "endorsementPolicy": {"signaturePolicy": POLICY},
    },
    {
        "name": "notes",
        "policy": "OR('TaxMSP.member')",
        "endorsementPolicy": {"channelConfigPolicy": "/Channel/Application/Endorsement"},
    },
]
INDEX = "META-INF/statedb/couchdb/indexes/by-size.json"


@dataclass(frozen=True)
class Peer:
    """Fabric's own `peer`, as the administrator of a department."""

    pyfabric: CommandLine
    department: str

    def __call__(self, *arguments: str, fails: bool = False) -> str:
        """Run `peer lifecycle chaincode`, and return what it printed."""
        ran = subprocess.run(
            [f"{fabric_programs() or '/usr/bin'}/peer", "lifecycle", "chaincode", *arguments],
            cwd=self.pyfabric.folder,
            env={"PATH": "/usr/local/go/bin:/usr/bin:/bin", "HOME": str(self.pyfabric.folder),
                 **self.pyfabric.environment(self.department)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )  # fmt: skip
        assert bool(ran.returncode) == fails, f"{arguments}\n{ran.stdout}{ran.stderr}"
        return ran.stderr if fails else ran.stdout

    def to_orderer(self) -> tuple[str, ...]:
        """Return the options with which a transaction reaches the orderer."""
        known = self.pyfabric.environment(self.department)
        return ("-o", known["ORDERER_ADDRESS"], "--tls", "--cafile", known["ORDERER_CA"])

    def to_peer(self) -> tuple[str, ...]:
        """Return the options with which a transaction reaches the department's peer."""
        known = self.pyfabric.environment(self.department)
        roots = known["CORE_PEER_TLS_ROOTCERT_FILE"]
        return ("--peerAddresses", known["CORE_PEER_ADDRESS"], "--tlsRootCertFiles", roots)


@pytest.fixture(scope="module", params=["embedded", "native"])
def pyfabric(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CommandLine]:
    """Provide a network without contracts, and the files of the tests."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "collections.json").write_text(json.dumps(COLLECTIONS))
    (folder / "service").mkdir()
    (folder / "service/connection.json").write_text(
        '{"address": "127.0.0.1:9741", "tls_required": false}'
    )
    with network_by_command(folder, TOPOLOGY, request.param) as made:
        yield made


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def test_packages_hold_the_same_files_and_have_the_same_id(pyfabric: CommandLine) -> None:
    index = json.dumps(
        {"index": {"fields": ["size", {"age": "desc"}]}, "ddoc": "d", "name": "n", "type": "json"}
    )
    folders = {
        "node": {"package.json": "{}", "lib/a.js": "a", "node_modules/x.js": "x", ".git/HEAD": "x", INDEX: index},
        "java": {"build.gradle": "x", "src/main/java/A.java": "class A {}", "build/A.class": "x", "src/B.class": "x"},
        "golang": {"go.mod": "module city.example/deeds\n\ngo 1.22\n", "main.go": "package main\n", "lib/lib.go": "package lib\n",
                   "vendor/modules.txt": "x", ".idea/x": "x", INDEX: index},
    }  # fmt: skip
    peer = Peer(pyfabric, "Tax")
    for kind, files in folders.items():
        write(pyfabric.folder / kind, files)
        peer(
            "package",
            f"theirs-{kind}.tgz",
            "--path",
            f"./{kind}",
            "--lang",
            kind,
            "--label",
            f"{kind}_1",
        )
        pyfabric(
            "chaincode",
            "package",
            f"{kind}_1",
            "--folder",
            kind,
            "--type",
            kind,
            "--to",
            f"ours-{kind}.tgz",
        )
        contents = []
        for file in (f"theirs-{kind}.tgz", f"ours-{kind}.tgz"):
            told = pyfabric("chaincode", "package-id", file, "-o", "json").json()
            assert peer("calculatepackageid", file).strip() == told["package_id"]
            contents.append((told["label"], told["type"], sorted(told["files"])))
        assert contents[0] == contents[1]
    refused = pyfabric("chaincode", "package", "node_1", "--folder", "node", "--type", "node", "--to", "ours-java.tgz", fails=3)  # fmt: skip
    assert "exists already, with another content" in refused.err
    write(pyfabric.folder / "node", {"META-INF/statedb/couchdb/indexes/bad.json": '{"index": 1}'})
    peer("package", "bad.tgz", "--path", "./node", "--lang", "node", "--label", "bad", fails=True)
    pyfabric("chaincode", "package", "bad", "--folder", "node", "--type", "node", fails=3)


def test_each_installs_what_the_other_made_and_gets_it_back(pyfabric: CommandLine) -> None:
    peer = Peer(pyfabric, "Land")
    pyfabric(
        "chaincode",
        "package",
        "fees_1",
        "--folder",
        "service",
        "--type",
        "ccaas",
        "--to",
        "fees.tgz",
    )
    package_id = pyfabric("chaincode", "package-id", "fees.tgz", "-o", "json").json()["package_id"]
    peer("install", "fees.tgz")
    there = json.loads(peer("queryinstalled", "-O", "json"))["installed_chaincodes"]
    assert [one["package_id"] for one in there] == [package_id]
    assert not pyfabric(
        "chaincode", "install", "fees.tgz", "--context", "Land", "-o", "json"
    ).json()[0]["changed"]
    pyfabric("chaincode", "get-package", package_id, "--context", "Land", "--to", "from-land.tgz")
    pyfabric("chaincode", "install", "from-land.tgz")
    Peer(pyfabric, "Tax")(
        "getinstalledpackage", "--package-id", package_id, "--output-directory", "."
    )
    names = ("fees.tgz", "from-land.tgz", f"{package_id}.tar.gz")
    contents = {(pyfabric.folder / name).read_bytes() for name in names}
    assert len(contents) == 1


def definition(sequence: int, *, version: str = "1") -> tuple[str, ...]:
    """Return the options of a definition, as `peer` takes them with each call."""
    return ("-C", "estate", "-n", "fees", "-v", version, "--sequence", str(sequence),
            "--signature-policy", POLICY, "--collections-config", "collections.json")  # fmt: skip


def test_approvals_of_one_count_for_the_other(pyfabric: CommandLine) -> None:
    tax, land = Peer(pyfabric, "Tax"), Peer(pyfabric, "Land")
    package_id = pyfabric("chaincode", "package-id", "fees.tgz", "-o", "json").json()["package_id"]
    land("approveformyorg", *land.to_orderer(), *definition(1), "--package-id", package_id)
    ours = (
        "chaincode",
        "approve",
        "fees",
        "--package",
        "fees.tgz",
        "--policy",
        POLICY,
        "--collections",
        "collections.json",
    )
    pyfabric(*ours, "--version", "2")
    rows = pyfabric("chaincode", "readiness", "fees", "-o", "json").json()
    assert {row["msp_id"]: row["reason"] for row in rows} == {
        "LandMSP": "has approved another definition: version is 1, proposed is 2",
        "TaxMSP": "",
    }
    pyfabric(*ours, "--version", "1")
    rows = pyfabric("chaincode", "readiness", "fees", "-o", "json").json()
    assert [row["ready"] for row in rows] == [True, True]
    theirs = json.loads(tax("checkcommitreadiness", *definition(1), "-O", "json"))
    assert theirs["approvals"] == {"LandMSP": True, "TaxMSP": True}
    approved = json.loads(tax("queryapproved", "-C", "estate", "-n", "fees", "-O", "json"))
    assert approved["source"]["Type"]["LocalPackage"]["package_id"] == package_id
    read = pyfabric("chaincode", "approved", "fees", "--context", "Land", "-o", "json").json()
    assert (read["version"], read["sequence"], read["package_id"]) == ("1", 1, package_id)


def test_each_reads_and_changes_what_the_other_committed(pyfabric: CommandLine) -> None:
    tax, land = Peer(pyfabric, "Tax"), Peer(pyfabric, "Land")
    query = ("querycommitted", "-C", "estate", "-n", "fees", "-O", "json")
    pyfabric("chaincode", "commit", "fees")
    theirs = json.loads(land(*query))
    assert (theirs["sequence"], theirs["version"]) == (1, "1")
    assert theirs["approvals"] == {"LandMSP": True, "TaxMSP": True}
    assert len(theirs["collections"]["config"]) == 2

    # Theirs next: they approve and commit sequence 2, which ours then reads.
    package_id = pyfabric("chaincode", "package-id", "fees.tgz", "-o", "json").json()["package_id"]
    for peer in (tax, land):
        peer(
            "approveformyorg",
            *peer.to_orderer(),
            *definition(2, version="1.1"),
            "--package-id",
            package_id,
        )
    tax("commit", *tax.to_orderer(), *tax.to_peer(), *land.to_peer(), *definition(2, version="1.1"))
    found = pyfabric("chaincode", "committed", "fees", "-o", "json").json()
    assert (found["version"], found["sequence"]) == ("1.1", 2)
    assert found["approvals"] == {"LandMSP": True, "TaxMSP": True}
    assert found["collections"] == [
        {**COLLECTIONS[0], "policy": "OR('TaxMSP.member', 'LandMSP.member')",
         "endorsementPolicy": {"signaturePolicy": "OR('TaxMSP.peer', 'LandMSP.peer')"}},
        {**COLLECTIONS[1], "requiredPeerCount": 0, "maxPeerCount": 1, "blockToLive": 0,
         "memberOnlyRead": False, "memberOnlyWrite": False},
    ]  # fmt: skip

    # And an upgrade of ours on top: only the policy changes.
    told = pyfabric(
        "chaincode",
        "upgrade",
        "fees",
        "--policy",
        "/Channel/Application/Endorsement",
        "--yes",
        "-o",
        "json",
    ).json()
    assert [(one["field"], one["after"]) for one in told["changes"]] == [
        ("endorsement_policy", "/Channel/Application/Endorsement")
    ]
    theirs = json.loads(tax(*query))
    assert (theirs["sequence"], theirs["version"]) == (3, "1.1")
    refused = tax(
        "approveformyorg", *tax.to_orderer(), *definition(5), "--package-id", package_id, fails=True
    )
    ours = pyfabric(
        "chaincode", "approve", "fees", "--sequence", "5", "--package-id", package_id, fails=3
    )
    text = "requested sequence 5 is larger than the next available sequence number 4"
    assert text in refused
    assert text in ours.err


DRAFTS = COLLECTIONS[0]
REFUSED = {
    "a member that is not in the channel": (
        {"policy": "OR('TaxMSP.member','PoliceMSP.member')"},
        {},
    ),
    "members that are no OR": ({"policy": "AND('TaxMSP.member','LandMSP.member')"}, {}),
    "another lifetime": ({"blockToLive": 8}, {}),
    "a collection that is missing": ({"name": "other"}, {}),
    "a name that begins with _": ({"name": "_drafts"}, {}),
    "a name twice": ({"name": "notes"}, {}),
    "fewer peers than are required": ({"maxPeerCount": 0, "requiredPeerCount": 1}, {}),
    "a negative count": ({"requiredPeerCount": -1}, {}),
    "a version with a space": ({}, {"-v": "1 0"}),
    "a sequence that is too high": ({}, {"--sequence": "9"}),
    "a sequence of the past": ({}, {"--sequence": "1"}),
}
ACCEPTED = {
    "a policy that the channel does not have": {
        "--channel-config-policy": "/Channel/Application/No"
    },
    "an endorser that is not in the channel": {"--signature-policy": "OR('PoliceMSP.peer')"},
    "an endorser whose role no peer has": {"--signature-policy": "OR('TaxMSP.client')"},
}
OURS = {
    "-v": "--version",
    "--signature-policy": "--policy",
    "--channel-config-policy": "--policy",
    "--collections-config": "--collections",
}


def approvals(changes: dict[str, str]) -> tuple[list[str], list[str]]:
    """Return the options of the next approval of `fees` with changes, for `peer` and for the command here."""
    options = {
        "-v": "1.1",
        "--sequence": "4",
        "--collections-config": "collections.json",
        **changes,
    }
    theirs = [word for pair in options.items() for word in pair]
    ours = [word for name, value in options.items() for word in (OURS.get(name, name), value)]
    return ["approveformyorg", "-C", "estate", "-n", "fees", *theirs], [
        "chaincode",
        "approve",
        "fees",
        *ours,
    ]


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_here_peers_refuse_in_the_same_words(
    pyfabric: CommandLine, case: str
) -> None:
    collection, options = REFUSED[case]
    (pyfabric.folder / "wrong.json").write_text(
        json.dumps([{**DRAFTS, **collection}, COLLECTIONS[1]])
    )
    theirs, ours = approvals({"--collections-config": "wrong.json", **options})
    told = pyfabric(*ours, "--package", "fees.tgz", fails=3).err.strip()
    reason = told.partition("peers refuse this definition of fees: ")[2]
    peer = Peer(pyfabric, "Tax")
    said = peer(*theirs, *peer.to_orderer(), fails=True)
    assert reason.split("; ")[0]
    assert any(f"{text}\n" in said for text in reason.split("; "))


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_is_warned_of_here_peers_accept(pyfabric: CommandLine, case: str) -> None:
    theirs, ours = approvals(ACCEPTED[case])
    assert "warning: the endorsement policy" in pyfabric(*ours, "--package", "fees.tgz").err
    peer = Peer(pyfabric, "Land")
    peer(*theirs, *peer.to_orderer())

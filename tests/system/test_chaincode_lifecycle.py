"""The life of a contract by command only: packaged, approved, committed and upgraded while transactions flow."""

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.extent import takes_long
from tests.support.network.by_command import CommandLine, Writer, network_by_command
from tests.support.network.programs import needs_fabric

CONTRACT = '''
"""A contract for tests."""

from pyfabric.chaincode import Context, Contract, query, transaction


class Registry(Contract):
    @transaction
    def put(self, ctx: Context, key: str, value: str) -> None:
        ctx.stub.put_state(key, value.encode())

    @query
    def get(self, ctx: Context, key: str) -> bytes:
        return ctx.stub.get_state(key) or b""

    @transaction
    def seal(self, ctx: Context, key: str) -> None:
        ctx.stub.collection("sealed").put_state(key, ctx.stub.transient["value"])

    @query
    def sealed(self, ctx: Context, key: str) -> bytes:
        return ctx.stub.collection("sealed").get_state(key) or b""
'''
TOPOLOGY = """\
name: city
departments:
  Tax: { users: { ann: {} } }
  Land: { users: { bo: {} } }
  Health: { users: { cy: {} } }
ordering: { nodes: [Land], batch: { timeout: 50ms } }
times: { publish_interval: 250ms }
channels:
  estate: { departments: [Tax, Land, Health], contracts: [registry, counter] }
contracts:
  registry: { version: "1.0", classes: ["contract:Registry"] }
  counter: { version: "1.0", classes: ["contract:Registry"], init_required: true }
"""
POLICY = "OutOf(2, 'TaxMSP.peer', 'LandMSP.peer', 'HealthMSP.peer')"
OF_TWO = "OR('TaxMSP.peer', 'LandMSP.peer')"
COLLECTIONS = f"""\
- name: sealed
  policy: OR('TaxMSP.member', 'LandMSP.member')
  requiredPeerCount: 1
  maxPeerCount: 2
  blockToLive: 0
  memberOnlyRead: true
  memberOnlyWrite: true
  endorsementPolicy: {{ signaturePolicy: "{OF_TWO}" }}
"""
DEPARTMENTS = ("Tax", "Land", "Health")


@pytest.fixture(
    scope="module",
    params=["embedded", pytest.param("native", marks=needs_fabric)],
)
def pyfabric(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CommandLine]:
    """Provide a network with its contracts, for all tests, in their order."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "contract.py").write_text(CONTRACT)
    (folder / "collections.yaml").write_text(COLLECTIONS)
    with network_by_command(folder, TOPOLOGY, request.param) as made:
        yield made


def committed(pyfabric: CommandLine, name: str = "registry", channel: str = "estate") -> Any:
    return pyfabric("chaincode", "committed", name, "--channel", channel, "-o", "json").json()


def reasons(pyfabric: CommandLine, *options: str) -> dict[str, str]:
    """Return the reason of each department that is not ready."""
    rows = pyfabric("chaincode", "readiness", "registry", *options, "-o", "json").json()
    assert [row["msp_id"] for row in rows] == ["HealthMSP", "LandMSP", "TaxMSP"]
    return {row["msp_id"]: row["reason"] for row in rows if not row["ready"]}


@takes_long
def test_a_chaincode_that_needs_a_first_call(pyfabric: CommandLine) -> None:
    call = ("chaincode", "invoke", "counter", "put", "count", "1")
    refused = pyfabric(*call, fails=6)
    assert "has not been initialized for this version, must call as init first" in refused.err
    pyfabric(*call, "--is-init")
    pyfabric("chaincode", "invoke", "counter", "put", "count", "2")
    assert pyfabric("chaincode", "query", "counter", "get", "count").out == "2\n"


def test_a_contract_gets_a_policy_and_a_collection_while_transactions_flow(
    pyfabric: CommandLine,
) -> None:
    profile = pyfabric.folder / ".pyfabric/city/profiles/tax.json"
    writer = Writer(profile, "estate", "registry", "ann", again=True)
    before = committed(pyfabric)
    with writer.writing():
        changed = pyfabric(
            "chaincode", "upgrade", "registry", "--policy", POLICY, "--collections", "collections.yaml",
            "--yes", "-o", "json",
        )  # fmt: skip
    assert "endorsement_policy: /Channel/Application/Endorsement becomes OutOf(2, " in changed.err
    assert "collections: none becomes sealed" in changed.err
    told = changed.json()
    assert (told["sequence"], told["committed"]) == (2, True)
    assert [one["ready"] for one in told["departments"]] == [True] * 3
    after = committed(pyfabric)
    assert after["approvals"] == dict.fromkeys(["HealthMSP", "LandMSP", "TaxMSP"], True)
    assert (after["version"], after["endorsement_policy"]) == (before["version"], POLICY)
    assert [one["name"] for one in after["collections"]] == ["sealed"]
    assert len(writer.committed) >= 20
    assert writer.lost() == []

    seal = ("chaincode", "invoke", "registry", "seal", "plan", "--transient", "value=secret")
    pyfabric(*seal)
    ask = ("chaincode", "query", "registry", "sealed", "plan")
    assert pyfabric(*ask, "--context", "Land").out == "secret\n"
    pyfabric(*ask, "--context", "Health", fails=6)
    assert reasons(pyfabric) == {}


def test_each_department_approves_for_itself_and_readiness_says_why_one_is_not_ready(
    pyfabric: CommandLine,
) -> None:
    approve = ("chaincode", "approve", "registry")
    first = pyfabric(*approve, "--policy", OF_TWO, "-o", "json").json()
    assert (first["department"], first["sequence"], first["changed"]) == ("Tax", 3, True)
    assert not pyfabric(*approve, "--policy", OF_TWO, "-o", "json").json()["changed"]
    pyfabric(*approve, "--policy", "OR('LandMSP.peer')", "--context", "Land")
    assert reasons(pyfabric) == {
        "HealthMSP": "has approved nothing with sequence 3",
        "LandMSP": "has approved another definition: endorsement_policy is OR('LandMSP.peer'), proposed is " + OF_TWO,
    }  # fmt: skip
    # Without Land's key, as on a machine of its own, Fabric's name of the part is all that can be said.
    alone = pyfabric.folder / "alone"
    alone.mkdir(exist_ok=True)
    profile = pyfabric("network", "profile", "Tax").out
    (alone / "tax.json").write_text(profile)
    pyfabric(
        "context",
        "set",
        "alone",
        "--profile",
        "alone/tax.json",
        "--user",
        "Admin",
        "--channel",
        "estate",
    )
    assert reasons(pyfabric, "--context", "alone")["LandMSP"] == (
        "has approved another definition: ValidationInfo"
    )
    pyfabric("context", "remove", "alone")

    refused = pyfabric("chaincode", "commit", "registry", fails=6)
    assert "approved by TaxMSP, which the channel's LifecycleEndorsement policy" in refused.err
    assert "LandMSP has approved another definition" in refused.err
    assert committed(pyfabric)["sequence"] == 2

    (pyfabric.folder / "registry.json").write_text(
        pyfabric("chaincode", "approved", "registry", "-o", "json").out
    )
    pyfabric(*approve, "--definition", "registry.json", "--context", "Land")
    assert set(reasons(pyfabric)) == {"HealthMSP"}
    done = pyfabric("chaincode", "commit", "registry", "--context", "Land", "-o", "json").json()
    assert (done["sequence"], done["changed"]) == (3, True)
    assert not pyfabric("chaincode", "commit", "registry", "-o", "json").json()["changed"]
    assert committed(pyfabric)["approvals"] == {"HealthMSP": False, "LandMSP": True, "TaxMSP": True}
    assert reasons(pyfabric) == {"HealthMSP": "has not approved it: its peers do not run it"}
    # The department that came late approves the sequence that is committed.
    definition = pyfabric("chaincode", "committed", "registry", "-o", "json").out
    (pyfabric.folder / "committed.json").write_text(definition)
    pyfabric(*approve, "--definition", "committed.json", "--context", "Health")
    assert reasons(pyfabric) == {}


def package_with(names: list[str]) -> bytes:
    """Return a package of a service whose code holds files of these names."""

    def archive(files: dict[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as made:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                made.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()

    metadata = json.dumps({"label": "bad_1", "type": "ccaas", "path": ""}).encode()
    return archive({"metadata.json": metadata, "code.tar.gz": archive(dict.fromkeys(names, b"{}"))})


@pytest.mark.parametrize("name", ["../../escaped", "/etc/escaped", "a/../../escaped"])
def test_a_package_that_leads_out_of_its_folder_is_refused_and_nothing_is_installed(
    pyfabric: CommandLine, name: str
) -> None:
    before = pyfabric("chaincode", "installed", "-o", "json").out
    (pyfabric.folder / "bad.tar.gz").write_bytes(package_with(["connection.json", name]))
    for command in ("install", "package-id"):
        refused = pyfabric("chaincode", command, "bad.tar.gz", fails=3)
        assert (
            f"peers refuse this package: tar contains the absolute or escaping path '{name}'"
            in refused.err
        )
    assert pyfabric("chaincode", "installed", "-o", "json").out == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("LandMSP.member", "PoliceMSP.member"), "collection member 'PoliceMSP' is not part of the channel"),
        (("blockToLive: 0", "blockToLive: 9"), "the BlockToLive in an existing collection [sealed] modified"),
        (("name: sealed", "name: other"), "existing collection [sealed] missing"),
        (("OR('TaxMSP.member', 'LandMSP.member')", "''"), "collection sealed: its policy is empty"),
        (("maxPeerCount: 2", "maxPeerCount: 0"), "maximum peer count (0) cannot be less than the required peer count (1)"),
        (("name: sealed", "name: _sealed"), "invalid collection name '_sealed'"),
        (("memberOnlyRead", "memberReads"), "no member memberReads"),
    ],
)  # fmt: skip
def test_collections_that_peers_refuse_are_refused_before_anything_is_sent(
    pyfabric: CommandLine, change: tuple[str, str], says: str
) -> None:
    height = pyfabric("ledger", "height", "-o", "json").out
    (pyfabric.folder / "wrong.yaml").write_text(COLLECTIONS.replace(*change))
    for command in ("upgrade", "approve"):
        refused = pyfabric("chaincode", command, "registry", "--collections", "wrong.yaml", fails=3)
        assert says in refused.err
    assert pyfabric("ledger", "height", "-o", "json").out == height


def test_what_will_not_work_is_warned_of(pyfabric: CommandLine) -> None:
    odd = COLLECTIONS.replace("requiredPeerCount: 1", "requiredPeerCount: 3").replace(
        "maxPeerCount: 2", "maxPeerCount: 3"
    )
    policy = f'{{ signaturePolicy: "{OF_TWO}" }}'
    (pyfabric.folder / "odd.yaml").write_text(odd.replace(policy, "OR('TaxMSP.peer')"))
    warned = pyfabric("chaincode", "approve", "registry", "--collections", "odd.yaml").err
    assert (
        "warning: collection sealed: requiredPeerCount is 3, and 2 of its members' peers live"
        in warned
    )
    assert "warning: collection sealed: LandMSP reads it, and is no endorser" in warned


def test_a_package_comes_back_as_it_was_installed(pyfabric: CommandLine) -> None:
    folder = pyfabric.folder / "service"
    folder.mkdir(exist_ok=True)
    (folder / "connection.json").write_text('{"address": "127.0.0.1:9", "tls_required": false}')
    made = (
        "chaincode",
        "package",
        "elsewhere_1",
        "--folder",
        "service",
        "--type",
        "ccaas",
        "-o",
        "json",
    )
    package_id = pyfabric(*made, "--to", "one.tgz").json()["package_id"]
    assert pyfabric(*made, "--to", "two.tgz").json()["package_id"] == package_id
    rows = pyfabric("chaincode", "install", "one.tgz", "-o", "json").json()
    assert rows == [{"peer": "peer0.tax", "package_id": package_id, "changed": True}]
    assert not pyfabric("chaincode", "install", "one.tgz", "-o", "json").json()[0]["changed"]
    pyfabric("chaincode", "get-package", package_id, "--to", "back.tgz")
    contents = [
        (pyfabric.folder / name).read_bytes() for name in ("one.tgz", "two.tgz", "back.tgz")
    ]
    assert contents[0] == contents[1] == contents[2]
    absent = pyfabric("chaincode", "install", "one.tgz", "--peer", "peer9.tax", fails=3)
    assert "Tax has no peer peer9.tax; there are: peer0.tax" in absent.err
    unknown = pyfabric("chaincode", "get-package", "elsewhere_2:00", fails=6)
    assert "not found" in unknown.err


def test_new_code_comes_as_a_package_that_every_department_installs(pyfabric: CommandLine) -> None:
    first = ("chaincode", "approve", "elsewhere", "--version", "1", "--package", "one.tgz")
    told = pyfabric(*first).err
    assert "peer0.tax does not have" not in told
    assert (
        "warning: peer0.land does not have elsewhere_1:"
        in pyfabric(*first, "--context", "Land").err
    )
    pyfabric(
        "chaincode",
        "approve",
        "elsewhere",
        "--version",
        "1",
        "--without-package",
        "--context",
        "Health",
    )
    assert pyfabric("chaincode", "commit", "elsewhere", "-o", "json").json()["changed"]

    package = ("chaincode", "package", "elsewhere_2", "--folder", "service", "--type", "ccaas")
    package_id = pyfabric(*package, "--to", "new.tgz", "-o", "json").json()["package_id"]
    upgrade = ("chaincode", "upgrade", "elsewhere", "--version", "2", "--yes")
    assert "runs no package for version 2 of elsewhere yet" in pyfabric(*upgrade, fails=3).err
    assert committed(pyfabric, "elsewhere")["sequence"] == 1
    assert pyfabric(*upgrade, "--package", "new.tgz", "-o", "json").json()["committed"]
    for department in DEPARTMENTS:
        rows = pyfabric("chaincode", "installed", "--context", department, "-o", "json").json()
        assert package_id in [row["package_id"] for row in rows]
        approved = pyfabric(
            "chaincode", "approved", "elsewhere", "--context", department, "-o", "json"
        ).json()
        assert (approved["sequence"], approved["package_id"]) == (2, package_id)


@takes_long
def test_a_channel_that_is_added_later_begins_the_contract_with_its_own_sequence(
    pyfabric: CommandLine,
) -> None:
    file = pyfabric.folder / "city.yaml"
    definition = f"""version: "1.0", sequence: 3, classes: ["contract:Registry"], endorsement: "{OF_TWO}",
    collections: {{ sealed: {{ members: [Tax, Land], required_peer_count: 1, max_peer_count: 2,
      member_only_read: true, member_only_write: true, endorsement: "{OF_TWO}" }} }}"""
    later = "  later: { departments: [Land, Tax], contracts: [registry] }\ncontracts:"
    topology = (
        file.read_text()
        .replace('version: "1.0", classes: ["contract:Registry"] }', f"{definition} }}")
        .replace("contracts:\n", f"{later}\n")
    )
    file.write_text(topology)
    pyfabric("network", "up", "city.yaml")
    refused = pyfabric("chaincode", "deploy", fails=4)
    assert (
        "registry is not on later yet, where its sequence is 1 and not 3: write sequences: {registry: 1}"
        in refused.err
    )
    file.write_text(
        topology.replace(
            "contracts: [registry] }", "contracts: [registry], sequences: { registry: 1 } }"
        )
    )
    pyfabric("network", "up", "city.yaml")
    deployed = pyfabric("chaincode", "deploy", "-o", "json").json()
    assert {(one["contract"], one["channel"]): (one["sequence"], one["changed"]) for one in deployed} == {
        ("registry", "estate"): (3, False),
        ("counter", "estate"): (1, False),
        ("registry", "later"): (1, True),
    }  # fmt: skip
    assert committed(pyfabric, channel="later")["sequence"] == 1
    pyfabric("chaincode", "invoke", "registry", "put", "a", "later", "--channel", "later")
    assert (
        pyfabric("chaincode", "query", "registry", "get", "a", "--channel", "later").out
        == "later\n"
    )
    changed = pyfabric(
        "chaincode",
        "upgrade",
        "registry",
        "--channel",
        "later",
        "--policy",
        "AND('TaxMSP.peer', 'LandMSP.peer')",
        "--yes",
        "-o",
        "json",
    ).json()
    assert (changed["sequence"], changed["committed"], len(changed["departments"])) == (2, True, 2)
    assert committed(pyfabric)["sequence"] == 3

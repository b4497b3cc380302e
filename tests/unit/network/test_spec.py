"""Topology files: what is accepted, and the error for each kind of mistake."""

from itertools import pairwise
from pathlib import Path

import pytest
from pyfabric_municipal.common.values import require_uscc
from pyfabric_network.topology.bundled import bundled_topologies, find_topology
from pyfabric_network.topology.checks import topology_warnings
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.spec import Topology
from pyfabric_network.topology.values import octets, seconds

from pyfabric.admin.collections import CollectionConfig
from pyfabric.errors import TopologyError

GOOD = """\
name: city
base_port: 18000
departments:
  Tax:
    users:
      clerk: {attributes: {role: clerk}}
  Health:
    msp_id: Health.MSP
    peers: 2
ordering:
  nodes: [Tax]
  batch: {timeout: 200ms, max_messages: 10, preferred_bytes: 512 KB, absolute_bytes: 1 MB}
channels:
  bills:
    departments: [Tax, Health]
    contracts: [bill]
    policies: {Endorsement: MAJORITY Endorsement}
    acls: {event/Block: Admins}
contracts:
  bill:
    version: "1.0"
    classes: ["pkg.bill:Bill"]
    endorsement: AND('TaxMSP.peer', 'Health.MSP.peer')
    collections:
      patients:
        members: [Tax, Health]
        required_peer_count: 1
        max_peer_count: 2
        block_to_live: 100
        member_only_read: true
      audits:
        policy: OR('TaxMSP.admin', OR('Health.MSP.member'))
        endorsement: /Channel/Application/Readers
"""


def load(tmp_path: Path, text: str) -> None:
    file = tmp_path / "city.yaml"
    file.write_text(text, encoding="utf-8")
    load_topology(file)


def test_a_whole_topology(tmp_path: Path) -> None:
    file = tmp_path / "city.yaml"
    file.write_text(GOOD, encoding="utf-8")
    topology = load_topology(file)
    assert [topology.msp_id(name) for name in topology.departments] == ["TaxMSP", "Health.MSP"]
    assert topology.departments["Tax"].users["clerk"].attributes == {"role": "clerk"}


def test_collections_of_departments_and_of_a_policy(tmp_path: Path) -> None:
    file = tmp_path / "city.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load_topology(file).collections("bill") == (
        CollectionConfig(
            name="patients",
            policy="OR('TaxMSP.member', 'Health.MSP.member')",
            required_peer_count=1,
            maximum_peer_count=2,
            block_to_live=100,
            member_only_read=True,
        ),
        CollectionConfig(
            name="audits",
            policy="OR('TaxMSP.admin', OR('Health.MSP.member'))",
            endorsement_policy="/Channel/Application/Readers",
        ),
    )


def test_the_bundled_topologies_are_valid() -> None:
    bundled = {name: load_topology(file) for name, file in bundled_topologies().items()}
    assert list(bundled) == ["city", "quickstart", "two-departments"]
    assert list(bundled["quickstart"].departments) == ["EconInfo", "MktSup", "Haidian"]
    assert len(bundled["two-departments"].departments) == 2


def test_the_city_has_its_departments_channels_and_four_bft_orderers() -> None:
    city = load_topology(bundled_topologies()["city"])
    assert len(city.departments) == 18
    assert city.ordering.consensus == "bft"
    assert len(set(city.ordering.nodes)) == len(city.ordering.nodes) == 4
    assert list(city.channels) == [
        "directory", "identity", "credit", "estate", "tax", "bills", "relief", "trace", "health"
    ]  # fmt: skip
    assert set(city.channels["directory"].departments) == set(city.departments)
    ports = [(one.base_port, one.base_port + 50 * len(one.departments)) for one in _bundled()]
    assert all(end <= start for (_, end), (start, _) in pairwise(sorted(ports)))


def test_every_channel_of_the_city_is_governed_and_has_a_clock() -> None:
    city = load_topology(bundled_topologies()["city"])
    assert city.contracts["city"].clock
    assert city.contracts["city"].endorsement is None
    assert all("city" in channel.contracts for channel in city.channels.values())
    governors = [one.users["governor"].attributes for one in city.departments.values()]
    assert {one["role"] for one in governors} == {"governor"}


def test_everybody_of_the_city_has_a_role_and_a_number_and_organisations_their_code() -> None:
    city = load_topology(bundled_topologies()["city"])
    users = [each for one in city.departments.values() for each in one.users.values()]
    people = [each.attributes for each in users]
    assert all(each["role"] for each in people)
    assert len({each["staff"] for each in people}) == len(people)
    codes = [each["uscc"] for each in people if "uscc" in each]
    assert [require_uscc(code) for code in codes] == codes
    assert len(set(codes)) == len(codes) >= 9


def _bundled() -> list[Topology]:
    return [load_topology(file) for file in bundled_topologies().values()]


# what is replaced, by what, the line and key named, and words of the message
MISTAKES = [
    pytest.param("name: city", "name: [", 3, "", "is not YAML", id="broken-yaml"),
    pytest.param("name: city", "\tname: city", 1, "", "is not YAML", id="tab"),
    pytest.param("name: city", "name: city\nname: town", 2, "name", "given twice: first on line 1", id="duplicate-key"),
    pytest.param("  Tax:\n", "  7:\n", 4, "departments.7", "a key must be text", id="number-as-key"),
    pytest.param("name: city\n", "", 1, "name", "is missing", id="missing-top"),
    pytest.param("departments:\n  Tax:", "department:\n  Tax:", 3, "department", "did you mean departments?", id="unknown-top"),
    pytest.param("    peers: 2", "    peer: 2", 9, "departments.Health.peer", "did you mean peers?", id="unknown-nested"),
    pytest.param("    peers: 2", "    zzz: 2", 9, "departments.Health.zzz", "known keys: title, msp_id, peers, anchor_peers", id="unknown-no-hint"),
    pytest.param("batch: {timeout", "batch: {timeouts", 12, "ordering.batch.timeouts", "did you mean timeout?", id="unknown-deep"),
    pytest.param("name: city", "name: My City", 1, "name", "lower-case", id="network-name"),
    pytest.param("  Health:\n", "  He alth:\n", 7, "departments.He alth", "letters, digits", id="department-name"),
    pytest.param("  Health:\n", "  TAX:\n", 7, "departments.TAX", "differs from Tax only in case", id="case-only"),
    pytest.param("msp_id: Health.MSP", "msp_id: TaxMSP", 7, "departments.Health", "already that of Tax", id="same-msp-id"),
    pytest.param("msp_id: Health.MSP", "msp_id: He/MSP", 8, "departments.Health.msp_id", "dots and hyphens", id="msp-id"),
    pytest.param("peers: 2", "peers: 0", 9, "departments.Health.peers", "runs no orderer either", id="no-peers"),
    pytest.param("peers: 2", "peers: 10", 9, "departments.Health.peers", "from 0 to 9", id="many-peers"),
    pytest.param("msp_id: Health.MSP", "orderer_msp_id: Health.MSP", 8, "departments.Health.orderer_msp_id", "runs orderers", id="orderer-msp-id"),
    pytest.param("msp_id: Health.MSP", "msp_id: TaxOrdererMSP", 7, "departments.Health", "already that of Tax", id="same-as-orderers"),
    pytest.param("peers: 2", "peers: two", 9, "departments.Health.peers", "whole number", id="peers-text"),
    pytest.param("peers: 2", "peers: 2.5", 9, "departments.Health.peers", "whole number", id="peers-half"),
    pytest.param("{role: clerk}", "{role: 7}", 6, "departments.Tax.users.clerk.attributes.role", "must be text", id="attribute-number"),
    pytest.param("      clerk:", "      Admin:", 6, "departments.Tax.users.Admin", "already", id="user-admin"),
    pytest.param("base_port: 18000", "base_port: 80", 2, "base_port", "from 1024 to 65535", id="low-port"),
    pytest.param("base_port: 18000", "base_port: 65500", 2, "base_port", "leaves too few ports", id="high-port"),
    pytest.param("nodes: [Tax]", "nodes: Tax", 11, "ordering.nodes", "must be a list", id="not-a-list"),
    pytest.param("nodes: [Tax]", "nodes: []", 11, "ordering.nodes", "at least one orderer", id="no-orderer"),
    pytest.param("nodes: [Tax]", "nodes: [Taxi]", 11, "ordering.nodes.0", "did you mean Tax?", id="unknown-orderer"),
    pytest.param("nodes: [Tax]", "nodes: [Tax, Tax, Tax, Tax]", 11, "ordering.nodes", "at most 3", id="many-orderers"),
    pytest.param("nodes: [Tax]", "nodes: [Tax]\n  consensus: solo", 12, "ordering.consensus", "'raft' or 'bft'", id="consensus"),
    pytest.param("200ms", "200", 12, "ordering.batch.timeout", "must be text", id="timeout-number"),
    pytest.param("200ms", "200 minutes", 12, "ordering.batch.timeout", "one of ms, s", id="timeout-unit"),
    pytest.param("512 KB", "0 KB", 12, "ordering.batch.preferred_bytes", "above 0", id="size-zero"),
    pytest.param("512 KB", "2 MB", 12, "ordering.batch.preferred_bytes", "must not exceed", id="size-order"),
    pytest.param("nodes: [Tax]", "nodes: [Tax]\n  bft: { forward_timeout: 6s }", 12, "ordering.bft.forward_timeout", "must not exceed complain_timeout (4s)", id="complaint"),
    pytest.param("base_port: 18000", "base_port: 18000\ntimes: { keepalive_interval: 9s }", 3, "times.keepalive_interval", "at least 10s", id="pings"),
    pytest.param("  bills:\n", "  Bills:\n", 14, "channels.Bills", "start with a letter", id="channel-name"),
    pytest.param("departments: [Tax, Health]", "departments: [Tax, Helth]", 15, "channels.bills.departments.1", "did you mean Health?", id="unknown-member"),
    pytest.param("departments: [Tax, Health]", "departments: [Tax, Tax, Health]", 15, "channels.bills.departments", "given 2 times", id="twice"),
    pytest.param("departments: [Tax, Health]", "departments: []", 15, "channels.bills.departments", "at least one department", id="empty-channel"),
    pytest.param("departments: [Tax, Health]", "departments: [Health]", 23, "contracts.bill.endorsement", "TaxMSP is not in the channel", id="foreign-endorser"),
    pytest.param("contracts: [bill]", "contracts: [bill]\n    sequences: { bil: 1 }", 17, "channels.bills.sequences.bil", "no contract of the channel named bil; did you mean bill?", id="unknown-sequence"),
    pytest.param("contracts: [bill]", "contracts: [bill]\n    sequences: { bill: 0 }", 17, "channels.bills.sequences.bill", "must be from 1 to 1000000", id="sequence-0"),
    pytest.param("contracts: [bill]", "contracts: [bil]", 16, "channels.bills.contracts.0", "no contract named bil; did you mean bill?", id="unknown-contract"),
    pytest.param("MAJORITY Endorsement", "MOST Endorsement", 17, "channels.bills.policies.Endorsement", "is not a policy", id="channel-policy"),
    pytest.param("version: \"1.0\"", "version: 1.0", 21, "contracts.bill.version", "write it in quotes (it is 1.0)", id="version-number"),
    pytest.param("version: \"1.0\"", "version: \"1/0\"", 21, "contracts.bill.version", "must be letters, digits", id="version"),
    pytest.param("[\"pkg.bill:Bill\"]", "[\"pkg.bill.Bill\"]", 22, "contracts.bill.classes.0", "package.module:Class", id="class"),
    pytest.param("[\"pkg.bill:Bill\"]", "[]", 20, "contracts.bill", "needs either classes", id="no-class"),
    pytest.param("AND('TaxMSP.peer', 'Health.MSP.peer')", "AND('TaxMSP.peer'", 23, "contracts.bill.endorsement", "is not a policy", id="policy"),
    pytest.param("      patients:\n", "      _patients:\n", 25, "contracts.bill.collections._patients", "not start with _", id="collection-name"),
    pytest.param("      audits:\n", "      patients:\n", 31, "contracts.bill.collections.patients", "given twice: first on line 25", id="collection-twice"),
    pytest.param("members: [Tax, Health]", "members: [Tax, Helth]", 26, "contracts.bill.collections.patients.members.1", "did you mean Health?", id="unknown-keeper"),
    pytest.param("members: [Tax, Health]", "members: [Tax, Tax]", 26, "contracts.bill.collections.patients.members", "given 2 times", id="keeper-twice"),
    pytest.param("members: [Tax, Health]", "members: []", 25, "contracts.bill.collections.patients", "either members (departments) or a policy", id="no-keeper"),
    pytest.param("        members: [Tax, Health]", "        policy: OR('TaxMSP.member')\n        members: [Tax]", 25, "contracts.bill.collections.patients", "either members (departments) or a policy", id="two-memberships"),
    pytest.param("members: [Tax, Health]", "members: Tax", 26, "contracts.bill.collections.patients.members", "must be a list", id="keepers-text"),
    pytest.param("required_peer_count: 1", "required_peer_count: 3", 28, "contracts.bill.collections.patients.max_peer_count", "below required_peer_count (3)", id="peer-counts"),
    pytest.param("required_peer_count: 1", "required_peer_count: -1", 27, "contracts.bill.collections.patients.required_peer_count", "from 0 to 1000", id="negative-count"),
    pytest.param("block_to_live: 100", "block_to_live: forever", 29, "contracts.bill.collections.patients.block_to_live", "whole number", id="block-to-live"),
    pytest.param("member_only_read: true", "member_only_read: 1", 30, "contracts.bill.collections.patients.member_only_read", "true or false", id="member-only"),
    pytest.param("member_only_read", "members_only_read", 30, "contracts.bill.collections.patients.members_only_read", "did you mean member_only_read?", id="collection-key"),
    pytest.param("OR('TaxMSP.admin', OR('Health.MSP.member'))", "AND('TaxMSP.member', 'Health.MSP.member')", 32, "contracts.bill.collections.audits.policy", "must be an OR of members", id="keepers-and"),
    pytest.param("OR('TaxMSP.admin', OR('Health.MSP.member'))", "OR('TaxMSP.admin', AND('TaxMSP.peer', 'Health.MSP.peer'))", 32, "contracts.bill.collections.audits.policy", "must be an OR of members", id="keepers-inner-and"),
    pytest.param("OR('TaxMSP.admin', OR('Health.MSP.member'))", "MAJORITY Members", 32, "contracts.bill.collections.audits.policy", "is not a policy", id="keepers-implicit"),
    pytest.param("OR('TaxMSP.admin', OR('Health.MSP.member'))", "OR('SteelMSP.member')", 32, "contracts.bill.collections.audits.policy", "SteelMSP is not in the channel", id="foreign-keeper"),
    pytest.param("/Channel/Application/Readers", "ANY Writers", 33, "contracts.bill.collections.audits.endorsement", "signature policy or the path", id="collection-endorsement"),
    pytest.param("/Channel/Application/Readers", "OR('SteelMSP.peer')", 33, "contracts.bill.collections.audits.endorsement", "SteelMSP is not in the channel", id="foreign-collection-endorser"),
    pytest.param("AND('TaxMSP.peer', 'Health.MSP.peer')", "ANY Endorsement", 23, "contracts.bill.endorsement", "signature policy or the path", id="implicit"),
    pytest.param("peers: 2", "peers: 2\n    anchor_peers: 3", 10, "departments.Health.anchor_peers", "must not exceed its peers (2)", id="anchors"),
    pytest.param("nodes: [Tax]", "nodes: [Tax, Health, Tax]\n  consensus: bft", 11, "ordering.nodes", "at least 4 orderers, to bear that one of them lies; there are 3", id="bft-nodes"),
    pytest.param("event/Block", "event/Blocks", 18, "channels.bills.acls.event/Blocks", "did you mean event/Block?", id="resource"),
    pytest.param("Block: Admins", "Block: Admin", 18, "channels.bills.acls.event/Block", "did you mean Admins?", id="acl-policy"),
    pytest.param("Block: Admins", "Block: /Channel/Application/TaxMSP/Owners", 18, "channels.bills.acls.event/Block", "no policy named /Channel/Application/TaxMSP/Owners", id="acl-path"),
    pytest.param("/Channel/Application/Readers", "/Channel/Application/Reader", 33, "contracts.bill.collections.audits.endorsement", "did you mean /Channel/Application/Readers?", id="endorsement-path"),
    pytest.param("/Channel/Application/Readers", "/Channel/Application/Writers", 33, "contracts.bill.collections.audits.endorsement", "policy that peers do not meet", id="collection-endorsed-by-clients"),
    pytest.param("classes: [\"pkg.bill:Bill\"]", "init_required: true", 20, "contracts.bill", "needs either classes", id="served-nowhere"),
    pytest.param("classes: [\"pkg.bill:Bill\"]", "addresses: {Tax: \"tax.example:9000\"}", 22, "contracts.bill.addresses", "lacks the address of Health, which is in the channel bills", id="address-missing"),
    pytest.param("classes: [\"pkg.bill:Bill\"]", "addresses: {Taxi: \"tax.example:9000\"}", 22, "contracts.bill.addresses.Taxi", "did you mean Tax?", id="address-unknown"),
    pytest.param("AND('TaxMSP.peer', 'Health.MSP.peer')", "OutOf(2, 'TaxMSP.peer')", 23, "contracts.bill.endorsement", "more peers than the channel has", id="too-many-peers"),
    pytest.param("AND('TaxMSP.peer', 'Health.MSP.peer')", "AND('TaxMSP.client', 'Health.MSP.peer')", 23, "contracts.bill.endorsement", "none has the role 'TaxMSP.client': write peer or member", id="endorsing-client"),
    pytest.param("AND('TaxMSP.peer', 'Health.MSP.peer')", "/Channel/Application/Admins", 23, "contracts.bill.endorsement", "a policy that peers do not meet", id="endorsing-admins"),
    pytest.param("AND('TaxMSP.peer', 'Health.MSP.peer')", "/Channel/Application/TaxMSP/Admins", 23, "contracts.bill.endorsement", "a policy that peers do not meet", id="endorsing-admins-of-one"),
    pytest.param("/Channel/Application/Readers", "OR('TaxMSP.admin')", 33, "contracts.bill.collections.audits.endorsement", "none has the role 'TaxMSP.admin'", id="collection-endorsing-admin"),
    pytest.param("Endorsement: MAJORITY Endorsement", "Endorsement: MAJORITY Admins", 17, "channels.bills.policies.Endorsement", "nobody can meet this policy", id="channel-endorsing-admins"),
    pytest.param("Endorsement: MAJORITY Endorsement", "LifecycleEndorsement: ALL Nobody", 17, "channels.bills.policies.LifecycleEndorsement", "nobody can meet this policy", id="channel-endorsing-nobody"),
    pytest.param("required_peer_count: 1\n        max_peer_count: 2", "required_peer_count: 3\n        max_peer_count: 3", 27, "contracts.bill.collections.patients.required_peer_count", "another on channel bills (2)", id="required-peers"),
    pytest.param("members: [Tax, Health]\n        required_peer_count: 1", "members: [Tax]\n        required_peer_count: 2", 27, "contracts.bill.collections.patients.required_peer_count", "another on channel bills (1)", id="required-peers-of-one"),
    *[pytest.param("contracts:\n  bill:", f"contracts:\n  {name}:", 20, f"contracts.{name}", "is the name of a system chaincode", id=name) for name in ("cscc", "escc", "lscc", "qscc", "vscc")],
    pytest.param("classes: [\"pkg.bill:Bill\"]", "addresses: {Tax: tax.example}", 22, "contracts.bill.addresses.Tax", "host:port", id="address-no-port"),
    pytest.param("classes: [\"pkg.bill:Bill\"]", "addresses: {Tax: \"tax.example:70000\"}", 22, "contracts.bill.addresses.Tax", "from 1 to 65535", id="address-port"),
]  # fmt: skip


def test_bft_needs_fabric_3(tmp_path: Path) -> None:
    ordering = "nodes: [Tax, Health, Tax, Health]\n  consensus: bft"
    text = GOOD.replace("name: city", 'name: city\nfabric: "2.5"').replace("nodes: [Tax]", ordering)
    with pytest.raises(TopologyError, match="the capabilities of Fabric 3") as caught:
        load(tmp_path, text)
    assert caught.value.key == "ordering.consensus"


@pytest.mark.parametrize(("good", "bad", "line", "key", "says"), MISTAKES)
def test_a_mistake_is_named_with_file_line_and_key(
    tmp_path: Path, good: str, bad: str, line: int, key: str, says: str
) -> None:
    assert GOOD.count(good) == 1
    with pytest.raises(TopologyError) as caught:
        load(tmp_path, GOOD.replace(good, bad))
    error = caught.value
    assert (error.line, error.key) == (line, key)
    assert error.file == tmp_path / "city.yaml"
    assert says in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "is empty"), ("- a\n- b\n", "must be a table"), ("just words", "must be a table")],
)
def test_a_file_that_is_no_table(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(TopologyError, match=says):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: a\ndepartments: {}\nordering: {nodes: [A]}\nchannels: {}\n", ":2: departments: "),
        ("name: a\ndepartments: {A: {}}\nordering: {nodes: [A]}\nchannels: {}\n", ":4: channels: "),
    ],
)
def test_a_network_of_nothing(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(TopologyError, match=f"{says}needs at least one"):
        load(tmp_path, text)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match="no such file"):
        load_topology(tmp_path / "none.yaml")
    with pytest.raises(TopologyError, match="is a folder"):
        load_topology(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(TopologyError, match="is not UTF-8"):
        load_topology(tmp_path / "latin.yaml")


def test_find_topology_by_name_or_path(tmp_path: Path) -> None:
    assert find_topology("quickstart").name == "quickstart.yaml"
    own = tmp_path / "own.yaml"
    own.write_text(GOOD, encoding="utf-8")
    assert find_topology(str(own)) == own
    with pytest.raises(TopologyError, match="quickstart"):
        find_topology("nowhere")


def test_a_collection_is_kept_by_members_of_its_channel(tmp_path: Path) -> None:
    text = GOOD.replace("    departments: [Tax, Health]", "    departments: [Health]")
    text = text.replace("    endorsement: AND('TaxMSP.peer', 'Health.MSP.peer')\n", "")
    with pytest.raises(
        TopologyError, match=r"collections.patients.members: TaxMSP is not in"
    ) as caught:
        load(tmp_path, text)
    assert caught.value.line == 25


@pytest.mark.parametrize(
    "rule",
    [
        "OutOf(2, 'Health.MSP.peer', 'Health.MSP.member', 'TaxMSP.admin')",
        "OR('TaxMSP.admin', 'TaxMSP.peer')",
        "/Channel/Application/Readers",
        "/Channel/Application/Health.MSP/Endorsement",
        "/Channel/Readers",
    ],
)
def test_policies_that_peers_can_meet(tmp_path: Path, rule: str) -> None:
    load(tmp_path, GOOD.replace("AND('TaxMSP.peer', 'Health.MSP.peer')", rule))


@pytest.mark.parametrize(
    ("rule", "own", "count"),
    [
        ("AND('TaxMSP.peer', 'Health.MSP.peer')", "", 1),
        ("/Channel/Application/Endorsement", "", 1),
        ("OR('TaxMSP.peer', 'Health.MSP.peer')", "", 0),
        ("AND('TaxMSP.peer', 'Health.MSP.peer')", "        endorsement: OR('TaxMSP.peer')\n", 0),
    ],
)
def test_a_collection_narrower_than_the_policy_is_warned_of(
    tmp_path: Path, rule: str, own: str, count: int
) -> None:
    text = GOOD.replace("AND('TaxMSP.peer', 'Health.MSP.peer')", rule)
    text = text.replace("        members: [Tax, Health]\n", f"        members: [Tax]\n{own}")
    file = tmp_path / "city.yaml"
    file.write_text(text, encoding="utf-8")
    warnings = topology_warnings(load_topology(file))
    assert len(warnings) == count
    assert all("collection patients of bill on channel bills" in one for one in warnings)


def test_quantities() -> None:
    assert seconds("100ms") == pytest.approx(0.1)
    assert seconds("2s") == pytest.approx(2)
    assert octets("512 KB") == 512 * 1024
    assert octets("1.5 MB") == 1024 * 1536

"""The doctor's judgements on facts that no test network has, and views as files."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyfabric_network.diagnosis.checks import BY_ID, CHECKS
from pyfabric_network.diagnosis.diagnosis import CheckResult, diagnose
from pyfabric_network.diagnosis.facts import (
    ApprovalFacts,
    AuthorityFacts,
    CertificateFacts,
    ChannelFacts,
    Encounter,
    Facts,
    NodeFacts,
    OperationsFacts,
    OrdererPart,
    ProbeFacts,
    RevocationFacts,
    View,
    read_configs,
)
from pyfabric_network.diagnosis.views import read_view, view_document

from pyfabric.errors import ConfigError
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key
from pyfabric.rules.configuration.succession import (
    APPLICATION_CAPABILITIES,
    CAPABILITIES,
    CHANNEL_CAPABILITIES,
    ORDERER_CAPABILITIES,
)
from tests.support.paths import TESTS

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CAMPUS = {"bft-records": (TESTS / "vectors/1-genesis/bft4/config.pb").read_bytes()}
MEMBERS = ("CampusAMSP", "CampusBMSP", *(f"Keeper{number}MSP" for number in range(1, 5)))
KEEPERS = [f"bft.keeper{number}.uni.test:705{number}" for number in range(1, 5)]


def node(name: str, msp_id: str = "CampusAMSP", **changes: Any) -> NodeFacts:
    """Return a peer or, with a participation, an orderer that answers."""
    facts: dict[str, Any] = {
        "name": name,
        "kind": "orderer" if "parts" in changes or "Keeper" in msp_id else "peer",
        "msp_id": msp_id,
        "address": name,
        "outside": name,
        "probe": ProbeFacts(Encounter.ANSWERS),
        "own": True,
    }
    return NodeFacts(**{**facts, **changes})


def view(**changes: Any) -> View:
    """Return a view of all members of a channel of the vectors."""
    facts: dict[str, Any] = {
        "network": "campus",
        "taken": NOW,
        "own": MEMBERS,
        "departments": {"CampusAMSP": "A", "CampusBMSP": "B"},
        "configs": CAMPUS,
    }
    return View(**{**facts, **changes})


def result(check: str, *views: View) -> CheckResult:
    """Return what one check makes of some views."""
    (found,) = diagnose(Facts(views), [check])
    return found


def problems(check: str, *views: View) -> list[str]:
    """Return the problems that one check finds in some views."""
    return [one.problem for one in result(check, *views).findings]


def test_each_check_has_one_id_and_follows_those_before_it() -> None:
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids) == len(BY_ID)
    for at, check in enumerate(CHECKS):
        assert check.follows - set(ids[:at]) <= {check.id}, check.id


def test_a_ca_server_is_judged_by_its_answer_its_certificate_and_its_registrar() -> None:
    config = read_configs(CAMPUS.items())["bft-records"]
    definition = config.msp_manager.msps["CampusAMSP"].definition
    other = CertificateAuthority.create("ca.a", "A", now=NOW).certificate_pem

    def found(**changes: Any) -> list[str]:
        facts = {"name": "ca.a", "msp_id": "CampusAMSP", "address": "a:1", "tls": False} | changes
        return problems("authorities", view(authorities=(AuthorityFacts(**facts),)))

    own, tls = definition.root_certificates[0], definition.tls_root_certificates[0]
    foreign = ["bft-records does not have its certificate: what it issues is refused there"]
    assert found(chain=own) == found(chain=tls, tls=True) == []
    assert found(chain=own + other) == []
    assert found(chain=other) == found(chain=tls) == found(chain=own, tls=True) == foreign
    assert found(chain=b"no certificate") == foreign
    assert found(chain=own, refusal="why") == ["a:1: its first registrar cannot work: why"]
    assert found(problem="why") == ["a:1: why"]


def test_the_certificate_of_a_ca_server_that_expires_is_named() -> None:
    short = CertificateAuthority.create("ca.a", "A", now=NOW - timedelta(days=364), years=1)
    known = AuthorityFacts("ca.a", "CampusAMSP", "a:1", tls=False, chain=short.certificate_pem)
    (found,) = [one for one in problems("expiry", view(authorities=(known,))) if "a:1" in one]
    ends = short.certificate.not_valid_after_utc
    assert found == f"expires on {ends:%Y-%m-%d %H:%M} UTC: sent by a:1"


def test_departments_that_nobody_looked_at_are_named() -> None:
    found = result("packages", view(own=("CampusAMSP",)))
    assert [(one.msp_id, "join" in one.why) for one in found.unmade] == [("CampusBMSP", True)]
    joined = view(own=("CampusBMSP",))
    assert result("packages", view(own=("CampusAMSP",)), joined).unmade == ()


def test_a_channel_that_no_peer_shows_leaves_its_checks_unmade() -> None:
    silent = node("p", expected=("bft-records",), unasked="why")
    found = result("anchors", view(configs={}, nodes=(silent,)))
    assert [one.why for one in found.unmade] == ["no peer answered about bft-records"]


def test_without_any_answer_the_channels_are_not_checked() -> None:
    found = result("quorum", view(configs={}, nodes=(node("p", unasked="no user"),)))
    assert [one.why for one in found.unmade] == ["no peer showed the configuration of a channel"]


def test_leaders_of_other_departments_are_not_seen() -> None:
    keepers = tuple(node(one, "Keeper1MSP", own=False) for one in KEEPERS)
    found = result("quorum", view(nodes=keepers))
    assert found.findings == ()
    assert len(found.unmade) == len(KEEPERS)


def test_what_a_profile_cannot_show_is_unmade() -> None:
    found = result("disk", view(own=("CampusAMSP",), configs={}, absent={"disk": "no machine"}))
    assert [(one.msp_id, one.why) for one in found.unmade] == [("CampusAMSP", "no machine")]


def test_findings_name_their_causes() -> None:
    dead = ProbeFacts(Encounter.REFUSED)
    anchor = node("p:1", probe=dead)
    results = {one.check.id: one for one in diagnose(Facts((view(nodes=(anchor,)),)))}
    assert results["hosts"].after == ()
    keepers = [node(name, f"Keeper{at}MSP", probe=dead) for at, name in enumerate(KEEPERS[:2], 1)]
    rest = [node(name, f"Keeper{at}MSP") for at, name in enumerate(KEEPERS[2:], 3)]
    results = {one.check.id: one for one in diagnose(Facts((view(nodes=(*keepers, *rest)),)))}
    assert results["quorum"].after == ("hosts",)
    assert [one.problem for one in results["quorum"].findings] == [
        f"2 of 4 orderers answer, and ordering needs 3: {', '.join(KEEPERS[:2])} do not"
    ]


@pytest.mark.parametrize(
    ("leads", "found"),
    [((False, False, True), []), ((False, False, False), ["its orderers have no leader"])],
)
def test_orderers_without_a_leader(leads: tuple[bool, ...], found: list[str]) -> None:
    raft = {
        "uni-records": (TESTS / "vectors/1-genesis/five-departments-raft3/config.pb").read_bytes()
    }
    nodes = tuple(
        node(
            f"orderer{at}.registry.uni.test:705{at}",
            "RegistryOrderers",
            parts={"uni-records": OrdererPart("consenter", "active", 3, one)},
        )
        for at, one in enumerate(leads, 1)
    )
    assert problems("quorum", view(configs=raft, nodes=nodes)) == found


def test_a_node_of_an_old_release_cannot_serve_new_capabilities() -> None:
    old = node("p", expected=("bft-records",), operations=OperationsFacts("2.2.15"))
    assert problems("capabilities", view(nodes=(old,))) == [
        "release 2.2 does not know what bft-records asks for: V2_5, V3_0"
    ]
    for version in ("v3.0.0", "3.1.5", "latest", "0.9.2"):
        new = replace(old, operations=OperationsFacts(version))
        assert problems("capabilities", view(nodes=(new,))) == []


def test_every_capability_has_its_release() -> None:
    known = {*APPLICATION_CAPABILITIES, *CHANNEL_CAPABILITIES, *ORDERER_CAPABILITIES}
    assert known == CAPABILITIES.keys()


def test_heights_are_compared_with_what_was_there_before() -> None:
    slow, fast = (node(name, heights={"c": height}) for name, height in (("s", 5), ("f", 9)))
    early = view(nodes=(slow,), blocks={"c": 5})
    late = view(nodes=(fast,), blocks={"c": 9}, taken=NOW + timedelta(minutes=1))
    assert problems("heights", late, early) == []
    lagging = replace(late, nodes=(fast, slow))
    assert problems("heights", lagging) == ["has 5 of 9 blocks of c"]


@pytest.mark.parametrize(
    ("relation", "status", "found"),
    [
        ("consenter", "active", []),
        ("follower", "active", ["only follows c: it is no consenter of it"]),
        ("consenter", "inactive", ["is inactive on c"]),
    ],
)
def test_an_orderer_that_takes_no_part(relation: str, status: str, found: list[str]) -> None:
    orderer = node("o", "Keeper1MSP", parts={"c": OrdererPart(relation, status, 3)})
    assert problems("followers", view(nodes=(orderer,))) == found


@pytest.mark.parametrize(
    ("sent", "peer", "found"),
    [
        ("2026-11-25T01:36:05Z", "2026-11-25T02:36:05Z", "3600 s ahead of"),
        ("2026-11-25T03:36:05Z", "2026-11-25T02:36:05Z", "3600 s behind"),
    ],
)
def test_a_peer_that_refuses_for_the_time_reports_its_own(sent: str, peer: str, found: str) -> None:
    said = (
        f"a:1: 500: request unauthorized due to incorrect timestamp {sent}, peer time {peer}, "
        "peer.authentication.timewindow 15m0s"
    )
    assert problems("clock", view(nodes=(node("a:1", unasked=said),))) == [
        f"its clock is {found} this machine's"
    ]


def authority() -> CertificateAuthority:
    return CertificateAuthority.create("ca", "A", now=NOW - timedelta(days=100))


@pytest.mark.parametrize(("days", "found"), [(60, 0), (20, 1), (-1, 1)])
def test_certificates_are_found_a_month_before_they_expire(days: int, found: int) -> None:
    begin = NOW - timedelta(days=50)
    certificate = authority().issue(
        "a", now=begin, public_key=generate_private_key().public_key(), days=50 + days
    )
    one = CertificateFacts("a's certificate", "CampusAMSP", "a file", certificate)
    ended = problems("expiry", view(certificates=(one,)))
    assert len(ended) == found
    assert all("a file" in text and ("expired" in text) is (days < 0) for text in ended)


def test_what_cannot_be_read_is_a_finding_too() -> None:
    one = CertificateFacts("a's certificate", "CampusAMSP", "a file", b"nothing")
    assert problems("expiry", view(certificates=(one,))) == ["cannot be read: a file"]
    torn = RevocationFacts("CampusAMSP", "a list", b"nothing")
    assert problems("crl", view(revocations=(torn,))) == ["cannot be read: a list"]


def test_a_renewed_certificate_with_the_same_key_is_still_the_consenter() -> None:
    key = generate_private_key().public_key()
    first, again, other = (
        authority().issue("o", now=NOW, public_key=one, tls=True)
        for one in (key, key, generate_private_key().public_key())
    )
    from pyfabric.admin.channels import ReplaceConsenter, edit_config

    config = edit_config(
        CAMPUS["bft-records"], [ReplaceConsenter(KEEPERS[0], server_tls_certificate=first)]
    )
    for shown, found in ((again, 0), (other, 1)):
        keeper = node(
            KEEPERS[0], "Keeper1MSP", probe=ProbeFacts(Encounter.ANSWERS, certificate=shown)
        )
        seen = view(configs={"bft-records": config}, nodes=(keeper,))
        assert len(problems("consenters", seen)) == found


@pytest.mark.parametrize(
    ("other", "found"),
    [("deeds_1:bb", 1), ("deeds_1:aa", 0), ("deeds_2:bb", 0), (None, 0)],
)
def test_packages_are_compared_between_departments_that_join(other: str | None, found: int) -> None:
    def approved(msp_id: str, package_id: str | None) -> View:
        approval = ApprovalFacts("c", "deeds", msp_id, 1, package_id)
        return view(own=(msp_id,), approvals=(approval,))

    ours, theirs = approved("CampusAMSP", "deeds_1:aa"), approved("CampusBMSP", other)
    assert len(problems("packages", ours, theirs)) == found


def test_peers_that_do_not_know_each_other() -> None:
    knows = ChannelFacts("bft-records", "a:1", (), ())
    peers = (node("a:1", heights={"bft-records": 1}), node("b:1", "CampusBMSP"))
    seen = view(nodes=peers, channels=(knows,))
    assert problems("membership", seen) == [
        "does not know a:1 on bft-records",
        "knows no peer of B on bft-records",
    ]


TEXT = st.text(max_size=8)
NODES = st.builds(
    node,
    TEXT,
    TEXT,
    probe=st.builds(ProbeFacts, st.sampled_from(Encounter), TEXT, TEXT, st.binary(max_size=8)),
    heights=st.dictionaries(TEXT, st.integers(0, 2**64)),
    parts=st.dictionaries(TEXT, st.builds(OrdererPart, TEXT, TEXT, st.integers(0), st.booleans())),
    installed=st.none() | st.tuples(TEXT),
    operations=st.none() | st.builds(OperationsFacts, TEXT, st.floats(allow_nan=False)),
)


@given(st.builds(view, taken=st.datetimes(timezones=st.just(UTC)), nodes=st.tuples(NODES)))
@settings(max_examples=50)
def test_a_view_comes_back_from_its_file(tmp_path_factory: Any, seen: View) -> None:
    file = tmp_path_factory.mktemp("views") / "view.json"
    file.write_text(json.dumps({"view": view_document(seen)}))
    assert read_view(file) == seen


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        ("{", "is not what"),
        ("[]", "is not what"),
        ('{"view": {"network": 3}}', r"view\.network"),
        ('{"view": {"network": "n"}}', r"view\.taken: Field required"),
    ],
)
def test_a_file_that_is_no_view(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "view.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=words):
        read_view(file)


def test_a_view_whose_configuration_cannot_be_read(tmp_path: Path) -> None:
    broken: Mapping[str, bytes] = {"c": b"\xff"}
    file = tmp_path / "view.json"
    file.write_text(json.dumps({"view": view_document(view(configs=broken))}))
    with pytest.raises(ConfigError, match=r"view\.json: the configuration of a channel"):
        read_view(file)

"""Proposals: what travels between departments, how it stands against a configuration, and how it is computed again."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.msp import identities_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.admin.channels import (
    AddToMSP,
    Edit,
    JSONPatch,
    RemoveConsenter,
    RemovePolicy,
    SetACLs,
    SetBatch,
    SetPolicy,
    edit_config,
)
from pyfabric.admin.config.intent import intent, with_intent
from pyfabric.admin.config.proposal import (
    Base,
    Proposal,
    make_proposal,
    merge_proposals,
    renew_proposal,
)
from pyfabric.admin.config.proposal_files import MAX_BYTES, read_proposal, write_proposal
from pyfabric.admin.config.review import Review, review
from pyfabric.admin.config.update import compute_update, config_signature, signature_header
from pyfabric.errors import ConfigError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.rules.configuration.update import read_update
from tests.support.ledger.ordering import CHANNEL, NOW, Council

VECTORS = Path(__file__).parent.parent.parent / "vectors" / "2-config-updates"
COUNCIL = Council(3, bft=False, departments=("Land", "Tax", "Health"))
CONFIG = config_from_block(COUNCIL.genesis())[1].SerializeToString(deterministic=True)
LAND, TAX, HEALTH = (one.admin for one in COUNCIL.departments)
ORDERING = COUNCIL.ordering.admin
ACLS = SetACLs({"peer/Propose": "/Channel/Application/Readers"})


def signature(proposal: Proposal, one: SigningIdentity, nonce: bytes = b"nonce") -> bytes:
    header = signature_header(one.serialized(), nonce)
    return config_signature(header, one.sign(header + proposal.update))


def proposal(*signers: SigningIdentity, edits: Sequence[Edit] = (ACLS,)) -> Proposal:
    made = make_proposal(CHANNEL, CONFIG, edits)
    return made.signed(*(signature(made, one) for one in signers))


def after(edits: Sequence[Edit], config: bytes = CONFIG) -> bytes:
    """Return a configuration after an update that the orderers took."""
    found = configtx_pb2.Config.FromString(config)
    update = configtx_pb2.ConfigUpdate.FromString(
        compute_update(CHANNEL, config, edit_config(config, edits))
    )
    _take(found.channel_group, update.write_set)
    found.sequence += 1
    return found.SerializeToString(deterministic=True)


def _take(group: Any, written: Any) -> None:
    """Set the elements of a write set: enough of what an orderer does for groups that stay."""
    for kind in ("values", "policies"):
        for name, one in getattr(written, kind).items():
            if one.mod_policy:
                getattr(group, kind)[name].CopyFrom(one)
        if written.mod_policy:
            for name in set(getattr(group, kind)) - set(getattr(written, kind)):
                del getattr(group, kind)[name]
    if written.mod_policy:
        group.version = written.version
    for name, one in written.groups.items():
        _take(group.groups[name], one)


def judged(made: Proposal, config: bytes = CONFIG, **options: Any) -> Review:
    return review(made, config, now=NOW, **options)


def test_a_proposal_says_what_it_changes_and_who_must_sign() -> None:
    found = judged(proposal(TAX))
    assert [one.path for one in found.changes] == ["/Channel/Application/ACLs"]
    assert "peer/Propose" in found.changes[0].words
    (needed,) = found.missing
    assert (
        needed.elements == ("/Channel/Application/ACLs",)
        or "/Channel/Application" in needed.elements
    )
    assert {one.choices[0].organizations[0] for one in needed.policy.missing} == {
        "LandMSP",
        "HealthMSP",
    }
    assert not found.can_be_made
    assert [(one.msp_id, one.problem) for one in found.signatures] == [("TaxMSP", "")]


def test_a_proposal_that_is_signed_by_enough_can_be_made() -> None:
    found = judged(proposal(TAX, LAND))
    assert (found.can_be_made, found.missing, found.problems, found.remarks) == (True, (), (), ())


def test_what_is_changed_under_several_policies_needs_all_of_them() -> None:
    both = (ACLS, SetBatch(max_message_count=7))
    assert not judged(proposal(TAX, LAND, edits=both)).can_be_made
    found = judged(proposal(TAX, LAND, ORDERING, edits=both))
    assert found.can_be_made
    assert [one.policy.path for one in found.requirements] == [
        "/Channel/Application/Admins",
        "/Channel/Orderer/Admins",
    ]


def test_an_update_is_void_once_what_it_builds_on_has_changed() -> None:
    made = proposal(TAX, LAND)
    now = after([SetACLs({"peer/Propose": "/Channel/Application/Writers"})])
    found = judged(made, now)
    assert "/Channel/Application" in found.outdated[0]
    assert (found.can_be_made, found.changes) == (False, ())
    again = renew_proposal(made, now)
    assert (again.signatures, again.base) == ((), Base.of(now))
    assert [one.path for one in judged(again, now).changes] == ["/Channel/Application/ACLs"]


def test_an_update_stays_good_while_something_else_changes() -> None:
    made = proposal(TAX, LAND)
    found = judged(made, after([SetBatch(max_message_count=9)]))
    assert found.can_be_made
    assert (
        "has changed since the update was computed, but nothing that it builds on"
        in found.remarks[0]
    )


def test_what_is_made_already_cannot_be_computed_again() -> None:
    with pytest.raises(ConfigError, match="do not differ"):
        renew_proposal(proposal(), after([ACLS]))
    with pytest.raises(ConfigError, match="does not hold what is intended"):
        renew_proposal(Proposal(CHANNEL, proposal().update), CONFIG)


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        (
            [SetPolicy("/Channel/Application/Admins", "OR('NobodyMSP.admin')")],
            "nobody could sign the next change",
        ),
        ([RemovePolicy("/Channel/Application/LifecycleEndorsement")], ""),
        (
            [SetPolicy("/Channel/Application/LifecycleEndorsement", "ALL Nothing")],
            "approve or commit",
        ),
    ],
)
def test_an_update_after_which_nobody_could_sign_the_next(edits: list[Edit], reason: str) -> None:
    found = judged(proposal(TAX, LAND, HEALTH, edits=edits))
    assert found.can_be_made == (not reason)
    assert reason in " ".join(found.problems)


def test_the_last_administrator_in_the_revocation_list() -> None:
    crl = COUNCIL.departments[0].ca.revoke([LAND.identity.certificate], now=NOW)
    made = proposal(LAND, edits=[AddToMSP("LandMSP", "crls", (crl,))])
    assert "no administrator of LandMSP" in judged(made).problems[0]
    other = COUNCIL.departments[0].identity("second", "admin")
    assert judged(made, administrators=[other.identity.certificate]).can_be_made


def test_a_consenter_that_goes_while_another_is_down() -> None:
    made = proposal(ORDERING, edits=[RemoveConsenter("127.0.0.1:7001")])
    assert judged(made).can_be_made
    found = judged(made, is_down=lambda one: one.port == 7002)
    assert "quorum loss" in found.problems[0]


def test_a_signature_that_does_not_count_is_named() -> None:
    user = COUNCIL.departments[0].identity("ann", "client")
    made = proposal(LAND, user)
    forged = configtx_pb2.ConfigSignature.FromString(signature(made, TAX))
    forged.signature = forged.signature[:-1] + bytes([forged.signature[-1] ^ 1])
    found = judged(made.signed(forged.SerializeToString()))
    assert [(one.name, bool(one.problem)) for one in found.signatures] == [
        ("admin", False),
        ("ann", True),
        ("admin", True),
    ]


def test_a_file_whose_edits_are_not_its_update_is_not_believed() -> None:
    harmless = write_proposal(make_proposal(CHANNEL, CONFIG, [SetBatch(max_message_count=7)]))
    forged = {**json.loads(harmless), "update": json.loads(write_proposal(proposal()))["update"]}
    found = judged(read_proposal(json.dumps(forged).encode()))
    assert [one.path for one in found.changes] == ["/Channel/Application/ACLs"]
    assert "make something else than its update" in found.remarks[0]


def test_an_element_that_is_written_again_is_listed() -> None:
    update = configtx_pb2.ConfigUpdate.FromString(proposal().update)
    present = configtx_pb2.Config.FromString(CONFIG).channel_group.groups["Orderer"]
    update.read_set.groups["Orderer"].version = present.version
    again = update.write_set.groups["Orderer"].values["BatchSize"]
    again.CopyFrom(present.values["BatchSize"])
    again.version += 1
    found = judged(Proposal(CHANNEL, update.SerializeToString()))
    assert found.rewritten == ("/Channel/Orderer/BatchSize",)


def test_signatures_of_copies_are_put_together() -> None:
    made = proposal()
    copies = [made.signed(signature(made, one)) for one in (TAX, LAND, TAX)]
    assert len(merge_proposals(copies).signatures) == 2
    with pytest.raises(ConfigError, match="different updates"):
        merge_proposals([made, proposal(edits=[SetBatch(max_message_count=7)])])


def test_a_signer_who_signs_again_counts_once() -> None:
    made = proposal(TAX)
    assert made.signed(signature(made, TAX, b"another nonce")).signatures != made.signatures
    assert len(made.signed(signature(made, TAX, b"another nonce")).signatures) == 1


def test_a_proposal_is_read_as_it_was_written() -> None:
    made = proposal(TAX, LAND)
    assert read_proposal(write_proposal(made)) == made
    foreign = Proposal(CHANNEL, made.update, made.signatures)
    assert read_proposal(write_proposal(foreign)) == foreign
    assert read_proposal(made.envelope()) == foreign
    assert read_proposal(made.update) == Proposal(CHANNEL, made.update)


def test_an_envelope_is_one_that_an_orderer_reads() -> None:
    made = proposal(TAX)
    found = read_update(common_pb2.Envelope.FromString(made.envelope()))
    assert (found.config_update, len(found.signatures)) == (made.update, 1)


DOCUMENT = json.loads(write_proposal(proposal(TAX)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"proposal": 2}, 'no "proposal": 1'),
        ({"proposal": True}, '"proposal" is missing or of a wrong type'),
        ({"channel": 5}, '"channel" is missing or of a wrong type'),
        ({"channel": "other"}, "for channel 'council', not for 'other'"),
        ({"update": "%%"}, '"update" is not base64'),
        ({"update": ""}, "not a configuration update"),
        ({"signatures": [1]}, '"signatures" is not a text in base64'),
        ({"signatures": ["/w=="]}, "ConfigSignature"),
        ({"edits": [{"edit": "format-disk"}]}, "not an edit"),
        ({"base": {"sequence": 1}}, '"base" has a sequence and a sha256'),
        ({"summary": "harmless"}, '"summary" is unknown'),
    ],
)
def test_a_damaged_file_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        read_proposal(json.dumps({**DOCUMENT, **changes}).encode())


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"null"]
)
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ConfigError):
        read_proposal(content)


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(ConfigError, match="a proposal has at most"):
        read_proposal(b"{" + b" " * MAX_BYTES)


@given(st.binary(max_size=200))
def test_no_bytes_make_another_error(content: bytes) -> None:
    with contextlib.suppress(ConfigError):
        read_proposal(content)


FOLDERS = sorted(path.parent for path in VECTORS.glob("**/update.pb") if path.parent.name != "live")


def pair(folder: Path) -> tuple[bytes, bytes]:
    name = "original.pb" if (folder / "original.pb").exists() else "config-before.pb"
    return (folder / name).read_bytes(), (folder / "modified.pb").read_bytes()


def test_all_updates_of_fabrics_tools_are_tried() -> None:
    assert len(FOLDERS) == 21


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_intent_of_a_wanted_configuration_makes_the_same_update(folder: Path) -> None:
    before, wanted = pair(folder)
    patch = intent(before, wanted)
    assert isinstance(patch, JSONPatch)
    assert compute_update("records", before, edit_config(before, [patch])) == compute_update(
        "records", before, wanted
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_update_of_fabrics_tools_can_be_computed_again(folder: Path) -> None:
    before, _ = pair(folder)
    found = with_intent(read_proposal((folder / "update.pb").read_bytes()), before)
    again = renew_proposal(found, before)
    assert configtx_pb2.ConfigUpdate.FromString(
        again.update
    ) == configtx_pb2.ConfigUpdate.FromString(found.update)


def test_an_intent_does_not_overwrite_what_others_have_changed() -> None:
    wanted = edit_config(CONFIG, [SetBatch(max_message_count=7)])
    made = make_proposal(CHANNEL, CONFIG, [intent(CONFIG, wanted)])
    assert renew_proposal(made, after([ACLS])).update
    with pytest.raises(ConfigError, match="tested value 500"):
        renew_proposal(made, after([SetBatch(max_message_count=9)]))


def test_an_intent_that_json_does_not_show() -> None:
    one, other = (
        edit_config(CONFIG, [SetACLs({name: "/Channel/Application/Admins"})])
        for name in ("peer/Propose", "event/Block")
    )
    before, after = (configtx_pb2.Config.FromString(one) for _ in range(2))
    parts = [
        configtx_pb2.Config.FromString(each)
        .channel_group.groups["Application"]
        .values["ACLs"]
        .value
        for each in (one, other)
    ]
    for config, order in ((before, parts), (after, parts[::-1])):  # of a map, which has no order
        config.channel_group.groups["Application"].values["ACLs"].value = b"".join(order)
    with pytest.raises(ConfigError, match="JSON does not show all of it"):
        intent(before.SerializeToString(), after.SerializeToString())


def test_edits_that_cannot_be_made_any_more() -> None:
    patch = intent(CONFIG, edit_config(CONFIG, [SetBatch(max_message_count=7)]))
    made = make_proposal(CHANNEL, CONFIG, [patch])
    void = judged(made, after([SetBatch(max_message_count=9)]))
    assert (bool(void.outdated), void.is_in_force) == (True, False)
    other = Proposal(CHANNEL, proposal().update, edits=(RemoveConsenter("nowhere:1"),))
    assert "the edits in the file cannot be made any more" in judged(other).remarks[0]


def test_a_proposal_whose_edits_have_been_made_is_in_force() -> None:
    assert judged(proposal(TAX), after([ACLS])).is_in_force


def test_a_signer_whose_certificate_cannot_be_read_has_no_name() -> None:
    made = proposal()
    header = signature_header(
        identities_pb2.SerializedIdentity(
            mspid="TaxMSP",
            id_bytes=b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ).SerializeToString(),
        b"nonce",
    )
    signed = made.signed(config_signature(header, b""))
    assert signed.signers == ("an unreadable certificate of TaxMSP",)
    assert judged(signed).signatures[0].problem

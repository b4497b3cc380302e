"""The contract `Identity`: what people and departments do with DIDs, credentials, status lists and presentations."""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from pyfabric_municipal.common.testing.stage import Stage, certificate, salt_of
from pyfabric_municipal.identity.contract import StatusBits
from pyfabric_municipal.identity.publishing import is_set, list_credential
from pyfabric_municipal.identity.records import Credential, Delegation, Did, Licence, StatusChunk

from pyfabric.chaincode import ContractError
from tests.support.municipal import identity_story as story
from tests.support.municipal.identity_story import (
    AGENT,
    BUREAU,
    CREDENTIAL,
    DAY,
    HOLDER,
    INDEX,
    KIND,
    LICENCE,
    LICENCE_TYPE,
    LIST,
    PEOPLE,
    PERSON,
    STORY,
    SUSPENSIONS,
    anchor,
    did,
    entry,
    keys,
    multikey,
    presentation,
    signed,
    unsigned,
)

ANCHOR = anchor(CREDENTIAL)


@pytest.fixture
def stage() -> Stage:
    return Stage(STORY)


def ask(stage: Stage, function: str, *arguments: object) -> Any:
    answer = stage.ledger.evaluate(
        f"Identity:{function}", *arguments, as_=certificate(PEOPLE["passer-by"])
    )
    return json.loads(answer)


def refused(stage: Stage, step: str, **changes: Any) -> str:
    with pytest.raises(ContractError) as caught:
        stage.take(step, **changes)
    return caught.value.code


class TestDids:
    def test_a_document_is_resolved_as_it_was_at_any_time(self, stage: Stage) -> None:
        stage.reach("activate")
        stage.take("update", later=DAY)
        stage.take("give_up", later=DAY, signer="zhang-2")
        seen = [
            ask(stage, "resolve", HOLDER, f"2026-03-{day}T03:00:00Z") for day in (10, 11, 12, 13)
        ]
        assert seen[0]["didResolutionMetadata"] == {"error": "notFound"}
        found = [one["didDocument"].get("verificationMethod", []) for one in seen[1:]]
        keys_seen = [[key["publicKeyMultibase"] for key in one] for one in found]
        assert keys_seen == [[multikey("zhang")], [multikey("zhang-2")], []]
        metadata = [one["didDocumentMetadata"] for one in seen[1:]]
        assert [one["versionId"] for one in metadata] == ["1", "2", "3"]
        assert [one["deactivated"] for one in metadata] == [False, False, True]
        assert metadata[0]["nextUpdate"] == metadata[1]["updated"] == "2026-03-12T02:00:00Z"
        assert {one["created"] for one in metadata} == {"2026-03-11T02:00:00Z"}

    def test_the_document_has_the_members_of_did_core(self, stage: Stage) -> None:
        stage.reach("activate")
        service = {"id": "desk", "type": "Desk", "endpoint": "https://desk.example/"}
        given = {"keys": keys("zhang"), "services": [service]}
        stage.take("update", arguments=given)
        document = ask(stage, "resolve", HOLDER, "2026-03-11T02:00:00Z")["didDocument"]
        assert document["id"] == HOLDER
        assert document["authentication"] == [f"{HOLDER}#key-1"] == document["assertionMethod"]
        assert "keyAgreement" not in document
        assert document["service"][0]["serviceEndpoint"] == "https://desk.example/"

    def test_only_the_present_key_signs_the_next_version(self, stage: Stage) -> None:
        stage.reach("update")
        assert refused(stage, "update", signer="zhang") == "signature-wrong"
        assert stage.take("update", signer="zhang-2")["state"] == "active"

    def test_nobody_activates_without_the_key(self, stage: Stage) -> None:
        stage.prepare("activate")
        assert refused(stage, "activate", signer="agent") == "signature-wrong"

    def test_a_quorum_of_guardians_recovers_what_the_old_key_no_longer_signs(
        self, stage: Stage
    ) -> None:
        stage.reach("agree_recovery")
        assert stage.record(Did, HOLDER).state == "recovering"
        assert refused(stage, "agree_recovery") == "answered"
        stage.take("agree_recovery#second")
        assert refused(stage, "recover", signer="zhang") == "signature-wrong"
        stage.take("recover")
        assert stage.record(Did, HOLDER).keys[0].multikey == multikey("zhang-2")
        assert refused(stage, "update", signer="zhang") == "signature-wrong"

    def test_the_present_key_stops_a_recovery(self, stage: Stage) -> None:
        stage.prepare("recover")
        stage.take("stop_recovery")
        assert stage.record(Did, HOLDER).proposed == ()
        assert refused(stage, "recover") == "state"

    def test_a_person_has_one_active_did_and_a_new_one_after_it_is_deactivated(
        self, stage: Stage
    ) -> None:
        stage.reach("activate")
        again = {"record_id": did("zhang-2"), "arguments": {"keys": keys("zhang-2")}}
        assert refused(stage, "register_person", **again) == "identity.second-did"
        stage.take("deactivate")
        assert stage.take("register_person", **again)["state"] == "registered"

    @pytest.mark.parametrize(
        "wrong",
        [
            HOLDER.upper(),
            HOLDER.replace("did", "DID"),
            f"{HOLDER} ",
            f"{HOLDER}#key-1",
            "did:city:",
        ],
    )
    def test_a_did_has_one_spelling(self, stage: Stage, wrong: str) -> None:
        assert refused(stage, "register_person", record_id=wrong).startswith("value.did-")

    @pytest.mark.parametrize(
        "changed",
        [
            [],
            [{**keys("zhang")[0], "purposes": ["authentication"]}],
            [*keys("zhang"), *keys("agent")],
            [{**keys("zhang")[0], "purposes": ["capabilityInvocation", "keyAgreement"]}],
            [{**keys("zhang")[0], "multikey": "z6Mk"}],
        ],
    )
    def test_keys_that_make_no_document_are_refused(
        self, stage: Stage, changed: list[dict[str, Any]]
    ) -> None:
        stage.reach("activate")
        with pytest.raises(ContractError):
            stage.take("update", arguments={"keys": changed})

    def test_all_that_a_notice_deactivated_are_listed(self, stage: Stage) -> None:
        stage.reach("activate")
        stage.reach("activate#agent")
        stage.take("deactivate")
        stage.take("deactivate", record_id=AGENT, batch="file-2")
        page = ask(stage, "listed", "did", "notice", ["京公户销〔2026〕12号"], 10, "")
        assert {one["id"] for one in page["items"]} == {HOLDER, AGENT}

    def test_who_a_person_is_stays_with_its_registrar(self, stage: Stage) -> None:
        stage.reach("register_person")
        key = "\x00part\x00did\x00" + HOLDER + "\x00link\x00"
        kept = {
            one: stage.ledger.private_state(f"_implicit_org_{one}", key, of=one)
            for one in STORY.organizations or ()
        }
        assert [one for one, value in kept.items() if value] == [story.POLICE]


class TestAccreditations:
    def test_who_was_accredited_is_asked_at_a_time(self, stage: Stage) -> None:
        stage.reach("end_accreditation")
        at = ("2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-03-10T23:59:59Z", story.FROM)
        found = [len(ask(stage, "accreditations", BUREAU, KIND, one)) for one in at]
        assert found == [0, 1, 1, 0]

    def test_nothing_is_issued_that_is_valid_from_a_time_after_the_accreditation(
        self, stage: Stage
    ) -> None:
        stage.prepare("issue")
        stage.take("end_accreditation")
        assert refused(stage, "issue") == "identity.not-accredited"

    def test_what_was_issued_before_the_end_counts_after_it(self, stage: Stage) -> None:
        stage.prepare("present")
        stage.take("end_accreditation", arguments={"since": "2026-03-11T00:00:01Z"})
        assert stage.take("present")["state"] == "shown"

    def test_another_department_does_not_issue_in_the_issuers_name(self, stage: Stage) -> None:
        stage.prepare("issue")
        other = story.Person(story.TAX, {"role": "issuer", "staff": "7002"})
        assert refused(stage, "issue", by=other) == "identity.not-accredited"


class TestCredentials:
    def test_nothing_of_a_credential_is_public_but_its_commitment(self, stage: Stage) -> None:
        stage.reach("issue")
        public = "".join(
            (stage.ledger.state(key) or b"").decode() for key in iter(stage.ledger.keys())
        )
        for secret in ("危险废物经营许可", PERSON["name"], PERSON["resident_id"], "permit"):
            assert secret not in public
        assert ANCHOR in public
        assert CREDENTIAL["proof"]["proofValue"] not in public

    def test_status_bits_follow_the_life_of_a_credential(self, stage: Stage) -> None:
        stage.reach("issue")
        seen = [_bits(stage)]
        for step in ("suspend", "reinstate", "suspend", "revoke"):
            stage.take(step)
            seen.append(_bits(stage))
        assert seen == [(0, 0), (0, 1), (0, 0), (0, 1), (1, 1)]
        assert refused(stage, "reinstate") == "state"
        assert refused(stage, "suspend") == "state"

    def test_the_published_list_has_the_bits_of_the_ledger(self, stage: Stage) -> None:
        stage.reach("revoke")
        found = StatusBits.model_validate(ask(stage, "status_bits", LIST)).model_dump()
        document = list_credential(found, valid_from=story.FROM, valid_until=story.UNTIL)
        assert is_set(entry(LIST, "revocation", INDEX), document)
        assert not is_set(entry(LIST, "revocation", INDEX + 1), document)
        assert [len(one.bits) for one in stage.records(StatusChunk)] == [256]
        assert document["issuer"] == BUREAU

    @pytest.mark.parametrize("index", [131_072, 2**20])
    def test_an_index_beyond_the_list_is_refused(self, stage: Stage, index: int) -> None:
        stage.reach("open_list")
        with pytest.raises(ContractError) as caught:
            ask(stage, "status", LIST, index)
        assert caught.value.code == "value.status-list-range"

    @pytest.mark.parametrize("size", [131_071, 131_073, 1024, 2**21])
    def test_a_list_has_whole_chunks_and_enough_statuses_to_hide_one(
        self, stage: Stage, size: int
    ) -> None:
        stage.prepare("open_list")
        with pytest.raises(ContractError):
            stage.take("open_list", arguments={"size": size})

    def test_a_status_index_is_never_used_again(self, stage: Stage) -> None:
        stage.reach("revoke")
        again = {"record_id": anchor(story.AGAIN), "private": {"document": story.AGAIN}}
        assert refused(stage, "issue", **again) == "identity.index-used"

    @pytest.mark.parametrize(
        "document",
        [
            signed(unsigned(), "agent"),
            signed(unsigned(), verificationMethod=f"{BUREAU}#key-2"),
            signed(unsigned(), proofPurpose="authentication"),
            signed(unsigned(issuer=AGENT), "agent"),
        ],
    )
    def test_a_proof_of_another_key_or_for_another_purpose_is_refused(
        self, stage: Stage, document: dict[str, Any]
    ) -> None:
        stage.prepare("issue")
        stage.reach("activate#agent")
        changes = {"record_id": anchor(document), "private": {"document": document}}
        assert refused(stage, "issue", **changes) in {
            "identity.wrong-proof",
            "identity.not-accredited",
        }

    def test_a_key_that_was_rotated_out_signs_no_more(self, stage: Stage) -> None:
        stage.prepare("issue")
        change = {"record_id": BUREAU, "arguments": {"keys": keys("bureau-2")}, "signer": "bureau"}
        stage.take("update", **change)
        assert refused(stage, "issue") == "identity.wrong-proof"

    def test_two_members_of_one_name_are_refused_wherever_json_is_read(self, stage: Stage) -> None:
        stage.prepare("issue")
        call = stage.call("issue")
        text = call.transient["document"].decode()
        twice = text.replace('"issuer":', f'"issuer": "{AGENT}", "issuer":', 1)
        with pytest.raises(ContractError) as caught:
            stage.ledger.submit(
                call.function,
                *call.arguments,
                as_=certificate(call.by),
                transient={"document": twice.encode()},
            )
        assert "twice" in str(caught.value)
        asked = stage.call("ask")
        with pytest.raises(ContractError, match="twice"):
            stage.ledger.submit(
                "Identity:update",
                HOLDER,
                '[{"id":"a","id":"b"}]',
                "{}",
                as_=certificate(asked.by),
            )

    def test_those_that_expire_are_listed_by_type(self, stage: Stage) -> None:
        stage.reach("issue")
        found = [
            ask(stage, "expiring", kind, before, 10, "")["items"]
            for kind in (KIND, LICENCE_TYPE)
            for before in ("2026-09-01T00:00:00Z", "2027-01-01T00:00:00Z")
        ]
        assert [[one["id"] for one in each] for each in found] == [[], [ANCHOR], [], [LICENCE]]

    def test_from_the_end_of_its_time_on_a_credential_counts_as_expired(self, stage: Stage) -> None:
        stage.reach("issue")
        stage.ledger.now = story.START.replace(month=12, day=31)
        assert ask(stage, "read", "credential", ANCHOR)["state"] == "expired"
        assert stage.record(Credential, ANCHOR).state == "active"


class TestLicences:
    def test_the_licences_of_a_deregistered_firm_are_suspended(self, stage: Stage) -> None:
        stage.reach("issue_licence")
        other = story.licence_id("2026000002")
        stage.take("issue_licence", record_id=other)
        first = stage.take("suspend_licences")
        assert first["left"]
        second = stage.take("suspend_licences")
        assert not second["left"]
        assert [stage.record(Licence, one).state for one in (LICENCE, other)] == ["suspended"] * 2

    def test_a_person_is_named_by_a_blinded_key(self, stage: Stage) -> None:
        stage.prepare("issue_licence")
        outcome = stage.take(
            "issue_licence", arguments={"holder": {"organisation": None, "person": story.BLINDED}}
        )
        assert outcome["state"] == "valid"

    def test_every_state_has_the_code_of_the_national_interface(self) -> None:
        assert set(Licence.CODES) == set(Licence.STATES)


class TestPresentations:
    def test_the_holder_presents_without_a_delegation(self, stage: Stage) -> None:
        stage.prepare("present")
        changes = {
            "private": {"shown": presentation("zhang")},
            "arguments": {"delegation": None},
        }
        assert stage.take("present", **changes)["state"] == "shown"

    def test_a_presentation_counts_once(self, stage: Stage) -> None:
        stage.reach("present")
        assert refused(stage, "present") == "state"
        assert refused(stage, "ask") == "exists"

    def test_a_presentation_for_another_verifier_is_refused(self, stage: Stage) -> None:
        stage.prepare("present")
        private = {"shown": presentation(domain="tax.example")}
        assert refused(stage, "present", private=private) == "identity.other-challenge"

    def test_a_challenge_is_over_after_some_minutes(self, stage: Stage) -> None:
        stage.prepare("present")
        assert refused(stage, "present", later=600) == "state"

    def test_a_credential_with_another_claim_is_none(self, stage: Stage) -> None:
        stage.prepare("present")
        forged = presentation(document=signed(unsigned(credentialSubject={"id": HOLDER, "a": 1})))
        assert refused(stage, "present", private={"shown": forged}) == "unknown"

    def test_the_salt_of_another_credential_does_not_fit(self, stage: Stage) -> None:
        stage.prepare("present")
        assert refused(stage, "present", private={"shown": {"salt": salt_of("other")}}) == "unknown"

    @pytest.mark.parametrize(
        ("step", "changes", "code"),
        [
            ("give_up", {}, "not-the-holder"),
            ("deactivate", {"record_id": AGENT}, "wrong-holder-proof"),
            ("revoke", {}, "not-in-force"),
        ],
    )
    def test_what_has_ended_since_is_not_shown(
        self, stage: Stage, step: str, changes: Mapping[str, Any], code: str
    ) -> None:
        stage.prepare("present")
        stage.take(step, **changes)
        assert refused(stage, "present") == f"identity.{code}"

    def test_a_chain_is_no_longer_than_the_departments_allow_and_breaks_with_each_part(
        self, stage: Stage
    ) -> None:
        stage.reach("delegate")
        above, names = stage.ids["delegate"], ["agent", "third", "fourth", "fifth"]
        for name in names[1:]:
            _person(stage, name)
        parts = [above]
        for giver, taker in pairwise(names[:3]):
            given = story.delegation(did(taker), delegator=did(giver), parent=parts[-1])
            parts.append(stage.take("delegate", arguments=given, signer=giver)["id"])
        too_long = story.delegation(did("fifth"), delegator=did("fourth"), parent=parts[-1])
        code = refused(stage, "delegate", arguments=too_long, signer="fourth")
        assert code == "identity.chain-too-long"
        assert [stage.record(Delegation, one).depth for one in parts] == [1, 2, 3]
        assert {stage.record(Delegation, one).root for one in parts} == {HOLDER}
        stage.reach("issue")
        stage.reach("ask")
        shown = {
            "private": {"shown": presentation("fourth")},
            "arguments": {"delegation": parts[-1]},
        }
        fork = stage.fork()
        assert fork.take("present", **shown)["state"] == "shown"
        stage.take("revoke_delegation", record_id=parts[1], signer="agent")
        assert refused(stage, "present", **shown) == "identity.chain-broken"

    @pytest.mark.parametrize(
        "beyond", [{"until": "2026-07-01T00:00:00Z"}, {"types": [KIND, "MoreCredential"]}]
    )
    def test_nobody_gives_on_more_than_it_has(self, stage: Stage, beyond: dict[str, Any]) -> None:
        stage.reach("delegate")
        _person(stage, "third")
        parent = stage.ids["delegate"]
        given = story.delegation(did("third"), delegator=AGENT, parent=parent) | beyond
        code = refused(stage, "delegate", arguments=given, signer="agent")
        assert code == "identity.beyond-parent"

    def test_a_delegation_is_over_at_its_time(self, stage: Stage) -> None:
        stage.reach("delegate")
        stage.reach("issue")
        stage.ledger.now = story.START.replace(month=6, day=30)
        stage.reach("ask")
        assert refused(stage, "present") == "identity.chain-broken"


def _bits(stage: Stage) -> tuple[int, int]:
    """Return the statuses for revocation and suspension of the credential."""
    return tuple(int(ask(stage, "status", url, INDEX)) for url in (LIST, SUSPENSIONS))  # type: ignore[return-value]


def _person(stage: Stage, name: str) -> None:
    """Register somebody, and activate the DID."""
    person = story.blind(b"k" * 32, "police-1", "identity", name).model_dump()
    given = {"person": person, "keys": keys(name)}
    stage.take("register_person", record_id=did(name), arguments=given)
    stage.take("activate", record_id=did(name), signer=name)

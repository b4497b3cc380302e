"""The contract `Credit`: subjects, penalties, objections, repair, withdrawal, and effective penalties."""

from typing import Any

import pytest
from pyfabric_municipal.credit.samples import LESS, sample

from pyfabric.chaincode import ContractError
from tests.support.municipal.credit import (
    EVIDENCE,
    FIRM,
    NUMBER,
    OTHER,
    PROOF,
    REASONED,
    TRADER,
    CreditChain,
    refused,
)
from tests.support.municipal.municipal import ECON, MKT, USCC, digest

EXCEPTION = "91350203M0001QAY9B"
LONG = {"publish_until": "2028-03-10"}
NOTHING = {"fen": 0, "ten_thousand_yuan": "0"}


@pytest.fixture
def chain() -> CreditChain:
    return CreditChain()


class TestSubjects:
    def test_registered_for_life(self, chain: CreditChain) -> None:
        chain.call("market", "cancel", FIRM, "注销")
        entry = {"id": FIRM, "name": "另一家", "region": "110108"}
        with refused("exists"):
            chain.call("market", "register", "again", [entry])

    def test_look_alike_names_are_two_subjects(self, chain: CreditChain) -> None:
        name = chain.ask("read", "subject", FIRM)["name"]
        other = {"id": OTHER, "name": name, "region": "110108"}
        chain.call("market", "register", "more", [other])
        chain.published()
        assert chain.counts("2026-03-11", OTHER) == []

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"id": "91110108MA01ABCD5A"}, "wrong check character .GB 32100."),
            ({"id": "91110108MA01ABCD6X"}, "wrong check character .GB 11714."),
            ({"id": "91110108ma01abcd5t"}, "not 18 characters"),
            ({"id": "９1110108MA01ABCD5T"}, "FULLWIDTH DIGIT NINE"),
            ({"id": "91110108MA01ABCD5T\n"}, "ASCII only"),
            ({"id": "11010519491231002X"}, "no category|not 18|no province|department"),
            ({"id": EXCEPTION}, "wrong check character"),
            ({"name": None}, "a name is needed"),
            ({"id": TRADER[:-1] + "X"}, "wrong check character"),
            ({"region": "110103"}, "was retired"),
            ({"region": "120901"}, "is not a division's code of its province"),
            ({"state": "cancelled"}, "state"),
        ],
    )
    def test_registrations_that_are_refused(
        self, chain: CreditChain, changes: dict[str, Any], message: str
    ) -> None:
        entry = {"id": OTHER, "name": "某公司", "region": "110108"} | changes
        with pytest.raises(ContractError, match=message):
            chain.call("market", "register", "more", [entry])

    def test_a_sole_traders_name_is_not_entered(self, chain: CreditChain) -> None:
        entry = {"id": "92110108MA0000001A", "name": "张三商店", "region": "110108"}
        chain.call("market", "except_code", entry["id"], "登记机关核发时有误")
        with refused("credit.subject-name", "personal data"):
            chain.call("market", "register", "more", [entry])

    def test_a_subject_registered_outside_beijing(self, chain: CreditChain) -> None:
        entry = {"id": OTHER, "name": "某公司", "region": "350203"}
        chain.call("market", "register", "more", [entry])
        assert chain.ask("read", "subject", OTHER)["region"] == "350203"

    def test_a_wrong_code_is_admitted_with_a_reason(self, chain: CreditChain) -> None:
        for code, why, message in (
            (EXCEPTION, "", "empty"),
            (FIRM, "无", "needs no exception"),
            ("91350203M0001QAY9", "短", "not 18 characters"),
        ):
            with pytest.raises(ContractError, match=message):
                chain.call("market", "except_code", code, why)
        chain.call("market", "except_code", EXCEPTION, "登记机关核发时有误")
        entry = {"id": EXCEPTION, "name": "厦门某公司", "region": "110108"}
        chain.call("market", "register", "more", [entry])
        chain.published(subject=EXCEPTION)
        assert chain.counts("2026-03-11", EXCEPTION) == [NUMBER]
        found = chain.ask("listed", "code_exception", "registrar", [MKT], 10, "")
        assert [one["id"] for one in found["items"]] == [EXCEPTION]


class TestRecording:
    def test_a_penalty_counts_once_it_is_published(self, chain: CreditChain) -> None:
        penalty = chain.recorded()
        assert chain.counts("2026-03-11") == []
        chain.call("market", "publish", penalty)
        assert chain.counts("2026-03-11") == [NUMBER]

    @pytest.mark.parametrize(
        "spelling",
        [
            "京市监罚[2026]15号",
            "京市监罚(2026)15号",
            "京市监罚（2026）15号",
            "京市监罚［2026］第15号",
            "京市监罚【2026】0015号",
            "京市监罚﹝2026﹞ 15 号",
            "京市监罚〔２０２６〕15号",
            "京市监罚〔2026〕15",
        ],
    )
    def test_one_number_however_it_is_spelt(self, chain: CreditChain, spelling: str) -> None:
        penalty = chain.recorded(number=spelling)
        with refused("credit.decision-recorded", f"as penalty {penalty}"):
            chain.recorded(subject=TRADER)
        (found,) = chain.ask("numbered", spelling)
        assert (found["id"], found["decision"]["number"]) == (penalty, NUMBER)

    def test_one_decision_is_recorded_by_one_department(self, chain: CreditChain) -> None:
        first = chain.recorded()
        tax = "11110000MB9P22225R"
        again = sample(authority=tax, source={"name": "税务局", "uscc": tax})
        with refused("credit.decision-recorded", f"as penalty {first}"):
            chain.call("tax", "record", again)
        chain.call("tax", "record", again | {"subject": TRADER})

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"number": "京市监罚2026-15"}, "is not of the form"),
            ({"number": "京市监罚〔2026〕0号"}, "is not of the form"),
            ({"number": "京市监罚〔2024〕15号"}, "not a number of a decision of 2026"),
            ({"authority": USCC[ECON]}, f"is of {USCC[ECON]}: MktSupMSP .* cannot record it"),
            ({"source": {"name": "市局"}}, "uscc"),
            ({"source": {"name": "市局", "uscc": "11110000MB9K20022D"}}, "check character"),
            ({"subject": OTHER}, "there is no subject"),
            ({"fine": {"fen": 1_500_000, "ten_thousand_yuan": "15000"}}, "yuan entered as"),
            ({"fine": {"fen": 15_000, "ten_thousand_yuan": "1.5"}}, "are 1500000 fen, not 15000"),
            ({"fine": {"fen": 1.5, "ten_thousand_yuan": "1.5"}}, "fen"),
            ({"fine": {"fen": -1, "ten_thousand_yuan": "0"}}, "fen"),
            ({"fine": {"fen": 1_500_000, "ten_thousand_yuan": "1.50000001"}}, "more than 6"),
            ({"fine": {"fen": 1_500_000, "ten_thousand_yuan": "１.5"}}, "FULLWIDTH DIGIT ONE"),
            ({"fine": NOTHING}, "fine must be named"),
            ({"types": ["warning"]}, "fine must be named"),
            ({"types": ["confiscation", "fine"]}, "confiscated must be named"),
            ({"types": ["fine", "licence_revoked"]}, "licence must be named"),
            ({"types": ["fine", "fine"]}, "sorted and each named once"),
            ({"types": []}, "types"),
            ({"types": ["shame"]}, "types"),
            ({"decided": "2026-03-12"}, "of 2026-03-12, a day to come"),
            ({"decided": "2026-02-30"}, "no such day"),
            ({"publish_until": "2026-03-10"}, "is not after the decision"),
            ({"publish_until": "2029-03-11"}, "more than 36 months"),
            ({"valid_until": "2026-03-01"}, "is before 2026-03-10"),
            ({"facts": "负责人11010519491231002X"}, "resident ID"),
            ({"content": ""}, "content is empty"),
            ({"grade": "A"}, "grade"),
        ],
    )
    def test_decisions_that_are_refused(
        self, chain: CreditChain, changes: dict[str, Any], message: str
    ) -> None:
        before = chain.ledger.keys()
        with pytest.raises(ContractError, match=message):
            chain.recorded(**changes)
        assert chain.ledger.keys() == before

    def test_an_amount_is_one_value_however_it_is_spelt(self, chain: CreditChain) -> None:
        penalty = chain.recorded(fine={"fen": 1_500_000, "ten_thousand_yuan": "1.50"})
        kept = chain.ask("read", "penalty", penalty)["decision"]["fine"]
        assert kept == {"fen": 1_500_000, "ten_thousand_yuan": "1.5"}

    def test_three_years_to_the_day_even_from_a_leap_day(self, chain: CreditChain) -> None:
        chain.on("2028-03-01")
        facts = {"number": "京市监罚〔2028〕1号", "decided": "2028-02-29"}
        with refused("credit.published-too-long"):
            chain.recorded(**facts, publish_until="2031-03-01")
        chain.recorded(**facts, publish_until="2031-02-28")

    def test_not_against_a_code_that_was_cancelled_since(self, chain: CreditChain) -> None:
        penalty = chain.recorded()
        chain.call("market", "cancel", FIRM, "注销")
        with refused("credit.subject-cancelled"):
            chain.call("market", "publish", penalty)

    def test_a_warning_is_not_published(self, chain: CreditChain) -> None:
        warning = chain.recorded(types=["warning"], fine=NOTHING)
        with refused("credit.not-for-publication", "of warning alone is not published"):
            chain.call("market", "publish", warning)

    def test_an_old_decision_does_not_shorten_the_publication(self, chain: CreditChain) -> None:
        old = {"number": "京市监罚〔2025〕15号", "decided": "2025-06-01"}
        penalty = chain.recorded(**old, publish_until="2026-06-01")
        with refused("credit.published-too-shortly", "over on 2026-06-11"):
            chain.call("market", "publish", penalty)

    def test_late_uploads_in_working_days(self, chain: CreditChain) -> None:
        chain.on("2026-03-19")
        seven = chain.recorded()  # the weekend of 14 March does not count
        chain.on("2026-03-20")
        eight = chain.recorded(number="京市监罚〔2026〕16号")
        delays = [chain.ask("read", "penalty", one)["upload"]["delay"] for one in (seven, eight)]
        assert delays == [7, 8]
        (late,) = chain.ask("late", "2026-01-01", "2026-12-31")
        assert late == {"authority": MKT, "uploads": 1, "longest": 8}
        assert chain.ask("late", "2026-03-01", "2026-03-19") == []
        found = chain.ask("listed", "penalty", "late", ["2026-03"], 10, "")
        assert [one["id"] for one in found["items"]] == [eight]
        with refused("credit.period"):
            chain.ask("late", "2026-01-01", "2027-01-01")


class TestObjections:
    def test_a_held_penalty_does_not_count(self, chain: CreditChain) -> None:
        penalty = chain.published()
        chain.on("2026-03-20")
        objection = chain.object(penalty)
        assert (chain.state(penalty), chain.counts("2026-03-20")) == ("held", [])
        assert chain.counts("2026-03-19") == [NUMBER]
        chain.on("2026-03-25")
        chain.call("market", "uphold", penalty, "证据不足")
        assert chain.counts("2026-03-25") == [NUMBER]
        assert chain.counts("2026-03-24") == []
        assert chain.ask("evidence", objection, who="market")["value"] == EVIDENCE

    def test_the_evidence_is_private(self, chain: CreditChain) -> None:
        objection = chain.object(chain.published())
        public = b"".join(chain.ledger.state(key) or b"" for key in sorted(chain.ledger.keys()))
        assert "处罚对象".encode() not in public
        assert digest("lease").encode() not in public
        assert all(b"lease" not in event.payload for event in chain.ledger.events)
        with pytest.raises(ContractError, match="tx creator does not have read access permission"):
            chain.ask("evidence", objection, who="second reviewer")

    def test_the_same_evidence_under_another_salt_is_known(self, chain: CreditChain) -> None:
        penalty = chain.published()
        chain.object(penalty)
        chain.call("market", "uphold", penalty, "证据不足")
        for changes in ({}, {"statement": "换一种说法"}, {"documents": []}):
            with refused("credit.evidence-known"):
                chain.object(penalty, salt=digest("another salt"), **changes)
        new = {"title": "判决书", "digest": digest("judgment")}
        chain.object(penalty, salt=digest("another salt"), documents=[new])

    @pytest.mark.parametrize(
        "salt", ["00", "0" * 64, "ab" * 32, "00112233445566778899aabbccddeeff", "x" * 64]
    )
    def test_a_salt_that_is_not_random_is_refused(self, chain: CreditChain, salt: str) -> None:
        with refused("transient"):
            chain.object(chain.published(), salt=salt)

    @pytest.mark.parametrize(
        "changes", [{"statement": ""}, {"statement": "某人" * 10_001}, {"secret": "某人"}]
    )
    def test_bad_evidence_is_refused_without_being_repeated(
        self, chain: CreditChain, changes: dict[str, Any]
    ) -> None:
        penalty = chain.published()
        with pytest.raises(ContractError, match="transient data evidence") as caught:
            chain.object(penalty, **changes)
        assert "某人" not in str(caught.value)

    def test_evidence_is_needed(self, chain: CreditChain) -> None:
        penalty = chain.published()
        with refused("transient", "is missing"):
            chain.call("platform", "object", penalty)
        with refused("private-elsewhere"):
            chain.ask("evidence", "none")

    def test_the_authority_does_not_object_for_the_subject(self, chain: CreditChain) -> None:
        penalty = chain.published()
        with refused("credit.objection-by-the-authority"):
            chain.call("market desk", "object", penalty, evidence=EVIDENCE)

    def test_silence_brings_an_objection_to_the_reviewers_and_then_ends_it(
        self, chain: CreditChain
    ) -> None:
        penalty = chain.published()
        chain.object(penalty)
        with refused("not-due"):
            chain.call("passer-by", "escalate", penalty)
        chain.on("2026-04-01")
        assert chain.state(penalty) == "escalated"
        with refused("role"):
            chain.call("market", "uphold", penalty, REASONED)
        chain.call("passer-by", "escalate", penalty)
        with refused("role"):
            chain.call("market", "uphold", penalty, REASONED)
        chain.on("2026-05-06")
        assert chain.state(penalty) == "published"
        answers = [chain.counts(day) for day in ("2026-03-31", "2026-04-30", "2026-05-06")]
        chain.call("passer-by", "restore", penalty)
        assert answers == [chain.counts(day) for day in ("2026-03-31", "2026-04-30", "2026-05-06")]
        assert answers == [[], [NUMBER], [NUMBER]]

    def test_a_reviewer_annuls_what_its_authority_does_not_defend(self, chain: CreditChain) -> None:
        penalty = chain.published()
        chain.object(penalty)
        chain.on("2026-04-01")
        basis = {"number": "（2026）京0108行初12号", "digest": digest("judgment")}
        chain.call("second reviewer", "annul", penalty, basis, REASONED)
        assert (chain.state(penalty), chain.counts("2026-04-01")) == ("withdrawn", [])

    def test_a_correction_is_a_new_version_and_the_old_one_stays(self, chain: CreditChain) -> None:
        penalty = chain.published()
        chain.on("2026-03-20")
        chain.object(penalty)
        chain.on("2026-03-22")
        chain.call("market", "correct", penalty, sample(**LESS), "复议")
        found = [
            chain.ask("effective_at", FIRM, day)["penalties"][0]
            for day in ("2026-03-19", "2026-03-22")
        ]
        assert [one["decision"]["fine"]["fen"] for one in found] == [1_500_000, 500_000]
        assert [one["version"] for one in found] == [1, 2]

    @pytest.mark.parametrize(
        ("before", "changes", "code"),
        [
            ({}, {}, "nothing-corrected"),
            ({}, {"subject": TRADER}, "correction-of-another"),
            ({}, {"decided": "2026-03-09"}, "correction-of-another"),
            ({}, {"publish_until": "2028-03-10"}, "correction-of-another"),
            ({}, {"publish_until": "2026-03-30"}, "correction-of-another"),
            (LONG | {"sector": "food"}, {"sector": "general"}, "laxer-sector"),
            ({"repair_barred": "法院判决"}, {"repair_barred": None}, "bar-changed"),
            ({"repair_barred": "法院判决"}, {"repair_barred": "其他"}, "bar-changed"),
            ({}, {"types": ["warning"], "fine": NOTHING}, "correction-unpublishes"),
        ],
    )
    def test_corrections_that_are_refused(
        self, chain: CreditChain, before: dict[str, Any], changes: dict[str, Any], code: str
    ) -> None:
        penalty = chain.published(**before)
        chain.object(penalty)
        with refused(f"credit.{code}"):
            chain.call("market", "correct", penalty, sample(**before) | changes, "复议")


class TestWithdrawal:
    def test_another_department_confirms_it_for_good(self, chain: CreditChain) -> None:
        penalty = chain.published()
        chain.on("2026-03-20")
        basis = {"number": "（2026）京0108行初12号", "digest": digest("judgment")}
        sought = chain.call("market", "seek_withdrawal", penalty, basis, "处罚决定被撤销")["id"]
        assert chain.counts("2026-03-20") == [NUMBER]
        with refused("claimed"):
            chain.call("market", "seek_withdrawal", penalty, basis, "处罚决定被撤销")
        with refused("role"):
            chain.call("market", "confirm_withdrawal", sought)
        chain.call("second reviewer", "confirm_withdrawal", sought)
        assert (chain.counts("2026-03-20"), chain.counts("2026-03-11")) == ([], [NUMBER])
        with refused("credit.decision-recorded"):
            chain.recorded()

    def test_only_its_authority_asks_for_it(self, chain: CreditChain) -> None:
        penalty = chain.published()
        basis = {"number": "（2026）京0108行初12号", "digest": digest("judgment")}
        with refused("role"):
            chain.call("tax", "seek_withdrawal", penalty, basis, "处罚决定被撤销")


class TestRepair:
    @pytest.mark.parametrize(
        ("sector", "too_early", "day"),
        [
            ("general", "2026-06-10", "2026-06-11"),
            ("food", "2027-03-10", "2027-03-11"),
        ],
    )
    def test_not_before_the_least_publication(
        self, chain: CreditChain, sector: str, too_early: str, day: str
    ) -> None:
        penalty = chain.published(sector=sector, publish_until="2028-03-10")
        chain.on(too_early)
        with refused("credit.repair-too-early", f"can be repaired from {day} on"):
            chain.seek_repair(penalty)
        chain.on(day)
        application = chain.seek_repair(penalty)
        assert chain.ask("proof", application)["value"] == PROOF
        assert chain.counts(day) == [NUMBER]
        chain.call("market", "repair", penalty)
        assert chain.counts(day) == []
        (found,) = chain.ask("repaired", day, day)
        assert (found["id"], found["repaired"]) == (penalty, day)
        assert chain.ask("repaired", "2026-01-01", "2026-03-31") == []
        with refused("state"):
            chain.call("market", "publish", penalty)

    def test_a_refused_repair_leaves_it_published(self, chain: CreditChain) -> None:
        penalty = chain.published()
        chain.on("2026-07-01")
        chain.seek_repair(penalty)
        chain.call("market", "refuse_repair", penalty, "罚款未缴清")
        assert chain.counts("2026-07-01") == [NUMBER]

    def test_silence_brings_an_application_to_the_reviewers(self, chain: CreditChain) -> None:
        penalty = chain.published()
        chain.on("2026-07-01")
        chain.seek_repair(penalty)
        chain.on("2026-07-20")
        chain.call("reviewer", "repair", penalty)
        assert chain.state(penalty) == "repaired"

    def test_what_a_court_bars_cannot_be_repaired(self, chain: CreditChain) -> None:
        penalty = chain.published(repair_barred="法院判决不予修复")
        chain.on("2026-07-01")
        with refused("credit.repair-barred", "法院判决不予修复"):
            chain.seek_repair(penalty)

    @pytest.mark.parametrize(
        "proof",
        [
            {**PROOF, "fulfilment": []},
            {"fulfilment": PROOF["fulfilment"]},
        ],
    )
    def test_repair_needs_its_proofs(self, chain: CreditChain, proof: dict[str, Any]) -> None:
        penalty = chain.published()
        chain.on("2026-07-01")
        with refused("transient"):
            chain.call("platform", "seek_repair", penalty, proof=proof)


class TestTime:
    def test_it_counts_to_its_last_day_even_if_nobody_closes_it(self, chain: CreditChain) -> None:
        penalty = chain.published()
        chain.on("2027-03-10")
        with refused("not-due"):
            chain.call("passer-by", "expire", penalty)
        chain.on("2027-03-11")
        assert (chain.counts("2027-03-10"), chain.counts("2027-03-11")) == ([NUMBER], [])
        for call in (chain.object, chain.seek_repair):
            with refused("state", "is expired"):
                call(penalty)
        chain.call("passer-by", "expire", penalty)
        steps = [one["step"] for one in chain.ask("history", "penalty", penalty)]
        assert steps == ["record", "publish", "expire"]

    def test_nobody_knows_a_day_to_come(self, chain: CreditChain) -> None:
        with refused("credit.day-to-come", "2026-03-12 is after today, 2026-03-11"):
            chain.ask("effective_at", FIRM, "2026-03-12")

    def test_the_answer_says_when_it_was_read_and_changed(self, chain: CreditChain) -> None:
        chain.published()
        chain.on("2026-03-20")
        found = chain.ask("effective_at", FIRM, "2026-03-12")
        assert (found["day"], found["read_at"]) == ("2026-03-12", "2026-03-20T04:00:00Z")
        assert found["last_change"] == "2026-03-11T02:00:00Z"

    def test_one_unknown_bidder_does_not_fail_the_list(self, chain: CreditChain) -> None:
        chain.published()
        codes = [TRADER, OTHER, FIRM, "no code", "", "a\x00b"]
        found = chain.ask("hits", codes, "2026-03-11")
        assert [one["subject"] for one in found["found"]] == [FIRM]
        assert found["unknown"] == [OTHER, "no code", "", "a\x00b"]

"""The contract `Credit`: subjects, penalties, objections, repair, and effective penalties."""

import hashlib
from typing import Any

import pytest

from pyfabric.chaincode import ContractError
from tests.support.municipal.credit import (
    EVIDENCE,
    FIRM,
    NUMBER,
    REPAIR,
    SETTINGS,
    TRADER,
    CreditChain,
    decision,
)
from tests.support.municipal.municipal import ECON, HAI, MKT, USCC, department

EXCEPTION = "91350203M0001QAY9B"


@pytest.fixture
def chain() -> CreditChain:
    made = CreditChain()
    made.found()
    return made


class TestFounding:
    def test_nothing_before_all_agree(self) -> None:
        chain = CreditChain()
        with pytest.raises(ContractError, match="not founded yet"):
            chain.ask(ECON, "settings")
        founding = chain.call(ECON, "found", SETTINGS, [department(ECON), department(MKT)])
        with pytest.raises(ContractError, match="HaidianMSP is not among"):
            chain.call(HAI, "confirm_founding", founding)
        assert chain.call(MKT, "confirm_founding", founding) is True
        assert chain.ask(MKT, "settings") == SETTINGS
        with pytest.raises(ContractError, match="founded already"):
            chain.call(MKT, "confirm_founding", founding)

    def test_three_departments_each_confirm(self) -> None:
        chain = CreditChain()
        parts = [department(each) for each in (ECON, MKT, HAI)]
        founding = chain.call(ECON, "found", SETTINGS, parts)
        assert chain.call(MKT, "confirm_founding", founding) is False
        assert chain.call(HAI, "confirm_founding", founding) is True

    def test_the_registrar_is_one_of_them(self) -> None:
        with pytest.raises(ContractError, match=r"the registrar .* is not among"):
            CreditChain().call(ECON, "found", SETTINGS, [department(ECON), department(HAI)])


class TestSubjects:
    def test_registered_for_life(self, chain: CreditChain) -> None:
        assert chain.ask(ECON, "subject", FIRM)["state"] == "in_business"
        chain.call(MKT, "cancel", FIRM, "注销")
        with pytest.raises(ContractError, match="exists already"):
            chain.call(MKT, "register", [{"uscc": FIRM, "name": "另一家", "region": "110108"}])
        with pytest.raises(ContractError, match="is cancelled: revoke is possible only"):
            chain.call(MKT, "revoke", FIRM, "吊销")

    def test_moved_and_back(self, chain: CreditChain) -> None:
        chain.call(MKT, "move", FIRM, "迁往天津")
        assert chain.ask(ECON, "subject", FIRM)["state"] == "moved"
        chain.call(MKT, "take_back", FIRM)
        chain.call(MKT, "revoke", FIRM, "吊销营业执照")
        assert chain.ask(ECON, "subject", FIRM)["state"] == "revoked"

    def test_look_alike_names_are_two_subjects(self, chain: CreditChain) -> None:
        name = chain.ask(ECON, "subject", FIRM)["name"]
        other = {"uscc": "91350200MA2YJ1XR9G", "name": name, "region": "110108"}
        chain.call(MKT, "register", [other])
        chain.published()
        assert chain.counts("2026-03-11", other["uscc"]) == []

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"uscc": "91110108MA01ABCD5A"}, "wrong check character .GB 32100."),
            ({"uscc": "91110108MA01ABCD6X"}, "wrong check character .GB 11714."),
            ({"uscc": "91110108ma01abcd5t"}, "not 18 characters"),
            ({"uscc": "９1110108MA01ABCD5T"}, "FULLWIDTH DIGIT NINE"),
            ({"uscc": "91110108MA01ABCD5T\n"}, "ASCII only"),
            ({"uscc": "11010519491231002X"}, "no category|not 18|no province|department"),
            ({"uscc": EXCEPTION}, "wrong check character"),
            ({"name": None}, "a name is needed"),
            ({"uscc": TRADER}, "personal data"),
            ({"region": "110103"}, "was retired"),
            ({"region": "120901"}, "is not a division's code of its province"),
            ({"state": "cancelled"}, "state"),
        ],
    )
    def test_registrations_that_are_refused(
        self, chain: CreditChain, changes: dict[str, Any], message: str
    ) -> None:
        entry = {"uscc": "91350200MA2YJ1XR9G", "name": "某公司", "region": "110108"} | changes
        with pytest.raises(ContractError, match=message):
            chain.call(MKT, "register", [entry])

    def test_a_subject_registered_outside_beijing(self, chain: CreditChain) -> None:
        entry = {"uscc": "91350200MA2YJ1XR9G", "name": "某公司", "region": "350203"}
        chain.call(MKT, "register", [entry])
        assert chain.ask(ECON, "subject", entry["uscc"])["region"] == "350203"

    def test_only_the_registrar_registers(self, chain: CreditChain) -> None:
        entry = {"uscc": "91350200MA2YJ1XR9G", "name": "某公司", "region": "110108"}
        with pytest.raises(ContractError, match=r"only the registrar \(MktSupMSP\)"):
            chain.call(ECON, "register", [entry])
        with pytest.raises(ContractError, match=r"for the registrar \(MktSupMSP\)"):
            chain.call(ECON, "cancel", FIRM, "注销")

    def test_a_wrong_code_is_let_in_by_the_registrar_alone_with_a_reason(
        self, chain: CreditChain
    ) -> None:
        with pytest.raises(ContractError, match="only the registrar"):
            chain.call(ECON, "except_code", EXCEPTION, "登记机关核发时有误")
        with pytest.raises(ContractError, match=r"\(reason\): text is empty"):
            chain.call(MKT, "except_code", EXCEPTION, "")
        with pytest.raises(ContractError, match="needs no exception"):
            chain.call(MKT, "except_code", FIRM, "无")
        with pytest.raises(ContractError, match="not 18 characters"):
            chain.call(MKT, "except_code", "91350203M0001QAY9", "短")
        chain.call(MKT, "except_code", EXCEPTION, "登记机关核发时有误")
        entry = {"uscc": EXCEPTION, "name": "厦门某公司", "region": "110108"}
        chain.call(MKT, "register", [entry])
        chain.published(subject=EXCEPTION)
        assert chain.counts("2026-03-11", EXCEPTION) == [NUMBER]
        (kept,) = chain.ask(ECON, "exceptions")
        assert (kept["uscc"], kept["by"]) == (EXCEPTION, MKT)


class TestRecording:
    def test_a_penalty_counts_once_it_is_published(self, chain: CreditChain) -> None:
        chain.call(MKT, "record", decision())
        assert chain.counts("2026-03-11") == []
        chain.call(MKT, "publish", NUMBER)
        assert chain.counts("2026-03-11") == [NUMBER]
        event = chain.ledger.events[-1]
        assert event.name == "PenaltyPublished"

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
        assert chain.call(MKT, "record", decision(number=spelling)) == NUMBER
        with pytest.raises(ContractError, match="is recorded already, against 91110108MA01ABCD5T"):
            chain.call(MKT, "record", decision(subject=TRADER))
        chain.call(MKT, "publish", spelling)
        assert chain.state() == "published"

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"number": "京市监罚2026-15"}, "is not of the form"),
            ({"number": "京市监罚〔2026〕0号"}, "is not of the form"),
            ({"number": "京市监罚〔2024〕15号"}, "not a number of a decision of 2026"),
            ({"authority": USCC[ECON]}, "was decided by .*: MktSupMSP .* cannot write it"),
            ({"subject": "91350200MA2YJ1XR9G"}, "there is no subject"),
            ({"fine": {"fen": 1_500_000, "ten_thousand_yuan": "15000"}}, "yuan entered as"),
            ({"fine": {"fen": 15_000, "ten_thousand_yuan": "1.5"}}, "are 1500000 fen, not 15000"),
            ({"fine": {"fen": 1.5, "ten_thousand_yuan": "1.5"}}, "fen"),
            ({"fine": {"fen": -1, "ten_thousand_yuan": "0"}}, "fen"),
            ({"fine": {"fen": 1_500_000, "ten_thousand_yuan": "1.50000001"}}, "more than 6"),
            ({"fine": {"fen": 1_500_000, "ten_thousand_yuan": "１.5"}}, "FULLWIDTH DIGIT ONE"),
            ({"fine": {"fen": 0, "ten_thousand_yuan": "0"}}, "a fine must be named"),
            ({"types": ["warning"]}, "a fine must be named"),
            ({"types": ["confiscation", "fine"]}, "a confiscation must be named"),
            ({"types": ["fine", "licence_revoked"]}, "a licence must be named"),
            ({"types": ["fine", "fine"]}, "sorted and each named once"),
            ({"types": []}, "types"),
            ({"types": ["shame"]}, "types"),
            ({"decided": "2026-03-12"}, "after today, 2026-03-11"),
            ({"decided": "2026-02-30"}, "no such day"),
            ({"publish_until": "2026-03-10"}, "is not after the decision"),
            ({"publish_until": "2029-03-11"}, "within three years of it, by 2029-03-10"),
            ({"valid_until": "2026-03-01"}, "before the decision"),
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
            chain.call(MKT, "record", decision(**changes))
        assert chain.ledger.keys() == before

    def test_an_amount_is_one_value_however_it_is_spelt(self, chain: CreditChain) -> None:
        chain.call(MKT, "record", decision(fine={"fen": 1_500_000, "ten_thousand_yuan": "1.50"}))
        kept = chain.ask(ECON, "penalty", MKT, NUMBER)["decision"]["fine"]
        assert kept == {"fen": 1_500_000, "ten_thousand_yuan": "1.5"}

    def test_three_years_to_the_day_even_from_a_leap_day(self, chain: CreditChain) -> None:
        chain.on("2028-03-01")
        facts = {"number": "京市监罚〔2028〕1号", "decided": "2028-02-29"}
        with pytest.raises(ContractError, match="by 2031-02-28"):
            chain.call(MKT, "record", decision(**facts, publish_until="2031-03-01"))
        chain.call(MKT, "record", decision(**facts, publish_until="2031-02-28"))

    def test_the_same_decision_sent_by_another_department(self, chain: CreditChain) -> None:
        chain.call(MKT, "record", decision())
        with pytest.raises(ContractError, match=r"EconInfoMSP .* cannot write it"):
            chain.call(ECON, "record", decision())
        with pytest.raises(ContractError, match="there is no penalty EconInfoMSP"):
            chain.call(ECON, "publish", NUMBER)

    def test_not_against_a_cancelled_code(self, chain: CreditChain) -> None:
        chain.call(MKT, "record", decision(number="京市监罚〔2026〕16号"))
        chain.call(MKT, "cancel", FIRM, "注销")
        with pytest.raises(ContractError, match=f"{FIRM} is cancelled since"):
            chain.call(MKT, "record", decision())
        with pytest.raises(ContractError, match=f"{FIRM} is cancelled since"):
            chain.call(MKT, "publish", "京市监罚〔2026〕16号")

    def test_a_warning_is_not_published(self, chain: CreditChain) -> None:
        nothing = {"fen": 0, "ten_thousand_yuan": "0"}
        chain.call(MKT, "record", decision(types=["warning"], fine=nothing))
        with pytest.raises(ContractError, match="is a warning: it is not published"):
            chain.call(MKT, "publish", NUMBER)

    def test_an_old_decision_does_not_shorten_the_publication(self, chain: CreditChain) -> None:
        number = "京市监罚〔2025〕15号"
        old = decision(number=number, decided="2025-06-01", publish_until="2026-06-01")
        chain.call(MKT, "record", old)
        with pytest.raises(ContractError, match="before its minimum term is over on 2026-06-11"):
            chain.call(MKT, "publish", number)

    def test_outsiders_are_refused(self, chain: CreditChain) -> None:
        with pytest.raises(ContractError, match="no department HaidianMSP"):
            chain.call(HAI, "record", decision())

    def test_late_uploads(self, chain: CreditChain) -> None:
        chain.call(MKT, "record", decision())
        old = decision(number="京市监罚〔2026〕1号", decided="2026-03-03")
        chain.call(MKT, "record", old)
        assert [each["decision"]["number"] for each in chain.ask(ECON, "late", 7)] == [
            old["number"]
        ]


class TestObjections:
    def test_a_held_penalty_does_not_count(self, chain: CreditChain) -> None:
        chain.published()
        chain.on("2026-03-20")
        digest = chain.call(ECON, "object", MKT, NUMBER, evidence=EVIDENCE)
        assert (chain.state(), chain.counts("2026-03-20")) == ("held", [])
        assert chain.counts("2026-03-19") == [NUMBER]
        chain.on("2026-03-25")
        chain.call(MKT, "uphold", NUMBER, "证据不足")
        assert chain.counts("2026-03-25") == [NUMBER]
        assert chain.counts("2026-03-24") == []
        with pytest.raises(ContractError, match="used in an earlier objection"):
            chain.call(ECON, "object", MKT, NUMBER, evidence=EVIDENCE)
        kept = chain.ask(MKT, "evidence", MKT, NUMBER, digest)
        assert kept == EVIDENCE

    def test_the_evidence_is_private_and_its_digest_is_fabrics(self, chain: CreditChain) -> None:
        chain.published()
        digest = chain.call(ECON, "object", MKT, NUMBER, evidence=EVIDENCE)
        public = b"".join(chain.ledger.state(key) or b"" for key in sorted(chain.ledger.keys()))
        assert "处罚对象".encode() not in public
        assert digest.encode() in public
        assert all(b"lease" not in event.payload for event in chain.ledger.events)
        with pytest.raises(ContractError, match="tx creator does not have read access permission"):
            chain.ask(HAI, "evidence", MKT, NUMBER, digest)

    @pytest.mark.parametrize(
        "evidence",
        [
            EVIDENCE | {"salt": "00"},
            EVIDENCE | {"statement": ""},
            EVIDENCE | {"secret": "某人"},
            {"statement": "某人"},
        ],
    )
    def test_bad_evidence_is_refused_without_being_repeated(
        self, chain: CreditChain, evidence: dict[str, Any]
    ) -> None:
        chain.published()
        with pytest.raises(ContractError, match="the evidence is invalid") as caught:
            chain.call(ECON, "object", MKT, NUMBER, evidence=evidence)
        assert "某人" not in str(caught.value)

    def test_evidence_is_needed_and_nothing_else(self, chain: CreditChain) -> None:
        chain.published()
        with pytest.raises(ContractError, match="the only transient field"):
            chain.call(ECON, "object", MKT, NUMBER)
        with pytest.raises(ContractError, match="this peer has no evidence"):
            chain.ask(ECON, "evidence", MKT, NUMBER, hashlib.sha256().hexdigest())

    def test_only_the_platform_objects_and_only_the_authority_rules(
        self, chain: CreditChain
    ) -> None:
        chain.published()
        with pytest.raises(ContractError, match="for the manager"):
            chain.call(MKT, "object", MKT, NUMBER, evidence=EVIDENCE)
        chain.call(ECON, "object", MKT, NUMBER, evidence=EVIDENCE)
        with pytest.raises(ContractError, match="there is no penalty EconInfoMSP"):
            chain.call(ECON, "uphold", NUMBER, "理由")
        with pytest.raises(ContractError, match="needs a reason"):
            chain.call(MKT, "uphold", NUMBER, "")

    def test_a_correction_is_a_new_version_and_the_old_one_stays(self, chain: CreditChain) -> None:
        chain.published()
        chain.on("2026-03-20")
        chain.call(ECON, "object", MKT, NUMBER, evidence=EVIDENCE)
        chain.on("2026-03-22")
        less = decision(fine={"fen": 500_000, "ten_thousand_yuan": "0.5"}, content="罚款0.5万元")
        assert chain.call(MKT, "correct", less, "复议") == 2
        fines = [
            chain.ask(HAI, "effective_at", FIRM, day)["penalties"][0]["decision"]["fine"]["fen"]
            for day in ("2026-03-19", "2026-03-22")
        ]
        assert fines == [1_500_000, 500_000]

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({}, "nothing is corrected"),
            ({"subject": TRADER}, "its subject cannot be corrected"),
            ({"decided": "2026-03-09"}, "its decided cannot be corrected"),
            ({"publish_until": "2028-03-10"}, "cannot publish it for longer"),
            (
                {"types": ["warning"], "fine": {"fen": 0, "ten_thousand_yuan": "0"}},
                "is a warning",
            ),
        ],
    )
    def test_corrections_that_are_refused(
        self, chain: CreditChain, changes: dict[str, Any], message: str
    ) -> None:
        chain.published()
        chain.call(ECON, "object", MKT, NUMBER, evidence=EVIDENCE)
        with pytest.raises(ContractError, match=message):
            chain.call(MKT, "correct", decision(**changes), "复议")

    def test_withdrawn_for_good(self, chain: CreditChain) -> None:
        chain.published()
        chain.on("2026-03-20")
        chain.call(MKT, "withdraw", NUMBER, "处罚决定被撤销")
        assert (chain.counts("2026-03-20"), chain.counts("2026-03-11")) == ([], [NUMBER])
        with pytest.raises(ContractError, match="publish is possible only when recorded"):
            chain.call(MKT, "publish", NUMBER)
        with pytest.raises(ContractError, match="is recorded already"):
            chain.call(MKT, "record", decision())


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
        chain.published(sector=sector, publish_until="2028-03-10")
        chain.on(too_early)
        with pytest.raises(ContractError, match=f"can be repaired from {day} on"):
            chain.call(ECON, "seek_repair", MKT, NUMBER, REPAIR)
        chain.on(day)
        chain.call(ECON, "seek_repair", MKT, NUMBER, REPAIR)
        assert chain.counts(day) == [NUMBER]
        chain.call(MKT, "repair", NUMBER)
        assert chain.counts(day) == []
        (step,) = chain.ask(ECON, "repaired", day, day)
        assert step["subject_key"] == [MKT, NUMBER]
        assert chain.ask(ECON, "repaired", "2026-01-01", too_early) == []
        with pytest.raises(ContractError, match="publish is possible only when recorded"):
            chain.call(MKT, "publish", NUMBER)

    def test_a_refused_repair_leaves_it_published(self, chain: CreditChain) -> None:
        chain.published()
        chain.on("2026-07-01")
        chain.call(ECON, "seek_repair", MKT, NUMBER, REPAIR)
        chain.call(MKT, "refuse_repair", NUMBER, "罚款未缴清")
        assert chain.counts("2026-07-01") == [NUMBER]

    def test_what_a_court_bars_cannot_be_repaired(self, chain: CreditChain) -> None:
        chain.published(repair_barred="列入严重违法失信名单")
        chain.on("2026-07-01")
        with pytest.raises(ContractError, match="cannot be repaired: 列入"):
            chain.call(ECON, "seek_repair", MKT, NUMBER, REPAIR)

    def test_repair_needs_its_proofs(self, chain: CreditChain) -> None:
        chain.published()
        chain.on("2026-07-01")
        with pytest.raises(ContractError, match="commitment_digest"):
            chain.call(
                ECON,
                "seek_repair",
                MKT,
                NUMBER,
                {"fulfilment_digest": REPAIR["fulfilment_digest"]},
            )


class TestTime:
    def test_it_counts_to_its_last_day_even_if_nobody_closes_it(self, chain: CreditChain) -> None:
        chain.published()
        chain.on("2027-03-10")
        with pytest.raises(ContractError, match="is published until 2027-03-10"):
            chain.call(ECON, "expire", MKT, NUMBER)
        chain.on("2027-03-11")
        assert (chain.counts("2027-03-10"), chain.counts("2027-03-11")) == ([NUMBER], [])
        with pytest.raises(ContractError, match="ended on 2027-03-10"):
            chain.call(ECON, "object", MKT, NUMBER, evidence=EVIDENCE)
        with pytest.raises(ContractError, match="ended on 2027-03-10"):
            chain.call(ECON, "seek_repair", MKT, NUMBER, REPAIR)
        chain.call(ECON, "expire", MKT, NUMBER)
        actions = [step["action"] for step in chain.ask(ECON, "history", MKT, NUMBER)]
        assert actions == ["record", "publish", "expire"]

    def test_nobody_knows_a_day_to_come(self, chain: CreditChain) -> None:
        with pytest.raises(ContractError, match="2026-03-12 is after today, 2026-03-11"):
            chain.ask(ECON, "effective_at", FIRM, "2026-03-12")

    def test_a_transaction_from_the_past_is_refused(self, chain: CreditChain) -> None:
        chain.on("2026-03-20")
        chain.published()
        chain.on("2026-03-19")
        with pytest.raises(ContractError, match="is too old"):
            chain.call(MKT, "withdraw", NUMBER, "撤销")

    def test_the_answer_says_when_it_was_read_and_changed(self, chain: CreditChain) -> None:
        chain.published()
        chain.on("2026-03-20")
        found = chain.ask(ECON, "effective_at", FIRM, "2026-03-12")
        assert (found["day"], found["read_at"]) == ("2026-03-12", "2026-03-20T04:00:00Z")
        assert found["last_change"] == "2026-03-11T02:00:00Z"

    def test_hits_of_a_list(self, chain: CreditChain) -> None:
        chain.published()
        (hit,) = chain.ask(ECON, "hits", [TRADER, FIRM], "2026-03-11")
        assert hit["subject"] == FIRM

"""The contract `Credit`: licences, lists, tax grades, scores, and who represents a subject."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.credit.entities import EntityType
from pyfabric_municipal.credit.founding import credit_parameters
from pyfabric_municipal.credit.samples import sample_licence
from pyfabric_municipal.credit.scoring import Input, ScoreModel, count, inputs_digest

from pyfabric.chaincode import ContractError
from tests.support.municipal.credit import (
    BASIS,
    FIRM,
    REASONED,
    TRADER,
    CreditChain,
    refused,
)
from tests.support.municipal.credit_story import REPRESENTATIVE
from tests.support.municipal.municipal import MKT

GROUND = "通过登记的住所无法联系"
MODEL = ScoreModel.model_validate(
    next(one["value"] for one in credit_parameters() if one["name"] == "score-model")
)


@pytest.fixture
def chain() -> CreditChain:
    return CreditChain()


def listed(chain: CreditChain, step: str = "list_abnormal", uscc: str = FIRM) -> str:
    found: str = chain.call("market", step, uscc, "京市监列〔2026〕1号", GROUND)["id"]
    return found


def scored(chain: CreditChain, day: str, uscc: str = FIRM, *basis: str) -> dict[str, Any]:
    outcome = chain.call("platform", "compute_score", uscc, day, *basis)
    found: dict[str, Any] = chain.ask("read", "score", outcome["id"])
    return found


class TestSubjects:
    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            (FIRM, EntityType.ENTERPRISE),
            (TRADER, EntityType.SOLE_TRADER),
            ("11110000MB9K20022C", EntityType.ORGAN),
            ("53110000500360010C", EntityType.FOUNDATION),
            ("Y1110000000000000X", EntityType.OTHER),
        ],
    )
    def test_the_code_says_what_a_body_is(self, code: str, kind: EntityType) -> None:
        assert EntityType.of(code) is kind

    def test_it_is_kept(self, chain: CreditChain) -> None:
        assert chain.ask("read", "subject", TRADER)["type"] == "sole_trader"

    def test_who_represents_a_subject_is_private(self, chain: CreditChain) -> None:
        chain.call("market", "name_representative", FIRM, representative=REPRESENTATIVE)
        kept = chain.ask("representative", FIRM, who="market")
        assert kept["value"] == REPRESENTATIVE
        public = b"".join(chain.ledger.state(key) or b"" for key in sorted(chain.ledger.keys()))
        assert REPRESENTATIVE["resident_id"].encode() not in public
        assert len(chain.ask("read", "subject", FIRM)["representative"]) == 64
        with pytest.raises(ContractError, match="tx creator does not have read access permission"):
            chain.ask("representative", FIRM, who="tax")

    @pytest.mark.parametrize(
        "changes", [{"resident_id": "110105194912310021"}, {"resident_id": "11010520991231002X"}]
    )
    def test_a_wrong_resident_id_is_refused_without_being_repeated(
        self, chain: CreditChain, changes: dict[str, str]
    ) -> None:
        with pytest.raises(ContractError) as caught:
            chain.call(
                "market", "name_representative", FIRM, representative=REPRESENTATIVE | changes
            )
        assert changes["resident_id"] not in str(caught.value)


class TestLicences:
    def test_valid_on_a_day_and_corrected_by_another(self, chain: CreditChain) -> None:
        decision = sample_licence()
        first = chain.call("market", "record_licence", decision)["id"]
        (found,) = chain.ask("licences", FIRM, "2026-03-11")
        assert (found["id"], found["decision"]["type"]) == (first, decision["type"])
        assert chain.ask("licences", FIRM, "2029-03-11") == []
        longer = decision | {"valid_until": "2031-03-10"}
        second = chain.call("market", "record_licence", longer, first)["id"]
        (found,) = chain.ask("licences", FIRM, "2029-03-11")
        assert found["id"] == second
        related = chain.ask("related", "licence", first)
        assert related == [{"kind": "licence", "id": second, "field": "corrects"}]

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"valid_until": "2026-03-01"}, "valid until 2026-03-01 is before 2026-03-10"),
            ({"number": "京市监许〔2024〕7号"}, "is not a number of a decision of 2026-03-10"),
        ],
    )
    def test_licences_that_are_refused(
        self, chain: CreditChain, changes: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ContractError, match=message):
            chain.call("market", "record_licence", sample_licence(**changes))

    def test_late_licences_count_among_the_uploads(self, chain: CreditChain) -> None:
        chain.on("2026-03-23")
        chain.recorded()
        chain.call("market", "record_licence", sample_licence())
        assert chain.ask("late", "2026-03-01", "2026-03-31") == [
            {"authority": MKT, "uploads": 2, "longest": 9}
        ]


class TestLists:
    def test_three_years_on_the_abnormal_list_and_it_is_the_serious_one(
        self, chain: CreditChain
    ) -> None:
        listing = listed(chain)
        assert chain.ask("serious_in", "110108", 10, "")["items"] == []
        chain.on("2029-03-11")
        (found,) = chain.ask("serious_in", "110108", 10, "")["items"]
        assert (found["id"], found["subject"]) == (listing, FIRM)
        assert chain.ask("serious_in", "110105", 10, "")["items"] == []
        on_days = {
            day: [one["list"] for one in chain.ask("effective_at", FIRM, day)["lists"]]
            for day in ("2026-03-10", "2026-03-11", "2029-03-10", "2029-03-11")
        }
        assert on_days == {
            "2026-03-10": [],
            "2026-03-11": ["abnormal"],
            "2029-03-10": ["abnormal"],
            "2029-03-11": ["serious"],
        }
        chain.on("2029-06-01")
        chain.call("passer-by", "become_serious", listing)
        for day, lists in on_days.items():
            found = chain.ask("effective_at", FIRM, day)["lists"]
            assert [one["list"] for one in found] == lists

    def test_the_serious_list_is_left_after_its_term_or_by_a_decision(
        self, chain: CreditChain
    ) -> None:
        listing = listed(chain, "list_serious")
        chain.on("2027-03-10")
        with refused("credit.listed-too-shortly", "from 2027-03-11 on"):
            chain.call("market", "remove", listing, BASIS, REASONED)
        other = listed(chain, "list_serious", TRADER)
        chain.on("2027-03-11")
        chain.call("market", "remove", listing, BASIS, REASONED)
        chain.on("2030-03-10")
        assert chain.ask("read", "listing", other)["state"] == "removed"
        assert chain.ask("serious_in", "110108", 10, "")["items"] == []

    def test_who_is_on_a_list_is_among_the_hits(self, chain: CreditChain) -> None:
        listed(chain, uscc=TRADER)
        found = chain.ask("hits", [FIRM, TRADER], "2026-03-11")["found"]
        assert [one["subject"] for one in found] == [TRADER]

    def test_no_repair_while_on_the_serious_list(self, chain: CreditChain) -> None:
        penalty = chain.published()
        chain.on("2026-07-01")
        listed(chain, "list_serious")
        with refused("credit.repair-barred", "serious"):
            chain.seek_repair(penalty)


class TestScores:
    def test_the_same_inputs_and_model_give_the_same_score(self, chain: CreditChain) -> None:
        chain.published()
        chain.call("tax", "grade_taxpayer", FIRM, 2025, "A")
        first = scored(chain, "2026-03-11")
        assert (first["points"], first["grade"]) == (1000, "A")
        assert [(one["kind"], one["points"]) for one in first["inputs"]] == [
            ("penalty", -50),
            ("tax_grading", 50),
        ]
        chain.on("2026-03-20")
        second = scored(chain, "2026-03-20")
        for what in ("points", "grade", "inputs", "inputs_digest", "model", "model_digest"):
            assert first[what] == second[what]
        assert chain.ask("read", "score", first["id"])["state"] == "superseded"

    def test_it_cites_what_counted_on_its_day(self, chain: CreditChain) -> None:
        penalty = chain.published()
        listed(chain)
        chain.on("2026-03-20")
        chain.object(penalty)
        held = scored(chain, "2026-03-20")
        assert [one["kind"] for one in held["inputs"]] == ["listing"]
        chain.on("2026-03-25")
        chain.call("market", "uphold", penalty, REASONED)
        upheld = scored(chain, "2026-03-25")
        assert [one["kind"] for one in upheld["inputs"]] == ["listing", "penalty"]

    def test_an_answer_says_whether_it_still_holds(self, chain: CreditChain) -> None:
        assert chain.ask("score", FIRM) == []
        scored(chain, "2026-03-11")
        (now,) = chain.ask("score", FIRM)
        assert (now["up_to_date"], now["score"]["points"]) == (True, 1000)
        chain.published()
        (now,) = chain.ask("score", FIRM)
        assert now["up_to_date"] is False

    def test_a_corrected_grade_replaces_the_one_before(self, chain: CreditChain) -> None:
        first = chain.call("tax", "grade_taxpayer", FIRM, 2025, "A")["id"]
        chain.call("tax", "grade_taxpayer", FIRM, 2025, "D", first)
        (only,) = scored(chain, "2026-03-11")["inputs"]
        assert only["factor"] == "D"

    def test_a_sole_traders_score_needs_a_legal_basis(self, chain: CreditChain) -> None:
        with refused("credit.sole-trader-basis"):
            scored(chain, "2026-03-11", TRADER)
        assert scored(chain, "2026-03-11", TRADER, "《征信业管理条例》")["points"] == 1000

    @given(st.lists(st.integers(-1000, 1000), max_size=20))
    def test_points_are_integers_from_zero_on_and_their_order_does_not_matter(
        self, given_points: list[int]
    ) -> None:
        inputs = [
            Input(kind="penalty", id=f"{number}", version=1, factor="general", points=points)
            for number, points in enumerate(given_points)
        ]
        counted = count(MODEL, inputs)
        assert counted == count(MODEL, reversed(inputs))
        assert counted.points == max(0, 1000 + sum(given_points))
        assert inputs_digest(inputs) == inputs_digest(tuple(inputs))
        assert counted.grade == next(
            one.grade for one in MODEL.grades if counted.points >= one.points
        )

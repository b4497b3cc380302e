"""The register: what FACTS §5 and the house sale of §C demand beyond the generated cases."""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyfabric_cli.data.forms import Form, function_of
from pyfabric_cli.data.schemas import Schemas
from pyfabric_cli.data.tables import TableFormat, read_table
from pyfabric_municipal.common.private import commitment
from pyfabric_municipal.common.testing.stage import Stage, certificate, salt_of
from pyfabric_municipal.common.testing.stories import Person, Sample
from pyfabric_municipal.common.testing.walks import walk
from pyfabric_municipal.common.values import AreaUnit, area, area_of_mu
from pyfabric_municipal.estate.contract import Estate
from pyfabric_municipal.estate.founding import ROLES, founding_items
from pyfabric_municipal.estate.records import LIVE, LYING, Mortgage, Notice, Seizure, Title, Unit
from pyfabric_municipal.founding import settings

from pyfabric.chaincode import Chaincode, ContractError
from tests.support.municipal import estate_story as story
from tests.support.municipal.estate_story import (
    BUYER,
    CLEARANCE,
    CONFIRMED,
    DAY,
    DIGEST,
    LENDER,
    PARTNER,
    PEOPLE,
    PNR,
    SELLER,
    STORY,
    T1,
    THIRD,
    TRANSFER,
    U1,
    U2,
    U3,
    U4,
    place,
    shared,
    sole,
)

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "domain.json").read_text())
UNIT_CODES = VECTORS["real_estate_unit"]


@pytest.fixture
def stage() -> Stage:
    """Provide a ledger on which nothing has been done."""
    return Stage(STORY)


def refused(stage: Stage, name: str, **changes: Any) -> ContractError:
    """Return the refusal of a step."""
    with pytest.raises(ContractError) as caught:
        stage.take(name, **changes)
    return caught.value


def code_of(stage: Stage, name: str, **changes: Any) -> str:
    """Return the code of a step's refusal."""
    return refused(stage, name, **changes).code


def ask(stage: Stage, function: str, *arguments: object, by: str = "registrar") -> Any:
    """Evaluate a query."""
    found = stage.ledger.evaluate(f"Estate:{function}", *arguments, as_=certificate(PEOPLE[by]))
    return json.loads(found)


def steps_of(stage: Stage, kind: str, record_id: str) -> list[str]:
    """Return the steps of a record, oldest first."""
    return [one["step"] for one in ask(stage, "history", kind, record_id)]


def review(stage: Stage) -> None:
    """Bring an application of the stage to its registration."""
    for name in ("accept", *CONFIRMED):
        if name not in stage.ids:
            stage.take(name)


def old_mortgage(**changes: Any) -> dict[str, Any]:
    """Return a mortgage of the former register, from before the Civil Code."""
    return {
        "mortgagee": LENDER,
        "loan": DIGEST,
        "rank": 1,
        "kind": "general",
        "no_transfer": False,
        "matures": "2030-01-01",
        "registered": "2019-05-01",
    } | changes


def third(count: int = 3) -> list[dict[str, Any]]:
    """Return three people."""
    return [SELLER, PARTNER, THIRD][:count]


class TestUnits:
    @pytest.mark.parametrize("code", UNIT_CODES["valid"])
    def test_a_unit_has_a_code_of_the_standard(self, stage: Stage, code: str) -> None:
        assert stage.take("register_first", record_id=code)["id"] == code

    @pytest.mark.parametrize("code", UNIT_CODES["invalid"])
    def test_another_code_is_refused(self, stage: Stage, code: str) -> None:
        assert code_of(stage, "register_first", record_id=code).startswith("value.unit-code")

    def test_a_unit_is_registered_once(self, stage: Stage) -> None:
        stage.reach("take_over")
        assert code_of(stage, "register_first") == "exists"

    def test_areas_are_integers_of_a_hundredth_of_a_square_metre(self, stage: Stage) -> None:
        assert area("86.4", AreaUnit.SQUARE_METRE) == place()["area"]
        assert area_of_mu("3") == area("2000", AreaUnit.SQUARE_METRE)
        for wrong in (86.4, "86.4", "3亩", 0, -1):
            with pytest.raises(ContractError):
                stage.take("register_first", arguments={"place": {"area": wrong}})

    @pytest.mark.parametrize(("lost", "holds"), [(0, True), (51, True), (-51, True), (52, False)])
    def test_a_split_keeps_the_area_within_the_tolerance(
        self, stage: Stage, lost: int, holds: bool
    ) -> None:
        """Allow 51.84 of 8,640: 60 parts of 10,000."""
        stage.reach("take_over")
        parts = [
            {"code": U3, "place": place(4320), "ownership": sole(SELLER)},
            {"code": U4, "place": place(4320 - lost), "ownership": sole(SELLER)},
        ]
        if holds:
            stage.take("split", arguments={"parts": parts})
            assert stage.record(Unit, U1).state == "retired"
            assert stage.record(Unit, U1).title is None
            assert stage.record(Unit, U4).origins == (U1,)
        else:
            error = refused(stage, "split", arguments={"parts": parts})
            assert error.facts == {"before": 8640, "after": 8640 - lost}

    def test_a_merger_retires_its_units_in_the_same_transaction(self, stage: Stage) -> None:
        stage.reach("merge")
        assert {one.id: one.state for one in stage.records(Unit)} == {
            U1: "retired",
            U2: "retired",
            U3: "titled",
        }
        assert [one.id for one in stage.records(Title) if one.state in LIVE] == [f"{U3}T001"]

    @pytest.mark.parametrize(
        "name", ["seize", "apply_mortgage", "register_notice", "apply_transfer", "vest"]
    )
    def test_nothing_is_registered_on_a_retired_unit(self, stage: Stage, name: str) -> None:
        stage.reach("retire")
        assert code_of(stage, name) in ("state", "unknown", "estate.title-changed")

    @pytest.mark.parametrize(
        "name",
        [
            "seize",
            "apply_mortgage",
            "register_notice",
            "register_objection",
            "register_residence",
            "apply_transfer",
        ],
    )
    @pytest.mark.parametrize("end", ["split", "retire"])
    def test_a_unit_with_anything_on_it_stays(self, stage: Stage, name: str, end: str) -> None:
        stage.reach(name)
        assert code_of(stage, end) == "estate.encumbered"

    def test_the_ledgers_order_is_the_registers(self, stage: Stage) -> None:
        for name in ("take_over", "apply_mortgage", "register_mortgage", "seize", "lift_seizure"):
            stage.take(name)
        steps = ["take_over", "apply_mortgage", "register_mortgage", "seize", "lift_seizure"]
        assert steps_of(stage, "unit", U1) == steps


class TestTables:
    def test_the_former_register_comes_as_a_table(self, stage: Stage, tmp_path: Path) -> None:
        file = tmp_path / "units.csv"
        lists = {"ownership": sole(SELLER), "mortgages": [old_mortgage()]}
        row = {
            "id": U1,
            "place.location": "海淀区某小区1号楼",
            "place.area": "8640",
            "place.use": "住宅",
            "certificate": story.certificate(1),
        } | {name: json.dumps(value) for name, value in lists.items()}
        with file.open("w", encoding="utf-8", newline="") as opened:
            table = csv.DictWriter(opened, row)
            table.writeheader()
            table.writerow(row)
        metadata = json.loads(Chaincode([Estate()]).metadata)
        form = Form(function_of(metadata, "take_over"), Schemas(metadata))
        entries, faults = form.entries(read_table(file, TableFormat.CSV))
        assert faults == []
        (call,) = form.calls(entries, 100, "units")
        registrar = certificate(PEOPLE["registrar"])
        stage.ledger.submit("Estate:take_over", *call.arguments, as_=registrar)
        assert stage.record(Unit, U1).area == 8640
        assert ask(stage, "status", U1)["mortgaged"] == 1


class TestOwnership:
    def test_thirds_are_one_exactly(self, stage: Stage) -> None:
        thirds = shared(*((one, 1, 3) for one in third()))
        stage.take("register_first", arguments={"ownership": thirds})

    @pytest.mark.parametrize(
        ("parts", "total"),
        [
            ([(1, 3), (1, 3)], "2/3"),
            ([(1, 2), (2, 3)], "7/6"),
            ([(3333, 10_000), (3333, 10_000), (3333, 10_000)], "9999/10000"),
        ],
    )
    def test_anything_but_one_is_refused(
        self, stage: Stage, parts: list[tuple[int, int]], total: str
    ) -> None:
        held = zip(third(len(parts)), parts, strict=True)
        ownership = shared(*((one, *part) for one, part in held))
        error = refused(stage, "register_first", arguments={"ownership": ownership})
        assert (error.code, error.facts["sum"]) == ("estate.shares", total)

    @pytest.mark.parametrize(
        "share", [0.3333333333333333, "1/3", {"numerator": 0, "denominator": 3}]
    )
    def test_a_share_is_a_fraction_of_integers(self, stage: Stage, share: Any) -> None:
        ownership = shared(*((one, 1, 3) for one in third()))
        ownership["holders"][0]["share"] = share
        with pytest.raises(ContractError):
            stage.take("register_first", arguments={"ownership": ownership})

    @pytest.mark.parametrize(
        "ownership",
        [
            shared((SELLER, 1, 2), (SELLER, 1, 2)),
            shared((SELLER, 1, 1)),
            story.joint(SELLER),
            story.joint(SELLER, SELLER),
        ],
    )
    def test_a_holder_is_named_once_and_several_own_together(
        self, stage: Stage, ownership: Any
    ) -> None:
        error = refused(stage, "register_first", arguments={"ownership": ownership})
        assert error.code == "estate.form"

    def test_what_is_owned_jointly_has_no_shares(self, stage: Stage) -> None:
        both = shared((SELLER, 1, 2), (PARTNER, 1, 2)) | {"form": "joint"}
        error = refused(stage, "register_first", arguments={"ownership": both})
        assert error.code == "estate.shares"


class TestMortgages:
    def test_none_can_be_dated_back(self, stage: Stage) -> None:
        """Take no day from a bank; the former register's mortgages come with their unit, and it comes once."""
        assert not {"registered", "day"} & {
            one.name for one in stage.steps["apply_mortgage"].arguments
        }
        stage.reach("register_mortgage")
        assert stage.record(Mortgage, stage.ids["apply_mortgage"]).registered == "2026-03-11"
        assert code_of(stage, "take_over", batch="file-2") == "exists"

    def test_ranks_are_distinct_also_for_applications(self, stage: Stage) -> None:
        stage.reach("apply_mortgage")
        error = refused(stage, "apply_mortgage")
        holder = f"mortgage {stage.ids['apply_mortgage']}"
        assert (error.code, error.facts["holder"]) == ("estate.rank-taken", holder)
        assert stage.take("apply_mortgage#second")["state"] == "applied"

    def test_a_rank_is_free_once_its_mortgage_is_released(self, stage: Stage) -> None:
        stage.reach("release_mortgage")
        assert stage.take("apply_mortgage")["state"] == "applied"

    def test_another_bank_consents_to_nothing(self, stage: Stage) -> None:
        stage.reach("register_mortgage")
        other = Person(story.BANK, {"role": "bank", "staff": "7002", "uscc": story.OTHER_COURT})
        assert code_of(stage, "consent_transfer", by=other) == "role"

    def test_an_organisation_acts_by_the_certificate_of_its_certifier_alone(
        self, stage: Stage
    ) -> None:
        stage.reach("take_over")
        forged = Person(PNR, {"role": "bank", "staff": "7001", "uscc": LENDER})
        assert code_of(stage, "apply_mortgage", by=forged) == "role"


class TestSeizures:
    def test_the_waiting_list_moves_up_in_its_order(self, stage: Stage) -> None:
        for name in ("take_over", "seize", "seize#before", "seize#other"):
            stage.take(name)
        assert self.states(stage) == {1: "active", 2: "waiting", 3: "waiting"}
        stage.take("lift_seizure")
        assert self.states(stage) == {1: "lifted", 2: "active", 3: "waiting"}
        second = stage.record(Seizure, stage.ids["seize#before"])
        assert second.until == "2027-03-11T15:59:59Z"
        stage.take("expire_seizure", record_id=second.id, later=366 * DAY)
        assert self.states(stage) == {1: "lifted", 2: "expired", 3: "active"}
        third = stage.record(Seizure, stage.ids["seize#other"])
        assert third.until == "2028-03-11T15:59:59Z"

    def test_who_waits_and_is_lifted_leaves_the_first_in_force(self, stage: Stage) -> None:
        for name in ("take_over", "seize", "seize#before"):
            stage.take(name)
        stage.take("lift_seizure", record_id=stage.ids["seize#before"])
        assert self.states(stage) == {1: "active", 2: "lifted"}

    def test_a_unit_is_seized_while_anybody_waits_though_the_first_is_over(
        self, stage: Stage
    ) -> None:
        for name in ("take_over", "seize", "seize#before"):
            stage.take(name)
        assert code_of(stage, "apply_transfer", later=366 * DAY) == "estate.seized"

    def test_a_seizure_that_is_over_blocks_nothing_though_nobody_recorded_it(
        self, stage: Stage
    ) -> None:
        stage.reach("seize")
        assert code_of(stage, "apply_transfer", later=365 * DAY) == "estate.seized"
        assert stage.take("apply_transfer", later=DAY + 1)["denied"] == ""

    def test_it_is_renewed_before_it_ends_and_not_beyond_three_years(self, stage: Stage) -> None:
        stage.reach("renew_seizure")
        assert stage.record(Seizure, stage.ids["seize"]).until == "2028-03-11T15:59:59Z"
        assert (
            code_of(stage, "renew_seizure", arguments={"months": 37}) == "estate.seizure-too-long"
        )
        assert code_of(stage, "renew_seizure", later=732 * DAY) == "state"

    def test_a_court_lifts_its_own_seizures_alone(self, stage: Stage) -> None:
        stage.reach("seize")
        assert code_of(stage, "lift_seizure", by=PEOPLE["other court"]) == "role"

    @staticmethod
    def states(stage: Stage) -> dict[int, str]:
        """Return the seizures' states by their places in the line."""
        return {one.place: one.state for one in stage.records(Seizure)}


class TestSale:
    def test_a_house_is_sold_with_its_mortgage(self, stage: Stage) -> None:
        """FACTS §C S1: the mortgage does not bar transfers, goes with the unit, and its bank is notified."""
        stage.reach("register_mortgage")
        stage.reach("register")
        title = stage.record(Title, f"{U1}T002")
        assert (title.state, title.grounds, title.ownership.form) == ("registered", "sale", "sole")
        assert stage.record(Title, T1).state == "ended"
        mortgage = stage.record(Mortgage, stage.ids["apply_mortgage"])
        assert (mortgage.state, mortgage.title) == ("live", title.id)
        event = json.loads(stage.ledger.events[-1].payload)
        assert event["clearance"] == CLEARANCE["number"]
        assert ("mortgage", mortgage.id) in {(one["kind"], one["id"]) for one in event["records"]}
        stage.take(
            "certify",
            record_id=title.id,
            arguments={"certificate": story.certificate(77)},
        )
        chain = ask(stage, "listed", "title", "unit", [U1], 10, "")["items"]
        assert [(one["id"], one["state"]) for one in chain] == [
            (T1, "ended"),
            (title.id, "certified"),
        ]

    def test_one_house_is_not_sold_twice_and_the_attempt_is_kept(self, stage: Stage) -> None:
        stage.reach("apply_transfer")
        assert stage.take("apply_transfer")["denied"] == "estate.unit-locked"
        (denied,) = ask(stage, "listed", "denial", "fact", [U1], 10, "")["items"]
        assert (denied["step"], denied["by"]["staff"]) == ("apply_transfer", "2001")

    def test_a_mortgage_from_before_the_civil_code_needs_consent(self, stage: Stage) -> None:
        stage.take("take_over", arguments={"mortgages": [old_mortgage()]})
        stage.take("apply_transfer")
        review(stage)
        error = refused(stage, "register")
        assert (error.code, error.facts["version"]) == ("estate.mortgaged", 1)
        stage.take("consent_transfer", record_id=error.facts["id"], arguments={"matter": "another"})
        assert code_of(stage, "register") == "estate.mortgaged"
        matter = {"matter": stage.ids["apply_transfer"]}
        stage.take("consent_transfer", record_id=error.facts["id"], arguments=matter)
        assert stage.take("register")["state"] == "registered"

    def test_one_from_its_first_day_does_not(self, stage: Stage) -> None:
        mortgages = [old_mortgage(registered="2021-01-01")]
        stage.take("take_over", arguments={"mortgages": mortgages})
        assert stage_register(stage)["state"] == "registered"

    def test_a_consent_to_an_older_version_does_not_count(self, stage: Stage) -> None:
        stage.reach("register_mortgage#barring")
        stage.ids["apply_mortgage"] = barring = stage.ids["apply_mortgage#barring"]
        stage.take("apply_transfer")
        review(stage)
        matter = {"matter": stage.ids["apply_transfer"]}
        stage.take("consent_transfer", record_id=barring, arguments=matter)
        stage.take("change_mortgage", record_id=barring)
        error = refused(stage, "register")
        assert (error.code, error.facts["version"]) == ("estate.mortgaged", 2)
        assert code_of(stage, "consent_transfer", arguments=matter) == "estate.other-version"
        stage.take("consent_transfer", arguments=matter | {"version": 2})
        assert stage.take("register")["state"] == "registered"

    @pytest.mark.parametrize(
        ("changed", "what"),
        [
            ({"unit": U2}, "unit"),
            ({"price": commitment(salt_of("price"), {"fen": 600_000_000})}, "price"),
            ({"price": commitment(salt_of("another"), story.PRICE)}, "price"),
            ({"buyers": [THIRD]}, "buyers"),
            ({"buyers": [BUYER, THIRD]}, "buyers"),
            ({"sellers": [THIRD]}, "sellers"),
        ],
    )
    def test_a_clearance_is_for_this_unit_price_and_parties(
        self, stage: Stage, changed: dict[str, Any], what: str
    ) -> None:
        stage.reach("accept")
        error = refused(stage, "confirm_tax", arguments={"clearance": CLEARANCE | changed})
        assert (error.code, error.facts) == ("estate.clearance-differs", {"what": what})

    def test_a_clearance_counts_once_whatever_became_of_its_case(self, stage: Stage) -> None:
        stage.reach("confirm_tax")
        first = stage.ids["apply_transfer"]
        stage.take("withdraw")
        stage.take("apply_transfer")
        stage.take("accept")
        error = refused(stage, "confirm_tax")
        assert (error.code, error.facts["holder"]) == ("estate.clearance-used", f"case {first}")

    def test_a_clearance_after_the_time_is_over_is_too_late(self, stage: Stage) -> None:
        stage.reach("accept")
        assert code_of(stage, "confirm_tax", later=20 * DAY) == "state"
        assert stage.take("apply_transfer")["denied"] == ""

    def test_nothing_is_registered_once_the_tax_channel_may_release_the_clearance(
        self, stage: Stage
    ) -> None:
        stage.reach("apply_transfer")
        review(stage)
        in_time, late = stage.fork(), stage.fork()
        assert in_time.take("register", later=2 * DAY)["state"] == "registered"
        assert code_of(late, "register", later=3 * DAY) == "state"
        found = ask(late, "read", "case", late.ids["apply_transfer"])
        assert (found["state"], found["clearance"]) == ("lapsed", CLEARANCE["number"])

    def test_a_clearance_that_is_over_before_all_have_confirmed_ends_the_case(
        self, stage: Stage
    ) -> None:
        stage.reach("accept")
        for name in ("confirm_tax", "confirm_identity", "confirm_family"):
            stage.take(name)
        stage.take("confirm_contract", later=4 * DAY)
        assert code_of(stage, "register") == "state"

    def test_nothing_is_registered_before_all_have_confirmed(self, stage: Stage) -> None:
        stage.reach("accept")
        for name in CONFIRMED:
            assert code_of(stage, "register") == "state"
            stage.take(name)
        assert stage.take("register")["state"] == "registered"

    def test_each_confirms_for_itself_once(self, stage: Stage) -> None:
        stage.reach("confirm_identity")
        assert code_of(stage, "confirm_identity") == "answered"
        assert code_of(stage, "confirm_tax", by=PEOPLE["police"]) == "role"

    @pytest.mark.parametrize("reviewer", ["police", "civil", "filing", "tax", "registrar"])
    def test_each_of_them_can_refuse_with_a_reason(self, stage: Stage, reviewer: str) -> None:
        """Such as the police: the seller is dead."""
        stage.reach("accept")
        stage.take("refuse", by=PEOPLE[reviewer], reason="出卖人已死亡")
        last = ask(stage, "history", "case", stage.ids["apply_transfer"])[-1]
        assert (last["state"], last["reason"]) == ("refused", "出卖人已死亡")

    def test_a_seizure_since_the_application_blocks_the_registration(self, stage: Stage) -> None:
        stage.reach("apply_transfer")
        review(stage)
        stage.take("seize")
        assert code_of(stage, "register") == "estate.seized"

    def test_of_a_seizure_and_a_registration_in_one_block_one_counts(self, stage: Stage) -> None:
        stage.reach("apply_transfer")
        review(stage)
        for pair in (("seize", "register"), ("register", "seize")):
            fork = stage.fork()
            codes = fork.ledger.commit([fork.endorse(name) for name in pair])
            assert [code == 0 for code in codes] == [True, False]
            later = refused(fork, pair[1]).code
            assert later in ("estate.seized", "estate.title-changed")

    def test_another_title_than_the_applications_is_not_ended(self, stage: Stage) -> None:
        stage.reach("apply_transfer")
        review(stage)
        stage.take("vest")
        assert code_of(stage, "register") == "estate.title-changed"
        assert stage.record(Title, f"{U1}T002").state == "registered"

    def test_who_accepts_does_not_register(self, stage: Stage) -> None:
        stage.reach("apply_transfer")
        review(stage)
        assert code_of(stage, "register", by=PEOPLE["registrar"]) == "same-person"

    def test_a_silent_register_has_accepted(self, stage: Stage) -> None:
        stage.reach("apply_transfer")
        stage.ids["accept"] = stage.ids["apply_transfer"]
        assert stage.take("confirm_identity", later=6 * DAY)["state"] == "reviewing"

    def test_what_waits_for_tax_is_listed(self, stage: Stage) -> None:
        stage.reach("accept")
        waiting = ("listed", "case", "awaiting", ["tax"], 10, "")
        assert [one["unit"] for one in ask(stage, *waiting)["items"]] == [U1]
        stage.take("confirm_tax")
        assert ask(stage, *waiting)["items"] == []


def stage_register(stage: Stage) -> dict[str, Any]:
    """Apply for the sale of the first unit, review and register it."""
    stage.take("apply_transfer")
    review(stage)
    return stage.take("register")


class TestShares:
    def test_a_part_is_sold_and_the_others_stay(self, stage: Stage) -> None:
        stage.reach("take_over#shared")
        after = shared((BUYER, 1, 2), (PARTNER, 1, 2))
        fields = TRANSFER | {"unit": U2, "title": f"{U2}T001", "ownership": after}
        stage.take("apply_transfer", arguments={"transfer": fields})
        (case,) = ask(stage, "listed", "case", "unit", [U2], 10, "")["items"]
        assert case["buyers"] == [BUYER]

    @pytest.mark.parametrize(
        "after",
        [
            sole(BUYER),
            shared((BUYER, 2, 3), (PARTNER, 1, 3)),
            shared((BUYER, 1, 3), (PARTNER, 2, 3)),
        ],
    )
    def test_who_takes_no_part_keeps_the_share(self, stage: Stage, after: Any) -> None:
        stage.reach("take_over#shared")
        fields = TRANSFER | {"unit": U2, "title": f"{U2}T001", "ownership": after}
        error = refused(stage, "apply_transfer", arguments={"transfer": fields})
        assert error.code == "estate.others-share"

    def test_joint_owners_sell_together(self, stage: Stage) -> None:
        stage.take("take_over", arguments={"ownership": story.joint(SELLER, PARTNER)})
        assert code_of(stage, "apply_transfer") == "estate.sellers"
        stage.take("apply_transfer", arguments={"transfer": {"sellers": [SELLER, PARTNER]}})

    def test_a_stranger_sells_nothing(self, stage: Stage) -> None:
        stage.reach("take_over")
        changed = {"transfer": {"sellers": [THIRD]}}
        assert code_of(stage, "apply_transfer", arguments=changed) == "estate.sellers"

    @pytest.mark.parametrize("grounds", ["gift", "inheritance"])
    def test_what_is_given_or_inherited_needs_no_price(self, stage: Stage, grounds: str) -> None:
        stage.reach("take_over")
        changed = {"transfer": {"grounds": grounds}}
        free = {"price": {"fen": 0}}
        assert stage.take("apply_transfer", arguments=changed, private=free)["denied"] == ""


class TestNotices:
    def test_its_holder_must_consent_to_this_very_sale(self, stage: Stage) -> None:
        stage.reach("register_notice")
        stage.take("apply_transfer")
        review(stage)
        assert code_of(stage, "register") == "estate.noticed"
        stage.take("consent_early")
        assert code_of(stage, "register") == "estate.noticed"
        stage.take("consent_early", arguments={"matter": stage.ids["apply_transfer"]})
        assert stage.take("register")["state"] == "registered"

    def test_somebody_elses_signature_is_no_consent(self, stage: Stage) -> None:
        stage.reach("register_notice")
        assert code_of(stage, "consent_early", signer="somebody") == "signature-wrong"

    def test_the_buyers_own_notice_is_fulfilled_by_the_sale(self, stage: Stage) -> None:
        stage.reach("take_over")
        stage.take("register_notice", arguments={"holder": BUYER})
        assert stage_register(stage)["state"] == "registered"
        assert stage.record(Notice, stage.ids["register_notice"]).state == "fulfilled"

    def test_it_ends_on_the_ninetieth_day_after_the_right_can_be_registered(
        self, stage: Stage
    ) -> None:
        stage.reach("register_notice")
        stage.ledger.now = stage.ledger.now.replace(month=5)
        stage.take("start_notice")
        notice = stage.record(Notice, stage.ids["register_notice"])
        assert notice.until == "2026-08-09T15:59:59Z"
        assert code_of(stage, "expire_notice", later=90 * DAY) == "not-due"
        assert stage.take("expire_notice", later=DAY)["state"] == "expired"

    def test_before_that_day_it_does_not_end(self, stage: Stage) -> None:
        stage.reach("register_notice")
        assert code_of(stage, "expire_notice", later=1000 * DAY) == "state"

    def test_it_holds_up_a_mortgage_too(self, stage: Stage) -> None:
        stage.reach("apply_mortgage")
        stage.take("register_notice")
        assert code_of(stage, "register_mortgage") == "estate.noticed"
        stage.take("consent_early", arguments={"matter": stage.ids["apply_mortgage"]})
        assert stage.take("register_mortgage")["state"] == "live"


class TestObjections:
    def test_it_ends_after_fifteen_days_without_a_suit(self, stage: Stage) -> None:
        stage.reach("register_objection")
        stage.take("apply_transfer")
        review(stage)
        assert code_of(stage, "register") == "estate.objected"
        assert code_of(stage, "expire_objection", later=15 * DAY) == "not-due"
        assert stage.take("expire_objection", later=DAY)["state"] == "expired"

    def test_a_suit_keeps_it_until_the_court_ends_it(self, stage: Stage) -> None:
        stage.reach("record_suit")
        assert code_of(stage, "expire_objection", later=400 * DAY) == "state"
        assert code_of(stage, "end_objection", by=PEOPLE["other court"]) == "role"
        stage.take("end_objection", later=0)
        assert ask(stage, "status", U1)["clean"]

    def test_where_objections_only_warn_the_registration_names_them(self) -> None:
        stage = Stage(STORY, parameters={"objection-effect": "warn"})
        stage.reach("register_objection")
        stage_register(stage)
        event = json.loads(stage.ledger.events[-1].payload)
        assert event["warnings"] == [stage.ids["register_objection"]]


class TestJudgments:
    def test_it_bypasses_tax_mortgage_and_notice_and_never_the_one_live_title(
        self, stage: Stage
    ) -> None:
        for name in ("take_over", "register_mortgage#barring", "register_notice", "seize"):
            stage.reach(name)
        stage.take("seize#other")
        stage.take("vest")
        live = [one for one in stage.records(Title) if one.state in LIVE]
        assert [(one.id, one.grounds) for one in live] == [(f"{U1}T002", "judgment")]
        assert {one.state for one in stage.records(Seizure)} == {"lifted"}
        assert {one.title for one in stage.records(Mortgage)} == {f"{U1}T002"}

    def test_a_court_that_only_waits_passes_nothing(self, stage: Stage) -> None:
        stage.reach("seize#other")
        stage.take("seize")
        assert code_of(stage, "vest") == "estate.seized-by-another"


class TestQueries:
    def test_a_clean_unit_says_so(self, stage: Stage) -> None:
        stage.reach("take_over")
        status = ask(stage, "status", U1, by="passer-by")
        assert status["clean"]
        assert (status["title"], status["mortgaged"], status["seized"]) == (T1, 0, 0)

    @pytest.mark.parametrize(
        ("name", "flag"),
        [
            ("register_mortgage", "mortgaged"),
            ("seize", "seized"),
            ("register_notice", "noticed"),
            ("register_objection", "objected"),
            ("register_residence", "resided"),
            ("apply_transfer", "applied"),
        ],
    )
    def test_what_lies_on_a_unit_is_public(self, stage: Stage, name: str, flag: str) -> None:
        stage.reach(name)
        status = ask(stage, "status", U1, by="passer-by")
        assert (status[flag], status["clean"]) == (1, False)

    def test_a_bar_to_transfers_is_public(self, stage: Stage) -> None:
        stage.reach("register_mortgage#barring")
        assert ask(stage, "status", U1)["no_transfer"]

    def test_what_is_over_by_the_day_counts_no_more(self, stage: Stage) -> None:
        stage.reach("register_objection")
        stage.ledger.now = stage.ledger.now.replace(month=4)
        assert ask(stage, "status", U1)["clean"]

    def test_somebodys_units_are_shown_on_a_recorded_basis_alone(self, stage: Stage) -> None:
        for name in ("take_over", "take_over#shared"):
            stage.take(name)
        with pytest.raises(ContractError) as caught:
            ask(stage, "holdings", "nothing", 10, "")
        assert caught.value.code == "unknown"
        stage.take("search")
        found = ask(stage, "holdings", stage.ids["search"], 10, "")["items"]
        assert [one["unit"] for one in found] == [U1, U2]
        for by, month in (("court", 3), ("registrar", 4)):
            stage.ledger.now = stage.ledger.now.replace(month=month)
            with pytest.raises(ContractError) as caught:
                ask(stage, "holdings", stage.ids["search"], 10, "", by=by)
            assert caught.value.code == "estate.search"

    def test_a_court_searches_by_an_order(self, stage: Stage) -> None:
        stage.reach("take_over")
        stage.take("search", by=PEOPLE["court"], arguments={"basis": "court-order"})
        found = ask(stage, "holdings", stage.ids["search"], 10, "", by="court")["items"]
        assert [one["unit"] for one in found] == [U1]

    def test_a_banks_mortgages_are_found_by_their_maturity(self, stage: Stage) -> None:
        mortgages = [old_mortgage(), old_mortgage(rank=2, matures="2027-06-01")]
        stage.take("take_over", arguments={"mortgages": mortgages})
        until = ("maturing", LENDER)
        assert [one["rank"] for one in ask(stage, *until, "2030-01-01", 10, "")["items"]] == [2, 1]
        assert [one["rank"] for one in ask(stage, *until, "2029-12-31", 10, "")["items"]] == [2]
        assert ask(stage, *until, "2027-05-31", 10, "") == {"items": [], "bookmark": ""}

    def test_seizures_that_expire_soon_are_found(self, stage: Stage) -> None:
        for name in ("take_over", "seize", "seize#before"):
            stage.take(name)
        assert ask(stage, "expiring", 30, 10, "")["items"] == []
        found = ask(stage, "expiring", 366, 10, "")["items"]
        assert [one["id"] for one in found] == [stage.ids["seize"]]

    def test_other_channels_see_parties_as_blinded_keys_and_the_price_as_a_commitment(
        self, stage: Stage
    ) -> None:
        stage.reach("apply_transfer")
        shown = ask(stage, "view", "case", stage.ids["apply_transfer"], "sale")["values"]
        assert shown == {
            "unit": U1,
            "title": T1,
            "sellers": [SELLER],
            "buyers": [BUYER],
            "price": story.PRICED,
        }


class TestFounding:
    def test_parties_have_one_identifier_here_and_on_the_tax_channel(self) -> None:
        keys = [
            one["value"]
            for contract in ("estate", "clearance")
            for one in settings(contract)
            if one["name"] == "party-key"
        ]
        assert keys == [STORY.governance.parameters["estate", "party-key"]] * 2

    def test_it_has_each_parameter_role_and_organisation(self) -> None:
        items = founding_items([], [])
        contents = [one["content"] for one in items]
        named = {one["name"] for one in contents if one["kind"] == "parameter"}
        known = STORY.governance.parameters
        assert named == {name for contract, name in known if contract == "estate"}
        assert {one["name"] for one in contents if one["kind"] == "role"} == set(ROLES)
        assert {"kind": "certifier", "uscc": LENDER, "msp_id": story.BANK} in contents
        assert all(one["mark"] in "SK" for one in contents if one["kind"] == "parameter")


def samples_of_a_day() -> Iterator[tuple[str, Sample]]:
    """Yield the samples, none of which lets the time pass."""
    for name, one in STORY.samples.items():
        if name not in ("split", "merge", "retire"):
            yield name, replace(one, later=0)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_each_unit_has_one_live_title(seed: int) -> None:
    walked = replace(STORY, samples=dict(samples_of_a_day()))
    taken = walk(walked, seed, length=600, look=one_live_title)
    assert len(taken) > 15


def one_live_title(stage: Stage) -> None:
    """Raise AssertionError unless each unit has the one live title that it names, and nothing lies on a retired one."""
    live = {one.unit: one.id for one in stage.records(Title) if one.state in LIVE}
    assert len(live) == len([one for one in stage.records(Title) if one.state in LIVE])
    assert live == {one.id: one.title for one in stage.records(Unit) if one.state == "titled"}
    retired = {one.id for one in stage.records(Unit) if one.state == "retired"}
    for kind, states in LYING.items():
        assert not [
            one for one in stage.records(kind) if one.unit in retired and one.state in states
        ]

"""Break-glass: two officers, a day, a review by another department, and what comes of missed ones.

The generated tests see to each step and role; here is what the steps come to together.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from pyfabric_municipal.common.break_glass import BreakGlass
from pyfabric_municipal.common.denials import Denial
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.common.testing.stories import Person

from pyfabric.chaincode import ContractError
from tests.support.municipal.example_story import BANK, BUREAU, HEALTH, PEOPLE, STORY

DAY = 86_400
WEEK = 7 * DAY


@pytest.fixture
def stage() -> Stage:
    """Provide a ledger on which nothing has been done."""
    return Stage(STORY)


def pages(stage: Stage, function: str, *arguments: object) -> list[Mapping[str, Any]]:
    """Return the records of a page of a query."""
    found = stage.ledger.evaluate(
        f"Example:{function}", *arguments, 50, "", as_=certificate(PEOPLE["clerk"])
    )
    items: list[Mapping[str, Any]] = json.loads(found)["items"]
    return items


def opened(stage: Stage, officer: str = "officer", second: str = "second") -> str:
    """Open a break-glass; returns its id."""
    made: str = stage.take("break_glass", by=PEOPLE[officer])["id"]
    stage.take("confirm_break_glass", by=PEOPLE[second], record_id=made)
    return made


def by_state(stage: Stage) -> dict[str, list[str]]:
    """Return the ids of all break-glasses by the state in which they are listed."""
    found = {
        state: [one["id"] for one in pages(stage, "listed", "break-glass", "state", [state])]
        for state in BreakGlass.STATES
    }
    return {state: ids for state, ids in found.items() if ids}


def test_what_nobody_touches_ends_after_a_day_and_is_missed_after_a_week(stage: Stage) -> None:
    made = opened(stage)
    seen = []
    for later in (DAY - 1, 1, WEEK - 1, 1):
        stage.ledger.now += timedelta(seconds=later)
        shown = pages(stage, "overdue", HEALTH)
        seen.append((by_state(stage), [one["id"] for one in shown if one["state"] != "open"]))
    assert seen == [
        ({"open": [made]}, []),
        ({"closed": [made]}, []),
        ({"closed": [made]}, []),
        ({"unreviewed": [made]}, [made]),
    ]
    stage.take("review_late", record_id=made)
    asker = certificate(PEOPLE["clerk"])
    history = stage.ledger.evaluate("Example:history", "break-glass", made, as_=asker)
    assert [one["step"] for one in json.loads(history)] == [
        "break_glass",
        "confirm_break_glass",
        "end_break_glass",
        "miss_review",
        "review_late",
    ]
    assert pages(stage, "overdue", HEALTH) == []


def test_a_missed_review_stays_overdue_until_it_is_made_up(stage: Stage) -> None:
    stage.reach("miss_review")
    (late,) = pages(stage, "overdue", HEALTH)
    assert late["state"] == "unreviewed"
    stage.take("review_late")
    assert pages(stage, "overdue", HEALTH) == []


def test_the_department_that_is_reviewed_is_not_asked(stage: Stage) -> None:
    stage.reach("miss_review")
    assert pages(stage, "overdue", BUREAU) == []


def test_two_missed_reviews_suspend_until_one_is_made_up(stage: Stage) -> None:
    first, second = opened(stage), opened(stage)
    stage.ledger.now += timedelta(seconds=DAY + WEEK)
    denied = stage.take("break_glass")
    assert denied["denied"] == "example.break-glass-suspended"
    (found,) = pages(stage, "listed", "denial", "fact", [BUREAU])
    assert found["facts"] == {"organisation": BUREAU, "missed": 2}
    assert stage.record(Denial, denied["id"]).by.staff == "1010"
    stage.take("review_late", record_id=first)
    assert stage.take("break_glass")["denied"] == ""
    with pytest.raises(ContractError) as caught:
        stage.take("review_break_glass", record_id=second)
    assert caught.value.code == "state"


def test_a_suspension_is_one_organisation_s(stage: Stage) -> None:
    """Act as a bank without a peer, under its own code: neither its department nor it suspends the other."""
    attributes = {"emergency": "officer", "uscc": BANK}
    bankers = [Person(BUREAU, {**attributes, "staff": number}) for number in ("9101", "9102")]
    made = stage.take("break_glass", by=bankers[0])["id"]
    assert stage.record(BreakGlass, made).organisation == BANK
    with pytest.raises(ContractError) as caught:
        stage.take("confirm_break_glass", record_id=made)
    assert caught.value.code == "role"
    stage.take("confirm_break_glass", by=bankers[1], record_id=made)
    opened(stage)
    stage.ledger.now += timedelta(seconds=DAY + WEEK)
    assert stage.take("break_glass")["denied"] == ""
    assert stage.take("break_glass", by=bankers[0])["denied"] == ""


def test_a_code_of_an_organisation_counts_only_from_its_own_ca(stage: Stage) -> None:
    attributes = {"emergency": "officer", "uscc": BANK, "staff": "9101"}
    with pytest.raises(ContractError) as caught:
        stage.take("break_glass", by=Person(HEALTH, attributes))
    assert caught.value.code == "role"


@pytest.mark.parametrize(
    ("ending", "by"),
    [
        ("called", "clerk"),
        ("day over", "clerk"),
        ("closed", "clerk"),
        ("open", "auditor"),
        ("unknown", "clerk"),
    ],
)
def test_access_is_for_the_officers_own_organisation_while_it_is_open(
    stage: Stage, ending: str, by: str
) -> None:
    made = stage.take("break_glass")["id"]
    if ending != "called":
        stage.take("confirm_break_glass")
    if ending == "closed":
        stage.take("close_break_glass")
    later = DAY if ending == "day over" else 0
    asked = {"break_glass": "none" if ending == "unknown" else made}
    person = Person(PEOPLE[by].msp_id, {"role": "clerk", "staff": "1001"})
    with pytest.raises(ContractError) as caught:
        stage.take("look_up", by=person, arguments=asked, later=later)
    assert caught.value.code == "example.no-emergency"


def test_access_under_a_break_glass_names_it(stage: Stage) -> None:
    made = opened(stage)
    stage.take("look_up", arguments={"break_glass": made}, later=DAY - 1)
    found = stage.ledger.evaluate(
        "Example:related", "break-glass", made, as_=certificate(PEOPLE["auditor"])
    )
    assert [one["id"] for one in json.loads(found)] == ["X1"]


def test_what_is_closed_early_is_due_a_week_later(stage: Stage) -> None:
    stage.reach("close_break_glass")
    closed = stage.record(BreakGlass, stage.ids["break_glass"])
    assert closed.until == closed.updated
    stage.take("review_break_glass", later=WEEK - 1)

"""The contract `city`: founding, changes that a majority approves, their effective days, departments and code lists."""

from datetime import timedelta
from typing import Any

import pytest

from pyfabric.chaincode import ContractError
from pyfabric.errors import ValidationCode
from tests.support.municipal.governed import (
    ALL,
    CLERKS,
    CODES,
    GOVERNORS,
    HEALTH,
    TAX,
    Governed,
    item,
    member,
    parameter,
    role,
)
from tests.support.municipal.municipal import ECON, HAI, MKT

LATER = "2026-03-12"  # the day after START, in Beijing
DAYS = ("parameter", "waste", "acceptance-days")


@pytest.fixture
def city() -> Governed:
    """Provide a founded channel."""
    return Governed()


def refused(code: str) -> Any:
    """Return the context in which a refusal with this code is expected."""
    return pytest.raises(ContractError, check=lambda error: error.code == code)


def more_days(value: int = 6) -> dict[str, Any]:
    """Return the change of the founding's parameter."""
    return item(parameter("waste", "acceptance-days", value), builds_on=1)


def test_a_majority_of_the_departments_founds_a_channel() -> None:
    city = Governed(founded=False)
    change = city.propose(*map(item, map(member, ALL)))
    view = city.ask("change", change)
    assert (view["state"], view["needed"], view["voters"]["approved"]) == ("proposed", 2, [ECON])
    with refused("city.no-majority"):
        city.enact(change)
    city.approve(change, HAI)
    city.enact(change, at=HAI)
    assert [one["msp_id"] for one in city.ask("departments")] == sorted(ALL)


@pytest.mark.parametrize("peer", [MKT, TAX])
def test_no_peer_endorses_a_founding_that_its_own_department_has_not_approved(peer: str) -> None:
    city = Governed(founded=False)
    change = city.propose(*map(item, map(member, ALL)))
    city.approve(change, HAI)
    with refused("city.not-approved-here"):  # also one that the founding forgot
        city.enact(change, at=peer)


def test_one_department_alone_founds_nothing() -> None:
    with refused("city.not-founded"):
        Governed(founded=False).propose(item(member(ECON)))


def test_later_a_department_without_a_voice_endorses_what_the_others_agree_on(
    city: Governed,
) -> None:
    change = city.propose(more_days())
    city.approve(change, MKT)
    with refused("city.no-voice"):  # the contract's own departments decide on its parameters
        city.approve(change, HAI)
    city.enact(change, at=HAI)
    assert city.ask("parameter", "waste", "acceptance-days")["value"] == 6


def test_each_department_counts_once(city: Governed) -> None:
    change = city.propose(item(role("credit", "provider", ECON)))
    with refused("city.approved-already"):
        city.approve(change, ECON)
    with refused("city.no-majority"):
        city.enact(change)


def test_who_did_what_is_kept_and_found_by_the_key_of_the_certificate(city: Governed) -> None:
    change = city.propose(more_days())
    city.approve(change, MKT)
    city.enact(change)
    acts = city.ask("acts", change)
    done = [(one["step"], one["by"]["department"]) for one in acts]
    assert sorted(done) == sorted(
        [("propose", ECON), ("approve", ECON), ("approve", MKT), ("enact", ECON)]
    )
    (approval,) = [one for one in acts if one["by"]["department"] == MKT]
    key, at = approval["by"]["key"], approval["at"]
    assert approval["by"]["staff"] == "4001"
    found = city.ask("signed_with", key, at)
    assert change in [one["change"] for one in found if one["step"] == "approve"]
    assert {one["by"]["key"] for one in found} == {key}
    assert city.ask("signed_with", key, "2027-01-01T00:00:00Z") == []


def test_a_department_that_has_left_counts_no_more(city: Governed) -> None:
    city.agree(item(member(TAX)))
    change = city.propose(item(role("credit", "provider", ECON)), by=HAI)
    city.approve(change, ECON)
    assert city.ask("change", change)["needed"] == 3
    gone = city.propose(item(member(HAI, state="left"), builds_on=1))
    city.approve(gone, MKT, TAX)
    city.enact(gone)
    view = city.ask("change", change)
    assert (view["needed"], view["voters"]["approved"]) == (2, [ECON])
    with refused("city.no-majority"):
        city.enact(change)


@pytest.mark.parametrize(
    ("who", "code"),
    [(CLERKS[MKT], "city.not-governor"), (GOVERNORS[TAX], "city.no-voice")],
)
def test_only_governors_of_the_channels_departments_approve(
    city: Governed, who: Any, code: str
) -> None:
    change = city.propose(item(role("credit", "provider", ECON)))
    with refused(code):
        city.ledger.submit("approve", change, as_=who)


def test_a_change_names_the_version_that_it_builds_on(city: Governed) -> None:
    first, second = city.propose(more_days(6)), city.propose(more_days(7))
    city.approve(first, MKT)
    city.approve(second, MKT)
    assert city.ask("change", second)["state"] == "approved"
    city.enact(first)
    assert city.ask("change", second)["state"] == "superseded"
    with refused("city.superseded"):
        city.enact(second)
    with refused("city.superseded"):
        city.propose(item(parameter("waste", "acceptance-days", 8), builds_on=0))


def test_two_changes_of_a_setting_side_by_side_are_an_mvcc_conflict(city: Governed) -> None:
    changes = [city.propose(more_days(6)), city.propose(more_days(7))]
    for each in changes:
        city.approve(each, MKT)
    both = [city.ledger.endorse("enact", each, as_=CLERKS[ECON]) for each in changes]
    assert city.ledger.commit(both) == [ValidationCode.VALID, ValidationCode.MVCC_READ_CONFLICT]


def test_a_change_lapses_and_can_be_withdrawn_by_its_proposer_only(city: Governed) -> None:
    change = city.propose(more_days())
    with refused("city.not-proposer"):
        city.submit("withdraw", change, by=MKT)
    city.submit("withdraw", change)
    with refused("city.change-closed"):
        city.approve(change, MKT)
    other = city.propose(more_days())
    city.approve(other, MKT)
    city.pass_time(31 * 24 * 3600)
    assert city.ask("change", other)["state"] == "lapsed"
    assert city.ask("changes") == []
    with refused("city.change-closed"):
        city.enact(other)


def test_a_change_takes_effect_at_the_begin_of_its_day_by_the_channels_clock(
    city: Governed,
) -> None:
    city.agree(more_days(), effective=LATER)
    assert city.ask("parameter", "waste", "acceptance-days")["value"] == 5
    until_midnight = timedelta(hours=14)  # 10:00 in Beijing
    city.pass_time(until_midnight.total_seconds() - 60)
    city.ledger.now += timedelta(seconds=60)  # midnight, by the proposal alone
    assert city.ask("parameter", "waste", "acceptance-days")["value"] == 5
    city.tick()
    city.pass_time(60)
    assert city.ask("parameter", "waste", "acceptance-days")["value"] == 6
    assert [one["content"]["value"] for one in city.ask("history", DAYS)] == [5, 6]


def test_a_version_to_come_can_be_replaced_while_the_former_stays_in_force(city: Governed) -> None:
    city.agree(more_days(6), effective=LATER)
    city.agree(item(parameter("waste", "acceptance-days", 7), builds_on=2), effective="2026-03-13")
    setting = city.ask("setting", DAYS)
    assert (setting["former"]["number"], setting["newest"]["number"]) == (1, 3)
    city.pass_time(24 * 3600)
    assert city.ask("parameter", "waste", "acceptance-days")["value"] == 5
    city.pass_time(24 * 3600)
    assert city.ask("parameter", "waste", "acceptance-days")["value"] == 7


def test_a_clock_that_stands_still_stops_only_what_depends_on_it(city: Governed) -> None:
    city.pass_time(24 * 3600, ticking=False)
    assert city.ask("parameter", "waste", "acceptance-days")["value"] == 5
    city.tick()
    city.agree(more_days(6))
    city.pass_time(1800, ticking=False)
    with refused("clock-stalled"):
        city.ask("parameter", "waste", "acceptance-days")
    city.pass_time(1801, ticking=False)  # longer than a proposal's time may differ from a peer's
    assert city.ask("parameter", "waste", "acceptance-days")["value"] == 6


def test_an_effective_day_that_has_begun_is_refused(city: Governed) -> None:
    change = city.propose(more_days(), effective=LATER)
    city.approve(change, MKT)
    city.pass_time(24 * 3600)
    with refused("city.effective-day-past"):
        city.enact(change)


def test_what_a_department_had_goes_to_its_successor_in_the_same_change(city: Governed) -> None:
    certifier = {"kind": "certifier", "uscc": CODES[HEALTH], "msp_id": MKT}
    city.agree(item(member(TAX)), item(certifier))
    merged = member(MKT, state="merged", successor=ECON)
    change = city.propose(item(merged, builds_on=1))
    city.approve(change, HAI, TAX)
    city.enact(change)
    assert city.ask("role", "waste", "supervisor") == [ECON]
    assert city.ledger.evaluate("certifier", CODES[HEALTH]).decode() == ECON
    found = city.ask("department", MKT)
    assert (found["state"], found["successor"]) == ("merged", ECON)
    next_one = city.propose(item(member(ECON, state="left", successor=TAX), builds_on=1))
    city.approve(next_one, TAX)
    city.enact(next_one)
    assert city.ask("department", MKT)["successor"] == TAX
    assert city.ask("role", "waste", "supervisor") == [TAX]


@pytest.mark.parametrize(
    "unsound",
    [
        pytest.param([item(member(MKT, state="left"), builds_on=1)], id="leaves a role behind"),
        pytest.param([item(role("waste", "carrier", TAX))], id="a role of no department"),
        pytest.param([item(member(TAX, uscc=CODES[MKT]))], id="the social credit code of another"),
        pytest.param([item(member(ECON, uscc=CODES[TAX]), builds_on=1)], id="another code"),
        pytest.param([item(member(TAX, state="left"))], id="new and gone"),
        pytest.param(
            [item(member(HAI, state="merged", successor=TAX), builds_on=1)], id="to a stranger"
        ),
        pytest.param(
            [
                item(member(HAI, state="left"), builds_on=1),
                item(member(MKT, state="left", successor=ECON), builds_on=1),
            ],
            id="one department remains",
        ),
    ],
)
def test_a_change_that_cannot_be_made_is_not_proposed(
    city: Governed, unsound: list[dict[str, Any]]
) -> None:
    with refused("city.unsound"):
        city.propose(*unsound)


def test_a_merged_department_does_not_come_back(city: Governed) -> None:
    city.agree(item(member(TAX)))
    change = city.propose(item(member(HAI, state="merged", successor=ECON), builds_on=1))
    city.approve(change, MKT, TAX)
    city.enact(change)
    with refused("city.unsound"):
        city.propose(item(member(HAI), builds_on=2))


def test_roles_with_a_version_to_come_move_only_with_that(city: Governed) -> None:
    city.agree(item(member(TAX)))
    both = city.propose(item(role("waste", "supervisor", MKT), builds_on=1), effective="2026-03-20")
    city.approve(both, MKT, HAI)
    city.enact(both)
    change = city.propose(item(member(MKT, state="left", successor=TAX), builds_on=1))
    city.approve(change, HAI, TAX)
    with refused("city.change-pending"):
        city.enact(change)


def codes(since: str, until: str | None = None, **meanings: str) -> dict[str, Any]:
    """Return a version of the list of hazardous waste as a content of a change."""
    return {"kind": "codes", "name": "waste", "since": since, "until": until, "codes": meanings}


def test_versions_of_a_code_list_never_overlap_and_a_gap_refuses(city: Governed) -> None:
    city.agree(item(codes("2016-08-01", "2020-12-31", old="831-001-01")))
    city.agree(item(codes("2021-01-01", new="841-001-01"), builds_on=1))
    assert city.ask("code_list", "waste", "2020-12-30")["codes"] == {"old": "831-001-01"}
    with refused("city.no-code-list"):
        city.ask("code_list", "waste", "2020-12-31")
    newest = city.ask("code_list", "waste", "2026-03-11")
    assert (newest["version"], newest["until"]) == (2, None)
    with refused("city.no-code-list"):
        city.ask("code_list", "waste", "2016-07-31")
    with refused("city.code-list-overlap"):
        city.propose(item(codes("2018-01-01", "2021-02-01", x="1"), builds_on=2))
    city.agree(item(codes("2025-01-01", newer="HW02"), builds_on=2))
    assert city.ask("code_list", "waste", "2024-12-31")["until"] == "2025-01-01"
    assert city.ask("code_list", "waste", "2025-01-01")["version"] == 3
    city.agree(item(codes("2025-01-01", newer="HW03"), builds_on=3))  # corrected
    assert city.ask("code_list", "waste", "2025-01-01")["codes"] == {"newer": "HW03"}


def test_calendars_and_certifiers_are_settings_like_others(city: Governed) -> None:
    with refused("city.no-calendar"):
        city.ask("calendar", 2027)
    calendar = {"year": 2027, "holidays": ["2027-01-01"], "make_up_days": []}
    city.agree(item({"kind": "calendar", "calendar": calendar}))
    assert city.ask("calendar", 2027) == calendar
    assert city.ask("certifier", CODES[TAX]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        parameter("waste", "tolerance", "5"),
        parameter("waste", "tolerance", value=True),
        parameter("waste", "tolerance", 1.5),
        parameter("waste", "Tolerance", 5),
        parameter("city", "slot-seconds", 0),
        parameter("waste", "tolerance", 5, mark="X"),
        role("waste", "carrier", MKT) | {"departments": [MKT, ECON]},
        member(TAX, uscc="11110000MB9E10013X"),
        codes("2021-01-01", "2021-01-01", a="1"),
        codes("2021-01-01"),
    ],
)
def test_what_is_no_setting_is_refused(city: Governed, wrong: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        city.propose(item(wrong))


def test_a_setting_is_in_a_change_once(city: Governed) -> None:
    with pytest.raises(ContractError, match="parameter/waste/acceptance-days twice"):
        city.propose(more_days(6), more_days(7))


def test_the_length_of_slots_is_governed(city: Governed) -> None:
    city.agree(item(parameter("city", "slot-seconds", 10, unit="s", mark="S")))
    city.ledger.now += timedelta(seconds=10)
    seconds = int(city.now.timestamp())
    city.tick(seconds - seconds % 10)
    assert city.ask("slots")["length"] == 10
    assert seconds - city.ask("clock")["begun"] <= 20


def test_events_name_the_change_and_its_state(city: Governed) -> None:
    change = city.agree(more_days())
    assert [event.name for event in city.ledger.events][-3:] == [
        "change.propose",
        "change.approve",
        "change.enact",
    ]
    assert city.ledger.events[-1].payload.decode() == (
        f'{{"id":"{change}","kind":"change","state":"in-force","step":"enact"}}'
    )

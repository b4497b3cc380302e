"""The channel's clock: which slots a time reads and which may be written, and what ticks do to what is in flight."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.city.clock import (
    OLDEST,
    newest_slot,
    read_clock,
    require_writable,
    slot_of,
)
from pyfabric_municipal.common.governance import Clock, city_of

from pyfabric.chaincode import Chaincode, Context, Contract, ContractError, transaction
from pyfabric.chaincode.testing import DeterminismError, TestLedger
from pyfabric.errors import ValidationCode
from tests.support.municipal.governed import CITY, CLERKS, SLOT, Governed
from tests.support.municipal.municipal import ECON, HAI, MKT, START

LENGTHS = st.integers(1, 3600)
MOMENTS = st.integers(10**9, 4 * 10**9)


def reads(proposal: int, length: int, written: set[int]) -> tuple[Clock | None, set[int]]:
    """Return the clock (None: refused) and the slots that were read."""
    seen: set[int] = set()

    def is_written(start: int) -> bool:
        seen.add(start)
        return start in written

    try:
        return read_clock(proposal, length, is_written, lambda: None), seen
    except ContractError:
        return None, seen


@given(MOMENTS, LENGTHS, st.integers(-1, 1), st.floats(-0.1, 0.999))
def test_a_normal_tick_touches_no_slot_that_a_transaction_in_flight_has_read(
    proposal: int, length: int, later: int, into: float
) -> None:
    current = slot_of(proposal, length)
    clock, seen = reads(proposal, length, {current - length, current - 2 * length})
    assert clock == Clock(current - length, proposal)
    # A machine of a department, up to a slot behind or ahead of the client, writes the slot that it finds at hand.
    machine = current + (later + into) * length
    for slot in (slot_of(int(machine), length), slot_of(int(machine), length) + length):
        try:
            require_writable(slot, length, machine)
        except ContractError:
            continue
        if slot != current - length:  # that one is written already, and slots are written once
            assert slot not in seen


@given(MOMENTS, LENGTHS)
def test_a_transaction_that_is_withheld_over_two_ticks_has_read_the_slot_that_is_written(
    proposal: int, length: int
) -> None:
    current = slot_of(proposal, length)
    _, seen = reads(proposal, length, {current - length})
    assert current + 2 * length in seen


@given(MOMENTS, LENGTHS, st.sets(st.integers(-9, 4), max_size=8))
def test_the_clock_is_at_most_five_slots_old_and_never_two_ahead(
    proposal: int, length: int, offsets: set[int]
) -> None:
    current = slot_of(proposal, length)
    clock, _ = reads(proposal, length, {current + each * length for each in offsets})
    if 2 in offsets:
        assert clock is None
    elif offsets & set(range(-OLDEST, 1)):
        assert clock is not None
        assert current - OLDEST * length <= clock.begun <= current
        assert clock.not_after(proposal)
    else:
        assert clock is None


@given(st.sets(st.integers(0, 3000), max_size=60), st.integers(0, 3000), st.integers(1, 90))
def test_the_newest_slot_is_found_without_reading_all(
    slots: set[int], near: int, length: int
) -> None:
    asked = []

    def first_from(start: int) -> int | None:
        asked.append(start)
        return min((each for each in slots if each >= start), default=None)

    assert newest_slot(first_from, near, length) == max(slots, default=None)
    assert len(asked) <= 60


@pytest.mark.parametrize(
    ("now", "code"),
    [(593.9, "city.slot-early"), (594, None), (659.9, None), (660, "city.slot-over")],
)
def test_a_machine_writes_the_slot_that_it_finds_at_hand(now: float, code: str | None) -> None:
    if code is None:
        require_writable(600, 60, now)
        return
    with pytest.raises(ContractError) as caught:
        require_writable(600, 60, now)
    assert caught.value.code == code


def test_a_slot_begins_at_a_multiple_of_the_length() -> None:
    with pytest.raises(ContractError, match="601 is no start of a slot of 60 seconds"):
        require_writable(601, 60, 601)


class Guarded(Contract):
    """A contract beside `city` on one channel, with a step that reads the channel's clock."""

    @transaction
    def stamp(self, ctx: Context, key: str) -> int:
        """Write the start of the slot found."""
        begun = city_of(ctx).clock().begun
        ctx.stub.put_state(key, str(begun).encode())
        return begun

    @transaction
    def tick(self, ctx: Context, slot: str, after: str) -> None:
        """Tick the clock: the test ledger calls one chaincode of a channel, which calls the others."""
        arguments = [b"tick", slot.encode(), after.encode()]
        ctx.stub.invoke_chaincode("city", arguments).raise_unless_ok()


class Beside:
    """A channel with the chaincode `city` and another one."""

    def __init__(self) -> None:
        self.ledger = TestLedger(Chaincode([Guarded()]), callees={"city": CITY}, now=START)
        self.newest: int | None = None

    def tick(self, seconds: int = SLOT) -> int:
        """Advance the time, then write the slot of now; returns its start."""
        self.ledger.now += timedelta(seconds=seconds)
        slot = slot_of(int(self.ledger.now.timestamp()), SLOT)
        self.ledger.submit("tick", str(slot), "" if self.newest is None else str(self.newest))
        self.newest = slot
        return slot


def test_what_is_in_flight_survives_a_tick_and_not_two() -> None:
    beside = Beside()
    first = beside.tick()
    beside.tick()
    prompt = beside.ledger.endorse("stamp", "prompt")
    withheld = beside.ledger.endorse("stamp", "withheld")
    assert int(prompt.result) == first
    beside.tick()
    assert beside.ledger.commit([prompt]) == [ValidationCode.VALID]
    beside.tick()
    assert beside.ledger.commit([withheld]) == [ValidationCode.MVCC_READ_CONFLICT]


@pytest.mark.parametrize("slots", [*range(2, 9), 2000])
def test_what_was_withheld_over_a_pause_of_the_clock_is_an_mvcc_conflict(slots: int) -> None:
    beside = Beside()
    beside.tick()
    beside.tick()
    withheld = []
    for late in range(min(slots - 1, OLDEST + 1)):  # at each time at which the clock is still read
        at = beside.ledger.now + timedelta(seconds=late * SLOT)
        withheld.append(beside.ledger.endorse("stamp", f"late {late}", at=at))
    beside.tick(slots * SLOT)
    assert set(beside.ledger.commit(withheld)) == {ValidationCode.MVCC_READ_CONFLICT}
    assert int(beside.ledger.submit("stamp", "now")) in (beside.newest, (beside.newest or 0) - SLOT)


def test_a_refusal_of_the_clock_reaches_the_callers_client_whole() -> None:
    beside = Beside()
    slot = beside.tick()
    beside.ledger.now += timedelta(hours=1)
    with pytest.raises(ContractError) as caught:
        beside.ledger.submit("stamp", "late")
    assert caught.value.code == "clock-stalled"
    assert caught.value.facts["newest"] == slot
    assert "通道时钟停在" in caught.value.zh


def test_a_peer_without_city_is_told_of_in_a_sentence() -> None:
    ledger = TestLedger(Chaincode([Guarded()]))
    with pytest.raises(
        ContractError, match="every endorsing peer of the channel needs it"
    ) as caught:
        ledger.submit("stamp", "alone")
    assert caught.value.code == "city.unreachable"


@pytest.fixture
def city() -> Governed:
    """Provide a founded channel."""
    return Governed()


def test_the_first_of_several_ticks_wins(city: Governed) -> None:
    city.ledger.now += timedelta(seconds=SLOT)
    newest = city.newest
    ticks = [
        city.ledger.endorse("tick", city.slot, newest, as_=CLERKS[each], endorser=each)
        for each in (ECON, MKT, HAI)
    ]
    codes = city.ledger.commit(ticks)
    assert codes == [
        ValidationCode.VALID,
        ValidationCode.MVCC_READ_CONFLICT,
        ValidationCode.MVCC_READ_CONFLICT,
    ]
    with pytest.raises(ContractError) as caught:
        city.tick()
    assert caught.value.code == "city.slot-written"
    assert city.ask("slots") == {"newest": city.slot, "ticked_by": ECON, "length": SLOT}


@pytest.mark.parametrize(("ahead", "code"), [(60, "city.slot-early"), (-60, "city.slot-over")])
def test_an_endorser_goes_by_its_own_machine_whatever_the_proposal_says(
    city: Governed, ahead: int, code: str
) -> None:
    with pytest.raises(ContractError) as caught:
        city.ledger.submit(
            "tick",
            city.slot + ahead,
            city.newest,
            as_=CLERKS[ECON],
            at=city.now + timedelta(seconds=ahead),
        )
    assert caught.value.code == code


@pytest.mark.parametrize("after", [None, 0, SLOT])
def test_a_tick_names_the_newest_slot(city: Governed, after: int | None) -> None:
    city.pass_time(SLOT, ticking=False)
    wrong = None if after is None else city.slot - 2 * SLOT - after
    with pytest.raises(ContractError) as caught:
        city.ledger.submit("tick", city.slot, wrong, as_=CLERKS[ECON])
    assert caught.value.code == "city.slot-written"


def test_a_clock_that_stands_still_is_reported_with_the_newest_slot(city: Governed) -> None:
    stopped = city.slot
    city.pass_time(OLDEST * SLOT, ticking=False)
    assert city.ask("clock")["begun"] == stopped
    city.pass_time(SLOT, ticking=False)
    with pytest.raises(ContractError) as caught:
        city.ask("clock")
    assert caught.value.code == "clock-stalled"
    assert caught.value.facts == {"proposal": int(city.now.timestamp()), "newest": stopped}
    city.pass_time(365 * 24 * 3600, ticking=False)
    with pytest.raises(ContractError) as caught:
        city.ask("clock")
    assert caught.value.facts["newest"] == stopped


def test_a_watch_that_is_slow_is_told_the_newest_slot(city: Governed) -> None:
    for _ in range(3):
        city.pass_time(SLOT)
    with pytest.raises(ContractError) as caught:
        city.ask("clock", at=city.now - timedelta(seconds=2 * SLOT))
    assert caught.value.code == "clock-past"
    assert caught.value.facts["newest"] == city.slot


def test_without_any_slot_the_newest_is_none() -> None:
    with pytest.raises(ContractError) as caught:
        Governed(founded=False).ask("clock")
    assert caught.value.facts["newest"] is None


class Clocked(Contract):
    """A contract that reads a clock of its own machine."""

    @transaction
    def stamp(self, _ctx: Context) -> str:
        """Return the time of the machine, by a call that the guard refuses."""
        import time

        return str(time.time())


def test_only_the_endorsers_time_is_let_by_the_determinism_guard(city: Governed) -> None:
    city.pass_time(SLOT)  # a tick, which asks for it, passed the guard
    with pytest.raises(DeterminismError, match=r"time\.time"):
        TestLedger(Chaincode([Clocked()])).submit("stamp")

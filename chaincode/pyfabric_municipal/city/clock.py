"""The rules of a channel's clock: write-once slots, which of them a time reads, and which may be written. Pure.

A slot is named by its start in Unix seconds, a multiple of the length that is in force (L), so that slots of a
former length keep their meaning. c is the slot of a proposal's time. A guard reads c-1; where that is missing c, then
back to c-5; and that c+2 is absent. So the tick of c or c+1 touches no key that a transaction in flight has read, and
a transaction that is withheld until c+2 is written meets an MVCC conflict. A tick after a pause of the clock also writes
the slots that were missed, as far as a transaction from before the pause may have read that they are absent.
"""

from collections.abc import Callable, Iterator
from typing import Final

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.governance import Clock

DEFAULT_LENGTH: Final = 60
OLDEST: Final = 5
"""How many slots before that of its proposal a transaction may find the newest slot."""
_AHEAD: Final = 2
_EARLY: Final = 10
"""A slot may be written this part of its length before it begins, for clocks that differ."""


def slot_of(moment: int, length: int) -> int:
    """Return the start of the slot that a time lies in."""
    return moment - moment % length


def reading_order(proposal: int, length: int) -> Iterator[int]:
    """Yield the starts of the slots that a transaction reads until it finds one: c-1, c, c-2 … c-5."""
    current = slot_of(proposal, length)
    yield current - length
    yield current
    for back in range(2, OLDEST + 1):
        yield current - back * length


def read_clock(
    proposal: int,
    length: int,
    is_written: Callable[[int], bool],
    newest: Callable[[], int | None],
) -> Clock:
    """Return the channel's clock as a transaction with a proposal of this time reads it.

    `is_written` reads a slot, and adds it to what is checked at commit; `newest` is asked for a refusal only. Refuses
    a clock that stands still (`clock-stalled`) or is ahead of the proposal (`clock-past`).
    """
    if is_written(slot_of(proposal, length) + _AHEAD * length):
        raise _refusal(
            "clock-past",
            proposal,
            newest(),
            "the proposal's time {proposal} is behind the channel's clock ({newest}): propose again, by a clock that is right",
            "提案时间 {proposal} 落后于通道时钟（{newest}）：请校准本机时钟后重新提交",
        )
    found = next((start for start in reading_order(proposal, length) if is_written(start)), None)
    if found is None:
        raise _refusal(
            "clock-stalled",
            proposal,
            newest(),
            "the channel's clock stands at {newest}, the proposal's time is {proposal}: see which of them is right "
            "(pyfabric clock)",
            "通道时钟停在 {newest}，提案时间为 {proposal}：请核对哪一个正确（pyfabric clock）",
        )
    return Clock(found, proposal)


def require_writable(start: int, length: int, now: float) -> None:
    """Refuse a slot that this machine, whose time is `now`, does not find at hand: the tick's one wall clock."""
    if start < 0 or start % length:
        raise ContractError(
            f"{start} is no start of a slot of {length} seconds",
            code="city.no-slot",
            facts={"slot": start, "length": length},
            zh=f"{start} 不是 {length} 秒时隙的起点",
        )
    if start - length / _EARLY > now:
        raise ContractError(
            f"slot {start} has not begun by the clock of this department's machine",
            code="city.slot-early",
            facts={"slot": start},
            zh=f"按本部门机器时钟，时隙 {start} 尚未开始",
        )
    if start + length <= now:
        raise ContractError(
            f"slot {start} is over by the clock of this department's machine",
            code="city.slot-over",
            facts={"slot": start},
            zh=f"按本部门机器时钟，时隙 {start} 已经结束",
        )


def missed_slots(after: int, start: int, length: int) -> range:
    """Return the slots that the tick of a slot writes with it, where `after` is the newest one that there is.

    A transaction that has found that one lies at most OLDEST slots later, and has read the slot two after its own.
    """
    first = slot_of(after, length) + length
    return range(first, min(start, first + (OLDEST + _AHEAD) * length), length)


def newest_slot(first_from: Callable[[int], int | None], near: int, length: int) -> int | None:
    """Return the start of the newest slot, None without any; `first_from` returns the first one at or after a time.

    Looks from `near` on, in steps that double and then halve again, and not through all slots: a year has half a million.
    """
    found = first_from(near)
    if found is None:
        found = first_from(0)
    if found is None:
        return None
    step = length
    while (later := first_from(found + step)) is not None:
        found, step = later, step * 2
    while step >= 1:
        later = first_from(found + step)
        if later is not None:
            found = later
        else:
            step //= 2
    return found


def _refusal(code: str, proposal: int, newest: int | None, en: str, zh: str) -> ContractError:
    shown = "-" if newest is None else newest
    return ContractError(
        en.format(proposal=proposal, newest=shown),
        code=code,
        facts={"proposal": proposal, "newest": newest},
        zh=zh.format(proposal=proposal, newest=shown),
    )

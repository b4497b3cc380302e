"""Times of two channels: how far apart deadlines must be, and when a used request may be forgotten.

All times are Unix seconds of a channel's clock, which the contract `city` keeps in slots (docs/proof.md, "Time").
"""

from typing import Final

DEFAULT_SLOT: Final = 60
"""Seconds of a slot, unless a channel's governance says otherwise."""
MARGIN_SLOTS: Final = 10
DEFAULT_ORDERING_ALLOWANCE: Final = 50 * 60
"""Seconds that a transaction may wait to be ordered: with ten slots of 60 s, deadlines differ by 60 minutes."""


def deadline_margin(
    slot: int = DEFAULT_SLOT, ordering_allowance: int = DEFAULT_ORDERING_ALLOWANCE
) -> int:
    """Return the seconds by which deadlines on two channels differ at least; `slot` is the longer one's length."""
    return MARGIN_SLOTS * slot + ordering_allowance


def require_margin(earlier: int, later: int, margin: int) -> None:
    """Raise ValueError unless the later deadline is at least the margin after the earlier one."""
    if later - earlier < margin:
        raise ValueError(
            f"the deadlines {earlier} and {later} lie {later - earlier} s apart: at least {margin} s are needed"
        )


def may_forget(not_after: int, now: int, margin: int) -> bool:
    """Return whether a used request is so long over that no transaction in flight can use it again."""
    return now - not_after > margin

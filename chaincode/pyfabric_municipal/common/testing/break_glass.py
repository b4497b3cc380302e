"""What a story needs of a contract that takes break-glass: samples of its steps, and what the departments agree on."""

from collections.abc import Mapping
from typing import Final

from pyfabric_municipal.common.break_glass import (
    CALL_SECONDS,
    PARAMETERS,
    REVIEW_SECONDS,
    REVIEWERS,
    SECONDS,
)
from pyfabric_municipal.common.testing.stories import Sample

RESTING: Final = ("break-glass", "unreviewed")
"""The state in which a break-glass may stay, and is listed as overdue."""


def break_glass_samples(
    *, officer: str, second: str, reviewer: str, anybody: str, scope: str = "emergency records"
) -> dict[str, Sample]:
    """Return a valid call of each step of the part, by these people of the story."""
    called = "@break_glass"
    confirmed, closed = ("confirm_break_glass",), ("close_break_glass",)
    return {
        "break_glass": Sample(officer, arguments={"scope": scope}),
        "lapse_break_glass": Sample(
            anybody, called, first=("break_glass",), later=PARAMETERS[CALL_SECONDS]
        ),
        "confirm_break_glass": Sample(second, called, first=("break_glass",)),
        "close_break_glass": Sample(officer, called, first=confirmed),
        "end_break_glass": Sample(anybody, called, first=confirmed, later=PARAMETERS[SECONDS]),
        "review_break_glass": Sample(reviewer, called, {"justified": True}, first=closed),
        "miss_review": Sample(anybody, called, first=closed, later=PARAMETERS[REVIEW_SECONDS]),
        "review_late": Sample(reviewer, called, {"justified": True}, first=("miss_review",)),
    }


def break_glass_parameters(contract: str) -> Mapping[tuple[str, str], int]:
    """Return the part's parameters for a contract (in lower case), as a fixed governance has them."""
    return {(contract, name): value for name, value in PARAMETERS.items()}


def break_glass_roles(
    contract: str, *departments: str
) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return the departments that review, as a fixed governance has them."""
    return {(contract, REVIEWERS): departments}

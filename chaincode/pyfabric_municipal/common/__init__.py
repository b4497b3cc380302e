"""What a city's contract is made of: records, the steps that change them, who takes these, and what is always true.

docs/writing-a-city-contract.md begins with nothing.
"""

from typing import TYPE_CHECKING

from pyfabric._lazy import lazily

if TYPE_CHECKING:
    from pyfabric_municipal.common.blinding import blinded_with
    from pyfabric_municipal.common.break_glass import WithBreakGlass, is_broken
    from pyfabric_municipal.common.call import Call
    from pyfabric_municipal.common.claimed_times import not_before, not_in_the_future, not_late
    from pyfabric_municipal.common.contract import CityContract
    from pyfabric_municipal.common.indexes import Claim, Index
    from pyfabric_municipal.common.invariants import (
        Invariant,
        SetInvariant,
        TransactionInvariant,
        balanced,
    )
    from pyfabric_municipal.common.private import NOT_KEPT, OWN, Blinded, Collection, Sealed
    from pyfabric_municipal.common.records import NEW, Fact, Lock, Tracked
    from pyfabric_municipal.common.refusals import CLAIMED, ROLE, Example, Rule, Verdict
    from pyfabric_municipal.common.roles import (
        ANYBODY,
        Appointed,
        Governed,
        HolderRole,
        MemberRole,
        On,
        OrganisationRole,
        Role,
    )
    from pyfabric_municipal.common.steps import (
        Changes,
        Mode,
        Move,
        Target,
        Timer,
        Wait,
        guard,
        step,
    )
    from pyfabric_municipal.common.texts import about
    from pyfabric_municipal.common.waiting import Days, DaysOn, Seconds, Until
else:
    __getattr__ = lazily(
        __name__,
        {
            "pyfabric_municipal.common.break_glass": ["WithBreakGlass", "is_broken"],
            "pyfabric_municipal.common.blinding": ["blinded_with"],
            "pyfabric_municipal.common.call": ["Call"],
            "pyfabric_municipal.common.claimed_times": [
                "not_before",
                "not_in_the_future",
                "not_late",
            ],
            "pyfabric_municipal.common.contract": ["CityContract"],
            "pyfabric_municipal.common.indexes": ["Claim", "Index"],
            "pyfabric_municipal.common.invariants": [
                "Invariant",
                "SetInvariant",
                "TransactionInvariant",
                "balanced",
            ],
            "pyfabric_municipal.common.private": [
                "NOT_KEPT",
                "OWN",
                "Blinded",
                "Collection",
                "Sealed",
            ],
            "pyfabric_municipal.common.records": ["Fact", "Lock", "NEW", "Tracked"],
            "pyfabric_municipal.common.refusals": ["CLAIMED", "ROLE", "Example", "Rule", "Verdict"],
            "pyfabric_municipal.common.roles": [
                "ANYBODY",
                "Appointed",
                "Governed",
                "HolderRole",
                "MemberRole",
                "On",
                "OrganisationRole",
                "Role",
            ],
            "pyfabric_municipal.common.steps": [
                "Changes",
                "Mode",
                "Move",
                "Target",
                "Timer",
                "Wait",
                "guard",
                "step",
            ],
            "pyfabric_municipal.common.texts": ["about"],
            "pyfabric_municipal.common.waiting": ["Days", "DaysOn", "Seconds", "Until"],
        },
    )

__all__ = [
    "ANYBODY",
    "CLAIMED",
    "NEW",
    "NOT_KEPT",
    "OWN",
    "ROLE",
    "Appointed",
    "Blinded",
    "Call",
    "Changes",
    "CityContract",
    "Claim",
    "Collection",
    "Days",
    "DaysOn",
    "Example",
    "Fact",
    "Governed",
    "HolderRole",
    "Index",
    "Invariant",
    "Lock",
    "MemberRole",
    "Mode",
    "Move",
    "On",
    "OrganisationRole",
    "Role",
    "Rule",
    "Sealed",
    "Seconds",
    "SetInvariant",
    "Target",
    "Timer",
    "Tracked",
    "TransactionInvariant",
    "Until",
    "Verdict",
    "Wait",
    "WithBreakGlass",
    "about",
    "balanced",
    "blinded_with",
    "guard",
    "is_broken",
    "not_before",
    "not_in_the_future",
    "not_late",
    "step",
]

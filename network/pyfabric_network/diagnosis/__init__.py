"""What makes a network fail: facts are collected, then judged by a table of checks."""

from typing import TYPE_CHECKING

from pyfabric._lazy import lazily

if TYPE_CHECKING:
    from pyfabric_network.diagnosis.collecting import view_from_profile
    from pyfabric_network.diagnosis.diagnosis import CheckResult, diagnose
    from pyfabric_network.diagnosis.facts import Facts, View
    from pyfabric_network.diagnosis.findings import Check, Finding, Unmade
    from pyfabric_network.diagnosis.views import read_view
else:
    __getattr__ = lazily(
        __name__,
        {
            "pyfabric_network.diagnosis.collecting": ["view_from_profile"],
            "pyfabric_network.diagnosis.diagnosis": ["CheckResult", "diagnose"],
            "pyfabric_network.diagnosis.facts": ["Facts", "View"],
            "pyfabric_network.diagnosis.findings": ["Check", "Finding", "Unmade"],
            "pyfabric_network.diagnosis.views": ["read_view"],
        },
    )

__all__ = [
    "Check",
    "CheckResult",
    "Facts",
    "Finding",
    "Unmade",
    "View",
    "diagnose",
    "read_view",
    "view_from_profile",
]

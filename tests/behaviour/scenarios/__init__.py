"""The scenarios, by subject. What Fabric 3.1.5 answers is written into each."""

from tests.behaviour.scenarios import (
    calls,
    conflicts,
    pages,
    policies,
    private_access,
    private_data,
    queries,
    ranges,
    state,
    transactions,
)

SCENARIOS = (
    *state.SCENARIOS,
    *ranges.SCENARIOS,
    *pages.SCENARIOS,
    *queries.SCENARIOS,
    *policies.SCENARIOS,
    *private_data.SCENARIOS,
    *private_access.SCENARIOS,
    *conflicts.SCENARIOS,
    *calls.SCENARIOS,
    *transactions.SCENARIOS,
)

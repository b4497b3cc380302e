"""The scenarios, by subject. What Fabric 3.1.5 answers is written into each.

Left out are refusals that no contract on a network of the suite's kind can provoke: of channels without
the capabilities V1_3 and V2_5, of peers without a history database, of requests outside a transaction and
of answers longer than 100 MB. Statuses from 400 to 499 are none that this project's contracts return;
timeouts, contracts that terminate and transactions too large to order are in tests/conformance.
"""

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

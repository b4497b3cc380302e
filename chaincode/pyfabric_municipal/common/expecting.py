"""What a step will ask of the contract `city`, as far as its declaration says it: asked in one call."""

from collections.abc import Iterator
from datetime import date

from pyfabric.chaincode import ClientIdentity
from pyfabric_municipal.common.governance import parameter_key
from pyfabric_municipal.common.roles import (
    USCC_ATTRIBUTE,
    Appointed,
    Governed,
    MemberRole,
    OrganisationRole,
)
from pyfabric_municipal.common.steps import Step
from pyfabric_municipal.common.waiting import Days, DaysOn, Seconds


def questions(
    step: Step, contract: str, client: ClientIdentity, today: date
) -> Iterator[tuple[str, ...]]:
    """Yield the queries of `city`, with their arguments, that a step will need; `contract` is in lower case.

    `today` is the proposal's day, in Beijing.
    """
    waits = (*step.waits, *(wait for move in step.moves for wait in move.waits))
    roles = (*step.by, *(wait.role for wait in waits if wait.role is not None))
    limits = {wait.limit.parameter for wait in waits if isinstance(wait.limit, Days | Seconds)}
    named = {name for name in limits if "{" not in name}  # else it depends on the record
    named |= {one.of.parameter for one in roles if isinstance(one.of, Governed)}
    named |= {name for guard in step.conditions for name in guard.parameters}
    named |= set(step.parameters)
    yield from (("parameter", *parameter_key(contract, name)) for name in sorted(named))
    appointed = {one.of.role for one in roles if isinstance(one.of, Appointed)}
    appointed |= {name for guard in step.guards for name in guard.roles}
    yield from (("role", contract, name) for name in sorted(appointed))
    lists = {name for guard in step.conditions for name in guard.code_lists}
    yield from (("code_list", name, today.isoformat()) for name in sorted(lists))
    if step.is_signed:
        yield "parameter", "city", "net"
    if step.is_timed:
        yield ("clock",)
    if any(isinstance(wait.limit, Days | DaysOn) for wait in waits):
        yield "calendar", str(today.year)
    uscc = client.attribute(USCC_ATTRIBUTE)
    if uscc is not None and any(isinstance(one, OrganisationRole) for one in step.by):
        yield "certifier", uscc
    if any(isinstance(one, MemberRole) for one in step.by):
        yield "department", client.msp_id

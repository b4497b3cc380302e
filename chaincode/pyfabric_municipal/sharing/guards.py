"""Conditions that several steps of sharing have in common."""

from dataclasses import replace
from typing import Any, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.steps import Guard, Wait, guard
from pyfabric_municipal.common.waiting import Until
from pyfabric_municipal.directory.description import ShareType
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.sharing.records import Grant, Request

CHANGE: Final = "Directory:change"
CHANGE_BACK: Final = "Directory:change#back"
RETYPE: Final = "Directory:change#retype"
STOP: Final = "Directory:suspend"
UNTIL_ITS_END: Final = Wait(None, Until("terms.valid_until"), exit="expire")
JUST_OVER: Final = "2026-03-11T01:00:00Z"
_HOURS: Final = 7200


def resource_of(call: Call[Any]) -> Resource:
    """Return the resource that the step's record names."""
    return call.need(Resource, call.after.resource)


def share_of(resource: Resource) -> ShareType:
    """Return how a resource is shared."""
    return resource.description.share.type


def requested(record: Request) -> tuple[int, tuple[str, ...]]:
    """Return the version and the fields that a request is about."""
    terms = record.application.terms if record.offer is None else record.offer.terms
    return record.application.version, terms.fields


def granted(record: Grant) -> tuple[int, tuple[str, ...]]:
    """Return the version and the fields that a grant is about."""
    return record.resource_version, record.terms.fields


def is_carried(resource: Resource, version: int, fields: tuple[str, ...]) -> bool:
    """Return whether what was agreed under a version still holds, though others have followed."""
    return version <= resource.version and resource.carries(version, fields)


def carried(of: Any, *first: str) -> Guard:
    """Return a guard: the resource is published, and still carries the version and fields that `of` returns.

    `first` are the steps of the example before which the resource is not suspended yet.
    """

    def test(call: Call[Any]) -> Verdict:
        resource, (version, fields) = resource_of(call), of(call.after)
        if resource.state == "published" and is_carried(resource, version, fields):
            return True
        return {
            "resource": resource.id,
            "state": resource.state,
            "live": resource.version,
            "version": version,
        }

    return Guard(
        "resource-changed",
        "资源 {resource} 状态为 {state}、版本为 {live}，不再包含版本 {version} 下约定的内容",
        "resource {resource} is {state} at version {live}: it does not carry what was agreed under version {version}",
        test,
        Example(first=(*first, STOP)),
    )


def past_hope(of: Any, example: Example) -> Guard:
    """Return a guard: the resource will never again carry what `of` returns, a standstill aside."""

    def test(call: Call[Any]) -> Verdict:
        resource = resource_of(call)
        gone = resource.state == "retired" or not is_carried(resource, *of(call.after))
        return gone or {"resource": resource.id, "state": resource.state}

    return Guard(
        "resource-holds",
        "资源 {resource}（{state}）仍包含所约定的内容",
        "resource {resource} ({state}) still carries what was agreed",
        test,
        example,
    )


@guard(
    "term-over",
    "期限已于 {valid_until} 届满",
    "the term ended at {valid_until}",
    example=Example(),
)
def term_open(call: Call[Any]) -> Verdict:
    """Hold while the term that is in question is not over."""
    record = call.after
    if isinstance(record, Request):
        terms = record.application.terms if record.offer is None else record.offer.terms
    else:
        terms = record.terms
    return call.is_open(terms.valid_until) or {"valid_until": terms.valid_until}


def brief(*first: str) -> Guard:
    """Return `term_open` with an example: a request for an hour, two hours after these steps."""
    return replace(term_open, example=Example(first=first, id="@apply#brief", later=_HOURS))


def after(rule: Guard, *first: str, example_id: str = "") -> Guard:
    """Return a guard with an example: the call after these steps, on another record if one is named."""
    return replace(rule, example=Example(first=first, id=example_id))

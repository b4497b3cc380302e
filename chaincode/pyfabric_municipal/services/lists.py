"""Lists of services, by pages: overdue cases by department, statistics, materials that the directory supplies by now."""

import json
from collections import Counter
from typing import Final

from pyfabric_municipal.common.indexes import DUE_INDEX
from pyfabric_municipal.common.reading import Reading
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.values import Count, Model
from pyfabric_municipal.common.waiting import NOBODY
from pyfabric_municipal.services.guards import suppliers
from pyfabric_municipal.services.records import IN_USE, Case, Content, Item

_HIGHEST: Final = 5


class Late(Model):
    """Overdue cases by department, of one page of the due index; `bookmark` is "" after the last."""

    departments: dict[str, Count]
    bookmark: str


class Statistics(Model):
    """What became of a department's cases on one page; `grades` has how many rated each grade, the lowest first.

    `shared` and `licences` are the materials that the directory, and licences, supplied instead of the applicants.
    """

    cases: Count
    supplemented: Count
    stopped_days: Count
    granted: Count
    refused: Count
    late: Count
    withdrawn: Count
    shared: Count
    licences: Count
    grades: tuple[Count, ...]
    bookmark: str


class Supplied(Model):
    """A material that an item asks for, and a resource that supplies a data element of it."""

    item: str
    department: str
    material: str
    datum: str
    resource: str


class SuppliedPage(Model):
    """One page of materials; a page may have none. `bookmark` is "" after the last."""

    items: tuple[Supplied, ...]
    bookmark: str


def late(session: Session, size: int, bookmark: str) -> Late:
    """Count the cases that are overdue, by whom they wait for, of the next entries of the due index."""
    stub = session.stub
    page = stub.get_state_by_partial_composite_key_with_pagination(DUE_INDEX, (), size, bookmark)
    entries = (stub.split_composite_key(item.key)[1] for item in page.items)
    found = Counter(
        party
        for party, due, kind, _ in entries
        if kind == Case.KIND and party != NOBODY and due <= session.now
    )
    return Late(departments=dict(sorted(found.items())), bookmark=page.bookmark)


def statistics(reading: Reading, department: str, size: int, bookmark: str) -> Statistics:
    """Count what became of the cases on a page of a department's."""
    page = reading.listed(Case, "department", [department], size, bookmark)
    cases = page.items
    grades = Counter(one["grade"] for one in cases)
    return Statistics(
        cases=len(cases),
        supplemented=sum(one["supplement"] is not None for one in cases),
        stopped_days=sum(one["stopped_days"] for one in cases),
        granted=sum(one["granted"] is True for one in cases),
        refused=sum(one["granted"] is False for one in cases),
        late=sum(one["late"] for one in cases),
        withdrawn=sum(one["state"] == "withdrawn" for one in cases),
        shared=sum(one["shared"] for one in cases),
        licences=sum(one["licences"] for one in cases),
        grades=tuple(grades[grade] for grade in range(1, _HIGHEST + 1)),
        bookmark=page.bookmark,
    )


def supplied_meanwhile(
    reading: Reading, session: Session, size: int, bookmark: str
) -> SuppliedPage:
    """Return what the items on a page still ask for although a resource supplies it by now."""
    page = reading.listed(Item, "department", [], size, bookmark)
    found = tuple(
        Supplied(
            item=one["id"],
            department=one["department"],
            material=material.code,
            datum=datum,
            resource=resource,
        )
        for one in page.items
        if one["state"] in IN_USE
        for material in Content.model_validate_json(json.dumps(one["content"])).materials
        if material.is_asked
        for datum in material.data
        for resource in suppliers(session, datum)
    )
    return SuppliedPage(items=found, bookmark=page.bookmark)

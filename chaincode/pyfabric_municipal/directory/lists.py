"""Lists of the directory, by pages: who holds a field, what is usable, what is late, what is collected twice."""

from pyfabric_municipal.common.reading import Reading
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.values import Model
from pyfabric_municipal.directory.records import PUBLISHED, Freshness, Resource


class Holder(Model):
    """A resource, and how it is shared."""

    code: str
    title: str
    provider: str
    share: str
    state: str


class HolderPage(Model):
    """One page of resources; `bookmark` starts the next page and is "" after the last."""

    items: tuple[Holder, ...]
    bookmark: str


class Late(Model):
    """A resource whose data is older than its update cycle allows."""

    code: str
    provider: str
    last_update: str
    expected_by: str


class LatePage(Model):
    """One page of late resources, the latest first."""

    items: tuple[Late, ...]
    bookmark: str


class Duplicate(Model):
    """A datum that several departments collect, and their resources that have it."""

    datum: str
    resources: tuple[str, ...]


class DuplicatePage(Model):
    """One page of data; a page may have fewer than were asked for, or none."""

    items: tuple[Duplicate, ...]
    bookmark: str


def holders(reading: Reading, index: str, value: str, size: int, bookmark: str) -> HolderPage:
    """Return a page of the resources that an index has under a value."""
    page = reading.listed(Resource, index, [value], size, bookmark)
    found = (
        Holder(
            code=one["id"],
            title=one["description"]["title"],
            provider=one["provider"],
            share=one["description"]["share"]["type"],
            state=one["state"],
        )
        for one in page.items
    )
    return HolderPage(items=tuple(found), bookmark=page.bookmark)


def late(reading: Reading, size: int, bookmark: str) -> LatePage:
    """Return a page of the published resources that are late, in the order in which they were expected."""
    page = reading.listed(Freshness, "late", [], size, bookmark)
    overdue = [one for one in page.items if one["expected_by"] < reading.now]
    found = (
        Late(
            code=one["id"],
            provider=one["provider"],
            last_update=one["data_updated"],
            expected_by=one["expected_by"],
        )
        for one in overdue
        if reading.record(Resource, one["id"])["state"] == PUBLISHED
    )
    more = page.bookmark if len(overdue) == len(page.items) else ""
    return LatePage(items=tuple(found), bookmark=more)


def duplicates(session: Session, size: int, bookmark: str) -> DuplicatePage:
    """Return the data that are collected twice, of those that begin on this page of the index."""
    kind = f"{Resource.KIND}.datum"
    stub = session.stub
    page = stub.get_state_by_partial_composite_key_with_pagination(kind, (), size, bookmark)
    keys = [tuple(stub.split_composite_key(item.key)[1]) for item in page.items]
    items = []
    for datum in dict.fromkeys(datum for datum, _, _ in keys):
        entries = sorted(session.entries(Resource, "datum", datum))
        if entries[0] in keys and len({provider for _, provider, _ in entries}) > 1:
            codes = tuple(sorted(code for _, _, code in entries))
            items.append(Duplicate(datum=datum, resources=codes))
    return DuplicatePage(items=tuple(items), bookmark=page.bookmark)

"""Queries that every contract answers: records, lists by page, histories, what is overdue, what names what."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from pyfabric_municipal.common.indexes import DUE_INDEX, STATE_INDEX
from pyfabric_municipal.common.records import HistoryEntry, Record, Tracked
from pyfabric_municipal.common.session import EDGE, HISTORY, SIGNED, Session
from pyfabric_municipal.common.values import Model
from pyfabric_municipal.common.views import View, view_of


class Page(Model):
    """One page of records; `bookmark` starts the next page and is "" after the last."""

    items: tuple[dict[str, Any], ...]
    bookmark: str


class Related(Model):
    """A fact that names a record, and the field in which it does."""

    kind: str
    id: str
    field: str


class Reading:
    """Answers to queries, which show each record as it counts at the proposal's time."""

    def __init__(self, session: Session, kinds: Mapping[str, type[Record]]) -> None:
        self._session = session
        self._kinds = kinds

    @property
    def now(self) -> str:
        """The time of the proposal, by which the queries count."""
        return self._session.now

    def record(self, model: type[Record], record_id: str) -> dict[str, Any]:
        """Return a record as JSON; refuses if there is none."""
        return self._counted(model, record_id).model_dump(mode="json")

    def view(self, model: type[Record], record_id: str, view: str) -> View:
        """Return a view of a record; refuses if there is none."""
        return view_of(self._counted(model, record_id), view)

    def history(self, kind: str, record_id: str) -> list[HistoryEntry]:
        """Return the steps of a record, oldest first."""
        stub = self._session.stub
        found = stub.get_state_by_partial_composite_key(HISTORY, (kind, record_id))
        return [HistoryEntry.model_validate_json(item.value) for item in found]

    def listed(
        self, model: type[Record], index: str, values: list[str], size: int, bookmark: str
    ) -> Page:
        """Return a page of an index; by state, only the records that the day has left in it."""

        def is_counted(parts: list[str]) -> bool:
            return index != STATE_INDEX or parts[1] <= self._session.now < parts[2]

        keys, after = self._page(f"{model.KIND}.{index}", values, size, bookmark)
        items = (self.record(model, parts[-1]) for parts in keys if is_counted(parts))
        return Page(items=tuple(items), bookmark=after)

    def overdue(self, party: str, size: int, bookmark: str) -> Page:
        """Return a page of the records for which a party is late; entries are in the order of due times."""
        keys, after = self._page(DUE_INDEX, [party], size, bookmark)
        late = [parts for parts in keys if self._is_past(parts[1])]
        items = tuple(
            {"due": due} | self.record(self._kinds[kind], record_id)
            for _, due, kind, record_id in late
            if kind in self._kinds
        )
        return Page(items=items, bookmark=after if len(late) == len(keys) else "")

    def outdated(self, model: type[Record], size: int, bookmark: str) -> Page:
        """Return a page of records as they were written, of those that an earlier version wrote."""
        found = self._session.stub.get_state_by_partial_composite_key_with_pagination(
            model.KIND, (), size, bookmark
        )
        items = (model.written(item.value) for item in found.items)
        old = tuple(one for one in items if one["schema_version"] < model.SCHEMA)
        return Page(items=old, bookmark=found.bookmark)

    def related(self, kind: str, record_id: str, size: int, after: Sequence[str]) -> list[Related]:
        """Return the next facts that name a record, behind the one with this field, kind and id."""
        stub = self._session.stub
        with stub.get_state_by_partial_composite_key(EDGE, (kind, record_id), after=after) as found:
            keys = [item.key for item in islice(found, size)]
        parts = (stub.split_composite_key(key)[1] for key in keys)
        return [Related(kind=by, id=by_id, field=field) for _, _, field, by, by_id in parts]

    def signed_with(self, key: str, since: str, size: int, bookmark: str) -> Page:
        """Return a page of the steps that a certificate's key has signed from a time on, in their order."""
        start = self._session.stub.create_composite_key(SIGNED, (key, since))
        keys, after = self._page(SIGNED, [key], size, bookmark or start)
        items = tuple(
            {"at": at, "kind": kind, "id": record_id, "number": int(number)}
            for _, at, kind, record_id, number in keys
        )
        return Page(items=items, bookmark=after)

    def _counted(self, model: type[Record], record_id: str) -> Record:
        found = self._session.need(model, record_id)
        return found.counted_at(self._is_past) if isinstance(found, Tracked) else found

    def _page(
        self, kind: str, values: list[str], size: int, bookmark: str
    ) -> tuple[list[list[str]], str]:
        stub = self._session.stub
        page = stub.get_state_by_partial_composite_key_with_pagination(kind, values, size, bookmark)
        return [stub.split_composite_key(item.key)[1] for item in page.items], page.bookmark

    def _is_past(self, due: str) -> bool:
        return due <= self._session.now

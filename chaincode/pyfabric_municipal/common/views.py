"""Views: what other channels may see of one record, with the revision that they saw."""

from typing import Any

from pyfabric_municipal.common.records import Record
from pyfabric_municipal.common.refusals import FrameRule
from pyfabric_municipal.common.values import Count, Model

VIEW = FrameRule(
    "no-view", "{kind} 没有名为 {view} 的共享视图", "{kind} has no view {view} for other channels"
)


class View(Model):
    """Fields of a record as they are at a revision."""

    kind: str
    id: str
    view: str
    revision: Count
    state: str
    values: dict[str, Any]


def view_of(record: Record, view: str) -> View:
    """Return a view of a record; refuses one that its type does not declare."""
    if view not in record.VIEWS:
        raise VIEW.refusal({"kind": record.KIND, "view": view})
    content = record.model_dump(mode="json")
    return View(
        kind=record.KIND,
        id=record.id,
        view=view,
        revision=record.revision,
        state=record.state,
        values={name: content[name] for name in record.VIEWS[view]},
    )

"""Uploads: how many working days after its decision something was recorded, and by whom too late.

Source: within seven working days (FACTS §4 [K]), the parameter `upload-days`.
"""

from typing import Any, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.values import Count, Day, Model, parse_date
from pyfabric_municipal.common.values.workdays import working_days_between
from pyfabric_municipal.credit.days import today

UPLOAD_INDEX: Final = Index("late", ("upload.late_month",))


class Upload(Model):
    """The day of an upload, how many working days it came after the decision, and whether that is too late."""

    day: Day
    delay: Count
    late: bool

    @property
    def late_month(self) -> str | None:
        """The month of a late upload, by which it is found."""
        return self.day[:7] if self.late else None


def upload_of(call: Call[Any], decided: str) -> Upload:
    """Return the upload of a decision of that day, now."""
    day = today(call)
    delay = working_days_between(parse_date(decided), day, call.governance.calendar)
    return Upload(day=day.isoformat(), delay=delay, late=delay > call.parameter("upload-days"))

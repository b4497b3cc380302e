"""A directory for the tests of sharing, without its own checks: resources appear and change as a test says."""

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.roles import ANYBODY, Role
from pyfabric_municipal.common.steps import Changes, step
from pyfabric_municipal.common.testing.fixed import WithFixedGovernance
from pyfabric_municipal.directory.description import Description
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.sharing.contract import Sharing

STEWARD = Role("steward", "数据管理员", attribute=("role", "steward"))


class FixedSharing(WithFixedGovernance, Sharing):
    """The contract, with the agreements that a test sets."""

    name = "Sharing"


class Entries(WithFixedGovernance):
    """Resources without duties, drafts and notices."""

    name = "Directory"
    RECORDS = (Resource,)

    @step(Resource, NEW, "published", by=STEWARD)
    def enter(self, call: Call[Resource], description: Description) -> Changes:
        """Publish a resource of the caller."""
        since = dict.fromkeys(description.field_names(), 1)
        fields = {"version": 1, "promised_since": 1, "field_since": since}
        return fields | {"provider": call.caller} | _described(description)

    @step(Resource, "published", "published", by=ANYBODY)
    def change(self, call: Call[Resource], description: Description) -> Changes:
        """Publish a further version."""
        before, version = call.record, call.record.version + 1
        lost = _lost(before.description, description)
        kept = {name: at for name, at in before.field_since.items() if name not in lost}
        since = dict.fromkeys(description.field_names(), version) | kept
        types = (before.description.share.type, description.share.type)
        stricter = types[1].strictness > types[0].strictness
        promised = version if stricter else before.promised_since
        fields = {"version": version, "promised_since": promised, "field_since": since}
        return fields | _described(description)

    @step(Resource, "published", "suspended", by=ANYBODY)
    def suspend(self, call: Call[Resource]) -> Changes:
        """Suspend a resource."""

    @step(Resource, "suspended", "published", by=ANYBODY)
    def resume(self, call: Call[Resource]) -> Changes:
        """Publish a suspended resource again."""

    @step(Resource, ("published", "suspended"), "retired", by=ANYBODY)
    def retire(self, call: Call[Resource]) -> Changes:
        """Retire a resource."""

    @step(Resource, "published", "published", by=ANYBODY)
    def take_over(self, call: Call[Resource]) -> Changes:
        """Make the caller the provider."""
        return {"provider": call.caller}


def _described(description: Description) -> dict[str, object]:
    return {"description": description, "schema_digest": description.schema_digest()}


def _lost(before: Description, after: Description) -> set[str]:
    """Return the fields that are gone, or have another type."""
    types = {one.name: one.type for one in after.fields}
    return {one.name for one in before.fields if types.get(one.name) != one.type}

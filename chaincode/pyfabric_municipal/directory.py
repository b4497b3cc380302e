"""The contract `Directory`: the departments, their duties, and the data that they hold."""

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction
from pyfabric_municipal.common.values import (
    Count,
    Digest,
    DutyCode,
    FieldName,
    Model,
    MspId,
    Positive,
    ResourceCode,
    Text,
)
from pyfabric_municipal.common.values.regions import require_beijing_region
from pyfabric_municipal.common.values.timestamps import add_days, require_not_before
from pyfabric_municipal.departments import Calendar, Deadlines, Department, Founding, Settings
from pyfabric_municipal.description import Description, ShareType
from pyfabric_municipal.entries import (
    DATUM_INDEX,
    FIELD_INDEX,
    SHARE_INDEX,
    datum_entries,
    described,
    duplicates_of,
    facts_of,
    last_update,
    new_draft,
    published_entries,
    put_version,
    step,
)
from pyfabric_municipal.ledger_access import LedgerAccess, PageSize, require_batch
from pyfabric_municipal.live import live_uses
from pyfabric_municipal.records import Step
from pyfabric_municipal.resources import (
    PUBLISHED,
    RESOURCE_LIFECYCLE,
    Duty,
    Refresh,
    Resource,
    ResourceVersion,
)


class DutyClaim(Model):
    """A duty as its owner enters it."""

    code: DutyCode
    title: Text
    basis: Text


class Holder(Model):
    """A resource that has a field, and how it is shared."""

    code: str
    title: str
    provider: str
    share: ShareType
    state: str


class Duplicate(Model):
    """A datum that several departments collect, and their resources that have it."""

    datum: str
    resources: tuple[str, ...]


class Late(Model):
    """A resource whose data is older than its update cycle allows."""

    code: str
    provider: str
    last_update: str
    expected_by: str


class ResourcePage(Model):
    """One page of the directory; `bookmark` starts the next page and is "" after the last."""

    items: tuple[Resource, ...]
    bookmark: str


class Directory(Contract):
    """Departments, duties, resources and their versions. Nothing is ever deleted."""

    name = "Directory"
    title = "Directory of government data"

    @transaction
    def found(
        self, ctx: Context, manager: MspId, deadlines: Deadlines, departments: list[Department]
    ) -> str:
        """Propose the directory's founding, which takes effect when every named department has confirmed.

        Returns the proposal's id.
        """
        ledger = LedgerAccess(ctx)
        _require_unfounded(ledger)
        for department in departments:
            require_beijing_region(department.region, ledger.today)
        proposal = Founding[Settings](
            id=ledger.transaction_id,
            settings=Settings(manager=manager, deadlines=deadlines),
            departments=tuple(departments),
            confirmed=(),
        )
        ledger.create(proposal.confirm(ledger.caller))
        ledger.emit("DirectoryProposed", founding=proposal.id, manager=manager)
        return proposal.id

    @transaction
    def confirm_founding(self, ctx: Context, founding: Digest) -> bool:
        """Confirm a proposed founding; returns true if this was the last confirmation."""
        ledger = LedgerAccess(ctx)
        _require_unfounded(ledger)
        proposal = ledger.need(Founding[Settings], founding).confirm(ledger.caller)
        ledger.put(proposal)
        if not proposal.is_complete():
            return False
        ledger.create(proposal.settings)
        for department in proposal.departments:
            ledger.create(department)
        ledger.emit("DirectoryFounded", manager=proposal.settings.manager)
        return True

    @transaction
    def admit(self, ctx: Context, department: Department) -> None:
        """Admit one more department to the directory (manager)."""
        ledger = LedgerAccess(ctx)
        ledger.require_manager()
        require_beijing_region(department.region, ledger.today)
        for known in ledger.scan(Department):
            if known.uscc == department.uscc:
                raise ContractError(f"{department.uscc} is the code of {known.msp_id} already")
        ledger.create(department)
        ledger.emit("DepartmentAdmitted", department=department.msp_id)

    @transaction
    def set_calendar(self, ctx: Context, calendar: Calendar) -> None:
        """Set or correct a year's holidays and make-up days (manager).

        Due dates that were given before stay as they are.
        """
        ledger = LedgerAccess(ctx)
        ledger.require_manager()
        ledger.put(calendar)
        ledger.emit("CalendarSet", year=calendar.year)

    @transaction
    def claim_duties(self, ctx: Context, duties: list[DutyClaim]) -> None:
        """Register duties of the caller; a duty that already has an owner is refused."""
        ledger = LedgerAccess(ctx)
        require_batch("duties", [claim.code for claim in duties])
        owner = ledger.actor.msp_id
        for claim in duties:
            known = ledger.get(Duty, claim.code)
            if known is not None:
                raise ContractError(
                    f"duty {claim.code} is owned by {known.owner}: one duty, one owner"
                )
            ledger.put(Duty(code=claim.code, title=claim.title, basis=claim.basis, owner=owner))
        ledger.emit("DutiesClaimed", duties=[claim.code for claim in duties])

    @transaction
    def draft(self, ctx: Context, resources: list[Description]) -> None:
        """Enter drafts of the caller's resources, which others cannot use yet."""
        ledger = LedgerAccess(ctx)
        require_batch("resources", [description.code for description in resources])
        for description in resources:
            ledger.put(new_draft(ledger, description))
        ledger.emit("ResourcesDrafted", resources=[item.code for item in resources])

    @transaction
    def revise(self, ctx: Context, resource: Description) -> None:
        """Correct a draft."""
        ledger = LedgerAccess(ctx)
        record = ledger.need(Resource, resource.code)
        after = ledger.advance(
            RESOURCE_LIFECYCLE, record, "revise", facts_of(ledger, record, later=resource)
        )
        ledger.put(described(after, resource))

    @transaction
    def submit(self, ctx: Context, resources: list[ResourceCode]) -> None:
        """Submit drafts to the manager; data that another department also collects is flagged."""
        ledger = LedgerAccess(ctx)
        require_batch("resources", resources)
        flagged: set[str] = set()
        for code in resources:
            after = step(ledger, code, "submit")
            duplicates = duplicates_of(ledger, after)
            flagged.update(duplicates)
            ledger.put(after.model_copy(update={"duplicates": duplicates}))
            ledger.reindex(set(), datum_entries(after))
        ledger.emit("ResourcesSubmitted", resources=resources, duplicates=sorted(flagged))

    @transaction
    def send_back(self, ctx: Context, resource: ResourceCode, reason: str) -> None:
        """Return a submitted resource to its provider (manager)."""
        ledger = LedgerAccess(ctx)
        after = step(ledger, resource, "send_back", reason)
        ledger.put(after)
        ledger.reindex(datum_entries(after), set())
        ledger.emit("ResourceSentBack", resource=resource, provider=after.provider, reason=reason)

    @transaction
    def publish(self, ctx: Context, resources: list[ResourceCode]) -> None:
        """Publish submitted resources as their first versions (manager)."""
        ledger = LedgerAccess(ctx)
        require_batch("resources", resources)
        for code in resources:
            after = step(ledger, code, "publish")
            ledger.put(after)
            put_version(ledger, after)
            ledger.reindex(set(), published_entries(after))
        ledger.emit("ResourcesPublished", resources=resources)

    @transaction
    def give_notice(self, ctx: Context, resource: ResourceCode, reason: str) -> str:
        """Announce a change that takes something from users; returns the time from which it is possible."""
        ledger = LedgerAccess(ctx)
        after = step(ledger, resource, "give_notice", reason)
        until = ledger.due(ledger.settings.deadlines.notice)
        ledger.put(after.model_copy(update={"notice_until": until}))
        users = sorted({use.user for use in live_uses(ledger, resource)})
        ledger.emit("NoticeGiven", resource=resource, until=until, users=users, reason=reason)
        return until

    @transaction
    def change(self, ctx: Context, resource: Description) -> int:
        """Publish a new version in place of the live one; returns its number."""
        ledger = LedgerAccess(ctx)
        before = ledger.need(Resource, resource.code)
        facts = facts_of(ledger, before, later=resource)
        after = ledger.advance(RESOURCE_LIFECYCLE, before, "change", facts)
        after = described(after, resource).model_copy(
            update={"version": before.version + 1, "notice_until": None}
        )
        after = after.model_copy(update={"duplicates": duplicates_of(ledger, after)})
        ledger.put(after)
        put_version(ledger, after)
        ledger.reindex(datum_entries(before), datum_entries(after))
        ledger.reindex(published_entries(before), published_entries(after))
        users = sorted({use.user for use in facts.live})
        ledger.emit("ResourceChanged", resource=after.code, version=after.version, users=users)
        return after.version

    @transaction
    def suspend(self, ctx: Context, resource: ResourceCode, reason: str) -> None:
        """Stop deliveries and new requests for a while."""
        ledger = LedgerAccess(ctx)
        ledger.put(step(ledger, resource, "suspend", reason))
        ledger.emit("ResourceSuspended", resource=resource, reason=reason)

    @transaction
    def resume(self, ctx: Context, resource: ResourceCode) -> None:
        """Resume deliveries and requests after a suspension."""
        ledger = LedgerAccess(ctx)
        ledger.put(step(ledger, resource, "resume"))
        ledger.emit("ResourceResumed", resource=resource)

    @transaction
    def retire(
        self,
        ctx: Context,
        resource: ResourceCode,
        reason: str,
        successor: ResourceCode | None = None,
    ) -> None:
        """Retire a resource, which stays readable; one with live grants needs a successor."""
        ledger = LedgerAccess(ctx)
        before = ledger.need(Resource, resource)
        replacement = None if successor is None else ledger.need(Resource, successor)
        facts = facts_of(ledger, before, successor=replacement)
        after = ledger.advance(RESOURCE_LIFECYCLE, before, "retire", facts, reason)
        ledger.put(after.model_copy(update={"successor": successor}))
        ledger.reindex(datum_entries(before) | published_entries(before), set())
        ledger.emit("ResourceRetired", resource=resource, successor=successor or "", reason=reason)

    @transaction
    def refresh(self, ctx: Context, resource: ResourceCode, rows: Count) -> None:
        """Record that the data was updated, and how many rows it has now (provider)."""
        ledger = LedgerAccess(ctx)
        record = ledger.need(Resource, resource)
        if ledger.caller != record.provider:
            raise ContractError(
                f"resource {resource} is updated by {record.provider}, not by {ledger.caller}"
            )
        require_not_before(
            f"the data of resource {resource}", ledger.now, last_update(ledger, record)
        )
        ledger.put(Refresh(code=resource, at=ledger.now, rows=rows))

    @query
    def settings(self, ctx: Context) -> Settings:
        """Return the settings of the directory."""
        return LedgerAccess(ctx).settings

    @query
    def departments(self, ctx: Context) -> list[Department]:
        """Return the departments of the directory, by MSP id."""
        return list(LedgerAccess(ctx).scan(Department))

    @query
    def duty(self, ctx: Context, code: DutyCode) -> Duty:
        """Return a duty with its owner."""
        return LedgerAccess(ctx).need(Duty, code)

    @query
    def resource(self, ctx: Context, code: ResourceCode) -> Resource:
        """Return a resource in its current state."""
        return LedgerAccess(ctx).need(Resource, code)

    @query
    def resource_version(
        self, ctx: Context, code: ResourceCode, version: Positive
    ) -> ResourceVersion:
        """Return a version of a resource as it was published."""
        return LedgerAccess(ctx).need(ResourceVersion, code, f"{version:06}")

    @query
    def history(self, ctx: Context, code: ResourceCode) -> list[Step]:
        """Return every step of a resource, oldest first."""
        return list(LedgerAccess(ctx).scan(Step, Resource.KIND, code))

    @query
    def resources(self, ctx: Context, size: PageSize, bookmark: str = "") -> ResourcePage:
        """Return one page of all resources, in the order of their codes."""
        items, after = LedgerAccess(ctx).page(Resource, size, bookmark)
        return ResourcePage(items=tuple(items), bookmark=after)

    @query
    def holders(self, ctx: Context, field: FieldName) -> list[Holder]:
        """Return the resources that have a field, with their departments."""
        ledger = LedgerAccess(ctx)
        codes = [parts[1] for parts in ledger.marked(FIELD_INDEX, field)]
        return [_holder(ledger.need(Resource, code)) for code in codes]

    @query
    def usable(self, ctx: Context) -> list[Holder]:
        """Return the other departments' unconditional resources, which need no consent of the provider."""
        ledger = LedgerAccess(ctx)
        marks = ledger.marked(SHARE_INDEX, ShareType.UNCONDITIONAL.value)
        found = [ledger.need(Resource, parts[1]) for parts in marks]
        return [
            _holder(record)
            for record in found
            if record.state == PUBLISHED and record.provider != ledger.caller
        ]

    @query
    def late(self, ctx: Context) -> list[Late]:
        """Return published resources whose data is older than their update cycle allows."""
        ledger = LedgerAccess(ctx)
        published = (item for item in ledger.scan(Resource) if item.state == PUBLISHED)
        ages = (_age(ledger, record) for record in published)
        return [age for age in ages if age.expected_by < ledger.now]

    @query
    def duplicates(self, ctx: Context) -> list[Duplicate]:
        """Return the data that several departments collect from people and firms."""
        holders: dict[str, dict[str, str]] = {}
        for datum, provider, code in LedgerAccess(ctx).marked(DATUM_INDEX):
            holders.setdefault(datum, {})[code] = provider
        return [
            Duplicate(datum=datum, resources=tuple(sorted(codes)))
            for datum, codes in sorted(holders.items())
            if len(set(codes.values())) > 1
        ]


def _require_unfounded(ledger: LedgerAccess) -> None:
    settings = ledger.get(Settings)
    if settings is not None:
        raise ContractError(f"the directory is founded already, its manager is {settings.manager}")


def _holder(record: Resource) -> Holder:
    return Holder(
        code=record.code,
        title=record.description.title,
        provider=record.provider,
        share=record.description.share.type,
        state=record.state,
    )


def _age(ledger: LedgerAccess, record: Resource) -> Late:
    updated = last_update(ledger, record)
    return Late(
        code=record.code,
        provider=record.provider,
        last_update=updated,
        expected_by=add_days(updated, record.description.cycle.days),
    )

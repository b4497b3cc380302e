"""The contract `Directory`: who the departments are, their duties, and what data they hold."""

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction
from pyfabric_municipal.departments import Deadlines, Department, Founding, Settings
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
from pyfabric_municipal.live import live_uses
from pyfabric_municipal.records import (
    Count,
    Digest,
    DutyCode,
    FieldName,
    Model,
    MspId,
    Positive,
    ResourceCode,
    Step,
    Text,
)
from pyfabric_municipal.regions import require_region
from pyfabric_municipal.resources import (
    PUBLISHED,
    RESOURCE_LIFECYCLE,
    Duty,
    Refresh,
    Resource,
    ResourceVersion,
)
from pyfabric_municipal.session import PageSize, Session, require_batch
from pyfabric_municipal.timestamps import add_days, require_not_before
from pyfabric_municipal.workdays import YearCalendar


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
    """A datum that more than one department collects, and in which resources."""

    datum: str
    resources: tuple[str, ...]


class Late(Model):
    """A resource whose data is older than its update cycle allows."""

    code: str
    provider: str
    last_update: str
    expected_by: str


class ResourcePage(Model):
    """One page of the directory; `bookmark` starts the next one, "" after the last."""

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
        """Propose to found the directory; it is when every department named has confirmed."""
        session = Session(ctx)
        _require_unfounded(session)
        for department in departments:
            require_region(department.region, session.today)
        proposal = Founding[Settings](
            id=session.transaction_id,
            settings=Settings(manager=manager, deadlines=deadlines),
            departments=tuple(departments),
            confirmed=(),
        )
        session.create(proposal.confirm(session.caller))
        session.emit("DirectoryProposed", founding=proposal.id, manager=manager)
        return proposal.id

    @transaction
    def confirm_founding(self, ctx: Context, founding: Digest) -> bool:
        """Agree to a proposal; true if the directory is founded by this."""
        session = Session(ctx)
        _require_unfounded(session)
        proposal = session.need(Founding[Settings], founding).confirm(session.caller)
        session.put(proposal)
        if not proposal.is_complete():
            return False
        session.create(proposal.settings)
        for department in proposal.departments:
            session.create(department)
        session.emit("DirectoryFounded", manager=proposal.settings.manager)
        return True

    @transaction
    def admit(self, ctx: Context, department: Department) -> None:
        """Take one more department into the directory (manager)."""
        session = Session(ctx)
        session.require_manager()
        require_region(department.region, session.today)
        for known in session.scan(Department):
            if known.uscc == department.uscc:
                raise ContractError(f"{department.uscc} is the code of {known.msp_id} already")
        session.create(department)
        session.emit("DepartmentAdmitted", department=department.msp_id)

    @transaction
    def set_calendar(self, ctx: Context, calendar: YearCalendar) -> None:
        """Set or correct a year's holidays and make-up days (manager); due dates already given stay
        as they are."""
        session = Session(ctx)
        session.require_manager()
        session.put(calendar)
        session.emit("CalendarSet", year=calendar.year)

    @transaction
    def claim_duties(self, ctx: Context, duties: list[DutyClaim]) -> None:
        """Enter the caller's duties; one that another department has is refused."""
        session = Session(ctx)
        require_batch("duties", [claim.code for claim in duties])
        owner = session.actor.msp_id
        for claim in duties:
            known = session.get(Duty, claim.code)
            if known is not None:
                raise ContractError(
                    f"duty {claim.code} is owned by {known.owner}: one duty, one owner"
                )
            session.put(Duty(code=claim.code, title=claim.title, basis=claim.basis, owner=owner))
        session.emit("DutiesClaimed", duties=[claim.code for claim in duties])

    @transaction
    def draft(self, ctx: Context, resources: list[Description]) -> None:
        """Enter resources of the caller, not yet for others to use."""
        session = Session(ctx)
        require_batch("resources", [description.code for description in resources])
        for description in resources:
            session.put(new_draft(session, description))
        session.emit("ResourcesDrafted", resources=[item.code for item in resources])

    @transaction
    def revise(self, ctx: Context, resource: Description) -> None:
        """Correct a draft."""
        session = Session(ctx)
        record = session.need(Resource, resource.code)
        after = session.advance(
            RESOURCE_LIFECYCLE, record, "revise", facts_of(session, record, later=resource)
        )
        session.put(described(after, resource))

    @transaction
    def submit(self, ctx: Context, resources: list[ResourceCode]) -> None:
        """Hand drafts to the manager; what another department collects too is flagged."""
        session = Session(ctx)
        require_batch("resources", resources)
        flagged: set[str] = set()
        for code in resources:
            after = step(session, code, "submit")
            duplicates = duplicates_of(session, after)
            flagged.update(duplicates)
            session.put(after.model_copy(update={"duplicates": duplicates}))
            session.reindex(set(), datum_entries(after))
        session.emit("ResourcesSubmitted", resources=resources, duplicates=sorted(flagged))

    @transaction
    def send_back(self, ctx: Context, resource: ResourceCode, reason: str) -> None:
        """Return a submitted resource to its provider (manager)."""
        session = Session(ctx)
        after = step(session, resource, "send_back", reason)
        session.put(after)
        session.reindex(datum_entries(after), set())
        session.emit("ResourceSentBack", resource=resource, provider=after.provider, reason=reason)

    @transaction
    def publish(self, ctx: Context, resources: list[ResourceCode]) -> None:
        """Publish submitted resources as their first versions (manager)."""
        session = Session(ctx)
        require_batch("resources", resources)
        for code in resources:
            after = step(session, code, "publish")
            session.put(after)
            put_version(session, after)
            session.reindex(set(), published_entries(after))
        session.emit("ResourcesPublished", resources=resources)

    @transaction
    def give_notice(self, ctx: Context, resource: ResourceCode, reason: str) -> str:
        """Announce a change that takes something from users; returns when it may be made."""
        session = Session(ctx)
        after = step(session, resource, "give_notice", reason)
        until = session.due(session.settings.deadlines.notice)
        session.put(after.model_copy(update={"notice_until": until}))
        users = sorted({use.user for use in live_uses(session, resource)})
        session.emit("NoticeGiven", resource=resource, until=until, users=users, reason=reason)
        return until

    @transaction
    def change(self, ctx: Context, resource: Description) -> int:
        """Publish a new version, which replaces the live one; returns its number."""
        session = Session(ctx)
        before = session.need(Resource, resource.code)
        facts = facts_of(session, before, later=resource)
        after = session.advance(RESOURCE_LIFECYCLE, before, "change", facts)
        after = described(after, resource).model_copy(
            update={"version": before.version + 1, "notice_until": None}
        )
        after = after.model_copy(update={"duplicates": duplicates_of(session, after)})
        session.put(after)
        put_version(session, after)
        session.reindex(datum_entries(before), datum_entries(after))
        session.reindex(published_entries(before), published_entries(after))
        users = sorted({use.user for use in facts.live})
        session.emit("ResourceChanged", resource=after.code, version=after.version, users=users)
        return after.version

    @transaction
    def suspend(self, ctx: Context, resource: ResourceCode, reason: str) -> None:
        """Stop deliveries and new requests for a while."""
        session = Session(ctx)
        session.put(step(session, resource, "suspend", reason))
        session.emit("ResourceSuspended", resource=resource, reason=reason)

    @transaction
    def resume(self, ctx: Context, resource: ResourceCode) -> None:
        """End a suspension."""
        session = Session(ctx)
        session.put(step(session, resource, "resume"))
        session.emit("ResourceResumed", resource=resource)

    @transaction
    def retire(
        self,
        ctx: Context,
        resource: ResourceCode,
        reason: str,
        successor: ResourceCode | None = None,
    ) -> None:
        """End a resource, which stays readable; with live grants only for a successor."""
        session = Session(ctx)
        before = session.need(Resource, resource)
        replacement = None if successor is None else session.need(Resource, successor)
        facts = facts_of(session, before, successor=replacement)
        after = session.advance(RESOURCE_LIFECYCLE, before, "retire", facts, reason)
        session.put(after.model_copy(update={"successor": successor}))
        session.reindex(datum_entries(before) | published_entries(before), set())
        session.emit("ResourceRetired", resource=resource, successor=successor or "", reason=reason)

    @transaction
    def refresh(self, ctx: Context, resource: ResourceCode, rows: Count) -> None:
        """Say that the data was updated, and how many rows it has now (provider)."""
        session = Session(ctx)
        record = session.need(Resource, resource)
        if session.caller != record.provider:
            raise ContractError(
                f"resource {resource} is updated by {record.provider}, not by {session.caller}"
            )
        require_not_before(
            f"the data of resource {resource}", session.now, last_update(session, record)
        )
        session.put(Refresh(code=resource, at=session.now, rows=rows))

    @query
    def settings(self, ctx: Context) -> Settings:
        """What holds for the whole directory."""
        return Session(ctx).settings

    @query
    def departments(self, ctx: Context) -> list[Department]:
        """The departments of the directory, by MSP id."""
        return list(Session(ctx).scan(Department))

    @query
    def duty(self, ctx: Context, code: DutyCode) -> Duty:
        """A duty and its owner."""
        return Session(ctx).need(Duty, code)

    @query
    def resource(self, ctx: Context, code: ResourceCode) -> Resource:
        """A resource as it is now."""
        return Session(ctx).need(Resource, code)

    @query
    def resource_version(
        self, ctx: Context, code: ResourceCode, version: Positive
    ) -> ResourceVersion:
        """A resource as a version of it was published."""
        return Session(ctx).need(ResourceVersion, code, f"{version:06}")

    @query
    def history(self, ctx: Context, code: ResourceCode) -> list[Step]:
        """Every step of a resource, oldest first."""
        return list(Session(ctx).scan(Step, Resource.KIND, code))

    @query
    def resources(self, ctx: Context, size: PageSize, bookmark: str = "") -> ResourcePage:
        """One page of the whole directory, by code."""
        items, after = Session(ctx).page(Resource, size, bookmark)
        return ResourcePage(items=tuple(items), bookmark=after)

    @query
    def holders(self, ctx: Context, field: FieldName) -> list[Holder]:
        """Which departments hold a field, in which resources."""
        session = Session(ctx)
        codes = [parts[1] for parts in session.marked(FIELD_INDEX, field)]
        return [_holder(session.need(Resource, code)) for code in codes]

    @query
    def usable(self, ctx: Context) -> list[Holder]:
        """What the caller may use without asking for consent: others' unconditional resources."""
        session = Session(ctx)
        marks = session.marked(SHARE_INDEX, ShareType.UNCONDITIONAL.value)
        found = [session.need(Resource, parts[1]) for parts in marks]
        return [
            _holder(record)
            for record in found
            if record.state == PUBLISHED and record.provider != session.caller
        ]

    @query
    def late(self, ctx: Context) -> list[Late]:
        """Published resources whose data is older than their update cycle allows."""
        session = Session(ctx)
        published = (item for item in session.scan(Resource) if item.state == PUBLISHED)
        ages = (_age(session, record) for record in published)
        return [age for age in ages if age.expected_by < session.now]

    @query
    def duplicates(self, ctx: Context) -> list[Duplicate]:
        """Data that more than one department collects from people and firms."""
        holders: dict[str, dict[str, str]] = {}
        for datum, provider, code in Session(ctx).marked(DATUM_INDEX):
            holders.setdefault(datum, {})[code] = provider
        return [
            Duplicate(datum=datum, resources=tuple(sorted(codes)))
            for datum, codes in sorted(holders.items())
            if len(set(codes.values())) > 1
        ]


def _require_unfounded(session: Session) -> None:
    settings = session.get(Settings)
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


def _age(session: Session, record: Resource) -> Late:
    updated = last_update(session, record)
    return Late(
        code=record.code,
        provider=record.provider,
        last_update=updated,
        expected_by=add_days(updated, record.description.cycle.days),
    )

"""The contract `Estate`: the register of real estate and what departments, banks and courts do in it."""

from typing import Annotated, ClassVar

from pydantic import Field

from pyfabric.chaincode import Context, query
from pyfabric_municipal.common import NEW, Blinded, Call, Changes, CityContract, step
from pyfabric_municipal.common.contract import PageSize
from pyfabric_municipal.common.reading import Page
from pyfabric_municipal.common.records import Record
from pyfabric_municipal.common.refusals import FrameRule
from pyfabric_municipal.common.values import (
    Count,
    Day,
    Digest,
    Flag,
    Model,
    UnitCode,
    Uscc,
    add_days,
)
from pyfabric_municipal.estate.guards import known_parties, last_moment
from pyfabric_municipal.estate.mortgages import Mortgages
from pyfabric_municipal.estate.notices import Notices, Objections, Residences
from pyfabric_municipal.estate.records import (
    LYING,
    Basis,
    Case,
    Correction,
    Judgment,
    Mortgage,
    Notice,
    Objection,
    Residence,
    Search,
    Seizure,
    Title,
    Unit,
)
from pyfabric_municipal.estate.roles import ANY_COURT, REGISTRAR
from pyfabric_municipal.estate.seizures import Seizures
from pyfabric_municipal.estate.titles import Titles
from pyfabric_municipal.estate.transfers import Transfers
from pyfabric_municipal.estate.units import Units

OTHERS_SEARCH = FrameRule(
    "estate.search",
    "查询 {id} 由 {department} 记载，或已于 {until} 失效",
    "search {id} is of {department}, or ended at {until}",
)


class Status(Model):
    """What lies on a unit today, for everybody; `clean` if nothing does."""

    unit: UnitCode
    title: str | None
    titled: Flag
    mortgaged: Count
    no_transfer: Flag
    seized: Count
    noticed: Count
    objected: Count
    resided: Count
    applied: Count
    clean: Flag


class Estate(
    Units, Titles, Mortgages, Seizures, Notices, Objections, Residences, Transfers, CityContract
):
    """The register of real estate: units, titles, mortgages, seizures, notices, objections and transfers.

    不动产登记：单元、所有权、抵押权、查封、预告登记、异议登记、居住权与转移。
    """

    name = "Estate"
    title = "不动产登记 · Real-estate register"
    RECORDS: ClassVar[tuple[type[Record], ...]] = (
        Unit,
        Title,
        Mortgage,
        Seizure,
        Notice,
        Objection,
        Residence,
        Case,
        Correction,
        Judgment,
        Search,
    )

    @step(Search, NEW, by=(REGISTRAR, ANY_COURT), guards=(known_parties,))
    def search(
        self, call: Call[Search], holder: Blinded, basis: Basis, evidence: Digest
    ) -> Changes:
        """Record on which basis somebody's units are looked for; for some days, `holdings` answers.

        记载查询权利人名下不动产的依据；其后若干日内可用 holdings 查询。
        """
        until = last_moment(call, "search-days")
        return {"holder": holder, "basis": basis, "evidence": evidence, "until": until}

    @query
    def status(self, ctx: Context, unit: UnitCode) -> Status:
        """Return what lies on a unit today.

        查询不动产单元当日的权利负担。
        """
        reading = self._reading(ctx)
        found = reading.record(Unit, unit)
        lying = {
            kind.KIND: [
                one
                for one in reading.listed(kind, "unit", [unit], 200, "").items
                if one["state"] in states
            ]
            for kind, states in LYING.items()
        }
        counts = {kind: len(ones) for kind, ones in lying.items()}
        return Status(
            unit=unit,
            title=found["title"],
            titled=found["state"] == "titled",
            mortgaged=counts["mortgage"],
            no_transfer=any(one["no_transfer"] for one in lying["mortgage"]),
            seized=counts["seizure"],
            noticed=counts["notice"],
            objected=counts["objection"],
            resided=counts["residence"],
            applied=counts["case"],
            clean=found["state"] == "titled" and not any(counts.values()),
        )

    @query
    def holdings(self, ctx: Context, search: str, size: PageSize, bookmark: str) -> Page:
        """Return a page of the live titles of the holder whom a search of the caller's department names.

        按本部门记载的查询依据，分页列出权利人名下的现行所有权。
        """
        reading = self._reading(ctx)
        found = Search.model_validate(reading.record(Search, search))
        if found.by.department != ctx.client.msp_id or found.until < reading.now:
            facts = {"id": search, "department": found.by.department, "until": found.until}
            raise OTHERS_SEARCH.refusal(facts)
        return reading.listed(Title, "holder", [str(found.holder)], size, bookmark)

    @query
    def maturing(
        self, ctx: Context, mortgagee: Uscc, until: Day, size: PageSize, bookmark: str
    ) -> Page:
        """Return a page of a bank's mortgages that mature by a day, the first to mature first.

        分页列出某抵押权人于某日前到期的抵押权，由早到晚。
        """
        page = self._reading(ctx).listed(Mortgage, "mortgagee", [mortgagee], size, bookmark)
        return _up_to(page, "matures", until)

    @query
    def expiring(
        self,
        ctx: Context,
        days: Annotated[int, Field(ge=1, le=3660)],
        size: PageSize,
        bookmark: str,
    ) -> Page:
        """Return a page of the seizures in force that expire within some days, the first to expire first.

        分页列出若干日内届满的查封，由早到晚。
        """
        reading = self._reading(ctx)
        page = reading.listed(Seizure, "until", [], size, bookmark)
        page = _up_to(page, "until", add_days(reading.now, days))
        items = tuple(one for one in page.items if one["state"] == "active")
        return Page(items=items, bookmark=page.bookmark)


def _up_to(page: Page, field: str, limit: str) -> Page:
    """Return a page of an index in the order of a field, up to a value of it."""
    items = tuple(one for one in page.items if one[field] <= limit)
    return Page(items=items, bookmark=page.bookmark if len(items) == len(page.items) else "")

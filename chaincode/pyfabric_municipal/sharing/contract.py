"""The contract `Sharing`: requests, grants, receipts and error reports between departments."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from pyfabric.chaincode import Context, query
from pyfabric_municipal.common.contract import CityContract, PageSize
from pyfabric_municipal.common.parts import Part
from pyfabric_municipal.common.reading import Page
from pyfabric_municipal.common.refusals import FrameRule
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.totals import Lease, Piece, Quota
from pyfabric_municipal.common.values import Count, Model
from pyfabric_municipal.common.values.timestamps import add_days, beijing_day
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.sharing.credit_reading import CreditSnapshot, read_credit
from pyfabric_municipal.sharing.delivering import Receipts
from pyfabric_municipal.sharing.granting import Grants
from pyfabric_municipal.sharing.records import (
    Evidence,
    Exchange,
    Grant,
    Leasing,
    Receipt,
    Report,
    Request,
)
from pyfabric_municipal.sharing.reporting import Reports
from pyfabric_municipal.sharing.requesting import Requests
from pyfabric_municipal.sharing.terms import Scope

Days = Annotated[int, Field(ge=1, le=3660)]

NO_OPERATOR = FrameRule(
    "sharing.no-operator", "申请 {id} 未指明受托处理者", "request {id} names no operator"
)


class Answers(Model):
    """What came of the requests for a department's resources.

    `refused` of the `answered` were refused by the department itself, whatever came of it later (`disputed`,
    `overruled`); `unanswered` were escalated by its silence; the manager returned `rejected` for their form.
    """

    department: str
    answered: Count = 0
    refused: Count = 0
    disputed: Count = 0
    overruled: Count = 0
    unanswered: Count = 0
    rejected: Count = 0
    per_thousand: Count = 0


class Usage(Model):
    """The rows of a grant: its quota, what workers have leased of it, and what was delivered."""

    quota: Count
    leased: Count
    delivered: Count


def _parties(session: Session, record: Any) -> Iterable[str]:
    return (record.user, session.need(Resource, record.resource).provider)


class Sharing(Requests, Grants, Receipts, Reports, CityContract):
    """Requests for data between departments, and the grants, receipts and error reports that follow.

    部门之间的数据申请、授权、回执与校核。
    """

    name = "Sharing"
    title = "政务数据共享 · Sharing of government data"
    RECORDS = (Request, Grant, Leasing, Receipt, Report, Quota, Lease, Piece)
    PARTS = (
        Part(Request, "scope", Scope, _parties),
        Part(Receipt, "exchange", Exchange, _parties),
        Part(Report, "evidence", Evidence, _parties),
    )

    @query
    def answers(self, ctx: Context) -> list[Answers]:
        """Return what came of the requests for each department's resources.

        各部门资源的申请办理情况。
        """
        counted: dict[str, dict[str, int]] = {}
        session = Session(ctx.stub, self.contract_name())
        for piece in session.find(Piece, "counter"):
            department, what = piece.counter.split("/")
            found = counted.setdefault(department, {})
            found[what] = found.get(what, 0) + piece.amount
        return [_answers(department, found) for department, found in sorted(counted.items())]

    @query
    def usage(self, ctx: Context, grant: str) -> Usage:
        """Return the rows that a grant has used.

        一项授权的额度使用情况。
        """
        session = Session(ctx.stub, self.contract_name())
        quota = session.need(Quota, grant)
        delivered = sum(one.taken for one in session.find(Lease, "quota", grant))
        return Usage(quota=quota.cap, leased=quota.leased, delivered=delivered)

    @query
    def expiring(self, ctx: Context, days: Days, size: PageSize, bookmark: str) -> Page:
        """Return a page of the grants in force that expire within `days` days, the first to expire first.

        若干天内到期的有效授权，先到期者在前。
        """
        page = self._reading(ctx).listed(Grant, "until", [], size, bookmark)
        now = Session(ctx.stub, self.contract_name()).now
        limit = add_days(now, days)
        soon = [one for one in page.items if one["terms"]["valid_until"] <= limit]
        items = tuple(one for one in soon if one["state"] == "active")
        return Page(items=items, bookmark=page.bookmark if len(soon) == len(page.items) else "")

    @query
    def operator_credit(self, ctx: Context, request: str) -> CreditSnapshot:
        """Return the penalties that count today against the operator named in a request, as the
        credit channel has them: for departments that are in that channel, at a peer that is.

        查询申请中受托处理者当日有效的行政处罚（信用通道），供该通道成员查阅。
        """
        session = Session(ctx.stub, self.contract_name())
        operator = session.need(Request, request).application.operator
        if operator is None:
            raise NO_OPERATOR.refusal({"id": request})
        return read_credit(ctx, operator, beijing_day(session.now))


def _answers(department: str, counted: dict[str, int]) -> Answers:
    answered, refused = counted.get("answered", 0), counted.get("refused", 0)
    rate = refused * 1000 // answered if answered else 0
    return Answers(department=department, per_thousand=rate, **counted)

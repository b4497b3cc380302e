"""The contract `Services`: service items, and the cases in which departments handle them."""

from collections.abc import Iterable
from typing import Any

from pyfabric.chaincode import Context, query
from pyfabric_municipal.common.contract import CityContract, PageSize
from pyfabric_municipal.common.parts import Part
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.values import MspId
from pyfabric_municipal.services.accepting import Acceptance
from pyfabric_municipal.services.handling import Handling
from pyfabric_municipal.services.lists import (
    Late,
    Statistics,
    SuppliedPage,
    late,
    statistics,
    supplied_meanwhile,
)
from pyfabric_municipal.services.publishing import Items
from pyfabric_municipal.services.records import Application, Case, Edition, Item


def _parties(_session: Session, case: Any) -> Iterable[str]:
    return dict.fromkeys((case.window, case.department, *case.reviewers))


class Services(Items, Acceptance, Handling, CityContract):
    """Service items and cases: nothing is asked that the directory supplies, and the law's days are counted.

    政务服务事项与办件：目录可共享的材料不得索要，办理时限依法计算。
    """

    name = "Services"
    title = "政务服务 · Government services"
    RECORDS = (Item, Edition, Case)
    PARTS = (Part(Case, "application", Application, _parties),)

    @query
    def late(self, ctx: Context, size: PageSize = 200, bookmark: str = "") -> Late:
        """Return how many cases are overdue, by department, of those that this page of the due index has.

        按部门统计逾期办件数，分页累加。
        """
        return late(Session(ctx.stub, self.contract_name()), size, bookmark)

    @query
    def statistics(
        self, ctx: Context, department: MspId, size: PageSize = 50, bookmark: str = ""
    ) -> Statistics:
        """Return what became of a department's cases, of those on this page: add the pages up.

        部门办件统计，分页累加：补正、中止、逾期、准予、不予、共享和证照复用、评价。
        """
        return statistics(self._reading(ctx), department, size, bookmark)

    @query
    def supplied_meanwhile(
        self, ctx: Context, size: PageSize = 50, bookmark: str = ""
    ) -> SuppliedPage:
        """Return a page of the materials that items still ask for although the directory supplies them by now.

        分页列出目录现已可共享、事项仍要求提供的材料。
        """
        session = Session(ctx.stub, self.contract_name())
        return supplied_meanwhile(self._reading(ctx), session, size, bookmark)

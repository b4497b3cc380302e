"""The contract `Credit`: who is penalised, licensed, listed and graded by whom and since when. Nothing is ever deleted."""

from typing import ClassVar

from pyfabric_municipal.common.records import Record
from pyfabric_municipal.credit.grades import Grades, TaxGrading
from pyfabric_municipal.credit.licences import Licence, Licences
from pyfabric_municipal.credit.lists import Listing, Lists
from pyfabric_municipal.credit.objections import Objection, Objections
from pyfabric_municipal.credit.penalties import Penalties, Penalty, Standing
from pyfabric_municipal.credit.queries import Queries
from pyfabric_municipal.credit.repairs import RepairApplication, Repairs
from pyfabric_municipal.credit.scores import Score, Scores
from pyfabric_municipal.credit.subjects import CodeException, Subject, Subjects
from pyfabric_municipal.credit.withdrawals import Withdrawal, Withdrawals


class Credit(
    Subjects,
    Penalties,
    Objections,
    Repairs,
    Withdrawals,
    Licences,
    Lists,
    Grades,
    Scores,
    Queries,
):
    """Records who is penalised, licensed, listed and graded by whom and since when. Nothing is ever deleted.

    记录主体自何时起受何机关处罚、许可、列入名单和评级；任何记录都不删除。
    """

    name = "Credit"
    title = "公共信用 · Public credit"
    RECORDS: ClassVar[tuple[type[Record], ...]] = (
        CodeException,
        Subject,
        Penalty,
        Standing,
        Objection,
        RepairApplication,
        Withdrawal,
        Licence,
        Listing,
        TaxGrading,
        Score,
    )

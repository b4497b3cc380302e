"""Steps of a unit: taken over, registered, split, merged, described again, retired."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from pyfabric_municipal.common import (
    NEW,
    Call,
    Changes,
    Example,
    Mode,
    Move,
    Verdict,
    about,
    guard,
    step,
)
from pyfabric_municipal.common.values import (
    Day,
    Digest,
    TitleNumber,
    UnitCode,
    parse_date,
    start_of_day,
)
from pyfabric_municipal.estate.guards import (
    END_TITLE,
    NEW_TITLE,
    entitle,
    known_parties,
    title_id,
    unencumbered,
    units_of,
)
from pyfabric_municipal.estate.ownership import Ownership, Part, Place
from pyfabric_municipal.estate.records import Mortgage, OldMortgage, Title, Unit
from pyfabric_municipal.estate.roles import REGISTRAR

_MERGE: tuple[Move, ...] = (Move(Unit, ("titled",), "retired"), END_TITLE, NEW_TITLE)
_PER: int = 10_000

Survey = Annotated[Digest, about("The digest of the surveyors' report.", "测绘成果报告的摘要值")]


@guard(
    "future",
    "抵押权登记日期 {day} 晚于今天",
    "a mortgage was registered on {day}, which has not come",
    example=Example(),
    timed=True,
)
def registered_before(call: Call[Unit]) -> Verdict:
    """Hold if each mortgage of the former register was registered on a day that has come."""
    days = [one.registered for one in call.arguments["mortgages"]]
    late = (day for day in days if not call.is_due(start_of_day(parse_date(day))))
    return next(({"day": day} for day in late), True)


@guard(
    "area",
    "面积不符：变更前 {before}，变更后 {after}（0.01 平方米），超出测绘允许误差",
    "areas of {before} before and {after} after differ by more than a survey may (0.01 m²)",
    example=Example(parameters={"area-tolerance": -1}),
    parameters=("area-tolerance",),
)
def area_kept(call: Call[Unit]) -> Verdict:
    """Hold if the areas before and after a split or merger differ by the tolerance at most."""
    if "parts" in call.arguments:
        before, after = call.record.area, sum(one.place.area for one in call.arguments["parts"])
    else:
        before = sum(call.need(Unit, one).area for one in call.arguments["parents"])
        after = call.after.area
    most = before * call.parameter("area-tolerance")
    return abs(after - before) * _PER <= most or {"before": before, "after": after}


@guard(
    "strangers",
    "分割、合并前后的权利人不一致：应另行申请转移登记",
    "the holders before and after are not the same: apply for a transfer",
    example=Example(),
)
def same_holders(call: Call[Unit]) -> Verdict:
    """Hold if those who held the units, and nobody else, hold what is made of them."""
    made = [one.ownership for one in call.arguments.get("parts", [])]
    after = made or [call.arguments["ownership"]]
    before = [_ownership(call, one) for one in units_of(call)]
    return _holders(before) == _holders(after)


class Units:
    """What is done with units."""

    @step(
        Unit,
        NEW,
        "titled",
        by=REGISTRAR,
        mode=Mode.BATCH,
        guards=(known_parties, registered_before),
        moves=(Move(Title, (NEW,), "certified"), Move(Mortgage, (NEW,), "live")),
    )
    def take_over(
        self,
        call: Call[Unit],
        place: Place,
        ownership: Ownership,
        certificate: TitleNumber,
        mortgages: list[OldMortgage],
        term_until: Day | None = None,
    ) -> Changes:
        """Take units over from the former register, with title and mortgages: none can be dated back later.

        从原登记簿接收不动产单元及其所有权、抵押权；接收后不得补录更早的抵押权。
        """
        grounds = "former-register"
        changes = entitle(
            call, call.id, ownership, grounds, state="certified", certificate=certificate
        )
        for number, one in enumerate(mortgages, start=1):
            fields = dict(one) | {"unit": call.id, "title": changes["title"]}
            call.create(Mortgage, f"{call.id}M{number:03}", "live", **fields)
        return {**dict(place), "term_until": term_until, **changes}

    @step(Unit, NEW, "titled", by=REGISTRAR, guards=(known_parties,), moves=(NEW_TITLE,))
    def register_first(
        self, call: Call[Unit], place: Place, ownership: Ownership, term_until: Day | None = None
    ) -> Changes:
        """Register a unit for the first time.

        首次登记。
        """
        title = entitle(call, call.id, ownership, "first")
        return {**dict(place), "term_until": term_until, **title}

    @step(Unit, "titled", "titled", by=REGISTRAR, reason=True)
    def describe_unit(self, call: Call[Unit], place: Place, survey: Survey) -> Changes:
        """Describe a unit by a new survey: its rights stay as they are.

        依测绘成果更正不动产的坐落、面积、用途，权利不变。
        """
        return dict(place)

    @step(
        Unit,
        "titled",
        "retired",
        by=REGISTRAR,
        guards=(unencumbered, same_holders, area_kept),
        moves=(END_TITLE, NEW_TITLE, Move(Unit, (NEW,), "titled")),
    )
    def split(
        self,
        call: Call[Unit],
        parts: Annotated[list[Part], Field(min_length=2, max_length=50)],
        survey: Survey,
    ) -> Changes:
        """Split a unit into others, whose areas are its own within the tolerance of surveys.

        分割：各新单元面积之和须与原面积在测绘误差内相符。
        """
        for part in parts:
            fields = dict(part.place) | entitle(call, part.code, part.ownership, "split")
            fields |= {"origins": (call.id,), "term_until": call.record.term_until}
            call.create(Unit, part.code, "titled", **fields)
        call.move(Title, str(call.record.title), "ended")
        return {"title": None}

    @step(
        Unit,
        NEW,
        "titled",
        by=REGISTRAR,
        guards=(unencumbered, same_holders, area_kept),
        moves=_MERGE,
    )
    def merge(
        self,
        call: Call[Unit],
        parents: Annotated[list[UnitCode], Field(min_length=2, max_length=50)],
        place: Place,
        ownership: Ownership,
        survey: Survey,
        term_until: Day | None = None,
    ) -> Changes:
        """Merge units into one, whose area is theirs within the tolerance of surveys.

        合并：新单元面积须与各原单元面积之和在测绘误差内相符。
        """
        for each in parents:
            title = call.need(Unit, each).title
            call.move(Unit, each, "retired", title=None)
            call.move(Title, str(title), "ended")
        made = entitle(call, call.id, ownership, "merger") | {"origins": tuple(parents)}
        return {**dict(place), "term_until": term_until, **made}

    @step(
        Unit,
        "titled",
        "retired",
        by=REGISTRAR,
        guards=(unencumbered,),
        reason=True,
        moves=(END_TITLE,),
    )
    def retire(self, call: Call[Unit]) -> Changes:
        """Retire a unit that no longer exists, or was expropriated.

        注销登记：不动产灭失或被依法征收。
        """
        call.move(Title, str(call.record.title), "ended")
        return {"title": None}


def _ownership(call: Call[Unit], unit: str) -> Ownership:
    """Return who held a unit under its last title."""
    titles = call.need(Unit, unit).titles
    return call.need(Title, title_id(unit, titles)).ownership


def _holders(owned: Iterable[Ownership]) -> set[str]:
    return {key for one in owned for key in one.parts()}

"""What must be true of the steps of items and cases."""

from collections.abc import Iterator
from typing import Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.steps import guard
from pyfabric_municipal.common.values.licences import licence_type_of
from pyfabric_municipal.common.values.timestamps import beijing_day
from pyfabric_municipal.directory.description import ShareType
from pyfabric_municipal.directory.records import PUBLISHED as LIVE
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.services.records import IN_USE, Case, Content, Edition, Item
from pyfabric_municipal.services.roles import HANDLER, REVIEWER

LICENCE_TYPES: Final = "licence-types"
PROCEDURES: Final = "special-procedures"
_USCC_LENGTH: Final = 18
_DAY: Final = 86_400


def published(call: Call[Item]) -> Content:
    """Return the content that a step publishes."""
    found = call.after.content
    if found is None:
        raise LookupError(f"{call.step.name} publishes nothing")
    return found


def suppliers(session: Session, datum: str) -> Iterator[str]:
    """Yield the codes of the directory's resources that give a data element to other departments today."""
    for one in session.find(Resource, "datum", datum):
        is_shared = one.description.share.type is not ShareType.NOT_SHARED
        if one.state == LIVE and is_shared:
            yield one.id


@guard(
    "other-implementer",
    "事项编码 {item} 不属于 {department}（{uscc}）",
    "item {item} is not one of {department} ({uscc})",
    example=Example(),
)
def of_the_department(call: Call[Item]) -> Verdict:
    """Hold if the item's code begins with the social credit code of the department."""
    department = call.after.department
    found = call.governance.department(department)
    uscc = "" if found is None else found.uscc
    own = call.id[:_USCC_LENGTH] == uscc
    return own or {"item": call.id, "department": department, "uscc": uscc}


@guard(
    "no-reviewer",
    "会办部门 {department} 不是另一个在册部门",
    "{department} cannot review: it is not another active department of the register",
    example=Example(),
)
def reviewed_by_others(call: Call[Item]) -> Verdict:
    """Hold if all reviewers are other departments, registered and active."""
    for one in published(call).reviewers:
        found = call.governance.department(one)
        if one == call.record.department or found is None or found.state != "active":
            return {"department": one}
    return True


@guard(
    "directory-supplies",
    "材料 {material} 中的 {datum} 可由目录资源 {resource} 共享取得，不得要求申请人提供",
    "material {material} asks for {datum}, which resource {resource} of the directory supplies: map it to the resource",
    example=Example(),
)
def asks_nothing_known(call: Call[Item]) -> Verdict:
    """Hold if the applicant is asked for nothing that the directory can supply."""
    for material in filter(lambda one: one.is_asked, published(call).materials):
        for datum in material.data:
            for resource in suppliers(call.session, datum):
                return {"material": material.code, "datum": datum, "resource": resource}
    return True


@guard(
    "not-supplied",
    "材料 {material} 所列资源未提供 {datum}：资源须已发布、可共享并采集该数据元",
    "the resources of material {material} do not supply {datum}: they must be published, shared and collect it",
    example=Example(),
)
def supplied_as_mapped(call: Call[Item]) -> Verdict:
    """Hold if the resources to which a material is mapped supply all that it shows."""
    for material in filter(lambda one: one.sources, published(call).materials):
        for datum in material.data:
            if not set(material.sources) & set(suppliers(call.session, datum)):
                return {"material": material.code, "datum": datum}
    return True


@guard(
    "no-licence-type",
    "证照类型 {type} 不在现行证照类型表中",
    "{type} is not in the list of licence types that is in force",
    code_lists=(LICENCE_TYPES,),
    example=Example(),
)
def licences_listed(call: Call[Item]) -> Verdict:
    """Hold if the licences that stand for materials, and the one that is issued, are of listed types."""
    content = published(call)
    named = {content.result, *(one.licence for one in content.materials)} - {None}
    listed = call.in_force(LICENCE_TYPES, on=beijing_day(call.now)).codes
    unknown = sorted(one for one in named if one and one not in listed)
    return not unknown or {"type": unknown[0]}


@guard(
    "not-in-use",
    "事项 {item} 的状态是 {state}，不能收件",
    "item {item} is {state}: no case of it can be submitted",
    example=Example(first=("retire",)),
)
def item_in_use(call: Call[Case]) -> Verdict:
    """Hold if the item is published."""
    item = call.need(Item, call.after.item)
    return item.state in IN_USE or {"item": item.id, "state": item.state}


@guard(
    "other-key",
    "申请人标识须用约定的密钥 {wanted}、用途 services 生成",
    "applicants and objects are blinded by the key {wanted} for the purpose services",
    parameters=("blinding-key",),
    example=Example(parameters={"blinding-key": "another-1"}),
)
def blinded_as_agreed(call: Call[Case]) -> Verdict:
    """Hold if applicant and object are blinded by the key that windows have agreed on: only then is one found twice."""
    wanted, case = call.parameter("blinding-key"), call.after
    named = [(one.key_id, one.purpose) for one in (case.applicant, case.object) if one is not None]
    return set(named) == {(wanted, "services")} or {"wanted": wanted}


@guard(
    "not-asked",
    "事项没有要求申请人提供 {material}",
    "the item does not ask the applicant for {material}",
    example=Example(arguments={"materials": ["business_licence"]}),
)
def only_what_is_asked(call: Call[Case]) -> Verdict:
    """Hold if a case has, and a supplement names, only what the item's edition asks from applicants."""
    other = {*call.after.given, *(call.after.supplement or ())} - edition_of(call).asked()
    return not other or {"material": min(other)}


@guard(
    "supplement-twice",
    "补正材料只能一次性告知",
    "supplements have been asked for: they are asked for once",
    example=Example(first=("supply",)),
)
def asked_once(call: Call[Case]) -> Verdict:
    """Hold if no supplement has been asked for in this case."""
    return call.record.supplement is None


@guard(
    "not-all-named",
    "缺少的材料 {material} 未列入一次性告知",
    "{material} is missing, too: name all at once",
    example=Example(
        id="@submit#partial", first=("submit#partial",), arguments={"materials": ["lease"]}
    ),
)
def all_named(call: Call[Case]) -> Verdict:
    """Hold if the request for supplements names all that is missing."""
    left = edition_of(call).asked() - {*call.after.given, *(call.after.supplement or ())}
    return not left or {"material": min(left)}


@guard(
    "incomplete",
    "缺少材料 {material}",
    "{material} is missing",
    example=Example(id="@submit#partial", first=("submit#partial",)),
)
def complete(call: Call[Case]) -> Verdict:
    """Hold if all is there that the item asks for."""
    left = edition_of(call).asked() - set(call.record.given)
    return not left or {"material": min(left)}


@guard(
    "no-procedure",
    "{procedure} 不是可以中止计时的特别程序",
    "{procedure} is no procedure for which the clock may stop",
    code_lists=(PROCEDURES,),
    example=Example(arguments={"procedure": "lunch"}),
)
def special_procedure(call: Call[Case]) -> Verdict:
    """Hold if the law does not count the days of this procedure."""
    procedure = call.after.procedure
    codes = call.in_force(PROCEDURES, on=beijing_day(call.now)).codes
    return procedure in codes or {"procedure": procedure}


@guard(
    "no-time-left",
    "本件累计中止时间已用完",
    "the clock of this case has been stopped for as long as it may be",
    parameters=("stop-days",),
    example=Example(first=("wake",)),
)
def may_still_stop(call: Call[Case]) -> Verdict:
    """Hold if some of the total time of stops is left."""
    left = call.after.stop_left
    return left is not None and left > 0


@guard(
    "already-late",
    "办理已于 {due} 到期，不得中止计时",
    "the case was due at {due}: its clock cannot be stopped",
    timed=True,
    example=Example(later=90 * _DAY),
)
def in_time(call: Call[Case]) -> Verdict:
    """Hold if the department is not late yet."""
    due = due_of(call.record)
    return call.is_open(due) or {"due": due}


@guard(
    "not-reviewed",
    "会办部门 {department} 尚未反馈意见",
    "{department} has not answered in the joint review",
    example=Example(id="@accept#other", first=("accept#other",)),
)
def reviewed(call: Call[Case]) -> Verdict:
    """Hold if all departments have answered that review side by side, or are too late."""
    asked = (wait for wait in call.record.waiting if wait.role == REVIEWER.name)
    left = sorted(party.name for wait in asked for party in wait.parties)
    return not left or {"department": left[0]}


@guard(
    "objected",
    "会办部门 {department} 不同意",
    "{department} has objected in the joint review: the case can only be refused",
    example=Example(id="@accept#other", first=("advise#against",)),
)
def unopposed(call: Call[Case]) -> Verdict:
    """Hold if no department has objected."""
    against = [one.department for one in call.record.opinions if not one.agrees]
    return not against or {"department": against[0]}


@guard(
    "other-result",
    "结果证照须为 {wanted}",
    "the result of this case is: {wanted}",
    example=Example(arguments={"licence": None}),
)
def promised_result(call: Call[Case]) -> Verdict:
    """Hold if the licence that is issued is of the edition's type; a case that was refused, or has none, issues none."""
    case = call.after
    wanted = edition_of(call).result if case.granted else None
    given = None if case.licence is None else licence_type_of(case.licence)
    return given == wanted or {"wanted": wanted or "-"}


@guard(
    "satisfied",
    "评价不是差评",
    "the grade is not low",
    parameters=("low-grade",),
    example=Example(arguments={"grade": 5}),
)
def is_low(call: Call[Case]) -> Verdict:
    """Hold if the grade is one that the department must answer."""
    return call.after.grade is not None and call.after.grade <= call.parameter("low-grade")


def edition_of(call: Call[Case]) -> Content:
    """Return what the item said when the case was submitted."""
    return call.need(Edition, call.after.edition).content


def due_of(case: Case) -> str:
    """Return when the handling department is due; the case's clock must be running."""
    waits = (wait for wait in case.waiting if wait.role == HANDLER.name)
    return min(party.due for wait in waits for party in wait.parties if party.due is not None)

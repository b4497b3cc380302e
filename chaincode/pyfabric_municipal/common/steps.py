"""Steps: each is declared once, on the record that it changes, and is a function of the contract."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import Parameter, Signature
from typing import Annotated, Any, Final, TypeAlias, get_args, get_origin, get_type_hints

from pydantic import Field, create_model

from pyfabric.chaincode import Context, transaction
from pyfabric_municipal.common.authorisation import Authorisation
from pyfabric_municipal.common.private import Collection
from pyfabric_municipal.common.records import NEW, WRITTEN, Fact, Record
from pyfabric_municipal.common.refusals import Example, Rule, Verdict
from pyfabric_municipal.common.roles import ANYBODY, HolderRole, On, Role
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import Count, Model, Positive, Text
from pyfabric_municipal.common.waiting import Limit

Changes: TypeAlias = Mapping[str, Any] | None
"""What a step changes besides the state: fields of its record."""

Effect: TypeAlias = Callable[..., Changes]
States: TypeAlias = str | tuple[str, ...]

MAX_ROWS: Final = 100
MAX_EVENT_FIELDS: Final = 8

_ID: Final = about("The id of the record.", "记录编号")
_BATCH: Final = about("The key of the batch, which counts once.", "批次号，只能使用一次")
_ROWS: Final = about(
    "The records, all or none of which are taken.", "各条记录，全部办理或全部不办理"
)
_MOST: Final = about("How many records at most this transaction takes.", "本次最多办理多少条记录")
_AFTER: Final = about(
    "Where an earlier call stopped (`passed` of its outcome); none: from the beginning.",
    "上次办理到的位置（结果中的 passed）；省略则从头开始",
)
_SIGNATURE: Final = about("The signature of the record's holder.", "持有人的签名")
Reason = Annotated[
    str, about("Why: everybody reads it, so no personal data.", "理由；对外可见，不得含个人信息")
]
"""The reason of a step that needs one."""


@dataclass(frozen=True)
class Guard(Rule):
    """A condition of a step: `test` gets the step's `Call`, `example` is one call that it refuses.

    `parameters` are those that it reads of the contract `city`, `code_lists` the lists in force on the proposal's
    day, `roles` the appointed roles; a `timed` one reads the channel's clock. A parameter of another contract has its
    name before it: `credit/score-model`.
    """

    test: Callable[[Any], Verdict]
    example: Example
    parameters: tuple[str, ...] = ()
    timed: bool = False
    code_lists: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


def guard(
    code: str,
    zh: str,
    en: str,
    *,
    example: Example = Example(),  # noqa: B008 - it is frozen
    parameters: tuple[str, ...] = (),
    timed: bool = False,
    code_lists: tuple[str, ...] = (),
    roles: tuple[str, ...] = (),
) -> Callable[[Callable[[Any], Verdict]], Guard]:
    """Declare a function as a guard. Texts name facts in braces: the test returns them when it refuses.

    `parameters`, `timed`, `code_lists` and `roles` say what it asks of `city`, so that this is asked with the rest.
    """
    return lambda test: Guard(code, zh, en, test, example, parameters, timed, code_lists, roles)


@dataclass(frozen=True)
class Target:
    """A state to which a step leads if its condition holds; without one, if no earlier target's did."""

    state: str
    when: Guard | None = None


@dataclass(frozen=True)
class Wait:
    """Whom a step has its record wait for next: `need` of those who have the role (0: all), within a limit.

    `need` is a number, or where on the record it stands. `exit` is the step that anybody may take when it is
    due; without a role it waits for the day alone. A wait with `states` begins only in one of them and goes on
    through all of them, whichever steps are taken; else it ends when the state changes. A role of `On` a field that
    is empty waits for nobody.
    """

    role: Role | None
    limit: Limit
    exit: str = ""
    need: int | On = 0
    states: tuple[str, ...] = ()


@dataclass(frozen=True)
class Move:
    """A change that a step makes to other records: their type, from which states to which, whom they wait for."""

    record: type[Record]
    sources: tuple[str, ...]
    target: str
    waits: tuple[Wait, ...] = ()


class Mode(StrEnum):
    """How many records one transaction takes through a step."""

    SINGLE = "single"
    BATCH = "batch"
    CONTINUED = "continued"


class Timer(StrEnum):
    """What a step does to the waits that run."""

    RUNS = "runs"
    STOPS = "stops"
    RESUMES = "resumes"


class Outcome(Model):
    """What a step came to, for `count` records.

    `denied` is the code of a refusal that was recorded. Of a continued step, `left` says that there is more to do,
    and `passed` is where the next call goes on (`after`).
    """

    id: str
    state: str
    revision: Count
    count: Count = 1
    denied: str = ""
    left: bool = False
    passed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step as it was declared; see `step`."""

    name: str
    doc: str
    record: type[Record]
    sources: tuple[str, ...]
    targets: tuple[Target, ...]
    by: tuple[Role, ...]
    guards: tuple[Guard, ...]
    reason: bool
    waits: tuple[Wait, ...]
    joins: bool
    when_due: bool
    timer: Timer
    moves: tuple[Move, ...]
    event: tuple[str, ...]
    denies: tuple[Rule, ...]
    parameters: tuple[str, ...]
    mode: Mode
    over: str
    effect: Effect = field(repr=False)
    arguments: tuple[Parameter, ...]
    private: Mapping[str, tuple[Any, Collection]]

    @property
    def creates(self) -> bool:
        """Whether the step makes a new record."""
        return self.sources == (NEW,)

    @property
    def conditions(self) -> tuple[Guard, ...]:
        """All that is looked at: the guards, and the conditions of the targets."""
        return (*self.guards, *(one.when for one in self.targets if one.when is not None))

    @property
    def names_itself(self) -> bool:
        """Whether the record that the step makes has the transaction's id."""
        return self.creates and self.record.ID == "transaction"

    @property
    def is_timed(self) -> bool:
        """Whether the step reads the channel's clock, whatever its record says."""
        return self.is_signed or any(one.timed for one in self.conditions)

    @property
    def is_signed(self) -> bool:
        """Whether a holder's signature may come with the call."""
        return any(isinstance(role, HolderRole) for role in self.by)


def step(
    record: type[Record],
    sources: States,
    targets: str | tuple[Target, ...] = WRITTEN,
    *,
    by: Role | tuple[Role, ...],
    guards: tuple[Guard, ...] = (),
    reason: bool = False,
    waits: Wait | tuple[Wait, ...] = (),
    joins: bool = False,
    when_due: bool = False,
    timer: Timer = Timer.RUNS,
    moves: tuple[Move, ...] = (),
    event: tuple[str, ...] = (),
    denies: tuple[Rule, ...] = (),
    parameters: tuple[str, ...] = (),
    mode: Mode = Mode.SINGLE,
    over: str = "",
) -> Callable[[Effect], Callable[..., Outcome]]:
    """Declare a step of a record; the method is its effect and returns the fields that it changes.

    A new record has the arguments that are named as its fields, of private ones the commitments, unless the effect
    says otherwise.

    The method takes a `Call` and the step's arguments, its docstring has the texts for people: a paragraph in
    Chinese beside the English one, and `about` beside an argument's type. `sources` are the states from which it is possible,
    `by` who may take it, `guards` what must be true. `joins`: it is one of several answers, and the record
    moves on when the last one that is needed is there. `when_due`: anybody may take it, once a wait of
    the record is due. `timer` stops or resumes the waits that run. `moves` are changes of other records.
    `event` names fields of the record that the event has. A refusal by one of the rules `denies` is recorded.
    `parameters` are those that the effect reads of the contract `city`, so that they are asked with the rest.
    The arguments of a record that is private as a whole travel as transient data, too.
    In a batch, the transient value of a private argument is an object with a value for each row, by the row's id.
    A batch takes many records, all or none; a continued step takes the next ones of the index `over`, behind
    those that its caller has passed (`after`).
    """

    def declare(effect: Effect) -> Callable[..., Outcome]:
        hints = get_type_hints(effect, include_extras=True)
        given = list(inspect.signature(effect).parameters.values())[2:]
        typed = [each.replace(annotation=hints[each.name]) for each in given]
        private = {each.name: found for each in typed if (found := _collection(each.annotation))}
        declared = Step(
            name=effect.__name__,
            doc=inspect.getdoc(effect) or "",
            record=record,
            sources=_several(sources),
            targets=(Target(targets),) if isinstance(targets, str) else targets,
            by=_several(by) or (ANYBODY,),
            guards=guards,
            reason=reason,
            waits=_several(waits),
            joins=joins,
            when_due=when_due,
            timer=timer,
            moves=moves,
            event=event,
            denies=denies,
            parameters=parameters,
            mode=mode,
            over=over,
            effect=effect,
            arguments=tuple(each for each in typed if each.name not in private),
            private=private,
        )
        _require_sayable(declared)
        return _function(declared)

    return declare


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _collection(hint: Any) -> tuple[Any, Collection] | None:
    """Return the type and the collection of a private argument, None for another one."""
    if get_origin(hint) is not Annotated:
        return None
    base, *marks = get_args(hint)
    found = next((mark for mark in marks if isinstance(mark, Collection)), None)
    if found is None:
        return None
    kept = tuple(mark for mark in marks if mark is not found)
    return (Annotated[(base, *kept)] if kept else base), found


def _require_sayable(declared: Step) -> None:
    """Raise TypeError for a declaration that means nothing."""
    name = f"{declared.record.KIND}.{declared.name}"
    if issubclass(declared.record, Fact) and not declared.creates:
        raise TypeError(f"{name}: a fact is written once; correct it by a further one")
    if NEW in declared.sources and not declared.creates:
        raise TypeError(f"{name} both creates and changes a record: declare two steps")
    if (declared.mode is Mode.CONTINUED) != bool(declared.over):
        raise TypeError(f"{name}: a continued step, and no other, works off an index (over)")
    if any((one.when is None) != (one is declared.targets[-1]) for one in declared.targets):
        raise TypeError(f"{name}: each target but the last has a condition")
    if declared.event and declared.record.COLLECTION:
        raise TypeError(f"{name}: {declared.record.KIND} is private, and an event is public")
    if len(declared.event) > MAX_EVENT_FIELDS:
        raise TypeError(f"{name}: an event has at most {MAX_EVENT_FIELDS} fields of its record")
    if declared.mode is Mode.CONTINUED and declared.private:
        raise TypeError(f"{name}: a continued step finds its records, and has no private arguments")
    if declared.mode is not Mode.SINGLE and declared.denies:
        raise TypeError(f"{name}: recorded refusals belong to one record")
    if declared.when_due and (
        declared.guards
        or declared.reason
        or len(declared.targets) > 1
        or not all(role.is_anybody for role in declared.by)
    ):
        raise TypeError(f"{name}: an exit by time is open to anybody and leads to one state")


def _function(declared: Step) -> Callable[..., Outcome]:
    """Return the contract's function of a step, with the arguments that its mode has."""
    arguments = {Mode.SINGLE: _single, Mode.BATCH: _batch, Mode.CONTINUED: _continued}
    added = sorted(arguments[declared.mode](declared), key=_is_optional)
    names = [each.name for each in added]

    def run(self: Any, ctx: Context, *given: Any) -> Outcome:
        found = dict(zip(names, given, strict=False))
        outcome: Outcome = self.run_step(ctx, self.STEPS[declared.name], found)
        return outcome

    fixed = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in ("self", "ctx")]
    run.__name__, run.__qualname__ = declared.name, declared.effect.__qualname__
    run.__module__, run.__doc__ = declared.effect.__module__, declared.doc
    run.__signature__ = Signature([*fixed, *added])  # type: ignore[attr-defined]
    run.__annotations__ = {"ctx": Context, "return": Outcome} | {
        each.name: each.annotation for each in added
    }
    run.step = declared  # type: ignore[attr-defined]
    return transaction(run)


def _single(declared: Step) -> list[Parameter]:
    return [
        *([] if declared.names_itself else [_argument("id", _id_of(declared))]),
        *(() if declared.record.COLLECTION else declared.arguments),
        *([_argument("reason", Reason)] if declared.reason else []),
        *([_authorisation(declared)] if declared.is_signed else []),
    ]


def _id_of(declared: Step) -> Any:
    """Return the type of the argument that names the record."""
    return Annotated[declared.record.ID_TYPE, _ID]


def _authorisation(declared: Step) -> Parameter:
    if all(isinstance(role, HolderRole) for role in declared.by):
        return _argument("authorisation", Annotated[Authorisation, _SIGNATURE])
    hint = Annotated[Authorisation | None, _SIGNATURE]
    return _argument("authorisation", hint).replace(default=None)


def _is_optional(argument: Parameter) -> bool:
    return argument.default is not Parameter.empty


def _batch(declared: Step) -> list[Parameter]:
    fields: dict[str, Any] = {
        each.name: (each.annotation, ... if each.default is Parameter.empty else each.default)
        for each in declared.arguments
    }
    row = create_model(
        f"{declared.name.title()}Row", __base__=Model, id=(_id_of(declared), ...), **fields
    )
    rows: Any = Annotated[list[row], Field(min_length=1, max_length=MAX_ROWS), _ROWS]  # type: ignore[valid-type]
    return [
        _argument("batch", Annotated[Text, _BATCH]),
        _argument("rows", rows),
        *([_argument("reason", Reason)] if declared.reason else []),
    ]


def _continued(declared: Step) -> list[Parameter]:
    value = about(
        f"The value of the index `{declared.over}` whose records are next.",
        f"索引 `{declared.over}` 的值，办理该值下的记录",
    )
    return [
        _argument("value", Annotated[str, value]),
        _argument("most", Annotated[Positive, Field(le=MAX_ROWS), _MOST]),
        *([_argument("reason", Reason)] if declared.reason else []),
        _argument("after", Annotated[list[str] | None, _AFTER]).replace(default=None),
    ]


def _argument(name: str, hint: Any) -> Parameter:
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=hint)


def private_argument(
    steps: Iterable[Step], record: type[Record], name: str
) -> tuple[Any, Collection] | None:
    """Return type and collection of a private argument of a record's steps, None if no step has it."""
    own = (one.private for one in steps if one.record.KIND == record.KIND)
    return next((private[name] for private in own if name in private), None)


def steps_of(contract: type) -> Mapping[str, Step]:
    """Return the steps that a contract's class declares, by name."""
    names = {name: None for base in reversed(contract.__mro__) for name in vars(base)}
    found: Sequence[Any] = [getattr(contract, name) for name in names]
    return {
        each.step.name: each.step for each in found if isinstance(getattr(each, "step", None), Step)
    }

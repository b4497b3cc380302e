"""Batches whose rows have private parts, guards that ask for code lists, and what a denial says."""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar

import pytest
from pyfabric_cli.data.forms import Form, function_of
from pyfabric_cli.data.schemas import Schemas
from pyfabric_cli.data.tables import Row, Table
from pyfabric_municipal.common import (
    CLAIMED,
    NEW,
    Call,
    Changes,
    Claim,
    Collection,
    Example,
    Fact,
    Mode,
    Role,
    Sealed,
    Tracked,
    Verdict,
    guard,
    step,
)
from pyfabric_municipal.common.expecting import questions
from pyfabric_municipal.common.governance import CodeList
from pyfabric_municipal.common.private import commitment
from pyfabric_municipal.common.testing import FixedGovernance, Person, Sample, Story
from pyfabric_municipal.common.testing.cases import Case, cases
from pyfabric_municipal.common.testing.fixed import WithFixedGovernance
from pyfabric_municipal.common.testing.mutants import survivors
from pyfabric_municipal.common.testing.stage import Stage, certificate, salt_of
from pyfabric_municipal.common.values import Digest, Model, PositiveFen, beijing_day

from pyfabric.chaincode import ClientIdentity, ContractError
from pyfabric.chaincode.testing import CollectionConfig

POST, SHOP = "PostMSP", "ShopMSP"
CLERK = Role("clerk", "柜员", attribute=("role", "clerk"))


class Worth(Model):
    """What a parcel is worth, which its block does not show."""

    fen: PositiveFen


class Parcel(Tracked):
    """A parcel."""

    KIND: ClassVar[str] = "parcel"
    CLAIMS: ClassVar = (Claim("shelf", lambda one: [(one.shelf,)]),)

    kind: str
    shelf: str
    worth: Digest


class Check(Fact):
    """A check of a parcel's worth."""

    KIND: ClassVar[str] = "check"

    parcel: str


@guard(
    "kind-unknown",
    "没有类别 {kind}",
    "there is no kind {kind}",
    example=Example(arguments={"kind": "gold"}),
    code_lists=("parcel-kinds",),
)
def is_listed(call: Call[Parcel]) -> Verdict:
    """Hold for a kind in the list in force."""
    kinds = call.in_force("parcel-kinds", on=beijing_day(call.now)).codes
    return call.after.kind in kinds or {"kind": call.after.kind}


@guard(
    "too-dear",
    "价值超限",
    "the parcel is worth too much",
    example=Example(private={"worth": {"fen": 1001}}),
)
def is_cheap(call: Call[Parcel]) -> Verdict:
    """Hold for a parcel that is worth 1,000 fen at most."""
    return bool(call.unseal("worth", Worth).value.fen <= 1000)


@guard(
    "worthless",
    "价值过低",
    "the parcel is worth too little",
    example=Example(first=("keep#cheap",), arguments={"parcel": "P9"}),
)
def has_worth(call: Call[Check]) -> Verdict:
    """Hold for a parcel of another type of record than the step's that is worth something."""
    return bool(call.unseal("worth", Worth, call.after.parcel, of=Parcel).value.fen > 1)


Worths = Annotated[Sealed[Worth], Collection("worths")]


class Post(WithFixedGovernance):
    """Parcels that arrive together."""

    name = "Post"
    RECORDS = (Parcel, Check)

    @step(Parcel, NEW, "stored", by=CLERK, guards=(is_listed, is_cheap), mode=Mode.BATCH)
    def store(self, call: Call[Parcel], kind: str, shelf: str, worth: Worths) -> Changes:
        """Store parcels, all or none."""

    @step(Parcel, NEW, "stored", by=CLERK, guards=(is_listed,), denies=(CLAIMED,))
    def keep(self, call: Call[Parcel], kind: str, shelf: str, worth: Worths) -> Changes:
        """Store a parcel; a second one on its shelf is recorded as denied."""

    @step(Check, NEW, by=CLERK, guards=(has_worth,))
    def check(self, call: Call[Check], parcel: str) -> Changes:
        """Check a parcel."""
        return {"parcel": call.need(Parcel, parcel).id}


PRIVATE = {"worth": {"fen": 500}}
STORY = Story(
    contract=Post,
    governance=FixedGovernance(
        code_lists=(CodeList("parcel-kinds", 1, date(2020, 1, 1), None, {"box": "盒"}),)
    ),
    people={
        "clerk": Person(POST, {"role": "clerk", "staff": "1"}),
        "passer-by": Person(SHOP, {"staff": "2"}),
    },
    samples={
        "store": Sample("clerk", "P1", {"kind": "box", "shelf": "A"}, private=PRIVATE),
        "keep": Sample("clerk", "P2", {"kind": "box", "shelf": "B"}, private=PRIVATE),
        "keep#cheap": Sample(
            "clerk", "P9", {"kind": "box", "shelf": "C"}, private={"worth": {"fen": 1}}
        ),
        "check": Sample("clerk", "C1", {"parcel": "P2"}, first=("keep",)),
    },
    outsider="passer-by",
    now=datetime(2026, 3, 11, 2, 0, tzinfo=UTC),
    collections=(CollectionConfig(name="worths", policy=f"OR('{POST}.member')"),),
    organizations=(POST, SHOP),
)


@pytest.mark.parametrize("case", cases(STORY), ids=str)
def test_what_the_declarations_say(case: Case) -> None:
    case.run()


def test_each_rule_is_noticed_where_it_is_missing() -> None:
    assert survivors(STORY) == []


def _store(stage: Stage, worths: dict[str, Any]) -> None:
    rows = [{"id": one, "kind": "box", "shelf": one} for one in ("P1", "P2")]
    sealed = {name: {"salt": salt_of(name), "value": value} for name, value in worths.items()}
    stage.ledger.submit(
        "Post:store",
        "file-1",
        rows,
        as_=certificate(STORY.people["clerk"]),
        transient={"worth": json.dumps(sealed).encode()},
    )


def test_each_row_of_a_batch_has_its_private_part() -> None:
    stage = Stage(STORY)
    worths = {"P1": {"fen": 1}, "P2": {"fen": 2}}
    _store(stage, worths)
    found = {one.id: one.worth for one in stage.records(Parcel)}
    assert found == {name: commitment(salt_of(name), one) for name, one in worths.items()}


@pytest.mark.parametrize(
    ("worths", "code", "row"),
    [
        ({"P1": {"fen": 1}}, "transient", 2),
        ({"P1": {"fen": 1}, "P2": {"fen": 2000}}, "post.too-dear", 2),
    ],
)
def test_a_batch_is_refused_whole_by_its_private_parts(
    worths: dict[str, Any], code: str, row: int
) -> None:
    stage = Stage(STORY)
    with pytest.raises(ContractError) as caught:
        _store(stage, worths)
    assert (caught.value.code, caught.value.facts["row"]) == (code, row)
    assert stage.ledger.keys() == []


def test_a_denial_has_the_facts_and_is_found_by_each() -> None:
    stage = Stage(STORY)
    stage.reach("keep")
    stage.take("keep", record_id="P3")
    by_value, by_holder = (
        json.loads(stage.ledger.evaluate("Post:listed", "denial", "fact", [one], 10, ""))["items"]
        for one in ("B", "parcel P2")
    )
    assert by_value == by_holder
    assert by_value[0]["facts"] == {"claim": "shelf", "value": "B", "holder": "parcel P2"}


def test_a_member_of_the_collection_discloses_a_private_part() -> None:
    stage = Stage(STORY)
    stage.reach("keep")
    found = json.loads(stage.ledger.evaluate("Post:disclosed", "parcel", "P2", "worth"))
    assert found == {"salt": salt_of("worth"), "value": {"fen": 500}}
    with pytest.raises(ContractError) as caught:
        stage.ledger.evaluate("Post:disclosed", "parcel", "P2", "kind")
    assert caught.value.code == "no-part"


def test_a_code_list_is_asked_for_with_the_rest() -> None:
    client = ClientIdentity(certificate(STORY.people["clerk"]).serialized())
    asked = list(questions(Post.STEPS["keep"], "post", client, date(2026, 3, 11)))
    assert asked == [("code_list", "parcel-kinds", "2026-03-11")]


def test_a_table_of_many_rows_brings_the_private_part_of_each() -> None:
    stage = Stage(STORY)
    metadata = json.loads(stage.ledger.evaluate("org.hyperledger.fabric:GetMetadata"))
    form = Form(function_of(metadata, "Post:store"), Schemas(metadata))
    sealed = {one: {"salt": salt_of(one), "value": {"fen": 5}} for one in ("P1", "P2")}
    cells = [
        {"id": one, "kind": "box", "shelf": one, "worth": json.dumps(part)}
        for one, part in sealed.items()
    ]
    rows = tuple(Row(number, each) for number, each in enumerate(cells, start=2))
    entries, wrong = form.entries(Table(tuple(cells[0]), rows, typed=False))
    (call,) = form.calls(entries, 100, "k")
    clerk = certificate(STORY.people["clerk"])
    stage.ledger.submit("Post:store", *call.arguments, as_=clerk, transient=call.transient)
    assert wrong == []
    assert {one.id for one in stage.records(Parcel)} == set(sealed)

"""Items and cases come from tables, and go back into them (`pyfabric data`)."""

import json
from collections.abc import Mapping

from pyfabric_cli.data.forms import Form, function_of
from pyfabric_cli.data.schemas import Schemas
from pyfabric_cli.data.tables import Row, Table
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.services.records import Case, Item

from tests.support.municipal.services_story import ITEM, OTHER, PEOPLE, STORY, case, content


def submit(stage: Stage, function: str, rows: list[Mapping[str, str]], by: str) -> None:
    """Submit the rows of a table, as `pyfabric data import` does."""
    metadata = json.loads(stage.ledger.evaluate("org.hyperledger.fabric:GetMetadata"))
    form = Form(function_of(metadata, function), Schemas(metadata))
    table = Table(tuple(rows[0]), tuple(Row(n, row) for n, row in enumerate(rows, 2)), typed=False)
    entries, faults = form.entries(table)
    assert faults == []
    for call in form.calls(entries, 100, "file"):
        stage.ledger.submit(function, *call.arguments, as_=certificate(PEOPLE[by]))


def test_items_come_from_a_table() -> None:
    stage, rows = Stage(STORY), []
    for code, days in ((ITEM, "10"), (OTHER, "7")):
        made = content()
        rows.append(
            {
                "id": code,
                "content.title": made["title"],
                "content.basis": made["basis"],
                "content.legal_days": "20",
                "content.promised_days": days,
                "content.exclusive": "是",
                "content.reviewers": ";".join(made["reviewers"]),
                "content.materials": json.dumps(made["materials"]),
                "content.result": made["result"],
            }
        )
    submit(stage, "Services:enter", rows, "handler")
    items = stage.records(Item)
    assert [(one.id, one.coming.promised_days) for one in items] == [(ITEM, 10), (OTHER, 7)]
    assert items[0].coming.model_dump(mode="json")["materials"][0]["code"] == "floor_plan"


def test_cases_come_from_a_table() -> None:
    stage = Stage(STORY)
    stage.reach("publish")
    made = case(1)
    row = {
        "id": "C1",
        "item": ITEM,
        "public_key": "00" * 44,
        "application": made["application"],
        "materials": "floor_plan;lease",
    }
    row |= {f"applicant.{name}": value for name, value in made["applicant"].items()}
    row |= {f"object.{name}": value for name, value in made["object"].items()}
    submit(stage, "Services:submit", [row], "window")
    assert stage.record(Case, "C1").given == ("floor_plan", "lease")

"""The pages that are made from a contract's declarations."""

import inspect
from pathlib import Path

import pytest
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.description import describe

from tests.support.municipal import example
from tests.support.municipal.example_story import GOVERNANCE
from tools import make_contract_pages as maker

LANGUAGES = {"example.md": "en", "example.zh.md": "zh"}


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Provide both pages of the example."""
    return maker.pages_of(example.ExampleContract(GOVERNANCE))


def rows(page: str) -> list[list[str]]:
    """Return the cells of every row of a page's tables."""
    return [line[2:-2].split(" | ") for line in page.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_page_has_what_was_declared(pages: dict[str, str], name: str) -> None:
    tables = describe(example.ExampleContract)
    shown = rows(pages[name])
    first = [row[0] for row in shown]
    for code, texts in tables["refusals"].items():
        assert [f"`{code}`", texts[LANGUAGES[name]]] in [row[:2] for row in shown]
    for step in tables["steps"]:
        assert f"`{step['step']}`" in first
    for record in tables["records"]:
        assert record["diagram"][LANGUAGES[name]] in pages[name]
        assert {f"`{field['name']}`" for field in record["fields"]} <= set(first)
    assert {len(row) for row in shown} <= {1, 2, 3, 4, 7}


def test_the_pages_are_in_two_languages_and_name_each_other(pages: dict[str, str]) -> None:
    english, chinese = pages["example.md"], pages["example.zh.md"]
    assert "[中文](example.zh.md)" in english
    assert "[English](example.md)" in chinese
    apply = next(row for row in rows(chinese) if row[0] == "`apply`")
    assert apply[1:6] == [
        "`new`",
        "`review`",
        "窗口",
        "`reviewed-by-itself`, `applicant-key`, `too-high`",
        "会办部门（全部），`review_days` 个工作日，逾期 `deem`",
    ]
    assert ["`apply`", "`item`", "string", "申请事项"] in rows(chinese)
    assert ["`store`", "`rows[].id`", "string", "记录编号"] in rows(chinese)
    assert ["`store`", "`rows[].grams`", "integer", ""] in rows(english)
    assert [
        "`apply`",
        "`plan`",
        "Sealed[Plan], transient, collection `plans`",
        "The plan.",
    ] in rows(english)
    assert ["`report`", "`system`", "string, transient, collection `incidents`", ""] in rows(
        english
    )
    who = dict(row for row in rows(english) if len(row) == 2)
    assert who["reviewer"].split(", ") == [
        "a department",
        "named in `reviewers` of the record",
        "attribute `role=reviewer`",
        "not the person who took `apply`",
    ]
    assert ["`stored` if `light` holds, `lighter`"] in [row[2:3] for row in rows(english)]


def test_the_parameters_are_those_of_declarations_and_of_code(pages: dict[str, str]) -> None:
    found = {row[0]: row[1] for row in rows(pages["example.md"]) if len(row) == 2}
    assert found["`supervisor`"] == "role supervisor"
    assert found["`review_days`"] == "limit after `apply`, limit after `file_permit`"
    assert found["`late_seconds`"] == "guard `weighed-late`"
    assert found["`floors`"] == "guard `too-high`"
    assert maker.parameters_in_code(example.ExampleContract) == {"floors"}


def test_contracts_of_the_package_with_declared_steps_are_found() -> None:
    found = maker.contracts()
    assert "Directory" in [one.__name__ for one in found]
    assert len({one.contract_name().lower() for one in found}) == len(found)
    assert all(one.STEPS and inspect.getdoc(one) for one in found)


def test_the_check_names_pages_that_differ_lack_or_are_left_over(
    pages: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Deployed(example.ExampleContract):
        def __init__(self) -> None:
            super().__init__(GOVERNANCE)

    def declared() -> list[type[CityContract]]:
        return [Deployed]

    monkeypatch.setattr(maker, "FOLDER", tmp_path)
    monkeypatch.setattr(maker, "contracts", declared)
    (tmp_path / "example.md").write_text("changed", encoding="utf-8")
    (tmp_path / "gone.md").write_text("left over", encoding="utf-8")
    assert maker.main(["--check"]) == 1
    named = capsys.readouterr().err
    assert all(one in named for one in ("example.md", "example.zh.md", "gone.md"))
    assert maker.main([]) == 0
    assert maker.main(["--check"]) == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == pages

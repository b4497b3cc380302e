"""What a deployed contract of declared steps says of itself, in both languages."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.network import Network

from tests.support.municipal import example
from tests.support.network.network import TOPOLOGY, running_network

Run = Callable[..., Any]
DESCRIBE = ("chaincode", "describe", "example")
KINDS = ("transaction", "query")
WITH_EXAMPLE = (
    TOPOLOGY.replace("[sample]", "[sample, example]")
    + """
  example:
    version: "1.0"
    classes: ["example_contract:Deployed"]
    collections:
      plans: { members: [Tax, Health] }
"""
)
DEPLOYED = """
from pyfabric_municipal.common.testing import FixedGovernance


class Deployed(ExampleContract):
    def __init__(self) -> None:
        super().__init__(FixedGovernance())
"""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Provide a network with the example of a contract of declared steps."""
    folder = tmp_path_factory.mktemp("described")
    source = Path(str(example.__file__)).read_text(encoding="utf-8")
    (folder / "example_contract.py").write_text(source + DEPLOYED, encoding="utf-8")
    with running_network(folder, WITH_EXAMPLE) as network:
        yield network


@pytest.fixture(autouse=True)
def place(described: Network, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYFABRIC_STATE", str(described.folder))
    monkeypatch.setenv("PYFABRIC_LANG", "en")
    monkeypatch.setenv("COLUMNS", "400")
    return described.folder


def test_life_cycles_refusals_and_functions_are_shown(run: Run) -> None:
    shown = run(*DESCRIBE)
    assert shown.code == 0, shown.err
    lines = [line.split() for line in shown.out.splitlines()]
    assert ["application", "apply", "new", "review", "clerk"] in [line[:5] for line in lines]
    text = "the plan has more floors than the city allows"
    assert ["example.too-high", *text.split()] in lines
    assert ["Example:life_cycles", "query", "string"] in [line[:3] for line in lines]
    argument = ["Example:apply", "item", "string", "What", "is", "applied", "for."]
    assert argument in lines


def test_roles_and_refusals_are_in_the_callers_language(run: Run) -> None:
    shown = run(*DESCRIBE, "--lang", "zh")
    lines = [line.split() for line in shown.out.splitlines()]
    assert ["application", "apply", "new", "review", "窗口"] in [line[:5] for line in lines]
    assert ["example.too-high", "超过限高"] in lines
    assert ["Example:apply", "item", "string", "申请事项"] in lines
    assert "提出申请；同一事项的第二次申请记为拒绝。" in shown.out
    assert ["代码", "文字"] in lines
    for each in ("read", "history", "listed", "view", "migrate"):
        (line,) = [one for one in lines if one[:1] == [f"Example:{each}"] and one[1] in KINDS]
        assert line[-1].endswith("。")


def test_the_language_is_that_of_the_environment_or_the_context(
    run: Run, described: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYFABRIC_LANG", "zh")
    assert "超过限高" in run(*DESCRIBE).out
    monkeypatch.delenv("PYFABRIC_LANG")
    monkeypatch.setenv("LC_ALL", "C")
    profile = str(described.folder / "small" / "profiles" / "tax.json")
    made = ("--profile", profile, "--user", "clerk", "--channel", "bills", "--lang", "zh")
    assert run("context", "set", "chinese", *made).code == 0
    assert "超过限高" in run(*DESCRIBE, "--context", "chinese").out
    assert "提出申请" in run("chaincode", "metadata", "example", "--context", "chinese").out
    assert "File an application" in run("chaincode", "metadata", "example", "--lang", "en").out
    assert run("context", "remove", "chinese").code == 0


def test_states_have_their_chinese_names_in_a_diagram(run: Run) -> None:
    assert '  state "已许可" as granted' in run(*DESCRIBE, "--mermaid", "--lang", "zh").out


def test_json_is_whole(run: Run) -> None:
    found = run(*DESCRIBE, "-o", "json").json()
    assert found["life_cycles"]["Example"]["refusals"]["example.too-high"] == {
        "en": "the plan has more floors than the city allows",
        "zh": "超过限高",
    }
    assert "Example" in found["metadata"]["contracts"]


def test_life_cycles_are_diagrams(run: Run) -> None:
    lines = run(*DESCRIBE, "--mermaid").out.splitlines()
    first = lines.index("%% application")
    assert lines[first + 1 : first + 3] == ["stateDiagram-v2", "  [*] --> review: apply"]


def test_a_contract_without_declared_steps_has_functions(run: Run) -> None:
    shown = run("chaincode", "describe", "sample").out
    assert ["sample:role", "query", "string"] in [line.split()[:3] for line in shown.splitlines()]
    assert run("chaincode", "describe", "sample", "--mermaid").out.strip() == ""
    found = run("chaincode", "describe", "sample", "-o", "json").json()
    assert found["life_cycles"] == {"sample": {}}

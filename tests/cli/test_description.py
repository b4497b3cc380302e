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
    assert ["Example:life_cycles", "query", "string"] in lines


def test_roles_and_refusals_are_in_the_callers_language(run: Run) -> None:
    shown = run(*DESCRIBE, "--lang", "zh")
    lines = [line.split() for line in shown.out.splitlines()]
    assert ["application", "apply", "new", "review", "窗口"] in [line[:5] for line in lines]
    assert ["example.too-high", "超过限高"] in lines


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
    assert ["sample:role", "query", "string"] in [line.split() for line in shown.splitlines()]
    assert run("chaincode", "describe", "sample", "--mermaid").out.strip() == ""
    found = run("chaincode", "describe", "sample", "-o", "json").json()
    assert found["life_cycles"] == {"sample": {}}

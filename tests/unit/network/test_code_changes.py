"""Code that was edited and does not run: found without a network, or nothing is said."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pyfabric_network.code_changes import edited_beside
from pyfabric_network.kept_code import code_of, keep_all
from pyfabric_network.topology.loading import load_topology

from tests.support.network.network import write_topology


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Provide a network's folder that serves the contract `sample` as it is."""
    file = write_topology(tmp_path)
    root = tmp_path / "state" / "small"
    (root / "contracts").mkdir(parents=True)
    found = keep_all(code_of(load_topology(file), tmp_path), root)
    served = {"contract": "sample", "classes": ["sample:Sample"], "code": found["sample"]}
    installed = {"contract": "directory", "classes": ["pyfabric_municipal:X"], "code": ""}
    state = {"topology": "../../small.yaml", "served": [served, installed]}
    (root / "network.json").write_text(json.dumps(state))
    return root


def edited(root: Path, contract: str = "sample") -> Path | None:
    return edited_beside(root / "profiles" / "tax.json", contract)


def test_an_edited_module_is_found(root: Path, tmp_path: Path) -> None:
    assert edited(root) is None
    (tmp_path / "unrelated.py").write_text("x = 1")
    assert edited(root) is None
    with (tmp_path / "sample.py").open("a") as module:
        module.write("import unrelated")
    assert edited(root) == (tmp_path / "small.yaml").resolve()
    assert edited(root, "directory") is None
    assert edited(root, "unknown") is None


def remove_topology(root: Path) -> None:
    (root.parents[1] / "small.yaml").unlink()


def name_the_copy(root: Path) -> None:
    state = json.loads((root / "network.json").read_text())
    (root / "topology.yaml").write_text("")
    (root / "network.json").write_text(json.dumps({**state, "topology": "topology.yaml"}))


@pytest.mark.parametrize(
    "change",
    [
        remove_topology,
        name_the_copy,
        lambda root: (root / "network.json").unlink(),
        lambda root: (root / "network.json").write_text("{"),
        lambda root: (root / "network.json").write_text("{}"),
        lambda root: (root / "network.json").write_text("[]"),
    ],
)
def test_where_nothing_can_be_compared_nothing_is_said(
    root: Path, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    with (tmp_path / "sample.py").open("a") as module:
        module.write("x = 1")
    change(root)
    assert edited(root) is None

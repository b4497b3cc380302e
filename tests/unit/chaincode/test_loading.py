"""Contract classes found by name."""

import json
import sys
from pathlib import Path

import pytest

from pyfabric.chaincode.loading import load_chaincode

DIRECTORY = "pyfabric_municipal.directory.contract:Directory"


def test_contracts_are_loaded_by_name_and_the_first_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    chaincode = load_chaincode([DIRECTORY, "pyfabric_municipal.sharing.contract:Sharing"], tmp_path)
    contracts = json.loads(chaincode.metadata)["contracts"]
    assert contracts["Directory"]["contractInstance"] == {"name": "Directory", "default": True}
    assert "default" not in contracts["Sharing"]["contractInstance"]

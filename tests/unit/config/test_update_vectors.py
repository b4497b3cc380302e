"""Updates between two configurations, against those that configtxlator computed (2-config-updates)."""

import json
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2

from pyfabric.admin.config.update import compute_update, config_of_block
from pyfabric.errors import ConfigError, DecodeError

VECTORS = Path(__file__).parent.parent.parent / "vectors" / "2-config-updates"
FOLDERS = sorted(path.parent for path in VECTORS.glob("**/case.json") if path.parent.name != "live")


def pair(folder: Path) -> tuple[bytes, bytes]:
    """Return the configurations before and after a change."""
    name = "original.pb" if (folder / "original.pb").exists() else "config-before.pb"
    return (folder / name).read_bytes(), (folder / "modified.pb").read_bytes()


def case(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "case.json").read_text()))


def test_all_cases_are_tried() -> None:
    assert len(FOLDERS) == 24


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_update_is_the_one_that_configtxlator_computes(folder: Path) -> None:
    found = case(folder)
    before, after = pair(folder)
    if found.get("exit_code"):
        with pytest.raises(ConfigError, match=r"do not differ|has no channel group"):
            compute_update(found["channel_id"], before, after)
        return
    computed = configtx_pb2.ConfigUpdate.FromString(
        compute_update(found["channel_id"], before, after)
    )
    assert computed == configtx_pb2.ConfigUpdate.FromString((folder / "update.pb").read_bytes())


def test_bytes_that_are_no_configurations() -> None:
    with pytest.raises(DecodeError):
        compute_update("ledger1", b"\xff", b"")
    with pytest.raises(ConfigError, match="is not a config block"):
        config_of_block(b"")


def test_the_configuration_of_a_block() -> None:
    folder = VECTORS / "live" / "accepted-acl"
    after = configtx_pb2.Config.FromString((folder / "config-after.pb").read_bytes())
    found = config_of_block((folder / "result-block.pb").read_bytes())
    assert configtx_pb2.Config.FromString(found) == after

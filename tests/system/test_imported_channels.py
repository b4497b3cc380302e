"""A channel of an imported topology against configtxgen's own genesis block, with cryptogen's own certificates."""

import os
import shutil
import subprocess
from pathlib import Path

from fabric_protos.common import common_pb2
from pyfabric_network.importing.reading import import_topology

from pyfabric.messages.config_blocks import config_from_block
from tests.support.network.imported_channels import Profile, first_channel, write_examples
from tests.support.network.programs import fabric_programs, needs_fabric


def run(program: str, *arguments: str, folder: Path) -> None:
    found = shutil.which(program, path=fabric_programs())
    assert found is not None, f"{program} is beside peer and orderer"
    subprocess.run(
        [found, *arguments],
        cwd=folder,
        env={**os.environ, "FABRIC_CFG_PATH": str(folder)},
        check=True,
        capture_output=True,
        timeout=60,
    )


@needs_fabric
def test_the_channel_is_that_of_configtxgen_but_for_what_was_named(tmp_path: Path) -> None:
    """Name all that differs: what is made for the new network, or is the same in all channels."""
    write_examples(tmp_path)
    run("cryptogen", "generate", "--config=crypto-config.yaml", folder=tmp_path)
    made = ("-profile", "Estate", "-channelID", "estate", "-outputBlock", "estate.block")
    run("configtxgen", *made, folder=tmp_path)
    block = common_pb2.Block.FromString((tmp_path / "estate.block").read_bytes())
    channel, theirs = config_from_block(block)
    imported = import_topology(
        tmp_path / "configtx.yaml", crypto_configs=[tmp_path / "crypto-config.yaml"]
    )
    ours = first_channel(imported, tmp_path / "state")
    differing, same = Profile.read(tmp_path / "configtx.yaml", "Estate").differences(theirs, ours)
    named = {one.path for one in imported.left_out}
    profile = "Profiles.Estate"
    members = [f"{profile}.Application.Organizations.{index}" for index in range(2)]
    assert channel == imported.name == "estate"
    assert differing == {
        f"{profile}.Orderer.Policies.BlockValidation",
        f"{profile}.Orderer.Organizations.0.MSPDir",
        f"{profile}.Orderer.Organizations.0.OrdererEndpoints",
        f"{profile}.Orderer.Organizations.0.Policies.Endorsement",
        *(f"{member}.MSPDir" for member in members),
    }
    assert differing <= named
    assert same & named == set()
    assert {
        f"{profile}.Application.ACLs.qscc/GetBlockByTxID",
        f"{profile}.Application.Policies.Endorsement",
        f"{profile}.Application.Organizations.0.AnchorPeers",
        f"{profile}.Orderer.BatchTimeout",
        f"{profile}.Capabilities.V3_0",
    } <= same

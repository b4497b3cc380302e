"""What tests need that run containers: an engine with Compose, and the images, which nobody fetches for them."""

import shutil
import subprocess
from typing import Final

import pytest
from pyfabric_network.runtimes.engine import image_id

_IMAGES: Final = (
    "docker.io/hyperledger/fabric-peer:3.1.5",
    "docker.io/hyperledger/fabric-orderer:3.1.5",
    "pyfabric-contracts:latest",
)


def has_compose() -> bool:
    """Return whether there is a docker program with Compose; an engine need not run."""
    return shutil.which("docker") is not None and _succeeds("docker", "compose", "version")


def skip_without_containers() -> None:
    """Skip a test that starts containers where something is missing, and say what."""
    if not has_compose():
        pytest.skip("there is no docker with Compose")
    if not _succeeds("docker", "version"):
        pytest.skip("no Docker engine runs")
    for image in _IMAGES:
        if image_id(image) is None:
            pytest.skip(f"there is no image {image}")


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def lose_data(project: str, node: str) -> None:
    """Delete the volume of a stopped node, and its container, which would hold it."""
    for command in (["rm", f"{project}-{node}-1"], ["volume", "rm", f"{project}_{node}"]):
        subprocess.run(["docker", *command], check=True, capture_output=True)

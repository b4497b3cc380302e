"""Fixtures of all scenarios: a surface of the client, a fresh world, and the steps."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.client.surfaces import Surface
from tests.support.network.running import Running

pytest.register_assert_rewrite("tests.conformance.world", "tests.conformance.steps")

from tests.conformance.world import World  # noqa: E402 - its assertions are rewritten from here on

STEPS = Path(__file__).parent / "steps"


def pytest_configure(config: pytest.Config) -> None:
    """Load the steps as plugins, one module for each subject."""
    for file in sorted(STEPS.glob("*.py")):
        config.pluginmanager.register(import_module(f"tests.conformance.steps.{file.stem}"))


@pytest.fixture(scope="session", params=["gateway", "aio"])
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    """Provide each surface in turn."""
    made = Surface(request.param)
    yield made
    made.close()


@pytest.fixture(autouse=True)  # so that pytest sees that each scenario runs on each surface
def world(running: Running, surface: Surface, tmp_path: Path) -> Iterator[World]:
    """Provide a fresh world for each scenario and surface."""
    made = World(running, surface, tmp_path)
    yield made
    made.close()

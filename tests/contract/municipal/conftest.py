"""Fixtures of the municipal contracts' tests."""

import pytest

from tests.support.municipal.municipal import City


@pytest.fixture
def city() -> City:
    """Provide a city whose directory is founded."""
    made = City()
    made.found()
    return made


@pytest.fixture
def shared(city: City) -> City:
    """Provide a city with one resource of the market regulator, shared on condition."""
    city.publish()
    return city

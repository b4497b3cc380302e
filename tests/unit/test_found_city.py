"""Founding the channels of network/city.yaml: what each contract's founding names fits the channel that it is on."""

from typing import Any

import pytest
import yaml
from pyfabric_municipal.catalogue import bundled_catalogue
from pyfabric_network.topology.bundled import bundled_topologies

from tools.found_city import CITY, calendars_around, founding_of

TOPOLOGY = yaml.safe_load(bundled_topologies()["city"].read_text(encoding="utf-8"))
CHANNELS = {
    name: channel
    for name, channel in TOPOLOGY["channels"].items()
    if set(channel["contracts"]) - {CITY}
}


def contents(name: str) -> list[dict[str, Any]]:
    """Return what the departments of a channel agree on."""
    channel = CHANNELS[name]
    known = {one.msp_id: one for one in bundled_catalogue().departments}
    members = [known[f"{one}MSP"] for one in channel["departments"]]
    packages = [
        path.rpartition(".")[0]
        for one in channel["contracts"]
        if one != CITY
        for path in TOPOLOGY["contracts"][one]["classes"]
    ]
    items = founding_of(packages, members, calendars_around(2026))
    return [item["content"] for item in items]


@pytest.mark.parametrize("name", CHANNELS)
def test_roles_are_of_departments_of_the_channel_and_nothing_is_set_twice(name: str) -> None:
    found = contents(name)
    members = {one["msp_id"] for one in found if one["kind"] == "department"}
    assert members == {f"{one}MSP" for one in CHANNELS[name]["departments"]}
    for one in found:
        if one["kind"] == "role":
            assert set(one["departments"]) <= members, one
    settings = [
        (one["kind"], one["contract"], one["name"])
        for one in found
        if one["kind"] in {"role", "parameter"}
    ]
    assert len(settings) == len(set(settings))
    assert ("parameter", "city", "net") in settings


def test_the_years_around_have_calendars() -> None:
    assert [one.year for one in calendars_around(2035)] == [2034, 2035, 2036]

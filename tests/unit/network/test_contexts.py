"""Contexts: stored by name, one of them current."""

from dataclasses import replace
from pathlib import Path

import pytest
from pyfabric_network.contexts import Context, Contexts

from pyfabric.errors import ConfigError

TAX = Context(profile=Path("/profiles/tax.json"), user="clerk", channel="bills")


@pytest.fixture
def contexts(tmp_path: Path) -> Contexts:
    return Contexts(tmp_path / "state")


def test_the_first_one_is_chosen_and_kept(contexts: Contexts) -> None:
    contexts.put("city/Tax", TAX)
    contexts.put("city/Health", replace(TAX, user="nurse"))
    again = Contexts(contexts.folder)
    assert again.current() == "city/Tax"
    assert again.find(None) == ("city/Tax", TAX)
    assert list(again.all()) == ["city/Tax", "city/Health"]


def test_the_part_behind_the_slash_is_enough_while_it_is_alone(contexts: Contexts) -> None:
    contexts.put("city/Tax", TAX)
    assert contexts.use("Tax") == "city/Tax"
    contexts.put("town/Tax", TAX)
    with pytest.raises(
        ConfigError, match=r"more than one context is named Tax; .*city/Tax, town/Tax"
    ):
        contexts.use("Tax")
    assert contexts.use("town/Tax") == "town/Tax"


def test_an_unknown_name_is_answered_with_the_known_ones(contexts: Contexts) -> None:
    with pytest.raises(ConfigError, match="no context is chosen"):
        contexts.find(None)
    contexts.put("city/Tax", TAX)
    with pytest.raises(ConfigError, match="no context is named Heath; there are: city/Tax"):
        contexts.find("Heath")


def test_a_removed_one_is_no_longer_chosen(contexts: Contexts) -> None:
    contexts.put("city/Tax", TAX)
    contexts.put("city/Health", TAX)
    contexts.remove("Health")
    assert contexts.current() == "city/Tax"
    contexts.remove("Tax")
    assert contexts.current() is None
    assert contexts.all() == {}


def test_a_damaged_file_is_named(contexts: Contexts) -> None:
    contexts.folder.mkdir()
    (contexts.folder / "contexts.json").write_text("{")
    with pytest.raises(ConfigError, match=r"contexts\.json is damaged"):
        contexts.all()

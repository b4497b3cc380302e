"""Logging specifications: Fabric's grammar on Python's loggers."""

import logging
from collections.abc import Iterator

import pytest

from pyfabric._operations.levels import Levels
from pyfabric.errors import ConfigError


@pytest.fixture
def levels() -> Iterator[Levels]:
    root = logging.getLogger()
    before = root.level
    made = Levels()
    yield made
    made.activate("info")
    root.setLevel(before)


def enabled(name: str) -> int:
    return logging.getLogger(name).getEffectiveLevel()


def test_a_logger_takes_all_below_it_along(levels: Levels) -> None:
    levels.activate("test.orderer,test.hosts=debug:test.orderer.chain=ERROR:warn")
    assert levels.spec == "test.hosts=debug:test.orderer.chain=error:test.orderer=debug:warn"
    assert enabled("test.orderer.cutter") == logging.DEBUG
    assert enabled("test.orderer.chain") == logging.ERROR
    assert enabled("test.peer") == logging.WARNING
    levels.activate("test.hosts=fatal")
    assert levels.spec == "test.hosts=fatal:info"
    assert enabled("test.orderer.chain") == logging.INFO
    assert enabled("test.hosts") == logging.CRITICAL


# As flogging of fabric-lib-go reads them.
@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("", "info"),
        ("DEBUG", "debug"),
        ("warning", "warn"),
        ("NOTICE", "info"),
        ("critical", "error"),
        ("test.a=debug:", "test.a=debug:info"),
        ("debug:error", "error"),
    ],
)
def test_specifications_in_their_normal_form(levels: Levels, spec: str, shown: str) -> None:
    levels.activate(spec)
    assert levels.spec == shown


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("x=foo", "bad segment 'x=foo'"),
        ("Debug", "bad segment 'Debug'"),
        ("x=", "bad segment 'x='"),
        ("a=b=debug", "bad segment 'a=b=debug'"),
        ("=debug", "no logger specified in segment '=debug'"),
        ("a..b=debug", "bad logger name 'a..b'"),
        ("a,=debug", "bad logger name ''"),
        ("test.=debug", r"bad logger name 'test\.'"),
    ],
)
def test_a_wrong_specification_changes_nothing(levels: Levels, spec: str, reason: str) -> None:
    levels.activate("test.kept=debug:error")
    with pytest.raises(ConfigError, match=f"invalid logging specification '{spec}': {reason}"):
        levels.activate(spec)
    assert levels.spec == "test.kept=debug:error"
    assert enabled("test.kept") == logging.DEBUG

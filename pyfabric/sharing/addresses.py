"""Addresses of remote records: `network/channel/contract/function(arguments)`, one parser and its inverse.

An argument without quotation marks, commas, brackets, backslashes and blanks stands as it is; any other is a JSON string.
`network` is the name under which a consumer has recorded the network, or the hexadecimal SHA-256 of the header of the
channel's genesis block.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from pyfabric.errors import ConfigError
from pyfabric.rules.configuration.channel_config import validate_channel_id
from pyfabric.rules.lifecycle.inputs import NAME as CONTRACT_NAME

_ADDRESS: Final = re.compile(r"([^/]*)/([^/]*)/([^/]*)/([^/(]*)\((.*)\)", re.DOTALL)
_NETWORK: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?")
FUNCTION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_:.-]{0,99}")
_PLAIN: Final = re.compile(r'[^\s",()\\\x00-\x1f\x7f]+')
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class RecordAddress:
    """Where a remote record is: a function of a contract on a channel of a network, and its arguments.

    Raises ConfigError for a name that no network, channel, contract or function has.
    """

    network: str
    channel: str
    contract: str
    function: str
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NETWORK.fullmatch(self.network):
            raise _refused(self.network, "is no name of a network")
        validate_channel_id(self.channel)
        if not CONTRACT_NAME.fullmatch(self.contract):
            raise _refused(self.contract, "is no name of a contract")
        if not FUNCTION.fullmatch(self.function):
            raise _refused(self.function, "is no name of a function")

    def __str__(self) -> str:
        arguments = ",".join(map(_spelt, self.arguments))
        return f"{self.network}/{self.channel}/{self.contract}/{self.function}({arguments})"

    @classmethod
    def parse(cls, text: str) -> "RecordAddress":
        """Read an address; raises ConfigError with what is wrong."""
        found = _ADDRESS.fullmatch(text)
        if found is None:
            raise _refused(
                text, "is no address: write network/channel/contract/function(argument,…)"
            )
        network, channel, contract, function, arguments = found.groups()
        return cls(network, channel, contract, function, _arguments(arguments))


def _spelt(argument: str) -> str:
    return argument if _PLAIN.fullmatch(argument) else json.dumps(argument, ensure_ascii=False)


def _arguments(text: str) -> tuple[str, ...]:
    arguments: list[str] = []
    at = 0
    while at < len(text) or arguments:
        quoted = _QUOTED.match(text, at)
        found = quoted or _PLAIN.match(text, at)
        if found is None:
            raise _refused(text[at:], "is no argument: put it between quotation marks")
        arguments.append(_unquoted(found[0]) if quoted else found[0])
        at = found.end()
        if at == len(text):
            break
        if text[at] != ",":
            raise _refused(text[at:], "follows an argument: separate arguments by commas")
        at += 1
    return tuple(arguments)


def _unquoted(text: str) -> str:
    try:
        value = str(json.loads(text))
        value.encode()
    except ValueError as error:
        raise _refused(text, f"is no JSON string: {error}") from error
    return value


def _refused(text: str, problem: str) -> ConfigError:
    return ConfigError(f"{text!r:.100} {problem}")

"""The command's settings: the only place that reads the environment (PYFABRIC_STATE, FABRIC_BIN, …)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.errors import ConfigError

E = TypeVar("E", bound=StrEnum)


class OutputFormat(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


class ProfileFormat(StrEnum):
    """How a connection profile is written."""

    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults of the command's options; each is the environment variable PYFABRIC_… unless it names another."""

    state: Path = Path(".pyfabric")
    """The folder that holds networks and contexts."""
    network: str | None = None
    """The network that commands use (default: the only one there is)."""
    context: str | None = None
    """The context to act as (default: the one chosen with `pyfabric context use`)."""
    output: OutputFormat = OutputFormat.TABLE
    """table or json."""
    runtime: RuntimeName | None = None
    """What runs the nodes of a new network: embedded, native or compose."""
    programs: Path | None = None
    """FABRIC_BIN: the folder of Fabric's own programs (default: they are on PATH)."""


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from the environment, in which empty is unset; raise ConfigError that names the variable."""
    programs = environment.get("FABRIC_BIN")
    return Settings(
        state=Path(environment.get("PYFABRIC_STATE") or ".pyfabric"),
        network=environment.get("PYFABRIC_NETWORK") or None,
        context=environment.get("PYFABRIC_CONTEXT") or None,
        output=_choice(environment, "PYFABRIC_OUTPUT", OutputFormat) or OutputFormat.TABLE,
        runtime=_choice(environment, "PYFABRIC_RUNTIME", RuntimeName),
        programs=Path(programs) if programs else None,
    )


def _choice(environment: Mapping[str, str], variable: str, choices: type[E]) -> E | None:
    value = environment.get(variable)
    if not value:
        return None
    try:
        return choices(value)
    except ValueError as error:
        *most, last = [repr(str(choice)) for choice in choices]
        raise ConfigError(
            f"{variable}: input should be {', '.join(most)} or {last}, not {value!r}"
        ) from error

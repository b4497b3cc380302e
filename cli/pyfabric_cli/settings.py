"""The command's settings: the only place that reads the environment (PYFABRIC_STATE, FABRIC_BIN, …)."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from pyfabric_network.contexts import Language
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.errors import ConfigError

E = TypeVar("E", bound=StrEnum)

_STATE = ".pyfabric"
_OUTPUT: Final = re.compile(r"--output|-\w*o")
_OUTPUT_WITH_VALUE: Final = re.compile(r"(?:--output=|-o)(?P<value>.+)")


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

    state: Path = Path(_STATE)
    """The folder that holds networks and contexts (default: .pyfabric here, or in the nearest folder above)."""
    network: str | None = None
    """The network that commands use (default: the only one there is)."""
    context: str | None = None
    """The context to act as (default: the one chosen with `pyfabric context use`)."""
    output: OutputFormat = OutputFormat.TABLE
    """table or json."""
    language: Language | None = None
    """PYFABRIC_LANG: the language of what contracts say, en or zh (default: the context's, or else that of `locale`)."""
    locale: Language = Language.EN
    """LC_ALL, LC_MESSAGES or LANG, the first that is set: Chinese, or else English."""
    runtime: RuntimeName | None = None
    """What runs the nodes of a new network: embedded, native or compose."""
    programs: Path | None = None
    """FABRIC_BIN: the folder of Fabric's own programs (default: they are on PATH)."""


def read_settings(
    environment: Mapping[str, str] = os.environ, here: Path | None = None
) -> Settings:
    """Read the settings from the environment, in which empty is unset; raise ConfigError that names the variable.

    `here` is the folder in which, and then above which, the state folder is looked for (default: the
    working directory).
    """
    programs = environment.get("FABRIC_BIN")
    given = environment.get("PYFABRIC_STATE")
    return Settings(
        state=Path(given) if given else _state_folder(here or Path.cwd()),
        network=environment.get("PYFABRIC_NETWORK") or None,
        context=environment.get("PYFABRIC_CONTEXT") or None,
        output=_choice(environment, "PYFABRIC_OUTPUT", OutputFormat) or OutputFormat.TABLE,
        language=_choice(environment, "PYFABRIC_LANG", Language),
        locale=_locale(environment),
        runtime=_choice(environment, "PYFABRIC_RUNTIME", RuntimeName),
        programs=Path(programs) if programs else None,
    )


def wants_json(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether a command line, or else the environment, asks for JSON.

    The line may be one that cannot be parsed.
    """
    wanted = environment.get("PYFABRIC_OUTPUT")
    before = ""
    for argument in arguments:
        if argument == "--":
            break
        if _OUTPUT.fullmatch(before):
            wanted = argument
        elif found := _OUTPUT_WITH_VALUE.fullmatch(argument):
            wanted = found["value"]
        before = argument
    return wanted == OutputFormat.JSON


def _locale(environment: Mapping[str, str]) -> Language:
    found = next(filter(None, map(environment.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return Language.ZH if found.lower().startswith("zh") else Language.EN


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


def _state_folder(here: Path) -> Path:
    """Return the state folder in `here`, or the nearest one above that belongs to the same user."""
    above = (folder / _STATE for folder in here.parents)
    if (here / _STATE).is_dir():
        return Path(_STATE)
    return next((folder for folder in above if _is_own(folder)), Path(_STATE))


def _is_own(folder: Path) -> bool:
    # In a folder that all may write to, such as /tmp, somebody else's network could be lying in wait.
    return folder.is_dir() and folder.stat().st_uid == os.getuid()

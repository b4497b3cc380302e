"""What the environment says: the only place that reads it (PYFABRIC_STATE, PYFABRIC_OUTPUT, FABRIC_BIN, …)."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.errors import ConfigError


class OutputFormat(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


class ProfileFormat(StrEnum):
    """How a connection profile is written."""

    JSON = "json"
    YAML = "yaml"


class Settings(BaseSettings):
    """Defaults of the command's options; each is an environment variable, PYFABRIC_… unless it names another."""

    model_config = SettingsConfigDict(env_prefix="PYFABRIC_", frozen=True)

    state: Path = Path(".pyfabric")
    """The folder that holds networks and contexts."""
    network: str | None = None
    """The network that commands mean (default: the only one there is)."""
    context: str | None = None
    """The context to act as (default: the one chosen with `pyfabric context use`)."""
    output: OutputFormat = OutputFormat.TABLE
    """table or json."""
    runtime: RuntimeName | None = None
    """What makes a new network run: embedded, native or compose."""
    programs: Path | None = Field(default=None, validation_alias="FABRIC_BIN")
    """FABRIC_BIN: the folder of Fabric's own programs (default: they are on PATH)."""


def read_settings() -> Settings:
    """The settings; raises ConfigError that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors()[0]
        name = "_".join(str(part) for part in fault["loc"]).upper()
        raise ConfigError(f"PYFABRIC_{name}: {fault['msg'].lower()}") from error

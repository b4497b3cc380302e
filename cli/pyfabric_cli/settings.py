"""What the environment says: the only place that reads it (PYFABRIC_STATE, PYFABRIC_OUTPUT, …)."""

from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

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
    """Defaults of the command's options; each is an environment variable that begins with PYFABRIC_."""

    model_config = SettingsConfigDict(env_prefix="PYFABRIC_", frozen=True)

    state: Path = Path(".pyfabric")
    """The folder that holds networks and contexts."""
    network: str | None = None
    """The network that commands mean (default: the only one there is)."""
    context: str | None = None
    """The context to act as (default: the one chosen with `pyfabric context use`)."""
    output: OutputFormat = OutputFormat.TABLE
    """table or json."""


def read_settings() -> Settings:
    """The settings; raises ConfigError that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors()[0]
        name = "_".join(str(part) for part in fault["loc"]).upper()
        raise ConfigError(f"PYFABRIC_{name}: {fault['msg'].lower()}") from error

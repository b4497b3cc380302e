"""Documents that people write, files of JSON or YAML; and new files, which replace none."""

import json
from pathlib import Path
from typing import Any

from pyfabric.errors import ConfigError
from pyfabric.local import files


def write_new(file: Path, content: bytes) -> None:
    """Write a file that does not exist yet; raises ConfigError."""
    if file.exists():
        raise ConfigError(f"{file} exists already: name another file with --to")
    files.write_public(file, content, error=ConfigError)


def read_document(file: Path) -> Any:
    """Return what a file of JSON or YAML holds; raises ConfigError that names it. JSON loads no YAML library."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is not text in UTF-8") from error
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ConfigError(f"{file}: is nested too deep") from error
    except ValueError as error:
        if file.suffix == ".json":
            raise ConfigError(f"{file}: is not JSON: {error}") from error
    import yaml

    from pyfabric.local.yaml_text import load_yaml

    try:
        return load_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError(
            f"{file}: is neither JSON nor YAML: {' '.join(str(error).split())}"
        ) from error

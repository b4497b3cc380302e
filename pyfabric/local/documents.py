"""A JSON or YAML file of other tools, read as plain values; a fault names the file and its line."""

import json
from pathlib import Path
from typing import Any

from pyfabric.errors import NetworkError


def read_document(file: Path) -> Any:
    """Return what a file holds; raise NetworkError if it cannot be read, or is neither JSON nor YAML."""
    try:
        return _parse(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise NetworkError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NetworkError(f"{file}: is not text in UTF-8") from error
    except ValueError as error:
        raise NetworkError(f"{file}: is neither JSON nor YAML: {error}") from error


def _parse(text: str) -> Any:
    """Return the document; raise ValueError. JSON needs no YAML library."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("is nested too deep") from error
    except ValueError as fault:
        if text.lstrip().startswith("{"):  # YAML's own words about broken JSON mislead
            raise
        import yaml

        from pyfabric.local.yaml_text import load_yaml

        try:
            return load_yaml(text)
        except yaml.YAMLError as error:
            raise ValueError(" ".join(str(error).split())) from fault

"""What the external builder runs to build: it fills the templates of a package's connection.json.

A peer runs this file by itself, with the standard library alone (see `builder`).
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

_TEMPLATE = re.compile(r"\{\{\s*\.(\w+)\s*\}\}")


def fill(connection: Mapping[str, object], values: Mapping[str, str]) -> dict[str, object]:
    """Return a connection.json with its templates filled; raises KeyError for a name without a value."""
    return {
        key: _TEMPLATE.sub(lambda found: values[found[1]], value)
        if isinstance(value, str)
        else value
        for key, value in connection.items()
    }


def _main(source: Path, target: Path) -> None:
    values = json.loads(os.environ.get("CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG", "{}"))  # noqa: TID251 - the peer hands it over in no other way
    try:
        filled = fill(json.loads(source.read_bytes()), values)
    except KeyError as error:
        sys.exit(f"{source}: no value for the template {error}")
    os.umask(0o077)  # a key is among the values
    target.write_text(json.dumps(filled), encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))

"""The external builder of peers that run here: it takes packages of contracts that run as services.

A peer runs `bin/detect`, `bin/build` and `bin/release` (Fabric's external builders). The builder's
configuration is JSON in the environment, as with the builder in Fabric's image: it fills the templates
`{{.name}}` in a package's connection.json. `build` runs this file alone, with the standard library.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

_TEMPLATE = re.compile(r"\{\{\s*\.(\w+)\s*\}\}")

_DETECT = """\
#!/bin/sh
# detect SOURCE METADATA: whether the package is of a contract that runs as a service.
exec grep -Eiq '"type"[[:space:]]*:[[:space:]]*"ccaas"' "$2/metadata.json"
"""
_BUILD = """\
#!/bin/sh
# build SOURCE METADATA OUTPUT: connection.json with its templates filled.
exec '{python}' -I -S '{module}' "$1/connection.json" "$3/connection.json"
"""
_RELEASE = """\
#!/bin/sh
# release OUTPUT RELEASE: connection.json where the peer looks for it.
mkdir -p "$2/chaincode/server" && exec cp "$1/connection.json" "$2/chaincode/server/"
"""


def write_builder(folder: Path) -> None:
    """Write `bin` with the three scripts below `folder`."""
    scripts = {
        "detect": _DETECT,
        "build": _BUILD.format(python=sys.executable, module=Path(__file__).absolute()),
        "release": _RELEASE,
    }
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    for name, text in scripts.items():
        script = folder / "bin" / name
        draft = script.with_suffix(".new")
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o755)
        draft.replace(script)


def fill(connection: Mapping[str, object], values: Mapping[str, str]) -> dict[str, object]:
    """A connection.json with its templates filled; raises KeyError for a name without a value."""
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
    target.write_text(json.dumps(filled), encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))

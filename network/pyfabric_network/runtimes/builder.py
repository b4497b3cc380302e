"""The external builder of peers on this machine: it takes packages of contracts that run as services.

A peer runs `bin/detect`, `bin/build` and `bin/release` (Fabric's external builders). The builder's
configuration is JSON in the environment, as with the builder in Fabric's image: `builder_program` fills the
templates `{{.name}}` in a package's connection.json with it.
"""

import shlex
import sys
from pathlib import Path

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric_network.runtimes import builder_program

_DETECT = """\
#!/bin/sh
# detect SOURCE METADATA: whether the package is of a contract that runs as a service.
exec grep -Eiq '"type"[[:space:]]*:[[:space:]]*"ccaas"' "$2/metadata.json"
"""
_BUILD = """\
#!/bin/sh
# build SOURCE METADATA OUTPUT: connection.json with its templates filled.
exec {python} -I -S {module} "$1/connection.json" "$3/connection.json"
"""
_RELEASE = """\
#!/bin/sh
# release OUTPUT RELEASE: connection.json where the peer looks for it.
umask 077
mkdir -p "$2/chaincode/server" && exec cp "$1/connection.json" "$2/chaincode/server/"
"""


def write_builder(folder: Path) -> None:
    """Write `bin` with the three scripts below `folder`."""
    scripts = {
        "detect": _DETECT,
        "build": _BUILD.format(
            python=shlex.quote(sys.executable),
            module=shlex.quote(str(Path(builder_program.__file__).absolute())),
        ),
        "release": _RELEASE,
    }
    for name, text in scripts.items():
        script = folder / "bin" / name
        files.write(script, text.encode(), error=NetworkError, mode=files.PROGRAM)

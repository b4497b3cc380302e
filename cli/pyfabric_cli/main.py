"""The entry point of the command `pyfabric`: its errors and its exit codes."""

import gc
import sys

from pyfabric.errors import FabricError
from pyfabric.extras import require
from pyfabric.local.printable import printable
from pyfabric_cli.exits import ExitCode, exit_code


def main() -> None:
    """Run the command line; print a user's mistake as one line on standard error, and exit with its code."""
    # Loading modules makes many objects and no garbage: looking for it takes 4 % of a short command.
    gc.set_threshold(50_000)
    try:
        require("command", "typer", "rich")
        from pyfabric_cli.app import app

        app(prog_name="pyfabric")
    except FabricError as error:
        _exit(" ".join(str(error).splitlines()), exit_code(error))
    except OSError as error:
        _exit(f"{error.filename or 'system'}: {error.strerror}", ExitCode.INPUT)


def _exit(message: str, code: ExitCode) -> None:
    sys.stderr.write(f"error: {printable(message)}\n")
    sys.exit(code)

"""One run of the command `pyfabric`: its errors and its exit codes."""

import gc
import sys

from pyfabric.errors import FabricError
from pyfabric.extras import require
from pyfabric_cli.exits import ExitCode, exit_code
from pyfabric_cli.failures import write_failure
from pyfabric_cli.settings import wants_json


def run() -> int:
    """Run the command line; report a user's mistake on standard error, and return its exit code."""
    # Loading modules makes many objects and no garbage: looking for it takes 4 % of a short command.
    gc.set_threshold(50_000)
    as_json = wants_json(sys.argv[1:])
    try:
        return _run(as_json=as_json)
    except FabricError as error:
        code = exit_code(error)
        write_failure(error, str(error), code, as_json=as_json)
    except OSError as error:
        code = ExitCode.INPUT
        message = f"{error.filename or 'system'}: {error.strerror}"
        write_failure(error, message, code, as_json=as_json)
    return code


def _run(*, as_json: bool) -> int:
    """Run the command line; return the exit code, also of a wrong line."""
    require("command", "typer", "rich")
    import typer
    from typer._click.exceptions import ClickException

    from pyfabric_cli.app import app

    try:
        return app(prog_name="pyfabric", standalone_mode=False) or ExitCode.OK
    except ClickException as error:
        if as_json:
            write_failure(UsageError(), error.format_message(), ExitCode.USAGE, as_json=True)
        else:
            error.show()
        return error.exit_code
    except typer.Abort as error:
        if as_json:
            write_failure(error, "you declined: nothing was done", ExitCode.FAULT, as_json=True)
        else:
            typer.echo("Aborted!", err=True)
        return ExitCode.FAULT


class UsageError(Exception):
    """The command line is wrong."""

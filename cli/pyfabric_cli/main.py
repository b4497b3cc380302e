"""The entry point of the command `pyfabric`. It loads nothing, so that Ctrl-C while it loads is not an error."""

import sys

_INTERRUPTED = 130  # ExitCode.INTERRUPTED, which may not be loaded yet


def main() -> None:
    """Run the command line, and exit with its code; with 130 and no traceback when it is interrupted."""
    try:
        from pyfabric_cli.running import run

        code = run()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    sys.exit(code)

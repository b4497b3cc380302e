"""`python -m pyfabric_cli`: the command `pyfabric` of this environment."""

from pyfabric_cli.main import main

main()

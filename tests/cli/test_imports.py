"""What the command loads: nothing heavy for help, version and completion, and then what each command uses."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pyfabric_cli.examples import EXAMPLES

HEAVY = {
    "cryptography", "fabric_protos", "google", "grpc", "h2", "httpx", "pkcs11", "pydantic", "rich", "yaml",
}  # fmt: skip
CALLS = {"cryptography", "fabric_protos", "google", "grpc"}
"""What a client of a peer needs."""

MAY_LOAD: list[tuple[set[str], list[str]]] = [
    (set(), ["context list", "context list -o json"]),
    ({"fabric_protos", "google"}, ["message types"]),
    (CALLS - {"grpc"}, ["context show -o json", "policy check OR('A.peer') -o json"]),
    (
        CALLS,
        [
            "chaincode query sample get colour",
            "chaincode invoke sample put colour blue -o json",
            "chaincode list -o json",
            "chaincode installed -o json",
            "chaincode approved sample -o json",
            "chaincode committed sample -o json",
            "chaincode readiness sample -o json",
            "chaincode metadata sample -o json",
            "data --help",
            "ledger height -o json",
            "ledger block 0 -o json",
            "events -o json",
            "peer channels -o json",
            "peer installed -o json",
            "discover peers -o json",
            "channel history -o json",
            "channel list -o json",
            "channel show -o json",
            "channel show --json",
            "channel diff live -o json",
        ],
    ),
    (HEAVY - {"pkcs11"}, ["doctor -o json", "network status"]),
]

PROGRAM = """
import sys
from pyfabric_cli.main import main
for line in sys.argv[1:]:
    sys.argv = ["pyfabric", *line.split()]
    try:
        main()
    except SystemExit as ended:
        sys.stderr.write(f"\\nLOADED {ended.code} {' '.join(sys.modules)}\\n")
"""


def loaded(*lines: str, environment: Mapping[str, str] | None = None) -> list[set[str]]:
    """Return which of the heavy packages one process has loaded after each of these command lines."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *lines],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = [line.split() for line in done.stderr.splitlines() if line.startswith("LOADED ")]
    codes = {line: code for line, (_, code, *_) in zip(lines, found, strict=True)}
    assert set(codes.values()) == {"0"}, f"{codes}\n{done.stderr}"
    return [HEAVY & {name.partition(".")[0] for name in names} for _, _, *names in found]


def test_version_and_every_help_load_nothing_heavy() -> None:
    helps = [f"{command} --help" for command in EXAMPLES]
    assert loaded("--version", *helps)[-1] == set()


@pytest.mark.parametrize(
    ("line", "may_load"),
    [
        ("pyfabric ", set()),
        ("pyfabric network ", set()),
        ("pyfabric network up ", set()),
        ("pyfabric network down -n ", set()),
        ("pyfabric context use ", set()),
        ("pyfabric chaincode query --context ", set()),
        ("pyfabric chaincode query sam", {"yaml"}),
        ("pyfabric ledger block --", set()),
    ],
)
def test_completion_loads_nothing_heavy(state: Path, line: str, may_load: set[str]) -> None:
    environment = {
        "_PYFABRIC_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
        "PYFABRIC_STATE": str(state),
    }
    assert loaded("", environment=environment) == [may_load]


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(("may_load", "lines"), MAY_LOAD)
def test_commands_load_what_they_use(may_load: set[str], lines: list[str]) -> None:
    """Run those that may load the same in one process: no line can hide what another loads."""
    for line, found in zip(lines, loaded(*lines), strict=True):
        assert found <= may_load, line

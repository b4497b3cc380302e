"""How a failed command ends: one line on standard error or, with `-o json`, one JSON object there."""

import json
import sys
from dataclasses import asdict
from enum import IntEnum
from typing import Any

from pyfabric.errors import ErrorDetail, FabricError
from pyfabric.local.printable import printable
from pyfabric_cli.exits import ExitCode


def write_failure(error: BaseException, message: str, code: ExitCode, *, as_json: bool) -> None:
    """Write an error on standard error: its message or, as JSON, its fields too."""
    line = " ".join(message.splitlines())
    check = error.check if isinstance(error, FabricError) else None
    if check is not None:
        line += f" (`pyfabric doctor --check {check}` looks for the cause)"
    if not as_json:
        sys.stderr.write(f"error: {printable(line)}\n")
        return
    facts = {name: _plain(value) for name, value in vars(error).items() if name[0] != "_"}
    facts = {"message": line, "kind": type(error).__name__, "exit_code": int(code)} | {
        name: value for name, value in facts.items() if name != "message"
    }
    if isinstance(error, FabricError) and error.refusal is not None:
        facts["refusal"] = asdict(error.refusal)
    if check is not None:
        facts["check"] = check
    text = json.dumps(facts, ensure_ascii=False, default=str)
    sys.stderr.write(f"{printable(text)}\n")


def _plain(value: Any) -> Any:
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, ErrorDetail):
        return {name: one for name, one in asdict(value).items() if one is not None}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value

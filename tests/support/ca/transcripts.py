"""What Fabric CA 1.5.21 and its client exchanged (tests/vectors/8-fabric-ca)."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from pyfabric.client.effects import Answer
from tests.support.paths import VECTORS

FOLDER: Final = VECTORS / "8-fabric-ca"
TRANSCRIPTS: Final[list[Mapping[str, Any]]] = [
    json.loads(line) for line in (FOLDER / "transcripts.jsonl").read_text().splitlines()
]
EXCHANGES: Final = [one for one in TRANSCRIPTS if one["request"] is not None]


def body_of(request: Mapping[str, Any]) -> bytes:
    """Return the body of a request, byte for byte."""
    return base64.b64decode(request["body_base64"] or "")


def answer_of(exchange: Mapping[str, Any]) -> Answer:
    """Return the answer of the server."""
    body = exchange["response"]["body"]
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(exchange["response"]["status"], text.encode())

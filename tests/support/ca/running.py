"""A CA server that runs for tests: two CAs, `tax` and `land`, each with a registrar."""

from dataclasses import dataclass
from typing import Final

REGISTRAR: Final = "registrar"
SECRET: Final = "regpw"
SECOND_CA: Final = "land"


@dataclass(frozen=True)
class RunningCA:
    """Where the server is, and the name of its first CA."""

    url: str
    tls_roots: bytes
    name: str

"""Certificate authorities as a profile names them; `pyfabric.hfc.fabric_ca.caservice` calls them."""

from collections.abc import Mapping
from typing import Any

__all__ = ["certificateAuthority", "create_ca"]


class certificateAuthority:
    """A certificate authority of the profile."""

    def __init__(self, name: str = "ca") -> None:
        self._name = name
        self._url: str | None = None
        self._grpc_options: Mapping[str, Any] = {}
        self._tlsCACerts: Mapping[str, Any] = {}
        self._registrar: object = []

    def init_with_bundle(self, info: Mapping[str, Any]) -> bool:
        """Take the fields of a CA's entry in a profile."""
        self._url = info.get("url", self._url)
        self._grpc_options = info.get("grpc_options", self._grpc_options)
        self._tlsCACerts = info.get("tlsCACerts", self._tlsCACerts)
        self._registrar = info.get("registrar", self._registrar)
        return True


def create_ca(name: str, info: Mapping[str, Any]) -> certificateAuthority:
    """Return the certificate authority of an entry in a profile."""
    made = certificateAuthority(name)
    made.init_with_bundle(info)
    return made

"""A CA server: the CAs of one department behind one address, with TLS.

Its requests are answered one after the other, in a thread of their own: each reads and writes the registry of a CA.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

from pyfabric._http.server import HttpsServer, Request, Response, server_context
from pyfabric.ca.records import Attribute
from pyfabric.ca_server.authority import Authority, Rules
from pyfabric.ca_server.endpoints import Endpoints
from pyfabric.ca_server.identities import UNLIMITED, Identity
from pyfabric.ca_server.issuing import Issuer
from pyfabric.ca_server.permissions import (
    AFFILIATION_MANAGER,
    DELEGATE_ROLES,
    GEN_CRL,
    REGISTRAR_ATTRIBUTES,
    REVOKER,
    ROLES,
)
from pyfabric.ca_server.registry import Registry
from pyfabric.errors import DecodeError, IdentityError, LedgerError
from pyfabric.identity import parsing
from pyfabric.identity.keys import load_private_key

BODY_LIMIT: Final = 1024 * 1024
_ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Registrar:
    """The first registrar of a CA, who may do everything but issue CAs; `secret` is used when a registry is made."""

    name: str
    secret: str

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The rights that it has."""
        flags = (REVOKER, GEN_CRL, AFFILIATION_MANAGER)
        lists = (ROLES, DELEGATE_ROLES, REGISTRAR_ATTRIBUTES)
        return (
            *(Attribute(name, _ANY) for name in lists),
            *(Attribute(name, "1") for name in flags),
        )


@dataclass(frozen=True, slots=True)
class AuthorityFiles:
    """Where a CA has its certificate, key and those above it (PEM files), and its registry."""

    name: str
    certificate: Path
    key: Path
    chain: Path
    registry: Path


def open_authority(
    files: AuthorityFiles,
    registrar: Registrar,
    *,
    now: Callable[[], datetime],
    random: Random,
    rules: Rules | None = None,
) -> Authority:
    """Open a CA; its registry is made with the registrar if it does not exist.

    Raises IdentityError for a certificate and key that are no CA's, LedgerError for a registry that cannot be used.
    """
    issuer = load_issuer(files.certificate, files.key)
    authority = Authority(
        name=files.name,
        issuer=issuer,
        chain=_read(files.chain),
        registry=Registry.open(files.registry),
        rules=rules or Rules(),
        now=now,
        random=random,
    )
    if authority.registry.identity(registrar.name) is None:
        authority.registry.put_identity(
            Identity(
                name=registrar.name,
                type="client",
                affiliation="",
                attributes=registrar.attributes,
                max_enrollments=UNLIMITED,
                secret=authority.kept(registrar.secret),
            )
        )
    return authority


def load_issuer(certificate: Path, key: Path) -> Issuer:
    """Read a CA's certificate and key; raises IdentityError."""
    try:
        found = parsing.read_pem(_read(certificate))
    except DecodeError as error:
        raise IdentityError(f"{certificate}: {error}") from error
    private = load_private_key(_read(key))
    if found is None or not (found.is_ca and found.may_sign_certificates):
        raise IdentityError(f"{certificate} is not the certificate of a CA")
    if found.public_key != private.public_key():
        raise IdentityError(f"the key in {key} is not that of the certificate in {certificate}")
    return Issuer(found, private)


class Authorities(Mapping[str, Authority]):
    """The CAs of a server by name, each opened when it is first asked for: until then nothing of it is read or written."""

    def __init__(self, openers: Mapping[str, Callable[[], Authority]]) -> None:
        self._openers = openers
        self.opened: dict[str, Authority] = {}

    def __getitem__(self, name: str) -> Authority:
        if name not in self.opened:
            self.opened[name] = self._openers[name]()
        return self.opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._openers)

    def __len__(self) -> int:
        return len(self._openers)


class CAServer:
    """A listening CA server. Make it with `start`."""

    def __init__(self, authorities: Authorities) -> None:
        self._authorities = authorities
        self._endpoints = Endpoints(authorities)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ca-server")
        self._server: HttpsServer | None = None

    @classmethod
    async def start(
        cls, address: str, certificate: Path, key: Path, authorities: Authorities
    ) -> "CAServer":
        """Listen at host:port with a TLS certificate; raises NetworkError. The first CA is for requests that name none."""
        server = cls(authorities)
        context = server_context(certificate, key, None)
        server._server = await HttpsServer.start(
            address, context, server._answer, body_limit=BODY_LIMIT
        )
        return server

    @property
    def port(self) -> int:
        """The port where it listens."""
        return 0 if self._server is None else self._server.port

    async def check(self) -> str | None:
        """Return why a CA that was asked for cannot work, or None if all can."""
        loop = asyncio.get_running_loop()
        try:
            for authority in tuple(self._authorities.opened.values()):
                await loop.run_in_executor(self._thread, authority.registry.check)
        except LedgerError as error:
            return str(error)
        return None

    async def stop(self) -> None:
        """Stop listening, and close the registries when the last request is answered."""
        if self._server is not None:
            await self._server.stop()
        await asyncio.to_thread(self._thread.shutdown)
        for authority in self._authorities.opened.values():
            authority.registry.close()

    async def _answer(self, request: Request) -> Response:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._endpoints.answer, request)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise IdentityError(f"{path}: {error.strerror}") from error

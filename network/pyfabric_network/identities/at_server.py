"""Revocations at the CA server of a department: it refuses who is revoked there, and has a list of its own.

It knows what it issued alone, and not what `up` made with the same key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pyfabric.ca import CAErrorCode
from pyfabric.errors import CAError, ConfigError, NetworkError
from pyfabric.identity.revocation import revoked
from pyfabric_network.identities.authorities import Authority
from pyfabric_network.material.ca_server import REGISTRAR

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING_TO_DO: Final = {
    CAErrorCode.CERTIFICATE_TO_REVOKE_NOT_FOUND,
    CAErrorCode.ALREADY_REVOKED,
}


@dataclass(frozen=True)
class AtServer:
    """What is revoked at a CA: single certificates, and all of `identities`. Without an `authority` there is nothing to do.

    `former` are the key identifiers that the CA had before, of which its own list has no more than serial numbers.
    """

    authority: Authority | None
    identities: frozenset[str] = frozenset()
    former: tuple[bytes, ...] = ()

    def check(self) -> None:
        """Raise NetworkError if the CA does not answer, ConfigError for an identity that it does not know or that must stay."""
        if self.authority is None:
            if self.identities:
                raise ConfigError(
                    "nothing is revoked: identities are revoked at a CA server, and none is asked: leave --identity out"
                )
            return
        try:
            registrar = self.authority.registrar
        except NetworkError as error:
            raise NetworkError(
                f"nothing is revoked: {error}; or go on without it (--no-ca): a later revocation reaches it, too"
            ) from error
        if not self.identities:
            return
        known = {one.name for one in self.authority.client.identities(registrar)}
        for name in self.identities:
            if name == REGISTRAR:
                raise ConfigError(
                    f"nothing is revoked: {name} is the registrar by whom this machine asks the CA: leave --identity out"
                )
            if name not in known:
                raise ConfigError(
                    f"nothing is revoked: {name} is not registered at {self.authority.served.name}: leave --identity out"
                )

    def certificates(self) -> list[bytes]:
        """Return the certificates (PEM) of the identities, and those of former keys that the CA has revoked."""
        if self.authority is None:
            return []
        client, registrar = self.authority.client, self.authority.registrar
        found = [client.certificates(registrar, name=name) for name in self.identities]
        found += [
            client.certificates(registrar, authority_key_id=one.hex(), revoked_after=_EVER)
            for one in self.former
        ]
        return [one for these in found for one in these]

    def lists(self) -> list[bytes]:
        """Return the list (PEM) that the CA makes of what it knows to be revoked."""
        if self.authority is None:
            return []
        return [self.authority.client.crl(self.authority.registrar)]

    def revoke(self, lists: Sequence[bytes]) -> None:
        """Revoke the identities, and what is in the lists (PEM) and not in the CA's, as far as the CA has issued it."""
        if self.authority is None:
            return
        client, registrar = self.authority.client, self.authority.registrar
        for name in self.identities:
            client.revoke(registrar, name)
        for key_id, serial in sorted(revoked(lists) - revoked(self.lists())):
            try:
                client.revoke_certificate(registrar, f"{serial:x}", key_id.hex())
            except CAError as error:
                if error.code not in _NOTHING_TO_DO:
                    raise

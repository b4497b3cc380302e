"""What a CA remembers, in SQLite: identities, affiliations, and the certificates that it issued.

A change is committed before it is answered. A secret is kept as its scrypt digest (RFC 7914).
"""

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pyfabric.ca.records import Attribute
from pyfabric.ca_server.affiliations import is_within, renamed
from pyfabric.ca_server.identities import REVOKED, Identity
from pyfabric.errors import LedgerError
from pyfabric.identity import parsing

_VERSION: Final = 1
_TABLES: Final = """
BEGIN;
CREATE TABLE identities (
    name TEXT NOT NULL UNIQUE, type TEXT NOT NULL, affiliation TEXT NOT NULL, attributes TEXT NOT NULL,
    max_enrollments INTEGER NOT NULL, secret TEXT NOT NULL, enrolled INTEGER NOT NULL, wrong_secrets INTEGER NOT NULL
);
CREATE TABLE affiliations (name TEXT NOT NULL UNIQUE);
CREATE TABLE certificates (
    serial TEXT NOT NULL, key_id TEXT NOT NULL, name TEXT NOT NULL, pem BLOB NOT NULL,
    expires INTEGER NOT NULL, revoked INTEGER, reason INTEGER NOT NULL DEFAULT 0, UNIQUE (serial, key_id)
);
CREATE INDEX certificates_of ON certificates (name);
PRAGMA user_version = 1;
COMMIT;
"""
_PUT_IDENTITY: Final = """
INSERT INTO identities VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET
    type = excluded.type, affiliation = excluded.affiliation, attributes = excluded.attributes,
    max_enrollments = excluded.max_enrollments, secret = excluded.secret, enrolled = excluded.enrolled,
    wrong_secrets = excluded.wrong_secrets
"""
_SCRYPT: Final[Mapping[str, int]] = {"n": 1 << 14, "r": 8, "p": 1}
_SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate of the CA: numbers in hex without zeros at their front, and when it was revoked."""

    serial: str
    key_id: str
    name: str
    pem: bytes
    expires: datetime
    revoked: datetime | None


class Registry:
    """The registry in a file. Make it with `open`; one thread uses it at a time."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: Path) -> "Registry":
        """Open the registry in a file, which need not exist; raises LedgerError."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                connection.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(f"{path}: {error}") from error
        if version not in (0, _VERSION):
            connection.close()
            raise LedgerError(
                f"{path}: a registry of version {version}, which another release of pyfabric made; this one knows {_VERSION}"
            )
        return cls(connection, path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Commit what the block changes at its end, or nothing of it if it raises."""
        with self._faults():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def identity(self, name: str) -> Identity | None:
        """Return an identity."""
        found = self._rows("SELECT * FROM identities WHERE name = ?", name)
        return _identity(found[0]) if found else None

    def identities(self) -> list[Identity]:
        """Return all identities, in the order in which they were registered."""
        return [_identity(row) for row in self._rows("SELECT * FROM identities ORDER BY rowid")]

    def put_identity(self, identity: Identity) -> None:
        """Add an identity, or replace what is known of it."""
        self._execute(_PUT_IDENTITY, *_row(identity))

    def remove_identity(self, name: str) -> None:
        """Remove an identity; its certificates stay."""
        self._execute("DELETE FROM identities WHERE name = ?", name)

    def affiliations(self) -> list[str]:
        """Return the names of all affiliations, in the order in which they were added."""
        return [str(row[0]) for row in self._rows("SELECT name FROM affiliations ORDER BY rowid")]

    def add_affiliations(self, names: Collection[str]) -> None:
        """Add affiliations; those that are there stay."""
        for name in names:
            self._execute("INSERT OR IGNORE INTO affiliations VALUES (?)", name)

    def remove_affiliation(self, name: str) -> None:
        """Remove an affiliation with all below it."""
        for one in self.affiliations():
            if is_within(one, name):
                self._execute("DELETE FROM affiliations WHERE name = ?", one)

    def rename_affiliation(self, old: str, new: str) -> None:
        """Rename an affiliation, and with it all below it."""
        for one in self.affiliations():
            if is_within(one, old):
                moved = renamed(one, old, new)
                self._execute("UPDATE affiliations SET name = ? WHERE name = ?", moved, one)

    def add_certificate(self, name: str, pem: bytes, certificate: parsing.Certificate) -> None:
        """Remember a certificate that was issued to an identity."""
        self._execute(
            "INSERT INTO certificates (serial, key_id, name, pem, expires) VALUES (?, ?, ?, ?, ?)",
            serial_of(certificate),
            issuer_of(certificate),
            name,
            pem,
            int(certificate.not_after.timestamp()),
        )

    def certificate(self, serial: str, key_id: str) -> IssuedCertificate | None:
        """Return a certificate by its number and its issuer's key identifier."""
        query = "SELECT * FROM certificates WHERE serial = ? AND key_id = ?"
        found = self._rows(query, serial, key_id)
        return _certificate(found[0]) if found else None

    def certificates(self, name: str = "") -> list[IssuedCertificate]:
        """Return the certificates of all identities or of one, in the order in which they were issued."""
        every = "SELECT * FROM certificates ORDER BY rowid"
        of_one = "SELECT * FROM certificates WHERE name = ? ORDER BY rowid"
        rows = self._rows(of_one, name) if name else self._rows(every)
        return [_certificate(row) for row in rows]

    def revoke_certificate(self, one: IssuedCertificate, reason: int, now: datetime) -> None:
        """Revoke a certificate."""
        self._execute(
            "UPDATE certificates SET revoked = ?, reason = ? WHERE serial = ? AND key_id = ?",
            int(now.timestamp()),
            reason,
            one.serial,
            one.key_id,
        )

    def revoke_all(self, name: str, reason: int, now: datetime) -> list[IssuedCertificate]:
        """Revoke the certificates of an identity, and return those that were not revoked before."""
        found = [one for one in self.certificates(name) if one.revoked is None]
        for one in found:
            self.revoke_certificate(one, reason, now)
        return found

    def revoke_identity(self, identity: Identity) -> None:
        """Keep an identity from enrolling again."""
        self.put_identity(replace(identity, enrolled=REVOKED))

    def check(self) -> None:
        """Raise LedgerError if the file cannot be read."""
        self._rows("SELECT 1 FROM identities LIMIT 1")

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._faults():
            return self._connection.execute(query, values).fetchall()

    def _execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        with self._faults():
            return self._connection.execute(statement, values)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(f"{self._path}: {error}") from error


def hashed(secret: str, salt: bytes) -> str:
    """Return what a registry keeps of a secret; `salt` is random."""
    return f"{salt.hex()}${_digest(secret, salt).hex()}"


def new_hash(secret: str, random_bytes: Callable[[int], bytes]) -> str:
    """Return what a registry keeps of a new secret."""
    return hashed(secret, random_bytes(_SALT_BYTES))


def matches(secret: str, kept: str) -> bool:
    """Return whether a secret is the one of which this is kept."""
    salt, _, digest = kept.partition("$")
    return hmac.compare_digest(_digest(secret, bytes.fromhex(salt)).hex(), digest)


def serial_of(certificate: parsing.Certificate) -> str:
    """Return a certificate's serial number as the registry has it."""
    return f"{certificate.serial:x}"


def issuer_of(certificate: parsing.Certificate) -> str:
    """Return the key identifier of a certificate's issuer as the registry has it."""
    return certificate.authority_key_id.hex().lstrip("0")


def _digest(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, **_SCRYPT)


def _row(identity: Identity) -> Sequence[object]:
    return (
        identity.name,
        identity.type,
        identity.affiliation,
        json.dumps([one.json() for one in identity.attributes], ensure_ascii=False),
        identity.max_enrollments,
        identity.secret,
        identity.enrolled,
        identity.wrong_secrets,
    )


def _identity(row: tuple[Any, ...]) -> Identity:
    name, type_, affiliation, attributes, allowed, secret, enrolled, wrong = row
    return Identity(
        name,
        type_,
        affiliation,
        tuple(Attribute.read(one) for one in json.loads(attributes)),
        allowed,
        secret,
        enrolled,
        wrong,
    )


def _certificate(row: tuple[Any, ...]) -> IssuedCertificate:
    serial, key_id, name, pem, expires, revoked, _reason = row
    return IssuedCertificate(
        serial, key_id, name, pem, _moment(expires), None if revoked is None else _moment(revoked)
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

"""Private values: sent as transient data, kept by the members of a collection, committed to in public.

A commitment is SHA-256 over 32 random bytes (the salt) and the canonical JSON of the value. Identifiers of
people are never keys of a collection, since a short list of candidates is hashed in minutes: use a blinded key.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from pyfabric.chaincode import ContractError, Stub, from_json
from pyfabric_municipal.common.records import Record
from pyfabric_municipal.common.refusals import TOO_LARGE, FrameRule
from pyfabric_municipal.common.values import Digest, Model, Timestamp, canonical_json, parse_json

T = TypeVar("T")

_SALT_BYTES: Final = 32
_PART: Final = "part"
_RECORD_SALT: Final = "salt"

ELSEWHERE = FrameRule(
    "private-elsewhere",
    "本节点没有集合 {collection} 中的 {id}：须由成员部门背书",
    "this peer has no {id} in the collection {collection}: a member of it must endorse",
)
TRANSIENT = FrameRule(
    "transient", "缺少或无效的临时数据 {name}：{problem}", "transient data {name}: {problem}"
)


def _salt(value: str) -> str:
    raw = bytes.fromhex(value)
    if len(raw) != _SALT_BYTES or value != raw.hex() or len(set(raw)) < _SALT_BYTES // 4:
        raise ValueError("a salt is 32 random bytes, as 64 lower-case hexadecimal digits")
    return value


Salt = Annotated[str, AfterValidator(_salt)]


class Sealed(Model, Generic[T]):
    """A private value with the salt of its commitment, as it travels and as members keep it."""

    salt: Salt
    value: T

    def commitment(self) -> str:
        """Return the commitment, which is public and says nothing of the value."""
        return commitment(self.salt, self.model_dump(mode="json")["value"])


class Blinded(Model):
    """An identifier in public: HMAC-SHA-256 by a key that a department keeps, for one purpose."""

    key_id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")
    purpose: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")
    mac: Digest

    def __str__(self) -> str:
        return f"{self.key_id}/{self.purpose}/{self.mac}"


@dataclass(frozen=True)
class Collection:
    """Where a step's private argument is kept: `Annotated[Sealed[Evidence], Collection("evidence")]`.

    A collection that `lapses` may delete its values after a number of blocks (BlockToLive); no guard can read them.
    `{caller}` in a name stands for the caller's department.
    """

    name: str
    lapses: bool = False


OWN: Final = Collection("_implicit_org_{caller}", lapses=True)
"""The collection that the caller's department alone has: its own peer must endorse, too, and no later step reads it."""

NOT_KEPT: Final = Collection("", lapses=True)
"""For an argument that the step looks at and nobody keeps, such as a presentation."""


class PublicPart(Model):
    """What is public of a record that is private as a whole."""

    id: str
    state: str
    revision: int
    schema_version: int
    updated: Timestamp
    commitment: Digest


def commitment(salt: str, value: Any) -> str:
    """Return the commitment to a JSON value: SHA-256 over the salt and the canonical JSON."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical_json(value)).hexdigest()


def blind(key: bytes, key_id: str, purpose: str, identifier: str) -> Blinded:
    """Return an identifier's blinded key; for clients, since the key never reaches a contract."""
    text = canonical_json([key_id, purpose, identifier])
    return Blinded(key_id=key_id, purpose=purpose, mac=hmac.new(key, text, "sha256").hexdigest())


def _sized(record: Record, value: bytes, most: int) -> bytes:
    """Return a record's bytes; refuses more than `most`."""
    if len(value) > most:
        facts = {"kind": record.KIND, "id": record.id, "size": len(value), "most": most}
        raise TOO_LARGE.refusal(facts)
    return value


class Vault:
    """Values of records, public and private, in one transaction."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._parts: dict[tuple[str, str], bytes] = {}
        self._arguments: dict[str, Any] = {}

    def read(self, model: type[Record], record_id: str) -> bytes | None:
        """Return a record's JSON; refuses where only members of its collection have it."""
        key = self._stub.create_composite_key(model.KIND, (record_id,))
        public = self._stub.get_state(key)
        if public is None or not model.COLLECTION:
            return public
        value = self._stub.collection(model.COLLECTION).get_state(key)
        if value is None:
            raise ELSEWHERE.refusal({"collection": model.COLLECTION, "id": record_id})
        return canonical_json(parse_json(value)["value"])

    def public_part(self, model: type[Record], record_id: str) -> PublicPart | None:
        """Return what every department can read of a private record, None if there is none."""
        value = self._stub.get_state(self._stub.create_composite_key(model.KIND, (record_id,)))
        return None if value is None else PublicPart.model_validate_json(value)

    def public(self, record: Record, most: int) -> bytes:
        """Return the bytes of public state for a record; refuses one of more than `most` bytes.

        The private part of a private record is kept for `write`.
        """
        if not record.COLLECTION:
            return _sized(record, record.canonical(), most)
        sealed = self._sealed(record)
        key = self._stub.create_composite_key(record.KIND, (record.id,))
        self._parts[record.COLLECTION, key] = _sized(record, sealed.canonical(), most)
        shown = {
            name: getattr(record, name) for name in PublicPart.model_fields if name != "commitment"
        }
        return PublicPart(**shown, commitment=sealed.commitment()).canonical()

    def write(self) -> None:
        """Write private records, and the private parts that were sealed, to their collections."""
        for (collection, key), value in sorted(self._parts.items()):
            self._stub.collection(collection).put_state(key, value)

    def argument(self, hint: Any, name: str, row: str = "") -> Any:
        """Return the private argument of that name, from the transient data; in a batch, that of a row."""
        if name not in self._arguments:
            self._arguments[name] = self._argument(dict[str, hint] if row else hint, name)
        found = self._arguments[name]
        if not row:
            return found
        if row not in found:
            raise TRANSIENT.refusal({"name": name, "problem": f"has no value for {row}"})
        return found[row]

    def seal(
        self, collection: str, kind: str, record_id: str, name: str, sealed: Sealed[Any]
    ) -> None:
        """Keep a private part of a record in a collection."""
        key = self._stub.create_composite_key(_PART, (kind, record_id, name))
        self._parts[collection, key] = sealed.canonical()

    def unseal(self, collection: str, hint: Any, kind: str, record_id: str, name: str) -> Any:
        """Return a private part; refuses at peers that do not have it."""
        key = self._stub.create_composite_key(_PART, (kind, record_id, name))
        value = self._parts.get((collection, key)) or self._stub.collection(collection).get_state(
            key
        )
        if value is None:
            raise ELSEWHERE.refusal({"collection": collection, "id": record_id})
        return TypeAdapter(hint).validate_json(value)

    def _argument(self, hint: Any, name: str) -> Any:
        value = self._stub.transient.get(name)
        if value is None:
            raise TRANSIENT.refusal({"name": name, "problem": "is missing"})
        try:
            return from_json(hint, value)
        except ContractError as error:
            raise TRANSIENT.refusal({"name": name, "problem": str(error)}) from error

    def _sealed(self, record: Record) -> Sealed[Mapping[str, Any]]:
        salt = self._stub.transient.get(_RECORD_SALT, b"").decode(errors="replace")
        try:
            return Sealed[Mapping[str, Any]](salt=salt, value=record.model_dump(mode="json"))
        except ValidationError as error:
            problem = "32 random bytes as hexadecimal digits are needed"
            raise TRANSIENT.refusal({"name": _RECORD_SALT, "problem": problem}) from error

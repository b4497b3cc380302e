"""Evidence of an objection: private to the collection's members; the ledger has only its digest."""

import hashlib
import re
from typing import Annotated

from pydantic import AfterValidator, Field

from pyfabric.chaincode import Context, ContractError, from_json
from pyfabric_municipal.penalties import Penalty
from pyfabric_municipal.records import Digest, Model
from pyfabric_municipal.text import require_match

COLLECTION = "evidence"
TRANSIENT = "evidence"
_SALT = re.compile(r"[0-9a-f]{32,64}")


def _salt(value: str) -> str:
    return require_match("salt", _SALT, value, "32 to 64 lower-case hexadecimal digits")


class Document(Model):
    """A document that stays where it is: what it is, and the SHA-256 of its bytes."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    digest: Digest


class Evidence(Model):
    """What a subject objects and shows; it may speak of persons, and so never comes into public state.

    The salt (128 bits or more, random) keeps others from guessing the content by its digest.
    """

    salt: Annotated[str, AfterValidator(_salt)]
    statement: Annotated[str, Field(min_length=1, max_length=20_000)]
    documents: Annotated[tuple[Document, ...], Field(max_length=100)] = ()

    def digest(self) -> str:
        """The SHA-256 of what the collection keeps; Fabric keeps the same as the value's hash."""
        return hashlib.sha256(self.canonical()).hexdigest()


def take_evidence(ctx: Context) -> Evidence:
    """The evidence in the transaction's transient data, which no block keeps."""
    given = sorted(ctx.stub.transient)
    if given != [TRANSIENT]:
        raise ContractError(
            f"evidence comes in the transient field {TRANSIENT!r} alone, not in {given}"
        )
    try:
        return from_json(Evidence, ctx.stub.transient[TRANSIENT])
    except ContractError as error:
        # The faulty text itself must not get into an answer, which peers and clients log.
        raise ContractError(
            "the evidence is not such a document: salt, statement, documents"
        ) from error


def keep_evidence(ctx: Context, penalty: Penalty, evidence: Evidence) -> None:
    """Write evidence into the collection."""
    key = _key(ctx, penalty, evidence.digest())
    ctx.stub.collection(COLLECTION).put_state(key, evidence.canonical())


def read_evidence(ctx: Context, penalty: Penalty, digest: str) -> Evidence:
    """The evidence with that digest; a peer that is not in the collection has none."""
    value = ctx.stub.collection(COLLECTION).get_state(_key(ctx, penalty, digest))
    if value is None:
        raise ContractError(f"there is no evidence {digest} here")
    return from_json(Evidence, value)


def _key(ctx: Context, penalty: Penalty, digest: str) -> str:
    return ctx.stub.create_composite_key(COLLECTION, (*penalty.key(), digest))

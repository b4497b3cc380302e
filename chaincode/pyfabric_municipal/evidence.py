"""Evidence of an objection: private data of the collection's members, with only its digest public."""

import hashlib
import re
from typing import Annotated

from pydantic import AfterValidator, Field

from pyfabric.chaincode import Context, ContractError, from_json
from pyfabric_municipal.common.values import Digest, Model
from pyfabric_municipal.common.values.kinds import Kind
from pyfabric_municipal.penalties import Penalty

COLLECTION = "evidence"
TRANSIENT = "evidence"
_SALT = re.compile(r"[0-9a-f]{32,64}")


def _salt(value: str) -> str:
    kind = Kind("salt", "salt", "盐值", secret=True)
    shape, zh = "32 to 64 lower-case hexadecimal digits", "32至64位小写十六进制数字"
    return kind.require_match(_SALT, value, shape, zh).string


class Document(Model):
    """A document that is kept elsewhere: its title, and the SHA-256 of its bytes."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    digest: Digest


class Evidence(Model):
    """A subject's statement and documents. It may name persons, so it is never written to public state.

    The salt (128 random bits or more) keeps others from guessing the content from its digest.
    """

    salt: Annotated[str, AfterValidator(_salt)]
    statement: Annotated[str, Field(min_length=1, max_length=20_000)]
    documents: Annotated[tuple[Document, ...], Field(max_length=100)] = ()

    def digest(self) -> str:
        """Return the SHA-256 of the value in the collection, which Fabric has as the value's hash too."""
        return hashlib.sha256(self.canonical()).hexdigest()


def take_evidence(ctx: Context) -> Evidence:
    """Read the evidence from the transaction's transient data, which no block contains."""
    given = sorted(ctx.stub.transient)
    if given != [TRANSIENT]:
        raise ContractError(
            f"evidence must be the only transient field, named {TRANSIENT!r}; found {given}"
        )
    try:
        return from_json(Evidence, ctx.stub.transient[TRANSIENT])
    except ContractError as error:
        # The text itself must not get into a response, which peers and clients log.
        raise ContractError(
            "the evidence is invalid: it must be JSON with salt, statement and documents"
        ) from error


def keep_evidence(ctx: Context, penalty: Penalty, evidence: Evidence) -> None:
    """Write evidence into the collection."""
    key = _key(ctx, penalty, evidence.digest())
    ctx.stub.collection(COLLECTION).put_state(key, evidence.canonical())


def read_evidence(ctx: Context, penalty: Penalty, digest: str) -> Evidence:
    """Return the evidence with that digest; raises ContractError where this peer does not have it."""
    value = ctx.stub.collection(COLLECTION).get_state(_key(ctx, penalty, digest))
    if value is None:
        raise ContractError(
            f"this peer has no evidence {digest}: ask one of the collection's members"
        )
    return from_json(Evidence, value)


def _key(ctx: Context, penalty: Penalty, digest: str) -> str:
    return ctx.stub.create_composite_key(COLLECTION, (*penalty.key(), digest))

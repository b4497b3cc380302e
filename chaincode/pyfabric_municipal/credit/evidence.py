"""What subjects submit to the platform: private data of the collection `evidence`, with a commitment in public.

It may name persons. The salt of its commitment (32 random bytes) keeps others from guessing the content.
"""

from typing import Annotated, Final

from pydantic import Field

from pyfabric_municipal.common.private import Collection, Sealed
from pyfabric_municipal.common.values import Digest, DocumentNumber, Model

COLLECTION: Final = "evidence"

ShortText = Annotated[str, Field(min_length=1, max_length=200)]


class Document(Model):
    """A document that is kept elsewhere: its title, and the SHA-256 of its bytes."""

    title: ShortText
    digest: Digest


class Evidence(Model):
    """The statement and documents of an objection."""

    statement: Annotated[str, Field(min_length=1, max_length=20_000)]
    documents: Annotated[tuple[Document, ...], Field(max_length=100)] = ()


class Proof(Model):
    """What an application for repair needs: proofs that the penalty was complied with, and a signed commitment."""

    fulfilment: Annotated[tuple[Document, ...], Field(min_length=1, max_length=100)]
    commitment: Document


class Basis(Model):
    """The decision or judgment that takes a penalty away: its number, and the SHA-256 of its text."""

    number: DocumentNumber
    digest: Digest


SealedEvidence = Annotated[Sealed[Evidence], Collection(COLLECTION)]
SealedProof = Annotated[Sealed[Proof], Collection(COLLECTION)]

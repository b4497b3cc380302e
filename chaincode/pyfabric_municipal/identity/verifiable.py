"""Verifiable credentials and presentations (W3C VC Data Model 2.0), as the city takes them.

Narrower than the model, so that nothing depends on JSON-LD: contexts are URLs, the base one first; one type beside
VerifiableCredential; issuer, holder and subject are DIDs of the city; times are UTC with whole seconds; one
subject, which has a claim; each status is a bit of a Bitstring Status List. Members that the model does not have are refused.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pyfabric_municipal.common.refusals import FrameRule
from pyfabric_municipal.common.values import ELicence, Model, Timestamp
from pyfabric_municipal.identity.identifiers import CredentialType, DidId, ListUrl, Url
from pyfabric_municipal.identity.integrity import Member, Proof

BASE: Final = "https://www.w3.org/ns/credentials/v2"
CREDENTIAL: Final = "VerifiableCredential"

INVALID = FrameRule(
    "identity.document",
    "{document} 的 {place} 无效：{problem}",
    "{document}: {place}: {problem}",
)

D = TypeVar("D", bound=Model)


def _contexts(contexts: tuple[str, ...]) -> tuple[str, ...]:
    if contexts[0] != BASE:
        raise ValueError(f"the first context is {BASE}")
    return contexts


def _types(types: tuple[str, ...]) -> tuple[str, ...]:
    if types.count(CREDENTIAL) != 1:
        raise ValueError(f"the types are {CREDENTIAL} and one more")
    return types


Contexts = Annotated[tuple[Url, ...], Field(min_length=1, max_length=10), AfterValidator(_contexts)]
Types = Annotated[
    tuple[CredentialType, ...], Field(min_length=2, max_length=2), AfterValidator(_types)
]
Index = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,6})$")]


class _Open(BaseModel):
    """An object that may have further members, such as claims."""

    model_config = ConfigDict(frozen=True, extra="allow")


class LanguageText(Model):
    """A text in a language."""

    value: str = Field(alias="@value")
    language: str = Field(default="", alias="@language")
    direction: str = Field(default="", alias="@direction")


Words = str | LanguageText | tuple[LanguageText, ...]


class Typed(_Open):
    """Evidence, terms of use, a refresh service: an object with a type."""

    id: Url = ""
    type: str | Annotated[tuple[str, ...], Field(min_length=1)]


class Schema(Typed):
    """The schema of a credential, by its URL."""

    id: Url


class Resource(_Open):
    """A resource beside a credential, with its digest."""

    id: Url
    digest_sri: str = Field(default="", alias="digestSRI")
    digest_multibase: str = Field(default="", alias="digestMultibase")

    @model_validator(mode="after")
    def _digested(self) -> "Resource":
        if not (self.digest_sri or self.digest_multibase):
            raise ValueError("a related resource has a digest")
        return self


class Issuer(_Open):
    """An issuer with its name."""

    id: DidId
    name: Words = ""
    description: Words = ""


class Subject(_Open):
    """The subject, with its claims; `licence` is the e-licence that the credential shows, if it shows one."""

    id: DidId
    licence: ELicence = ""

    @model_validator(mode="after")
    def _claims(self) -> "Subject":
        if not (self.licence or self.model_extra):
            raise ValueError("the subject has no claim")
        return self


class StatusEntry(Member):
    """An entry of a Bitstring Status List 1.0; a status has one bit."""

    id: Url = ""
    type: Literal["BitstringStatusListEntry"]
    status_purpose: Literal["revocation", "suspension", "refresh", "message"]
    status_list_index: Index
    status_list_credential: ListUrl
    status_size: Literal[1] = 1


class VerifiableCredential(Member):
    """A credential with its proof."""

    context: Contexts = Field(alias="@context")
    id: Url = ""
    type: Types
    name: Words = ""
    description: Words = ""
    issuer: DidId | Issuer
    valid_from: Timestamp
    valid_until: Timestamp = ""
    credential_subject: Subject
    credential_status: tuple[StatusEntry, ...] = Field(min_length=1, max_length=4)
    credential_schema: Schema | tuple[Schema, ...] = ()
    evidence: Typed | tuple[Typed, ...] = ()
    terms_of_use: Typed | tuple[Typed, ...] = ()
    refresh_service: Typed | tuple[Typed, ...] = ()
    related_resource: tuple[Resource, ...] = ()
    proof: Proof

    @model_validator(mode="after")
    def _consistent(self) -> "VerifiableCredential":
        if self.valid_until and self.valid_until <= self.valid_from:
            raise ValueError("validUntil is not after validFrom")
        purposes = [one.status_purpose for one in self.credential_status]
        if purposes.count("revocation") != 1 or purposes.count("suspension") > 1:
            raise ValueError(
                "a credential has one revocation status, and one suspension status at most"
            )
        return self

    @property
    def issued_by(self) -> str:
        """The issuer's DID."""
        return self.issuer.id if isinstance(self.issuer, Issuer) else self.issuer

    @property
    def named_type(self) -> str:
        """The type beside VerifiableCredential."""
        return next(one for one in self.type if one != CREDENTIAL)

    def entry(self, purpose: str) -> StatusEntry | None:
        """Return the status entry for a purpose."""
        return next((one for one in self.credential_status if one.status_purpose == purpose), None)


class PresentationProof(Proof):
    """The holder's proof of a presentation, for one challenge of one verifier."""

    proof_purpose: Literal["authentication"]
    challenge: str
    domain: str


class VerifiablePresentation(Member):
    """A presentation of one credential by its holder."""

    context: Contexts = Field(alias="@context")
    id: Url = ""
    type: tuple[Literal["VerifiablePresentation"]]
    holder: DidId
    verifiable_credential: tuple[dict[str, Any]]
    proof: PresentationProof


def read_credential(document: Mapping[str, Any]) -> VerifiableCredential:
    """Return a credential; raises ContractError with the place for what the model or the city does not allow."""
    return _read(VerifiableCredential, document)


def read_presentation(document: Mapping[str, Any]) -> VerifiablePresentation:
    """Return a presentation; raises ContractError as `read_credential` does."""
    return _read(VerifiablePresentation, document)


def _read(model: type[D], document: Mapping[str, Any]) -> D:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "document"
        facts = {"document": model.__name__, "place": place, "problem": first["msg"]}
        raise INVALID.refusal(facts) from error

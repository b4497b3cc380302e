"""The contract `Identity`: who has which DID, who may issue what, which credentials count, and what was shown."""

from typing import Any, ClassVar

from pyfabric.chaincode import Context, query
from pyfabric_municipal.common.contract import CityContract, PageSize
from pyfabric_municipal.common.reading import Page
from pyfabric_municipal.common.records import Record
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.values import Count, Model, Timestamp, is_status_set
from pyfabric_municipal.common.values.status_lists import require_index
from pyfabric_municipal.identity.accreditations import Accreditations
from pyfabric_municipal.identity.credentials import Credentials
from pyfabric_municipal.identity.did_documents import resolution
from pyfabric_municipal.identity.dids import Dids
from pyfabric_municipal.identity.identifiers import CredentialType, DidId, ListUrl
from pyfabric_municipal.identity.licences import Licences
from pyfabric_municipal.identity.presentations import Presentations
from pyfabric_municipal.identity.records import (
    CHUNK,
    Accreditation,
    Credential,
    Delegation,
    Did,
    Licence,
    Presentation,
    StatusChunk,
    StatusList,
    Version,
)


class StatusBits(Model):
    """What is set in a status list: its chunks of 1,024 bits in hexadecimal by number; those that lack are zeros."""

    list: ListUrl
    issuer: DidId
    purpose: str
    size: Count
    chunks: dict[str, str]


class Identity(Dids, Accreditations, Credentials, Licences, Presentations, CityContract):
    """Digital identity: DIDs, accredited issuers, credentials, e-licences, status lists and presentations.

    数字身份：标识、颁发资格、凭证、电子证照、状态列表和出示核验。公开内容不含个人信息。
    """

    name = "Identity"
    title = "数字身份 · Digital identity"
    RECORDS: ClassVar[tuple[type[Record], ...]] = (
        Did,
        Version,
        Accreditation,
        StatusList,
        StatusChunk,
        Credential,
        Licence,
        Delegation,
        Presentation,
    )

    @query
    def resolve(self, ctx: Context, did: DidId, at: Timestamp | None = None) -> dict[str, Any]:
        """Return a DID's document as it was at a time, with its metadata (DID Resolution 0.3); none: as it is now.

        解析某一时刻的标识文档及其元数据；省略时间则为当前。
        """
        session = Session(ctx.stub, self.contract_name())
        found = session.need(Did, did)
        return resolution(found, session.find(Version, "did", did), at or session.now)

    @query
    def accreditations(
        self,
        ctx: Context,
        issuer: DidId,
        type: CredentialType,
        at: Timestamp,
    ) -> list[Accreditation]:
        """Return the accreditations of an issuer for a type that cover a time; none: it was not accredited.

        查询颁发者在某一时刻就某类凭证的资格；为空即无资格。
        """
        session = Session(ctx.stub, self.contract_name())
        return [
            one for one in session.find(Accreditation, "issuer", issuer, type) if one.covers(at)
        ]

    @query
    def status(self, ctx: Context, list: ListUrl, index: Count) -> bool:
        """Return whether a status of a list is set; refuses an index that the list does not have.

        查询状态列表中某一索引的状态位；索引超出范围的予以拒绝。
        """
        session = Session(ctx.stub, self.contract_name())
        require_index(session.need(StatusList, list).size, index)
        number, place = divmod(index, CHUNK)
        found = session.get(StatusChunk, f"{list}#{number:05}")
        return found is not None and is_status_set(bytes.fromhex(found.bits), place)

    @query
    def status_bits(self, ctx: Context, list: ListUrl) -> StatusBits:
        """Return all that is set in a status list, of which its issuer makes and signs the list's credential.

        查询状态列表的全部状态位，供颁发者生成并签署列表凭证。
        """
        session = Session(ctx.stub, self.contract_name())
        found = session.need(StatusList, list)
        chunks = {f"{one.number}": one.bits for one in session.find(StatusChunk, "list", list)}
        return StatusBits(
            list=list, issuer=found.issuer, purpose=found.purpose, size=found.size, chunks=chunks
        )

    @query
    def expiring(
        self,
        ctx: Context,
        type: CredentialType,
        before: Timestamp,
        size: PageSize,
        bookmark: str,
    ) -> Page:
        """Return a page of the credentials, or e-licences, of a type that end before a time, the first to end first.

        分页列出某类凭证或证照中在某时之前到期的，先到期者在前。
        """
        kind = Licence if type[0].isdigit() else Credential
        page = self._reading(ctx).listed(kind, "type", [type], size, bookmark)
        items = tuple(one for one in page.items if one["valid_until"] < before)
        return Page(items=items, bookmark=page.bookmark if len(items) == len(page.items) else "")

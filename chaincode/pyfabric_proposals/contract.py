"""The contract `Proposals`: updates of its own channel, and the signatures of departments that don't send files.

A contract cannot ask its peer for the configuration in force: Fabric's `cscc` and `qscc` refuse calls from contracts. So
callers bring configuration blocks, which are taken only if the orderers of the configuration before have signed them, back
to the genesis block. All that is kept stands under the hash of that block: a false genesis block begins a world of its own,
and harms nobody. What is checked here keeps useless signatures out; the orderers decide in the end.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Final, ParamSpec, TypeVar

from pydantic import BaseModel, Field

from pyfabric.admin.config.proposal import Proposal, signer
from pyfabric.admin.config.proposal_files import read_proposal, write_proposal
from pyfabric.admin.config.requirements import check_signatures
from pyfabric.admin.config.trusted import TrustedConfig, follow, genesis_id, read_trusted
from pyfabric.chaincode import (
    Context,
    Contract,
    ContractError,
    from_json,
    query,
    to_json,
    transaction,
)
from pyfabric.errors import FabricError

P = ParamSpec("P")
T = TypeVar("T")
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
PageSize = Annotated[int, Field(ge=1, le=100)]
_BLOCK: Final = "block"
_PROPOSAL: Final = "proposal"
_SIGNATURE: Final = "signature"
MOST_BYTES: Final = 4 * 1024 * 1024
"""More than an update, of which a new member's MSP is the largest part."""


class Filed(BaseModel):
    """A proposal that is kept: its id, which department put it there, and when (RFC 3339)."""

    id: Digest
    department: str
    at: str


class ProposalPage(BaseModel):
    """One page of the proposals that are kept; `bookmark` begins the next one ("" after the last)."""

    items: list[Filed]
    bookmark: str


class Kept(BaseModel):
    """What the ledger holds of a proposal: the file without its signatures, each of which has a key of its own."""

    filed: Filed
    document: str


class KnownConfig(BaseModel):
    """The newest configuration that the contract knows: the number of its block, and its sequence."""

    block: int
    sequence: int


class Proposals(Contract):
    """Updates of this channel, each under the hash of the genesis block (`genesis`) and its own hash (`proposal`)."""

    name = "Proposals"
    title = "Updates of this channel that several departments sign"

    @transaction
    def begin(self, ctx: Context, block: bytes) -> str:
        """Keep the genesis block of the channel; returns its hash. Safe to repeat."""
        genesis = _checked(genesis_id, block)
        _checked(read_trusted, block, ctx.stub.channel_id)
        if ctx.stub.get_state(_key(ctx, _BLOCK, genesis)) is None:
            ctx.stub.put_state(_key(ctx, _BLOCK, genesis), block)
        return genesis

    @transaction
    def follow(self, ctx: Context, genesis: Digest, block: bytes) -> int:
        """Keep a later configuration block, which the orderers of the known one have signed; returns its number."""
        found = _checked(follow, _trusted(ctx, genesis), block)
        ctx.stub.put_state(_key(ctx, _BLOCK, genesis), block)
        return found.number

    @transaction
    def put(self, ctx: Context, genesis: Digest, document: bytes) -> str:
        """Keep a proposal, as a file holds it, with at least one signature; returns the hash of its update."""
        if len(document) > MOST_BYTES:
            raise ContractError(f"the proposal has {len(document)} bytes: {MOST_BYTES} at most")
        proposal = _checked(read_proposal, document)
        if not proposal.signatures:
            raise ContractError("the proposal is not signed: sign it first")
        config = _trusted(ctx, genesis)
        digest = sha256(proposal.update).hexdigest()
        if ctx.stub.get_state(_key(ctx, _PROPOSAL, genesis, digest)) is not None:
            raise ContractError(f"the proposal {digest} is there already: sign that one")
        for signature in proposal.signatures:
            _keep(ctx, genesis, digest, config, proposal, signature)
        kept = Kept(
            filed=Filed(id=digest, department=ctx.client.msp_id, at=ctx.stub.timestamp.isoformat()),
            document=write_proposal(replace(proposal, signatures=())).decode(),
        )
        ctx.stub.put_state(_key(ctx, _PROPOSAL, genesis, digest), to_json(kept))
        return digest

    @transaction
    def sign(self, ctx: Context, genesis: Digest, proposal: Digest, signature: bytes) -> None:
        """Keep a signature (bytes of common.ConfigSignature), which anybody may bring.

        Refuses one that does not verify, or that no policy counts which the update must satisfy.
        """
        _, found = _read(ctx, genesis, proposal)
        _keep(ctx, genesis, proposal, _trusted(ctx, genesis), found, signature)

    @transaction
    def remove(self, ctx: Context, genesis: Digest, proposal: Digest) -> None:
        """Forget a proposal: for the department that put it there, and for all once it is void."""
        filed, found = _read(ctx, genesis, proposal)
        is_theirs = filed.department == ctx.client.msp_id
        if not is_theirs and not _checked(_trusted(ctx, genesis).is_void, found.update):
            raise ContractError(
                f"the proposal is {filed.department}'s, and not void: have them remove it"
            )
        for key, _ in _signatures(ctx, genesis, proposal):
            ctx.stub.delete_state(key)
        ctx.stub.delete_state(_key(ctx, _PROPOSAL, genesis, proposal))

    @query
    def get(self, ctx: Context, genesis: Digest, proposal: Digest) -> bytes:
        """Return a proposal with its signatures, as a file holds it."""
        _, found = _read(ctx, genesis, proposal)
        signatures = (signature for _, signature in _signatures(ctx, genesis, proposal))
        return write_proposal(found.signed(*signatures))

    @query
    def proposals(
        self, ctx: Context, genesis: Digest, size: PageSize, bookmark: str = ""
    ) -> ProposalPage:
        """Return one page of the proposals that are kept, by their ids."""
        page = ctx.stub.get_state_by_partial_composite_key_with_pagination(
            _PROPOSAL, [genesis], size, bookmark
        )
        return ProposalPage(
            items=[from_json(Kept, one.value).filed for one in page.items], bookmark=page.bookmark
        )

    @query
    def known(self, ctx: Context, genesis: Digest) -> KnownConfig:
        """Return the newest configuration that is known."""
        found = _trusted(ctx, genesis)
        return KnownConfig(block=found.number, sequence=found.config.sequence)


def _checked(check: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Return what a check returns; raises its refusal as the contract's."""
    try:
        return check(*arguments, **options)
    except FabricError as error:
        raise ContractError(str(error)) from error


def _key(ctx: Context, kind: str, *parts: str) -> str:
    return ctx.stub.create_composite_key(kind, parts)


def _trusted(ctx: Context, genesis: str) -> TrustedConfig:
    block = ctx.stub.get_state(_key(ctx, _BLOCK, genesis))
    if block is None:
        raise ContractError(
            f"the genesis block {genesis} is not known: call Proposals:begin with it"
        )
    return _checked(read_trusted, block, ctx.stub.channel_id)


def _read(ctx: Context, genesis: str, proposal: str) -> tuple[Filed, Proposal]:
    found = ctx.stub.get_state(_key(ctx, _PROPOSAL, genesis, proposal))
    if found is None:
        raise ContractError(f"there is no proposal {proposal}")
    kept = from_json(Kept, found)
    return kept.filed, _checked(read_proposal, kept.document.encode())


def _signatures(ctx: Context, genesis: str, proposal: str) -> Iterator[tuple[str, bytes]]:
    with ctx.stub.get_state_by_partial_composite_key(_SIGNATURE, [genesis, proposal]) as found:
        for one in found:
            yield one.key, one.value


def _keep(
    ctx: Context,
    genesis: str,
    digest: str,
    trusted: TrustedConfig,
    proposal: Proposal,
    signature: bytes,
) -> None:
    """Keep a signature under its signer, so that departments that sign at the same time do not get in each other's way."""
    if _checked(trusted.is_void, proposal.update):
        raise ContractError(
            "the update is void: what it builds on has changed; remove it and propose the change again"
        )
    (found,) = _checked(check_signatures, trusted.config, proposal.update, [signature])
    if found.problem:
        raise ContractError(
            f"the signature of {found.name or 'a stranger'} is no use: {found.problem}"
        )
    who = sha256(signer(signature)).hexdigest()
    ctx.stub.put_state(_key(ctx, _SIGNATURE, genesis, digest, who), signature)

"""The verifier of proofs: sixteen checks in their order, of which the first that fails is the refusal (docs/proof.md)."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from fabric_protos.common import common_pb2

from pyfabric.messages.envelopes import NONCE_SIZE
from pyfabric.sharing.attested import (
    check_action,
    check_call,
    check_hash,
    check_header,
    read_answer,
)
from pyfabric.sharing.attesting import (
    Profile,
    check_certificates,
    check_endorsements,
    check_policy,
)
from pyfabric.sharing.certificates import read_signer
from pyfabric.sharing.comparing import Comparison, Comparisons, Outcome
from pyfabric.sharing.consumer import Consumer, RequestState
from pyfabric.sharing.proof_file import MOST_BYTES as MOST_FILE_BYTES
from pyfabric.sharing.proof_file import MOST_BYTES_WITH_INCLUSION, ProofFile
from pyfabric.sharing.recorded import RecordedPolicy
from pyfabric.sharing.refusals import Code
from pyfabric.sharing.requests import MOST_BYTES, Answer, Request, SignedRequest, commitment
from pyfabric.sharing.transactions import EndorsedTransaction, read_transaction
from pyfabric.sharing.trust import TrustRecord

MOST_ENDORSEMENTS: Final = 16


@dataclass(frozen=True, slots=True)
class Accepted:
    """A proof that every check accepts: what it says, and who attests it.

    `idempotent` is whether the same content of the same revision has been imported before, `digest` the SHA-256 of the
    file. `unchecked` needs a state that was not at hand: while there is any, the proof is not accepted for good.
    """

    request: Request
    request_digest: str
    answer: Answer
    departments: tuple[str, ...]
    private: dict[str, bytes]
    idempotent: bool
    digest: str
    comparisons: tuple[Comparison, ...]

    @property
    def unchecked(self) -> tuple[Comparison, ...]:
        """What has not been checked."""
        return tuple(one for one in self.comparisons if one.outcome is Outcome.NOT_CHECKED)


@dataclass(frozen=True, slots=True)
class _Contents:
    """A file that is read: every message in its only form, nothing compared yet."""

    file: ProofFile
    transaction: EndorsedTransaction
    request: Request
    header: common_pb2.SignatureHeader
    last_config: int | None


def verify(
    raw: bytes,
    consumer: Consumer,
    *,
    moment: int,
    private: bool,
    comparisons: Comparisons | None = None,
) -> Accepted:
    """Verify a proof file at a time of the consumer's channel (Unix seconds).

    `private` is whether the caller expects the values of the private parts in the file. `comparisons` is filled with what
    was compared, also before a refusal. Raises ProofError.
    """
    made = Comparisons() if comparisons is None else comparisons
    contents = _read(made, raw)
    record = _record(made, consumer, contents.request)
    transaction, request = contents.transaction, contents.request
    digest = contents.file.request.digest
    check_header(made, transaction, record)
    check_call(made, transaction, digest)
    check_hash(made, transaction)
    check_action(made, transaction, record)
    answer = read_answer(made, transaction, record)
    _check_request(made, contents, answer, consumer, moment)
    _check_trust(made, contents, record, moment)
    signers = check_endorsements(made, transaction)
    profile = Profile(record, moment)
    check_certificates(made, signers, profile)
    policy = check_policy(made, signers, profile, consumer.policy(request.source))
    idempotent = _check_revision(made, request, answer, consumer)
    _check_private(made, contents.file, answer, expected=private)
    _check_inclusion(made, contents.file, record, policy)
    return Accepted(
        request=request,
        request_digest=digest,
        answer=answer,
        departments=tuple(one.msp_id for one in signers),
        private={one.path: one.value for one in contents.file.private},
        idempotent=idempotent,
        digest=sha256(raw).hexdigest(),
        comparisons=tuple(made.made),
    )


def check_request(
    signed: SignedRequest,
    record: TrustRecord,
    *,
    moment: int,
    comparisons: Comparisons | None = None,
) -> Request:
    """Return a request whose requester is what it claims to be, as the source checks it before it opens the request.

    `record` is that of the audience's channel. Raises ProofError (`form`, `request`).
    """
    made = Comparisons() if comparisons is None else comparisons
    with made.of(Code.FORM):
        request, header = signed.read()
    with made.of(Code.REQUEST):
        _check_requester(made, signed, request, header, Profile(record, moment))
    return request


def _read(made: Comparisons, raw: bytes) -> _Contents:
    """Make checks 1 and 2: sizes, and one form for every message."""
    with made.of(Code.SIZE):
        made.at_most("the length of the file", len(raw), MOST_BYTES_WITH_INCLUSION)
    with made.of(Code.FORM):
        file = ProofFile.from_bytes(raw)
        transaction = read_transaction(file.transaction)
        request, header = file.request.read()
        last_config = None if file.inclusion is None else file.inclusion.last_config
    with made.of(Code.SIZE):
        if file.inclusion is None:
            made.at_most("the length of a file without inclusion", len(raw), MOST_FILE_BYTES)
        made.at_most(
            "the length of the answer", len(transaction.action.response.payload), MOST_BYTES
        )
        made.at_most("the number of endorsements", len(transaction.endorsements), MOST_ENDORSEMENTS)
    return _Contents(file, transaction, request, header, last_config)


def _record(made: Comparisons, consumer: Consumer, request: Request) -> TrustRecord:
    """Return the source's record, without which nothing can be compared."""
    source = request.source
    record = consumer.trust(source.net, source.channel)
    if record is None:
        made.check = Code.TRUST
        raise made.refusal(
            f"the record of channel {source.channel} of network {source.net}", "missing", "there"
        )
    return record


def _check_request(
    made: Comparisons, contents: _Contents, answer: Answer, consumer: Consumer, moment: int
) -> None:
    """Make check 8: the answer is to this request, which this consumer made, and which is still open."""
    request, digest = contents.request, contents.file.request.digest
    source = request.source
    with made.of(Code.REQUEST):
        made.equal("the answered request", answer.request, digest)
        made.equal("the answer's audience", answer.audience, request.audience)
        made.equal(
            "the answered function", (answer.contract, answer.fn), (source.contract, source.fn)
        )
        made.equal("the digest of the arguments", answer.args_digest, request.args_digest)
        own = (consumer.net, consumer.channel)
        record = consumer.trust(*own)
        if record is None:
            raise made.refusal("the record of the own channel", "missing", "there")
        profile = Profile(record, moment)
        _check_requester(made, contents.file.request, request, contents.header, profile)
        state = consumer.request_state(digest)
        if state is None:
            made.not_checked("whether the request was asked on the own channel, and is unused")
        else:
            made.equal("the request on the own channel", state, RequestState.OPEN)


def _check_requester(
    made: Comparisons,
    signed: SignedRequest,
    request: Request,
    header: common_pb2.SignatureHeader,
    profile: Profile,
) -> None:
    audience, record = request.audience, profile.record
    made.equal(
        "the channel that asks", (audience.net, audience.channel), (record.net, record.channel)
    )
    made.require(
        "the time",
        profile.moment <= request.not_after,
        profile.moment,
        f"at most {request.not_after}",
    )
    made.equal("the length of the request's nonce", len(header.nonce), NONCE_SIZE)
    signer = read_signer(header.creator)
    made.equal("the requester's organisation", signer.msp_id, audience.msp)
    signer.check(signed.message, signed.signature)
    profile.check(made, signer)


def _check_trust(made: Comparisons, contents: _Contents, record: TrustRecord, moment: int) -> None:
    """Make check 9: the recorded configuration is not over age, and the proof shows no newer one."""
    with made.of(Code.TRUST):
        age = moment - record.renewed
        made.require(
            "the age of the trust record",
            not record.is_stale(moment),
            age,
            f"at most {record.greatest_age}",
            Code.TRUST_STALE,
        )
        if contents.last_config is not None:
            made.require(
                "the newest configuration block in the proof",
                contents.last_config <= record.block,
                contents.last_config,
                record.block,
                Code.TRUST_STALE,
            )


def _check_revision(
    made: Comparisons, request: Request, answer: Answer, consumer: Consumer
) -> bool:
    """Make check 13: no older revision than was imported, no other content of the same; returns whether it is the same."""
    with made.of(Code.REVISION):
        if not consumer.knows_imports:
            made.not_checked("whether a newer revision has been imported")
            return False
        known = consumer.imported(request.address)
        if known is None:
            return False
        made.require(
            "the revision", answer.revision >= known.revision, answer.revision, known.revision
        )
        if answer.revision > known.revision:
            return False
        made.require(
            "the content of the revision",
            answer.content_digest == known.content_digest,
            answer.content_digest,
            known.content_digest,
            Code.SOURCE_EQUIVOCATION,
        )
        return True


def _check_private(made: Comparisons, file: ProofFile, answer: Answer, *, expected: bool) -> None:
    """Make check 14: the values are those whose commitments the answer has, all of them or none."""
    with made.of(Code.PRIVATE):
        paths = [one.path for one in answer.private] if expected else []
        made.equal("the private parts", [one.path for one in file.private], paths)
        for part, committed in zip(file.private, answer.private, strict=False):
            found = commitment(part.salt, part.path, part.value)
            made.equal(f"the commitment to {part.path}", found, committed.commitment)


def _check_inclusion(
    made: Comparisons, file: ProofFile, record: TrustRecord, policy: RecordedPolicy
) -> None:
    """Make check 15: the block, if there is one, holds the transaction and is signed by the recorded orderers."""
    with made.of(Code.INCLUSION):
        if file.inclusion is None:
            made.require("the inclusion in a block", not policy.inclusion, "missing", "there")
            return
        file.inclusion.check(file.transaction, record.configuration, record.block)
        made.holds("the block that holds the transaction", file.inclusion.block)

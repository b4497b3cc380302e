"""Batches: many rows in one transaction, all or none, each file once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.indexes import Claim
from pyfabric_municipal.common.records import Fact
from pyfabric_municipal.common.refusals import FrameRule
from pyfabric_municipal.common.values import Digest, Model, Positive, json_digest

if TYPE_CHECKING:
    from pyfabric_municipal.common.taking import Taking

REPLAYED = FrameRule(
    "batch-replayed", "这批数据已由 {holder} 提交", "these rows were submitted as {holder} already"
)


class Batch(Fact):
    """A batch that was taken: its step, and the digest of its rows, which no other key can submit again."""

    KIND: ClassVar[str] = "batch"
    CLAIMS: ClassVar[tuple[Claim, ...]] = (
        Claim("batch-rows", lambda batch: [(batch.step, batch.digest)], rule=REPLAYED),
    )

    step: str
    digest: Digest
    rows: Positive


def batch_record(
    taking: "Taking", step: str, key: str, rows: Sequence[Model], revisions: Sequence[int]
) -> Batch:
    """Put the record of a batch, whose rows led to these revisions; refuses a key that was used.

    Rows that change records can be submitted again when those have changed otherwise meanwhile.
    """
    record_id = f"{step}/{key}"
    known = taking.session.get(Batch, record_id)
    if known is not None:
        raise known.occupied()
    digest = json_digest(
        [
            [row.model_dump(mode="json"), revision]
            for row, revision in zip(rows, revisions, strict=True)
        ]
    )
    fields = {"step": step, "digest": digest, "rows": len(rows)}
    return taking.write(Batch, record_id, step, fields)


@contextmanager
def located(en: str, zh: str, **facts: Any) -> Iterator[None]:
    """Add to refusals where among many records they arose, such as the row of a file."""
    try:
        yield
    except ContractError as error:
        raise error.inside(en, zh, **facts) from error

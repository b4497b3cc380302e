"""Questions to the contract `Credit`, beside those that every contract of the frame answers."""

from typing import Annotated, Any

from pydantic import Field

from pyfabric.chaincode import Context, query
from pyfabric_municipal.common.contract import CityContract, PageSize
from pyfabric_municipal.common.private import Sealed
from pyfabric_municipal.common.reading import Page
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.values import (
    Day,
    DocumentNumber,
    Flag,
    Model,
    MspId,
    Positive,
    RegionCode,
    UsccShape,
    beijing_day,
    parse_date,
)
from pyfabric_municipal.credit.effective import (
    Effective,
    Hits,
    effective_on,
    hits_among,
    require_not_after,
)
from pyfabric_municipal.credit.evidence import COLLECTION, Evidence, Proof
from pyfabric_municipal.credit.licences import Licence
from pyfabric_municipal.credit.lists import SERIOUS, Listing
from pyfabric_municipal.credit.objections import Objection
from pyfabric_municipal.credit.penalties import Penalty
from pyfabric_municipal.credit.periods import months_of_period
from pyfabric_municipal.credit.repairs import RepairApplication
from pyfabric_municipal.credit.scores import Score, inputs_on
from pyfabric_municipal.credit.scoring import ScoreModel, inputs_digest
from pyfabric_municipal.credit.subjects import REPRESENTATIVES, LegalRepresentative, Subject

Codes = Annotated[list[str], Field(min_length=1, max_length=1000)]


class LateAuthority(Model):
    """A department that uploaded too late: how often, and the longest delay in working days."""

    authority: MspId
    uploads: Positive
    longest: Positive


class ScoreNow(Model):
    """A subject's newest score, and whether it would be the same if it were computed today."""

    score: Score
    up_to_date: Flag


class Queries(CityContract):
    """The questions about what counts, and about what is late, licensed and scored."""

    @query
    def numbered(self, ctx: Context, number: DocumentNumber) -> list[Penalty]:
        """Return the penalties with a document number, however it is spelt."""
        return self._session(ctx).find(Penalty, "number", number)

    @query
    def effective_at(self, ctx: Context, uscc: UsccShape, day: Day) -> Effective:
        """Return what counts against a subject at the end of a day: penalties and lists."""
        session = self._until(ctx, day)
        return effective_on(session, session.need(Subject, uscc), parse_date(day))

    @query
    def hits(self, ctx: Context, subjects: Codes, day: Day) -> Hits:
        """Return those of the subjects (bidders, for example) that have effective penalties or are on a list."""
        return hits_among(self._until(ctx, day), subjects, parse_date(day))

    @query
    def serious_in(self, ctx: Context, region: RegionCode, size: PageSize, bookmark: str) -> Page:
        """Return a page of the subjects of a region that are on the list of serious breaches, as the day counts them."""
        page = self._reading(ctx).listed(Listing, "region", [region], size, bookmark)
        return Page(
            items=tuple(one for one in page.items if one["state"] == SERIOUS),
            bookmark=page.bookmark,
        )

    @query
    def licences(self, ctx: Context, uscc: UsccShape, day: Day) -> list[Licence]:
        """Return a subject's licences that are valid on a day, as they were last corrected."""
        found = self._session(ctx).find(Licence, "subject", uscc)
        corrected = {one.corrects for one in found}
        return [
            one
            for one in found
            if one.id not in corrected
            and one.decision.valid_from <= day
            and (one.decision.valid_until is None or day <= one.decision.valid_until)
        ]

    @query
    def score(self, ctx: Context, uscc: UsccShape) -> list[ScoreNow]:
        """Return a subject's newest score with all that it cites, none if it was never scored."""
        session = self._session(ctx)
        today = beijing_day(session.now)
        governed = self.governance_of(ctx).parameter(self.contract_name().lower(), "score-model")
        model = ScoreModel.model_validate(governed)
        inputs = inputs_digest(inputs_on(session, uscc, today, model))
        return [
            ScoreNow(
                score=one,
                up_to_date=(one.inputs_digest, one.model_digest) == (inputs, model.digest()),
            )
            for one in session.find(Score, "current", uscc)
        ]

    @query
    def repaired(self, ctx: Context, since: Day, until: Day) -> list[Penalty]:
        """Return the penalties that were repaired from the first day to the second, both included."""
        session = self._session(ctx)
        return [
            one
            for month in months_of_period(since, until)
            for one in session.find(Penalty, "repaired", month)
            if since <= (one.repaired or "") <= until
        ]

    @query
    def late(self, ctx: Context, since: Day, until: Day) -> list[LateAuthority]:
        """Return the departments that uploaded later than `upload-days` allows in this period, by MSP id."""
        session = self._session(ctx)
        delays: dict[str, list[int]] = {}
        for month in months_of_period(since, until):
            late: list[Penalty | Licence] = [
                *session.find(Penalty, "late", month),
                *session.find(Licence, "late", month),
            ]
            for one in late:
                if since <= one.upload.day <= until:
                    delays.setdefault(one.authority, []).append(one.upload.delay)
        return [
            LateAuthority(authority=name, uploads=len(found), longest=max(found))
            for name, found in sorted(delays.items())
        ]

    @query
    def evidence(self, ctx: Context, objection: str) -> Sealed[Evidence]:
        """Return the evidence of an objection; only peers of the collection's members have it."""
        found: Sealed[Evidence] = self._unsealed(
            ctx, COLLECTION, Sealed[Evidence], Objection.KIND, objection, "evidence"
        )
        return found

    @query
    def proof(self, ctx: Context, application: str) -> Sealed[Proof]:
        """Return the proofs of an application for repair; only peers of the collection's members have them."""
        found: Sealed[Proof] = self._unsealed(
            ctx, COLLECTION, Sealed[Proof], RepairApplication.KIND, application, "proof"
        )
        return found

    @query
    def representative(self, ctx: Context, uscc: UsccShape) -> Sealed[LegalRepresentative]:
        """Return a subject's legal representative; only peers of the collection's members have it."""
        found: Sealed[LegalRepresentative] = self._unsealed(
            ctx,
            REPRESENTATIVES,
            Sealed[LegalRepresentative],
            Subject.KIND,
            uscc,
            "representative",
        )
        return found

    def _unsealed(self, ctx: Context, collection: str, hint: Any, *place: str) -> Any:
        kind, record_id, name = place
        return self._session(ctx).vault.unseal(collection, hint, kind, record_id, name)

    def _until(self, ctx: Context, day: str) -> Session:
        """Return the ledger; refuses a day in the future."""
        session = self._session(ctx)
        require_not_after(parse_date(day), beijing_day(session.now))
        return session

    def _session(self, ctx: Context) -> Session:
        return Session(ctx.stub, self.contract_name())

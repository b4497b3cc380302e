"""Transactions and queries, endorsed by the very peers that a call names, as flows.

The first of these peers sends a transaction to the orderers (its gateway's Submit), and each of them reports its commit.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fabric_protos.common import common_pb2
from fabric_protos.peer import chaincode_event_pb2

from pyfabric.client.effects import Endpoint, Flow, Outcome, gather, sleep
from pyfabric.client.named_endorsers import Asked, ask_again, prepared_from, propose_to
from pyfabric.client.steps import Submitted, commit_status, outcome, submit_prepared
from pyfabric.client.timeouts import DEFAULT_TIMEOUTS
from pyfabric.client.transactions import ProposalAnswer
from pyfabric.errors import CommitStatusError, GatewayError, PeerResponseError, StatusCode
from pyfabric.hfc.util.consts import SUCCESS_STATUS
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.decoding import decode
from pyfabric.messages.endorsed import endorsed_action
from pyfabric.messages.prepared import CommitStatus, PreparedTransaction
from pyfabric.messages.proposals import Invocation
from pyfabric.messages.refusals import read_refusal

_UNREACHED = frozenset({StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED})


@dataclass(frozen=True, slots=True)
class Retries:
    """How often peers that cannot be reached are asked again, after how many seconds, and whether all must answer."""

    number: int = 0
    delay: float = 0.0
    all_must_answer: bool = True


@dataclass(frozen=True, slots=True)
class Waiting:
    """For how many seconds a call waits for the commit at every peer, and which event the transaction must set."""

    seconds: float
    event: str | None = None


def query(
    peers: Sequence[Endpoint], identity: SigningIdentity, invocation: Invocation
) -> Flow[bytes]:
    """Return the first peer's answer, after all of them have answered.

    Raises PeerResponseError when one refuses, GatewayError when one cannot be asked.
    """
    asked = yield from propose_to(peers, identity, invocation)
    answers = [one.result() for one in asked.answers]
    for peer, answer in zip(peers, answers, strict=True):
        if answer.status != SUCCESS_STATUS:
            raise _refused(answer.message, peer, answer)
    return answers[0].payload


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction that these peers are to endorse for that identity."""

    peers: Sequence[Endpoint]
    identity: SigningIdentity
    invocation: Invocation

    def invoke(self, retries: Retries, waiting: Waiting | None) -> Flow[PreparedTransaction]:
        """Endorse, order, and where asked for wait until every peer has committed it as valid.

        Raises PeerResponseError with what the peers said, each text once, when one refuses, GatewayError when none can be reached or not all that must, SubmitError,
        CommitError for an invalid transaction, and TimeoutError when the commit, or the event, does not come.
        """
        asked = yield from propose_to(self.peers, self.identity, self.invocation)
        answered = yield from self._answered(asked, retries)
        refused = {peer: one for peer, one in answered.items() if one.status != SUCCESS_STATUS}
        if refused:
            first, answer = next(iter(refused.items()))
            said = "; ".join(dict.fromkeys(one.message for one in refused.values()))
            raise _refused(said, first, answer)
        prepared = prepared_from(asked.proposed, list(answered.values()))
        submitted = yield from submit_prepared(
            list(answered),
            self.identity,
            prepared,
            timeout=DEFAULT_TIMEOUTS.submit,
            status_timeout=waiting.seconds if waiting is not None else None,
        )
        if waiting is not None:
            yield from self._committed(submitted, waiting)
            _check_event(prepared, waiting)
        return prepared

    def _answered(self, asked: Asked, retries: Retries) -> Flow[dict[Endpoint, ProposalAnswer]]:
        """Return what the peers answered that could be reached, in the order in which they were named."""
        found = dict(zip(self.peers, asked.answers, strict=True))
        for attempt in range(retries.number):
            missing = [peer for peer, one in found.items() if _unreached(one)]
            if not missing:
                break
            if attempt:
                yield from sleep(retries.delay)
            again = yield from ask_again(missing, asked.proposed)
            found.update(zip(missing, again, strict=True))
        unreached = [one for one in found.values() if _unreached(one)]
        must_answer = retries.number and retries.all_must_answer
        if unreached and (must_answer or len(unreached) == len(found)):
            unreached[0].result()
        return {peer: one.result() for peer, one in found.items() if not _unreached(one)}

    def _committed(self, submitted: Submitted, waiting: Waiting) -> Flow[None]:
        first, *others = submitted.endpoints
        alone = Submitted(submitted.prepared, submitted.request, [first], submitted.status)
        flows: list[Flow[CommitStatus]] = [outcome(self.identity, alone, timeout=waiting.seconds)]
        flows += [
            commit_status([peer], self.identity, submitted.request, timeout=waiting.seconds)
            for peer in others
        ]
        for one in (yield from gather(flows)):
            try:
                one.result().raise_unless_valid()
            except CommitStatusError as error:
                if error.code is not StatusCode.DEADLINE_EXCEEDED:
                    raise
                raise TimeoutError(
                    f"waitForEvent timed out: no commit of {error.transaction_id} within {waiting.seconds} s; it may "
                    "still commit: call query_transaction"
                ) from error


def _unreached(one: Outcome[ProposalAnswer]) -> bool:
    return isinstance(one.error, GatewayError) and one.error.code in _UNREACHED


def _refused(said: str, peer: Endpoint, answer: ProposalAnswer) -> PeerResponseError:
    """Return the error for what peers said, of which this one gave that answer."""
    return PeerResponseError(
        said,
        status=answer.status,
        address=peer.address,
        refusal=read_refusal(answer.message),
    )


def _check_event(prepared: PreparedTransaction, waiting: Waiting) -> None:
    if waiting.event is None:
        return
    action = endorsed_action(decode(common_pb2.Payload, prepared.message))
    name = decode(chaincode_event_pb2.ChaincodeEvent, action.events).event_name
    if not re.match(waiting.event, name):
        set_ = f"the event {name!r}" if name else "no event"
        raise TimeoutError(
            f"waitForEvent timed out: the transaction {prepared.transaction_id} is committed and sets {set_}, which "
            f"cc_pattern {waiting.event!r} does not match"
        )


def invocation_of(
    channel: str,
    chaincode: str,
    function: str,
    arguments: Sequence[str | bytes] | None,
    transient: Mapping[str, str | bytes] | None,
    *,
    is_init: bool = False,
) -> Invocation:
    """Return a call of a chaincode; texts are written in UTF-8."""
    return Invocation(
        channel,
        chaincode,
        [_bytes(function), *(_bytes(one) for one in arguments or ())],
        {name: _bytes(value) for name, value in (transient or {}).items()} or None,
        is_init=is_init,
    )


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()

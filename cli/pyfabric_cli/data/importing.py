"""Calls of an import: tried on a peer, or sent one after the other and written down in the journal."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pyfabric.errors import GatewayError, Refusal, ValidationCode
from pyfabric.gateway import Contract, Gateway, Transaction
from pyfabric_cli.data.faults import DENIED, Fault, Problem, refused
from pyfabric_cli.data.forms import Call, Form
from pyfabric_cli.data.journal import Journal

Report = Callable[[str, int, int], None]

_ATTEMPTS: Final = 5
_CONFLICTS: Final = (ValidationCode.MVCC_READ_CONFLICT, ValidationCode.PHANTOM_READ_CONFLICT)
_RESPONSE: Final = "chaincode response "


@dataclass
class Imported:
    """How an import ended: rows in valid transactions of this run, rows of earlier runs, and what was refused."""

    rows: int = 0
    earlier: int = 0
    transactions: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Sender:
    """Sends calls of one function."""

    gateway: Gateway
    channel: str
    chaincode: str
    function: str

    def tried(self, call: Call) -> list[Fault]:
        """Return what the contract refuses of a call, which is evaluated on a peer alone."""
        try:
            result = self._contract.evaluate(
                self.function, *call.arguments, transient=call.transient
            )
        except GatewayError as error:
            return [_refusal(call, error)]
        return _denials(call, result)

    def endorsed(self, call: Call) -> Transaction:
        """Return a call's transaction, endorsed and not sent."""
        proposal = self._contract.new_proposal(
            self.function, *call.arguments, transient=call.transient
        )
        return proposal.endorse()

    def again(self, raw: bytes) -> Transaction:
        """Return a transaction of an earlier run."""
        return self.gateway.new_transaction(raw)

    @property
    def _contract(self) -> Contract:
        return self.gateway.network(self.channel).contract(self.chaincode)


def try_calls(form: Form, calls: Sequence[Call], sender: Sender, report: Report) -> list[Fault]:
    """Return what the contract refuses of calls, by rows: those of a refused batch are tried one by one."""
    faults = []
    for done, call in enumerate(calls):
        report(call.rows, done, len(calls))
        found = sender.tried(call)
        if found and len(call.entries) > 1:
            alone = [
                form.call((entry,), call.number, f"try-{call.number}-{entry.row}")
                for entry in call.entries
            ]
            found = [fault for one in alone for fault in sender.tried(one)] or found
        faults += found
    return faults


def send_calls(
    calls: Sequence[Call], sender: Sender, journal: Journal, report: Report, *, keep_going: bool
) -> Imported:
    """Send the calls that no earlier run has sent, each once; the first that is refused is the last unless `keep_going`.

    Raises what the gateway raises where an outcome is not known: the next run settles it first.
    """
    done = Imported()
    for at, call in enumerate(calls):
        report(call.rows, at, len(calls))
        if call.number in journal.valid:
            done.earlier += len(call.entries)
            continue
        faults = _send(call, sender, journal, done)
        done.faults += faults
        if faults and not keep_going:
            break
    return done


def _send(call: Call, sender: Sender, journal: Journal, done: Imported) -> list[Fault]:
    """Send one call; one that another transaction was faster than is endorsed again, since nothing of it was written."""
    problem = Problem("", "", "")
    for _ in range(_ATTEMPTS):
        raw = journal.open.get(call.number)
        try:
            transaction = sender.again(raw) if raw is not None else sender.endorsed(call)
        except GatewayError as error:
            return [_refusal(call, error)]
        if raw is None:
            journal.sent(call.number, transaction.bytes())
        status = transaction.submit().status()
        code = status.code.name
        journal.ended(call.number, status.transaction_id, code, valid=status.successful)
        if status.successful:
            done.rows += len(call.entries)
            done.transactions.append(status.transaction_id)
            return _denials(call, transaction.result)
        text = f"transaction {status.transaction_id} is invalid: {code}"
        problem = Problem(code, text, f"交易 {status.transaction_id} 无效：{code}")
        if status.code not in _CONFLICTS:
            break
    return [Fault(call.entries[0].row, "", problem)]


def _refusal(call: Call, error: GatewayError) -> Fault:
    """Return a contract's refusal as a fault of its row; raises any other error."""
    texts = [one.message for one in error.details] or [error.message]
    said = next((text for text in texts if _RESPONSE in text), None)
    if error.refusal is None and said is None:
        raise error
    text = (said or "").partition(_RESPONSE)[2].partition(", ")[2]
    entry, column = _place(call, error.refusal)
    return Fault(entry, column, refused(error.refusal, text))


def _place(call: Call, refusal: Refusal | None) -> tuple[int, str]:
    """Return the row and column that a refusal's facts name, or else the call's first row."""
    facts = {} if refusal is None else refusal.facts
    number = facts.get("row", 1)
    is_row = isinstance(number, int) and 1 <= number <= len(call.entries)
    entry = call.entries[number - 1 if is_row else 0]
    column = next((facts[name] for name in ("place", "field") if facts.get(name)), "")
    return entry.row, str(column)


def _denials(call: Call, result: bytes) -> list[Fault]:
    """Return the refusal that a step recorded instead of raising it (`denied` in its outcome)."""
    try:
        outcome = json.loads(result)
    except ValueError:
        return []
    code = outcome.get(DENIED) if isinstance(outcome, dict) else None
    if not isinstance(code, str) or not code:
        return []
    problem = Problem(code, f"was denied and recorded: {code}", f"已拒绝并记录：{code}")
    return [Fault(call.entries[0].row, "", problem)]

"""The contract's protocol, message by message, and with interleaved transactions."""

from dataclasses import dataclass, field

import pytest
from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2, proposal_response_pb2
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pyfabric.chaincode.invocation import ERROR, OK, Event, Result
from pyfabric.chaincode.machine import (
    MAX_MESSAGE,
    Begin,
    Deliver,
    End,
    Key,
    Machine,
    Phase,
    Send,
)

Message = chaincode_shim_pb2.ChaincodeMessage
KEY = Key("channel", "tx")
NO_KEY = Key("", "")


@dataclass
class Waiter:
    answers: list[tuple[bytes, str | None]] = field(default_factory=list)

    def deliver(self, payload: bytes, error: str | None) -> None:
        self.answers.append((payload, error))


def message(kind: Message.Type, key: Key = NO_KEY, payload: bytes = b"") -> bytes:
    return Message(
        type=kind, channel_id=key.channel_id, txid=key.transaction_id, payload=payload
    ).SerializeToString()


def sent(action: object) -> Message:
    assert isinstance(action, Send)
    return Message.FromString(action.message)


def ready() -> Machine:
    machine = Machine("label:hash")
    machine.open()
    assert machine.receive(message(Message.REGISTERED)) == []
    assert machine.receive(message(Message.READY)) == []
    return machine


def running(machine: Machine, key: Key = KEY) -> Machine:
    (begun,) = machine.receive(message(Message.TRANSACTION, key))
    assert isinstance(begun, Begin)
    assert begun.key == key
    return machine


def test_it_registers_its_package_and_waits_to_be_ready() -> None:
    machine = Machine("label:hash")
    (registration,) = map(sent, machine.open())
    assert registration.type == Message.REGISTER
    assert chaincode_pb2.ChaincodeID.FromString(registration.payload).name == "label:hash"
    assert machine.phase is Phase.CREATED
    machine.receive(message(Message.REGISTERED))
    assert machine.phase is Phase.ESTABLISHED
    machine.receive(message(Message.READY))
    assert machine.phase is Phase.READY


@pytest.mark.parametrize("phase", Phase)
def test_keepalive_is_answered_in_every_phase(phase: Phase) -> None:
    machine = Machine("id")
    machine.phase = phase
    assert [sent(each).type for each in machine.receive(message(Message.KEEPALIVE))] == [
        Message.KEEPALIVE
    ]


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        (Phase.CREATED, Message.READY),
        (Phase.CREATED, Message.TRANSACTION),
        (Phase.CREATED, Message.RESPONSE),
        (Phase.ESTABLISHED, Message.REGISTERED),
        (Phase.ESTABLISHED, Message.TRANSACTION),
        (Phase.READY, Message.REGISTERED),
        (Phase.READY, Message.READY),
        (Phase.READY, Message.GET_STATE),
        (Phase.READY, 99),
    ],
)
def test_a_message_out_of_turn_is_told_and_ends_the_stream(
    phase: Phase, kind: Message.Type
) -> None:
    machine = Machine("id")
    machine.phase = phase
    told, end = machine.receive(message(kind, KEY))
    assert sent(told).type == Message.ERROR
    assert f"while in state: {phase}" in sent(told).payload.decode()
    assert end == End()


def test_bytes_that_are_no_message_end_the_stream() -> None:
    assert ready().receive(b"\xff\xff") == [End()]


def test_an_offer_that_cannot_be_read_ends_the_stream() -> None:
    machine = Machine("id")
    machine.phase = Phase.ESTABLISHED
    assert machine.receive(message(Message.READY, payload=b"\xff")) == [End()]


def test_a_transaction_is_read_and_answered() -> None:
    machine = ready()
    given = chaincode_pb2.ChaincodeInput(args=[b"f", b"\xff"], decorations={"a": b"b"})
    (begun,) = machine.receive(message(Message.TRANSACTION, KEY, given.SerializeToString()))
    assert isinstance(begun, Begin)
    assert begun.invocation.arguments == (b"f", b"\xff")
    assert begun.invocation.decorations == {"a": b"b"}
    assert not begun.invocation.is_init
    assert machine.running == 1
    answer = sent(machine.finish(KEY, Result(OK, "", b"done", Event("e", b"p")))[0])
    assert (answer.type, answer.channel_id, answer.txid) == (Message.COMPLETED, *KEY)
    assert proposal_response_pb2.Response.FromString(answer.payload).payload == b"done"
    assert (answer.chaincode_event.event_name, answer.chaincode_event.payload) == ("e", b"p")
    assert machine.running == 0


def test_a_request_that_is_not_answered_for_too_many_checks_fails_its_transaction() -> None:
    machine, other = running(ready()), Key("channel", "other")
    running(machine, other)
    first, second, third = Waiter(), Waiter(), Waiter()
    machine.ask(KEY, first, Message.GET_STATE, b"")
    machine.ask(KEY, second, Message.GET_STATE, b"")
    assert machine.check(2, "late") == machine.check(2, "late") == []
    machine.receive(message(Message.RESPONSE, KEY))  # the second has waited for no check yet
    assert machine.check(2, "late") == machine.check(2, "late") == []
    assert machine.check(2, "late") == [Deliver(second, b"", "late")]
    assert machine.check(2, "late") == []
    assert machine.ask(KEY, third, Message.GET_STATE, b"") == [Deliver(third, b"", "late")]
    assert machine.receive(message(Message.RESPONSE, KEY)) == []
    (told,) = machine.finish(KEY, Result(OK, "", b"done", Event("e", b"")))
    response = proposal_response_pb2.Response.FromString(sent(told).payload)
    assert (response.status, response.message) == (500, "late")
    (done,) = machine.finish(other, Result(OK, "", b"done", None))
    assert proposal_response_pb2.Response.FromString(sent(done).payload).status == 200


def test_a_refusal_carries_its_text_and_no_event() -> None:
    machine = running(ready())
    answer = sent(machine.finish(KEY, Result(ERROR, "no", b"", Event("e", b"")))[0])
    response = proposal_response_pb2.Response.FromString(answer.payload)
    assert (answer.type, response.status, response.message) == (Message.COMPLETED, 500, "no")
    assert not answer.HasField("chaincode_event")


def test_an_init_is_a_transaction() -> None:
    (begun,) = ready().receive(message(Message.INIT, KEY))
    assert isinstance(begun, Begin)
    assert begun.invocation.is_init


def test_an_unreadable_or_repeated_transaction_is_an_error_of_its_own() -> None:
    machine = running(ready())
    for payload, text in ((b"\xff", "failed to unmarshal input"), (b"", "is running already")):
        (told,) = machine.receive(message(Message.TRANSACTION, KEY, payload))
        assert sent(told).type == Message.ERROR
        assert text in sent(told).payload.decode()


def test_an_answer_that_nobody_waits_for_is_left() -> None:
    machine = running(ready())
    for key in (KEY, Key("channel", "gone")):
        assert machine.receive(message(Message.RESPONSE, key)) == []


def test_an_error_is_not_a_value() -> None:
    machine, waiter = running(ready()), Waiter()
    machine.ask(KEY, waiter, Message.GET_STATE, b"")
    (delivery,) = machine.receive(message(Message.ERROR, KEY, b"GET_STATE failed"))
    assert isinstance(delivery, Deliver)
    assert (delivery.waiter, delivery.error) == (waiter, "GET_STATE failed")


def test_whoever_waits_learns_that_the_stream_ended() -> None:
    machine, waiter = running(ready()), Waiter()
    machine.ask(KEY, waiter, Message.GET_STATE, b"")
    machine.ask(KEY, waiter, Message.GET_STATE, b"")
    assert [type(each) for each in machine.close()] == [Deliver, Deliver]
    assert machine.finish(KEY, Result(OK, "", b"", None)) == []
    (late,) = machine.ask(KEY, waiter, Message.GET_STATE, b"")
    assert isinstance(late, Deliver)
    assert late.error == "the peer closed the stream"


class Interleaved(RuleBasedStateMachine):
    """Many transactions ask many things: each gets its own answers, in order, one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = ready()
        self.asked: dict[Key, list[bytes]] = {}
        self.answered: dict[Key, Waiter] = {}
        self.outstanding: dict[Key, bytes] = {}
        self.started = 0

    def perform(self, actions: list[object]) -> None:
        for action in actions:
            if isinstance(action, Deliver):
                action.waiter.deliver(action.payload, action.error)
            elif isinstance(action, Send):
                request = sent(action)
                key = Key(request.channel_id, request.txid)
                assert key not in self.outstanding, "a peer would drop this request"
                self.outstanding[key] = request.payload

    @rule()
    def begin(self) -> None:
        key = Key("c" * (self.started % 2), f"tx{self.started}")
        self.started += 1
        running(self.machine, key)
        self.asked[key], self.answered[key] = [], Waiter()

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), times=st.integers(1, 3))
    def ask(self, data: st.DataObject, times: int) -> None:
        key = data.draw(st.sampled_from(sorted(self.asked)))
        for _ in range(times):
            payload = f"{key}{len(self.asked[key])}".encode()
            self.asked[key].append(payload)
            self.perform([*self.machine.ask(key, self.answered[key], Message.GET_STATE, payload)])

    @precondition(lambda self: self.outstanding)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.outstanding)))
        payload = self.outstanding.pop(key)
        self.perform([*self.machine.receive(message(Message.RESPONSE, key, payload))])

    @invariant()
    def answers_are_the_requests_in_order(self) -> None:
        for key, waiter in self.answered.items():
            payloads = [payload for payload, _ in waiter.answers]
            assert payloads == self.asked[key][: len(payloads)]
            waiting = len(self.asked[key]) - len(payloads)
            assert (key in self.outstanding) == (waiting > 0)


TestInterleaved = Interleaved.TestCase


def test_an_answer_over_the_limit_of_messages_fails_that_transaction_only() -> None:
    machine = running(running(ready()), Key("channel", "other"))
    (failed,) = map(sent, machine.finish(KEY, Result(OK, "", bytes(MAX_MESSAGE), None)))
    response = proposal_response_pb2.Response.FromString(failed.payload)
    assert (failed.type, response.status, response.payload) == (Message.COMPLETED, ERROR, b"")
    assert f"a message may have {MAX_MESSAGE}" in response.message
    (completed,) = map(sent, machine.finish(Key("channel", "other"), Result(OK, "", b"x", None)))
    assert proposal_response_pb2.Response.FromString(completed.payload).payload == b"x"


def test_a_request_over_the_limit_of_messages_is_not_sent() -> None:
    machine, waiter = running(ready()), Waiter()
    (refused,) = machine.ask(KEY, waiter, Message.PUT_STATE, bytes(MAX_MESSAGE))
    assert isinstance(refused, Deliver)
    assert refused.waiter is waiter
    assert f"a message may have {MAX_MESSAGE}" in str(refused.error)
    assert [sent(each).type for each in machine.ask(KEY, waiter, Message.GET_STATE, b"")] == [
        Message.GET_STATE
    ]


def test_transactions_at_once_are_bounded() -> None:
    machine = ready()
    for number in range(2500):
        running(machine, Key("channel", str(number)))
    (refused,) = map(sent, machine.receive(message(Message.TRANSACTION, KEY)))
    assert refused.type == Message.ERROR
    assert "too many transactions at once" in refused.payload.decode()
    machine.finish(Key("channel", "0"), Result(OK, "", b"", None))
    running(machine)

"""Steps: callers, evaluated and submitted calls, and their results."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_bdd import given, parsers, then, when

from pyfabric.errors import StatusCode, ValidationCode
from pyfabric.identity.keys import (
    PrivateKeySigner,
    ecdsa_integers,
    encode_ecdsa,
    generate_private_key,
)
from pyfabric.identity.signing import SigningIdentity
from tests.conformance.world import CALL, World, arguments_of, attempt, failure, succeeded, take

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


# Who I am


@given(parsers.re(r"I am a user of (?P<department>\w+)"))
def a_user(world: World, department: str) -> None:
    world.department = department
    world.identity = world.running.user(department)


@given(parsers.re(r"I am a user of (?P<department>\w+) at the peers of (?P<host>\w+)"))
def a_guest(world: World, department: str, host: str) -> None:
    a_user(world, department)
    world.department = host


@given(parsers.re(r"I am a user of (?P<department>\w+) whose key is elsewhere"))
def an_offline_user(world: World, department: str) -> None:
    a_user(world, department)
    world.offline = True


@given(parsers.re(r"I am a user of (?P<issuer>\w+) who claims to be of (?P<claim>\w+)"))
def a_pretender(world: World, issuer: str, claim: str) -> None:
    world.department = "EconInfo"
    world.identity = world.running.user(issuer, claims=claim)


@given(parsers.re(r"I am an expired user of (?P<department>\w+)"))
def an_expired_user(world: World, department: str) -> None:
    world.identity = world.running.expired_user(department)


@given(parsers.re(r"I am a revoked user of (?P<department>\w+)"))
def a_revoked_user(world: World, department: str) -> None:
    world.identity = world.running.revoked[department]


@given(parsers.re(r'the contract is "(?P<chaincode>\w+)"(?: on the channel "(?P<channel>\w+)")?'))
def the_contract(world: World, chaincode: str, channel: str | None) -> None:
    world.chaincode = chaincode
    world.channel = channel or "conformance"


# Evaluating


@when(parsers.re(f"I evaluate {CALL}"))
def evaluate(world: World, name: str, arguments: str | None) -> None:
    contract = world.contract(world.mine())
    given_arguments = arguments_of(world, arguments)
    world.result = attempt(world, lambda: contract.evaluate(name, *given_arguments))


@when(parsers.re(rf'I evaluate {CALL} on the channel "(?P<channel>\w+)"'))
def evaluate_on(world: World, name: str, arguments: str, channel: str) -> None:
    contract = world.contract(world.mine(), channel=channel)
    attempt(world, lambda: contract.evaluate(name, *arguments_of(world, arguments)))


@when(parsers.re(rf'I evaluate {CALL} of the chaincode "(?P<chaincode>\w+)"'))
def evaluate_of(world: World, name: str, arguments: str, chaincode: str) -> None:
    contract = world.contract(world.mine(), chaincode=chaincode)
    attempt(world, lambda: contract.evaluate(name, *arguments_of(world, arguments)))


@when(parsers.re(rf"I evaluate {CALL} by (?P<department>\w+)"))
def evaluate_by(world: World, name: str, arguments: str, department: str) -> None:
    contract = world.contract(world.mine())
    world.result = attempt(
        world,
        lambda: contract.evaluate(
            name,
            *arguments_of(world, arguments),
            endorsing_organizations=[world.running.msp_id(department)],
        ),
    )


@when(parsers.re(rf"I evaluate {CALL} within (?P<seconds>\d+) second"))
def evaluate_within(world: World, name: str, arguments: str, seconds: str) -> None:
    contract = world.contract(world.mine())
    attempt(
        world,
        lambda: contract.evaluate(name, *arguments_of(world, arguments), timeout=float(seconds)),
    )


@then(parsers.re(rf'a user of (?P<department>\w+) who evaluates {CALL} gets "(?P<expected>[^"]*)"'))
def another_reads(world: World, department: str, name: str, arguments: str, expected: str) -> None:
    world.catch_up(department)
    contract = world.contract(world.gateway(department))
    found = contract.evaluate(name, *arguments_of(world, arguments)).decode()
    assert found == world.fill(expected)


class Spoiled:
    """A signer that does something wrong to its signatures."""

    blocking = False

    def __init__(self, identity: SigningIdentity, kind: str) -> None:
        self._signer = identity.signer
        self._kind = kind

    def sign(self, message: bytes) -> bytes:
        signature = self._signer.sign(message)
        match self._kind:
            case "tampered with":
                return signature[:-1] + bytes([signature[-1] ^ 1])
            case "high-S":
                r, s = ecdsa_integers(signature)
                return encode_ecdsa(r, ORDER - s)
            case "by another key":
                return PrivateKeySigner(generate_private_key()).sign(message)
            case "empty":
                return b""
            case other:
                raise ValueError(other)


@when(parsers.re(rf"I evaluate {CALL} with a signature that is (?P<kind>[\w -]+)"))
def evaluate_spoiled(world: World, name: str, arguments: str, kind: str) -> None:
    assert world.identity is not None
    world.identity = SigningIdentity(world.identity.identity, Spoiled(world.identity, kind))
    evaluate(world, name, arguments)


# Submitting


@given(parsers.re(f"I submitted {CALL}"))
def submitted(world: World, name: str, arguments: str) -> None:
    submit_as(world, world.mine(), name, arguments)


@given(parsers.re(rf"a user of (?P<department>\w+) submitted {CALL}"))
def another_submitted(world: World, department: str, name: str, arguments: str) -> None:
    submit_as(world, world.gateway(department), name, arguments)


@given(
    parsers.re(rf'I submitted {CALL} and the transient value "(?P<key>\w+)" = "(?P<value>[^"]*)"')
)
def submitted_transient(world: World, name: str, arguments: str, key: str, value: str) -> None:
    submit_as(world, world.mine(), name, arguments, transient={key: value})


@given(
    parsers.re(rf'a user of (?P<department>\w+) submitted {CALL} on the channel "(?P<channel>\w+)"')
)
def another_submitted_on(
    world: World, department: str, name: str, arguments: str, channel: str
) -> None:
    contract = world.contract(world.gateway(department), channel=channel, chaincode="entries")
    contract.submit(name, *arguments_of(world, arguments))


def submit_as(
    world: World,
    gateway: Any,
    name: str,
    arguments: str | None,
    transient: Mapping[str, str] | None = None,
) -> None:
    """Submit step by step, so that later steps know the proposal, the transaction and its block; they find
    it at every department's peer."""
    contract = world.contract(gateway)
    given_arguments = arguments_of(world, arguments)
    world.proposal = contract.new_proposal(name, *given_arguments, transient=transient)
    transaction = world.proposal.endorse()
    commit = transaction.submit()
    status = commit.status()
    assert status.code is ValidationCode.VALID
    world.submitted.append(commit)
    world.statuses.append(status)
    world.result = transaction.result
    world.all_catch_up()


@when(parsers.re(f"I submit {CALL}"))
def submit(world: World, name: str, arguments: str | None) -> None:
    contract = world.contract(world.mine())
    given_arguments = arguments_of(world, arguments)
    world.result = attempt(world, lambda: contract.submit(name, *given_arguments))


@when(parsers.re(f"I submit {CALL} meanwhile"))
def submit_meanwhile(world: World, name: str, arguments: str) -> None:
    world.contract(world.mine()).submit(name, *arguments_of(world, arguments))


@when(
    parsers.re(
        rf'a user of (?P<department>\w+) submits {CALL} on the channel "(?P<channel>\w+)" meanwhile'
    )
)
def another_submits_on(
    world: World, department: str, name: str, arguments: str, channel: str
) -> None:
    another_submitted_on(world, department, name, arguments, channel)


@when(parsers.re(rf'I submit {CALL} on the channel "(?P<channel>\w+)"'))
def submit_on(world: World, name: str, arguments: str, channel: str) -> None:
    contract = world.contract(world.mine(), channel=channel)
    attempt(world, lambda: contract.submit(name, *arguments_of(world, arguments)))


@when(parsers.re(rf'I submit {CALL} of the chaincode "(?P<chaincode>\w+)"'))
def submit_of(world: World, name: str, arguments: str, chaincode: str) -> None:
    contract = world.contract(world.mine(), chaincode=chaincode)
    attempt(world, lambda: contract.submit(name, *arguments_of(world, arguments)))


@when(parsers.re(r'I submit "(?P<name>\w+)" with the bytes "(?P<hexadecimal>\w+)"'))
def submit_bytes(world: World, name: str, hexadecimal: str) -> None:
    contract = world.contract(world.mine())
    world.result = contract.submit(name, bytes.fromhex(hexadecimal))


@when(parsers.re(r'I submit "(?P<name>\w+)" with (?P<size>\d+) bytes'))
def submit_much(world: World, name: str, size: str) -> None:
    contract = world.contract(world.mine())
    attempt(world, lambda: contract.submit(name, bytes(int(size))))


@when(parsers.re(rf'I submit {CALL} and the transient value "(?P<key>\w+)" = "(?P<value>[^"]*)"'))
def submit_transient(world: World, name: str, arguments: str, key: str, value: str) -> None:
    contract = world.contract(world.mine())
    given_arguments = arguments_of(world, arguments)

    def send() -> Any:
        return contract.submit_async(name, *given_arguments, transient={key: value.encode()})

    sent = attempt(world, send)
    if sent is not None:
        world.result = sent.result
        world.status = sent.status()
        world.statuses.append(world.status)


@then(parsers.re('the block of the transaction does not hold "(?P<text>[^"]*)"'))
def not_in_block(world: World, text: str) -> None:
    number = world.statuses[-1].block_number
    stream = world.mine().network("conformance").block_events(start_block=number)
    world.streams.append(stream)
    block = take(stream)
    arguments_in_proposal = block.raw
    assert block.number == number
    # The result is public by the contract's own choice; the transient map is not in the block.
    assert arguments_in_proposal.count(text.encode()) == 1


@when(parsers.re(f"I submit {CALL} without waiting"))
def submit_async(world: World, name: str, arguments: str) -> None:
    contract = world.contract(world.mine())
    commit = contract.submit_async(name, *arguments_of(world, arguments))
    world.result = commit.result
    world.status = commit.status()


@when("I ask for the commit status again")
def status_again(world: World) -> None:
    world.status = world.mine().new_commit(world.submitted[-1].bytes()).status()


@when(
    parsers.re(
        r"I ask for the commit status of an unknown transaction within (?P<seconds>\d+) second"
    )
)
def status_of_unknown(world: World, seconds: str) -> None:
    contract = world.contract(world.mine())
    transaction = contract.new_proposal("put", world.key, "never sent").endorse()
    commit = world.mine().new_commit(status_request(world, transaction.transaction_id))
    attempt(world, lambda: commit.status(timeout=float(seconds)))


def status_request(world: World, transaction_id: str) -> bytes:
    from pyfabric.messages.prepared import CommitStatusRequest

    assert world.identity is not None
    creator = world.identity.serialized()
    return CommitStatusRequest.new(creator, "conformance", transaction_id).to_bytes()


@then(parsers.re(r"the commit status is (?P<code>\w+)"))
def commit_status(world: World, code: str) -> None:
    succeeded(world)
    assert world.status.code.name == code
    assert world.status.successful == (code == "VALID")


@when(parsers.re(f"I endorse {CALL}"))
def endorse(world: World, name: str, arguments: str) -> None:
    contract = world.contract(world.mine())
    world.endorsed = contract.new_proposal(name, *arguments_of(world, arguments)).endorse()


@when(parsers.re(rf"I endorse {CALL} by (?P<departments>\w+(?: and \w+)*)"))
def endorse_by(world: World, name: str, arguments: str, departments: str) -> None:
    proposal = proposal_for(world, name, arguments_of(world, arguments), departments.split(" and "))
    world.endorsed = attempt(world, proposal.endorse)


@when(
    parsers.re(
        rf'I endorse {CALL} and the transient value "(?P<key>\w+)" = "(?P<value>[^"]*)"'
        r" by (?P<departments>\w+(?: and \w+)*)"
    )
)
def endorse_transient_by(
    world: World, name: str, arguments: str, key: str, value: str, departments: str
) -> None:
    transient = {key: value}
    chosen = departments.split(" and ")
    proposal = proposal_for(world, name, arguments_of(world, arguments), chosen, transient)
    world.endorsed = attempt(world, proposal.endorse)


def proposal_for(
    world: World,
    name: str,
    arguments: Sequence[str],
    departments: Sequence[str],
    transient: Mapping[str, str] | None = None,
) -> Any:
    """Return a proposal for these departments to endorse."""
    return world.contract(world.mine()).new_proposal(
        name,
        *arguments,
        transient=transient,
        endorsing_organizations=[world.running.msp_id(one) for one in departments],
    )


@when("I endorse the same proposal again")
def endorse_again(world: World) -> None:
    attempt(world, world.proposal.endorse)


@when("I submit the endorsed transaction")
def submit_endorsed(world: World) -> None:
    succeeded(world)
    world.status = world.endorsed.submit().status()


@when(parsers.re(f"I endorse {CALL} twice and submit both"))
def endorse_twice(world: World, name: str, arguments: str) -> None:
    contract = world.contract(world.mine())
    both = [contract.new_proposal(name, *arguments_of(world, arguments)).endorse() for _ in "ab"]
    world.statuses = [commit.status() for commit in [one.submit() for one in both]]


@then(parsers.re(r"one is (?P<one>\w+) and the other (?P<other>\w+)"))
def one_and_other(world: World, one: str, other: str) -> None:
    assert sorted(status.code.name for status in world.statuses) == sorted([one, other])


@then(parsers.re(r"the commit fails with (?P<code>\w+)"))
def commit_fails(world: World, code: str) -> None:
    assert world.status.code.name == code
    assert not world.status.successful


# What came of it


@then(parsers.re('the result is "(?P<expected>[^"]*)"'))
def result_is(world: World, expected: str) -> None:
    succeeded(world)
    assert world.result is not None
    assert world.result.decode() == world.fill(expected)


@then(parsers.re(r'the result is the bytes "(?P<hexadecimal>\w+)"'))
def result_is_bytes(world: World, hexadecimal: str) -> None:
    succeeded(world)
    assert world.result == bytes.fromhex(hexadecimal)


@then(parsers.re(r'it fails with (?P<code>[A-Z_]+)(?: "(?P<text>.*)")?'))
def it_fails(world: World, code: str, text: str | None) -> None:
    error = failure(world)
    assert error.code is StatusCode[code], str(error)
    if text is not None:
        assert error.message == world.fill(text)


@then(parsers.re(r'it fails with (?P<code>[A-Z_]+) and a text with "(?P<text>.*)"'))
def it_fails_with_text(world: World, code: str, text: str) -> None:
    error = failure(world)
    assert error.code is StatusCode[code], str(error)
    assert text in error.message


@then(parsers.re(r'the department (?P<department>\w+) says "(?P<text>.*)"'))
def department_says(world: World, department: str, text: str) -> None:
    said = {detail.msp_id: detail.message for detail in failure(world).details}
    assert said.get(world.running.msp_id(department)) == world.fill(text).replace("\\n", "\n"), said


@then(
    parsers.re(
        r'the department (?P<department>\w+) refuses with "(?P<code>.*)" and the facts (?P<facts>.*)'
    )
)
def department_refuses(world: World, department: str, code: str, facts: str) -> None:
    refusals = {detail.msp_id: detail.refusal for detail in failure(world).details}
    refusal = refusals[world.running.msp_id(department)]
    assert refusal is not None
    assert (refusal.code, refusal.facts) == (code, json.loads(facts))


@then(parsers.re(r'it says "(?P<english>.*)" in English and "(?P<chinese>.*)" in Chinese'))
def it_says(world: World, english: str, chinese: str) -> None:
    error = failure(world)
    for language, text in ("en", english), ("zh", chinese):
        error.language = language
        assert str(error).startswith(f"{text} (conformance.refused")
        assert all(str(error).count(one.address) == 1 for one in error.details)


@then(parsers.re(r'the department (?P<department>\w+) says something with "(?P<text>.*)"'))
def department_mentions(world: World, department: str, text: str) -> None:
    said = {detail.msp_id: detail.message for detail in failure(world).details}
    assert text in said.get(world.running.msp_id(department), ""), said


@then(parsers.re('a detail is "(?P<text>.*)"'))
def a_detail_is(world: World, text: str) -> None:
    assert text in [detail.message for detail in failure(world).details]


@then(parsers.re(r"a detail is longer than (?P<size>\d+) characters"))
def a_detail_is_long(world: World, size: str) -> None:
    assert max(len(detail.message) for detail in failure(world).details) > int(size)

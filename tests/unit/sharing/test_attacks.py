"""Attacks on proofs, generated: none is accepted, and each is refused by the check that is meant for it.

Most attackers here are strong: departments of the source that sign whatever they like, so that every hash and signature
around the change is right.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import identities_pb2

from pyfabric.identity import keys
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.blocks import block_signature_message, new_block
from pyfabric.sharing.frames import Frames, frame
from pyfabric.sharing.inclusion import BlockSignature, Inclusion
from pyfabric.sharing.proof_file import PrivatePart
from pyfabric.sharing.recorded import RecordedPolicy
from pyfabric.sharing.refusals import Code, ProofError
from pyfabric.sharing.requests import Audience
from pyfabric.sharing.verifier import verify
from tests.support.extent import extent
from tests.support.ledger.ordering import Council, Organization
from tests.support.sharing.encodings import others
from tests.support.sharing.proofs import (
    MOMENT,
    PRIVATE,
    Edits,
    World,
    new_world,
    proof_file,
    record_of,
    world,
)

SECTIONS = (
    {
        Code.FORM,
        Code.HEADER,
        Code.CALL,
        Code.HASH,
        Code.ACTION,
        Code.ANSWER,
        Code.REQUEST,
        Code.ENDORSEMENT,
    },
    {Code.FORM, Code.CALL, Code.REQUEST, Code.TRUST},
    {Code.FORM, Code.PRIVATE},
    {Code.FORM, Code.INCLUSION, Code.TRUST_STALE},
)
"""The codes of a change in each section of a file; none is `certificate`, `policy` or later without the signers' keys."""


def code_of(
    raw: bytes, made_in: World, *, private: bool = False, moment: int = MOMENT, **known: Any
) -> Code:
    """Return the code by which a file is refused; fails if it is accepted."""
    with pytest.raises(ProofError) as refused:
        verify(raw, replace(made_in.snapshot, **known), moment=moment, private=private)
    return refused.value.code


# Every byte


@cache
def complete(*, bft: bool) -> bytes:
    return proof_file(world(bft=bft), private=PRIVATE, inclusion=True).to_bytes()


def section_of(raw: bytes) -> list[int | None]:
    """Return for each byte of a file the section it is in; None for what frames the sections."""
    found: list[int | None] = [None] * 4
    frames = Frames(raw[4:])
    for number in range(4):
        length = len(frames.next())
        found += [None] * 4 + [number] * length
    return found


@pytest.mark.parametrize("bft", [False, True], ids=["raft", "bft"])
@pytest.mark.parametrize("part", range(4))
def test_no_byte_of_a_proof_can_be_changed(bft: bool, part: int) -> None:
    raw = complete(bft=bft)
    sections = section_of(raw)
    changes = extent(1, 8)
    for at in range(part, len(raw), extent(160 if bft else 12, 4)):
        for change in range(changes):
            changed = bytearray(raw)
            changed[at] ^= 1 << (at // 4 + change) % 8
            code = code_of(bytes(changed), world(bft=bft), private=True)
            section = sections[at]
            allowed = {Code.FORM, Code.SIZE} if section is None else SECTIONS[section]
            assert code in allowed, (at, section)


@pytest.mark.parametrize("what", ["cut", "longer", "other magic", "empty", "a section more"])
def test_a_file_has_four_sections_and_nothing_else(what: str) -> None:
    raw = complete(bft=False)
    changed = {
        "cut": raw[:-1],
        "longer": raw + b"\0",
        "other magic": b"PFV2" + raw[4:],
        "empty": b"",
        "a section more": raw + bytes(4),
    }[what]
    assert code_of(changed, world(), private=True) is Code.FORM


# Other encodings, which the source's departments have signed

LAYERS = {
    "request header": Code.FORM,
    "signature header": Code.FORM,
    "extension": Code.HEADER,
    "channel header": Code.FORM,
    "spec": Code.FORM,
    "call": Code.FORM,
    "results": Code.FORM,
    "action": Code.FORM,
    "response": Code.FORM,
    "body": Code.FORM,
    "transaction": Code.FORM,
    "payload": Code.FORM,
}


def recorded_layers() -> dict[str, bytes]:
    """Return the bytes of each layer of a right proof."""
    found: dict[str, bytes] = {}

    def keep(layer: str) -> Callable[[bytes], bytes]:
        return lambda raw: found.setdefault(layer, raw)

    proof_file(world(), edits={f"{layer} bytes": keep(layer) for layer in LAYERS})
    return found


ENCODINGS = [
    (layer, name, raw)
    for layer, original in recorded_layers().items()
    for name, raw in others(original)
]


@pytest.mark.parametrize(
    ("layer", "name", "raw"), ENCODINGS, ids=[f"{layer}: {name}" for layer, name, _ in ENCODINGS]
)
def test_every_message_has_one_encoding(layer: str, name: str, raw: bytes) -> None:
    edits = {f"{layer} bytes": lambda _: raw}
    try:
        file = proof_file(world(), edits=edits).to_bytes()
    except ValueError:  # the maker itself cannot go on from this layer
        return
    assert code_of(file, world()) is LAYERS[layer]


def inner(change: Callable[[Any], object], at: int = 1, *, hashed: bool = False) -> Edits:
    """Return the edit of a read-write set inside the results."""

    def edit(results: Any) -> Any:
        place = results.ns_rwset[at]
        if hashed:
            place = place.collection_hashed_rwset[0]
        kind, field = (
            (kv_rwset_pb2.HashedRWSet, "hashed_rwset")
            if hashed
            else (kv_rwset_pb2.KVRWSet, "rwset")
        )
        changed = kind.FromString(getattr(place, field))
        change(changed)
        setattr(place, field, changed.SerializeToString())
        return results

    return {"results": edit}


def with_unknown(results: Any, *, hashed: bool) -> Any:
    place = results.ns_rwset[1]
    if hashed:
        place.collection_hashed_rwset[0].hashed_rwset += b"\xa0\x1f\x01"
    else:
        place.rwset += b"\xa0\x1f\x01"
    return results


def with_collection_twice(results: Any) -> Any:
    collections = results.ns_rwset[1].collection_hashed_rwset
    collections.append(collections[0])
    return results


def setting(layer: str, **values: Any) -> Edits:
    """Return an edit that sets fields of a layer's message."""

    def edit(message: Any) -> Any:
        for path, value in values.items():
            *places, name = path.split("__")
            target = message
            for place in places:
                target = getattr(target, place)
            setattr(target, name, value)
        return message

    return {layer: edit}


def changing(layer: str, change: Callable[[Any], object]) -> Edits:
    """Return an edit that changes a layer's message in place."""

    def edit(message: Any) -> Any:
        change(message)
        return message

    return {layer: edit}


def answering(**values: Any) -> Edits:
    return {"answer": lambda one: replace(one, **values)}


def spelt(old: bytes, new: bytes) -> Edits:
    def edit(raw: bytes) -> bytes:
        assert old in raw
        return raw.replace(old, new, 1)

    return {"answer bytes": edit}


SPEC = "chaincode_spec"
OTHER = "cd" * 32
FORGED: dict[str, tuple[Edits, Code]] = {
    # 2
    "unknown field of a read set": ({"results": lambda one: with_unknown(one, hashed=False)}, Code.FORM),
    "unknown field of a hashed set": ({"results": lambda one: with_unknown(one, hashed=True)}, Code.FORM),
    "a collection twice": ({"results": lambda one: with_collection_twice(one)}, Code.FORM),
    "no action": (changing("transaction", lambda one: one.ClearField("actions")), Code.FORM),
    "two actions": (changing("transaction", lambda one: one.actions.append(one.actions[0])), Code.FORM),
    "another header of the action": (
        changing("transaction", lambda one: setattr(one.actions[0], "header", b"")), Code.FORM,
    ),
    # 3
    "type of a configuration": (setting("channel header", type=1), Code.HEADER),
    "another epoch": (setting("channel header", epoch=1), Code.HEADER),
    "another channel": (setting("channel header", channel_id="other"), Code.HEADER),
    "another transaction id": (setting("channel header", tx_id=OTHER), Code.HEADER),
    "short nonce": ({
        **setting("signature header", nonce=b"n"),
    }, Code.HEADER),
    "another chaincode invoked": (setting("extension", chaincode_id__name="other"), Code.HEADER),
    "a version invoked": (setting("extension", chaincode_id__version="1.0"), Code.HEADER),
    # 4
    "another chaincode in the call": (setting("spec", chaincode_spec__chaincode_id__name="x"), Code.CALL),
    "a version in the call": (setting("spec", chaincode_spec__chaincode_id__version="1.0"), Code.CALL),
    "a path in the call": (setting("spec", chaincode_spec__chaincode_id__path="x"), Code.CALL),
    "initialisation": (setting("spec", chaincode_spec__input__is_init=True), Code.CALL),
    "decorations": (
        changing("spec", lambda one: one.chaincode_spec.input.decorations.update({"a": b"b"})), Code.CALL,
    ),
    "transient data": (changing("call", lambda one: one.TransientMap.update({"a": b"b"})), Code.CALL),
    "another function": (
        changing("spec", lambda one: one.chaincode_spec.input.args.__setitem__(0, b"open")), Code.CALL,
    ),
    "another request": (
        changing("spec", lambda one: one.chaincode_spec.input.args.__setitem__(1, OTHER.encode())), Code.CALL,
    ),
    "one more argument": (
        changing("spec", lambda one: one.chaincode_spec.input.args.append(b"")), Code.CALL,
    ),
    "arguments in one": (
        changing("spec", lambda one: one.chaincode_spec.input.args.__setitem__(
            slice(None), [b"".join(one.chaincode_spec.input.args)])), Code.CALL,
    ),
    # 5
    "another proposal": (setting("response", proposal_hash=bytes(32)), Code.HASH),
    # 6
    "another chaincode answers": (setting("action", chaincode_id__name="credit"), Code.ACTION),
    "another version answers": (setting("action", chaincode_id__version="0.9"), Code.ACTION),
    "a path of the chaincode": (setting("action", chaincode_id__path="x"), Code.ACTION),
    "an error's status": (setting("action", response__status=500), Code.ACTION),
    "another success": (setting("action", response__status=201), Code.ACTION),
    "a message": (setting("action", response__message="OK"), Code.ACTION),
    "an event": (setting("action", events=b"\x0a\x01x"), Code.ACTION),
    "a write": (inner(lambda one: one.writes.add(key="x", value=b"y")), Code.ACTION),
    "a deletion": (inner(lambda one: one.writes.add(key="x", is_delete=True)), Code.ACTION),
    "a write of interop": (inner(lambda one: one.writes.add(key="x", value=b"y"), at=2), Code.ACTION),
    "metadata": (inner(lambda one: one.metadata_writes.add(key="x")), Code.ACTION),
    "a private write": (
        inner(lambda one: one.hashed_writes.add(key_hash=bytes(32)), hashed=True), Code.ACTION,
    ),
    "private metadata": (
        inner(lambda one: one.metadata_writes.add(key_hash=bytes(32)), hashed=True), Code.ACTION,
    ),
    "a private hash": ({"results": lambda one: changed_private_hash(one)}, Code.ACTION),
    # 7
    "blanks": (spelt(b'{"args', b'{ "args'), Code.ANSWER),
    "another order": (spelt(b'"v":1}', b'"v":1,"a":1}'), Code.ANSWER),
    "a member twice": (spelt(b'"v":1}', b'"v":1,"v":1}'), Code.ANSWER),
    "a float": (spelt(b'"penalties":2', b'"penalties":2.0'), Code.ANSWER),
    "a fraction": (spelt(b'"penalties":2', b'"penalties":2.5'), Code.ANSWER),
    "a large number": (spelt(b'"penalties":2', b'"penalties":9007199254740993'), Code.ANSWER),
    "escaped letters": (spelt("欠".encode(), b"\\u6b20"), Code.ANSWER),
    "no text": (spelt(b'"v":1}', b'"v":1'), Code.ANSWER),
    "another version of answers": (spelt(b'"v":1}', b'"v":2}'), Code.ANSWER),
    "a deep result": (spelt(b'"penalties":2', b'"penalties":' + b"[" * 40 + b"]" * 40), Code.ANSWER),
    "a lone surrogate": (spelt("欠".encode(), b"\\ud800"), Code.ANSWER),
    "another network's answer": (answering(net=OTHER), Code.ANSWER),
    "another channel's answer": (answering(channel="other"), Code.ANSWER),
    "another transaction's answer": (answering(tx=OTHER), Code.ANSWER),
    "another time": (answering(time=MOMENT - 1), Code.ANSWER),
    "opened by the answer": (
        {"answer": lambda one: replace(one, opened=one.tx)}, Code.ANSWER,
    ),
    "private parts twice": (
        {"answer": lambda one: replace(one, private=one.private * 2)}, Code.ANSWER,
    ),
    # 8
    "another request's answer": (answering(request=OTHER), Code.REQUEST),
    "another function's answer": (answering(fn="EffectiveRewards"), Code.REQUEST),
    "another contract's answer": (answering(contract="directory"), Code.REQUEST),
    "other arguments' answer": (answering(args_digest=OTHER), Code.REQUEST),
    "an answer to another department": (
        {"answer": lambda one: replace(one, audience=replace(one.audience, msp="TaxMSP"))}, Code.REQUEST,
    ),
    "a short nonce of the request": (setting("request header", nonce=b"n"), Code.REQUEST),
    "bytes after the request's signature": (
        {"request signature": lambda one: one + b"\0"}, Code.REQUEST,
    ),
    "a high s of the request": ({"request signature": lambda one: high_s(one)}, Code.REQUEST),
    "no signature of the request": ({"request signature": lambda _: b""}, Code.REQUEST),
    # 10
    "endorsements in another order": (
        {"endorsements": lambda found: list(reversed(found))}, Code.ENDORSEMENT,
    ),
    "an endorsement twice": (
        {"endorsements": lambda found: [found[0], *found]}, Code.ENDORSEMENT,
    ),
    "an endorsement's signature by another": (
        {"endorsements": lambda found: exchanged(found)}, Code.ENDORSEMENT,
    ),
    "a high s": (changing("endorsements", lambda found: resigned(found, high_s)), Code.ENDORSEMENT),
    "bytes after a signature": (
        changing("endorsements", lambda found: resigned(found, lambda one: one + b"\0")), Code.ENDORSEMENT,
    ),
    "a long length in a signature": (
        changing("endorsements", lambda found: resigned(found, long_length)), Code.ENDORSEMENT,
    ),
    "no signature": (
        changing("endorsements", lambda found: resigned(found, lambda _: b"")), Code.ENDORSEMENT,
    ),
    "text before a certificate": ({"endorser": lambda one: recertified(one, b"x\n%s")}, Code.ENDORSEMENT),
    "text after a certificate": ({"endorser": lambda one: recertified(one, b"%s\n")}, Code.ENDORSEMENT),
    "two certificates": ({"endorser": lambda one: recertified(one, b"%s%s")}, Code.ENDORSEMENT),
    "no certificate": ({"endorser": lambda one: recertified(one, b"")}, Code.ENDORSEMENT),
    # 12
    "no endorsement": (changing("endorsements", lambda found: found.clear()), Code.POLICY),
    "an endorsement dropped": (changing("endorsements", lambda found: found.pop()), Code.POLICY),
}  # fmt: skip


def changed_private_hash(results: Any) -> Any:
    results.ns_rwset[1].collection_hashed_rwset[0].pvt_rwset_hash = bytes(32)
    return results


def high_s(signature: bytes) -> bytes:
    r, s = keys.ecdsa_integers(signature)
    return keys.encode_ecdsa(r, keys._ORDERS["secp256r1"] - s)


def long_length(signature: bytes) -> bytes:
    return signature[:1] + b"\x81" + signature[1:]


def exchanged(found: list[Any]) -> list[Any]:
    found[0].signature, found[1].signature = found[1].signature, found[0].signature
    return found


def resigned(found: list[Any], change: Callable[[bytes], bytes]) -> None:
    found[1].signature = change(found[1].signature)


def recertified(endorser: bytes, form: bytes) -> bytes:
    identity = identities_pb2.SerializedIdentity.FromString(endorser)
    identity.id_bytes = form.replace(b"%s", identity.id_bytes)
    return identity.SerializeToString()


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_part_is_refused_by_its_check(name: str) -> None:
    edits, code = FORGED[name]
    private = PRIVATE if name == "private parts twice" else ()
    file = proof_file(world(), edits=edits, private=private)
    assert code_of(file.to_bytes(), world()) is code


@pytest.mark.parametrize("what", dict(others(b"\x0a\x01x\x12\x01y")))
def test_an_endorser_has_one_encoding(what: str) -> None:
    def other(endorser: bytes) -> bytes:
        return dict(others(endorser))[what]

    file = proof_file(world(), edits={"endorser": other})
    assert code_of(file.to_bytes(), world()) is Code.ENDORSEMENT


# Sizes


def test_sizes_are_limited() -> None:
    sizes: list[tuple[Edits, Sequence[PrivatePart]]] = [
        (answering(result="x" * 65_000), ()),
        ({"endorsements": lambda found: found * 9}, ()),
        ({}, [PrivatePart("p", bytes(32), bytes(256 * 1024))]),
    ]
    for edits, private in sizes:
        file = proof_file(world(), edits=edits, private=private)
        assert code_of(file.to_bytes(), world(), private=bool(private)) is Code.SIZE
    assert code_of(bytes(4 * 1024 * 1024 + 1), world()) is Code.SIZE


def test_a_request_is_limited() -> None:
    edits: Edits = {"request": lambda one: replace(one, args=("x" * 70_000,))}
    assert code_of(proof_file(world(), edits=edits).to_bytes(), world()) is Code.FORM


# Replays and wrong addressees


def asking(**values: Any) -> Edits:
    """Return the edits of a request and of the answer that repeats its audience."""
    edits: Edits = {"request": lambda one: replace(one, **values)}
    if "audience" in values:
        edits |= answering(audience=values["audience"])
    return edits


def audience(**values: str) -> Audience:
    return replace(world().request().audience, **values)


REPLAYS: dict[str, tuple[Edits, Code]] = {
    "to another channel": (asking(audience=audience(channel="other")), Code.REQUEST),
    "to another network": (asking(audience=audience(net=OTHER)), Code.REQUEST),
    "to another department": (asking(audience=audience(msp="TaxMSP")), Code.REQUEST),
    "after its time": (asking(not_after=MOMENT - 1), Code.REQUEST),
    "with other arguments": (asking(args=("x",)), Code.REQUEST),
    "with arguments joined": (asking(args=("91310000MA1FL0XX1X" + "",)), Code.REQUEST),
    "of another function": (
        {"request": lambda one: replace(one, source=replace(one.source, fn="Other"))}, Code.REQUEST,
    ),
    "of another function, answered": (
        {
            "request": lambda one: replace(one, source=replace(one.source, fn="Other")),
            **answering(fn="Other"),
        },
        Code.POLICY,
    ),
    "of another network": (
        {"request": lambda one: replace(one, source=replace(one.source, net=OTHER))}, Code.TRUST,
    ),
    "of another channel": (
        {"request": lambda one: replace(one, source=replace(one.source, channel="other"))}, Code.TRUST,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REPLAYS)
def test_an_answer_is_of_no_use_elsewhere(name: str) -> None:
    edits, code = REPLAYS[name]
    assert code_of(proof_file(world(), edits=edits).to_bytes(), world()) is code


def test_a_request_that_was_not_asked_is_refused() -> None:
    file = proof_file(world(), edits=asking(nonce=OTHER), remember=False)
    assert code_of(file.to_bytes(), world()) is Code.REQUEST


def test_a_request_of_another_than_it_names_is_refused() -> None:
    stranger = world().source.council.departments[0].identity("user", "client")
    file = proof_file(world(), requester=stranger)
    assert code_of(file.to_bytes(), world()) is Code.REQUEST
    namesake = Organization("Buyer").identity("user", "client")
    file = proof_file(world(), requester=namesake)
    assert code_of(file.to_bytes(), world()) is Code.REQUEST


def test_without_a_record_of_the_own_channel_nobody_can_have_asked() -> None:
    file = proof_file(world()).to_bytes()
    assert code_of(file, world(), records=(world().record,)) is Code.REQUEST


def test_a_network_of_the_same_names_is_another_one() -> None:
    staging = new_world(Council(1, bft=False, departments=("Land", "Tax", "Water")))
    file = proof_file(world(), endorsers=[staging.peer(0), staging.peer(1)])
    assert code_of(file.to_bytes(), world()) is Code.CERTIFICATE
    assert code_of(proof_file(staging).to_bytes(), world()) is Code.TRUST


# Who endorses


def endorsed_by(*endorsers: SigningIdentity) -> Code:
    return code_of(proof_file(world(), endorsers=endorsers).to_bytes(), world())


@pytest.mark.parametrize("unit", ["client", "admin", "orderer"])
def test_another_role_than_a_peer_is_refused(unit: str) -> None:
    other = world().source.council.departments[1].identity(f"a-{unit}", unit)
    assert endorsed_by(world().peer(0), other) is Code.CERTIFICATE


def test_another_organisation_is_refused() -> None:
    strange = Organization("Zoo").identity("peer0", "peer")
    assert endorsed_by(world().peer(0), strange) is Code.CERTIFICATE
    orderer = world().source.council.ordering.identity("peer0", "peer")
    assert endorsed_by(world().peer(0), orderer) is Code.CERTIFICATE


def test_a_ca_of_the_same_name_is_another_ca() -> None:
    namesake = Organization("Tax").identity("peer0", "peer")
    assert endorsed_by(world().peer(0), namesake) is Code.CERTIFICATE


def test_two_peers_of_a_department_are_one_department() -> None:
    second = world().source.council.departments[0].identity("peer1", "peer")
    assert endorsed_by(world().peer(0), second) is Code.ENDORSEMENT
    assert endorsed_by(world().peer(0)) is Code.POLICY


@pytest.mark.parametrize(
    "expression",
    ["AND('LandMSP.peer', 'WaterMSP.peer')", "AND('LandMSP.peer', 'TaxMSP.peer', 'ZooMSP.peer')"],
)
def test_departments_that_the_policy_does_not_name_are_not_enough(expression: str) -> None:
    policy = RecordedPolicy(world().policy.source, expression)
    file = proof_file(world()).to_bytes()
    assert code_of(file, world(), policies=[policy]) is Code.POLICY


def test_a_function_without_a_recorded_policy_is_not_shareable() -> None:
    assert code_of(proof_file(world()).to_bytes(), world(), policies=[]) is Code.POLICY


# Old and stale trust


def test_old_trust_is_stale() -> None:
    file = proof_file(world(), edits=asking(not_after=MOMENT + 10**8)).to_bytes()
    week = world().record.greatest_age
    assert code_of(file, world(), moment=world().record.renewed + week + 1) is Code.TRUST_STALE


def test_a_proof_that_shows_a_newer_configuration_makes_trust_stale() -> None:
    file = proof_file(world(), inclusion=True, edits={"last config": lambda _: 1})
    assert code_of(file.to_bytes(), world()) is Code.TRUST_STALE


# Private parts


@dataclass(frozen=True)
class Parts:
    """Private parts that are given instead of the committed ones."""

    name: str
    given: Sequence[PrivatePart]
    code: Code = Code.PRIVATE


def other_parts() -> Iterator[Parts]:
    first, second = PRIVATE
    yield Parts("another value", (replace(first, value=b"x"), second))
    yield Parts("another salt", (replace(first, salt=bytes(32)), second))
    yield Parts("another path", (replace(first, path="holder/nam"), second))
    yield Parts("path and value re-split", (replace(first, path="holder/nameX"), second))
    yield Parts("one missing", (first,))
    yield Parts("all missing", ())
    yield Parts("one more", (first, second, replace(second, path="z")))
    yield Parts("another order", (second, first), Code.FORM)
    yield Parts("one twice", (first, first), Code.FORM)


@pytest.mark.parametrize("parts", list(other_parts()), ids=lambda one: one.name)
def test_private_parts_are_those_that_were_committed(parts: Parts) -> None:
    file = replace(proof_file(world(), private=PRIVATE), private=tuple(parts.given))
    assert code_of(file.to_bytes(), world(), private=True) is parts.code


def test_private_parts_that_nobody_expects_are_refused() -> None:
    file = proof_file(world(), private=PRIVATE).to_bytes()
    assert code_of(file, world(), private=False) is Code.PRIVATE


def test_a_path_of_a_private_part_is_text() -> None:
    raw = proof_file(world(), private=[PrivatePart("note", bytes(32), b"")]).to_bytes()
    assert (
        code_of(raw.replace(b"\0\0\0\4note", b"\0\0\0\4no\xffe"), world(), private=True)
        is Code.FORM
    )


# Inclusion


def including(**values: Any) -> Edits:
    return {"inclusion": lambda one: replace(one, **values)}


def altered(change: Callable[[Any], dict[str, Any]]) -> Edits:
    return {"inclusion": lambda one: replace(one, **change(one))}


def signature(**values: Any) -> Edits:
    return altered(lambda one: {"signatures": (replace(one.signatures[0], **values),)})


def by_nobody(one: Any) -> dict[str, Any]:
    header = common_pb2.SignatureHeader(
        creator=Organization("Ordering").identity("orderer1", "orderer").serialized(), nonce=b"n"
    )
    return {"signatures": (replace(one.signatures[0], header=header.SerializeToString()),)}


INCLUSIONS: dict[str, tuple[Edits, Code]] = {
    "another position": (including(position=0), Code.INCLUSION),
    "a position outside": (including(position=2), Code.INCLUSION),
    "another number": (including(block=3), Code.INCLUSION),
    "another previous hash": (including(previous_hash=bytes(32)), Code.INCLUSION),
    "the neighbour missing": (
        altered(lambda one: {"entries": one.entries[1:], "position": 0}), Code.INCLUSION,
    ),
    "entries joined": (
        altered(lambda one: {"entries": (b"".join(one.entries),), "position": 0}), Code.INCLUSION,
    ),
    "an entry in two": (
        altered(lambda one: {
            "entries": (one.entries[0][:11], one.entries[0][11:], one.entries[1]), "position": 2,
        }), Code.INCLUSION,
    ),
    "an empty entry": (altered(lambda one: {"entries": (b"", *one.entries), "position": 2}), Code.INCLUSION),
    "no entry": (including(entries=()), Code.INCLUSION),
    "no signature": (including(signatures=()), Code.INCLUSION),
    "a signature twice": (altered(lambda one: {"signatures": one.signatures * 2}), Code.INCLUSION),
    "a high s": (altered(lambda one: {"signatures": (
        replace(one.signatures[0], signature=high_s(one.signatures[0].signature)),)}), Code.INCLUSION),
    "bytes after a signature": (altered(lambda one: {"signatures": (
        replace(one.signatures[0], signature=one.signatures[0].signature + b"\0"),)}), Code.INCLUSION),
    "an unreadable header": (signature(header=b"\xff"), Code.INCLUSION),
    "an orderer of the same name": (altered(by_nobody), Code.INCLUSION),
    "unreadable metadata": (including(metadata=b"\xff"), Code.FORM),
    "an older configuration": ({"last config": lambda _: 0}, Code.INCLUSION),
    "too many entries": (including(entries=(b"",) * 16_385), Code.FORM),
    "too many signatures": (
        altered(lambda one: {"signatures": one.signatures * 257}), Code.FORM,
    ),
}  # fmt: skip


@cache
def grown() -> World:
    """Return a world whose source has changed its configuration once."""
    made = new_world(Council(1, bft=False, departments=("Land", "Tax", "Water")))
    made.source.configure(lambda config: setattr(config.channel_group, "mod_policy", "Admins2"))
    return replace(made, record=record_of(made.source))


@pytest.mark.parametrize("name", INCLUSIONS)
def test_an_inclusion_is_of_one_block_that_the_recorded_orderers_signed(name: str) -> None:
    edits, code = INCLUSIONS[name]
    file = proof_file(grown(), inclusion=True, edits=edits)
    assert code_of(file.to_bytes(), grown()) is code


def test_nothing_follows_an_inclusion() -> None:
    file = proof_file(world(), inclusion=True)
    assert file.inclusion is not None
    section = file.inclusion.to_bytes()
    raw = file.to_bytes().removesuffix(frame(section)) + frame(section + b"\0")
    assert code_of(raw, world()) is Code.FORM


@pytest.mark.parametrize("bft", [False, True], ids=["raft", "bft"])
def test_the_header_of_an_orderers_signature_has_one_encoding(bft: bool) -> None:
    made = world(bft=bft)

    def resign(one: Inclusion) -> Inclusion:
        orderer = made.source.council.orderers[0].identity
        header = one.signatures[0].header + b"\xa0\x1f\x01"
        block = new_block(one.block, one.previous_hash, one.entries)
        message = block_signature_message(one.metadata, header, block.header)
        first = BlockSignature(header, orderer.sign(message))
        return replace(one, signatures=(first, *one.signatures[1:]))

    file = proof_file(made, inclusion=True, edits={"inclusion": resign})
    assert code_of(file.to_bytes(), made) is Code.INCLUSION


def test_an_inclusion_may_be_demanded() -> None:
    policy = replace(world().policy, inclusion=True)
    file = proof_file(world()).to_bytes()
    assert code_of(file, world(), policies=[policy]) is Code.INCLUSION
    with_inclusion = proof_file(world(), inclusion=True).to_bytes()
    known = replace(world().snapshot, policies=[policy])
    assert verify(with_inclusion, known, moment=MOMENT, private=False)


def numbered(number: int) -> Edits:
    header = common_pb2.IdentifierHeader(identifier=number, nonce=bytes(24)).SerializeToString()
    return altered(
        lambda one: {
            "signatures": (*one.signatures[:-1], replace(one.signatures[-1], header=header))
        }
    )


BFT: dict[str, Edits] = {
    "fewer than a quorum": altered(lambda one: {"signatures": one.signatures[:2]}),
    "a consenter twice": altered(lambda one: {"signatures": (*one.signatures, one.signatures[0])}),
    "an unknown consenter": numbered(9),
    "a consenter under another's number": numbered(1),
    "a wrong signature beside a quorum": altered(
        lambda one: {
            "signatures": (
                *one.signatures[:-1],
                replace(one.signatures[-1], signature=one.signatures[0].signature),
            )
        }
    ),
}


@pytest.mark.parametrize("name", BFT)
def test_a_block_of_bft_has_a_quorum_of_distinct_consenters(name: str) -> None:
    file = proof_file(world(bft=True), inclusion=True, edits=BFT[name])
    assert code_of(file.to_bytes(), world(bft=True)) is Code.INCLUSION

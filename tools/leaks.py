"""Search the blocks of a channel for personal data: names, resident ids, phone numbers, prices, diagnoses.

A secret is looked for as it is, as UTF-16, with `\\u` escapes, and as its unsalted SHA-256, SHA-1, MD5 and SM3, each of them
plain, in hexadecimal and in base64 at any offset; a resident id in its form of 15 digits, too, a price in fen and in yuan. Searched is
all that a block has: arguments, results, events, keys, values, and certificates, whose DER is read.
"""

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from fabric_protos.common import common_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)

from pyfabric.rules.state.rwset import decode_read_write_set

_HASHES: Final = ("sha256", "sha1", "md5", "sm3")
_PREFIX: Final = 4
"""How many bytes of a form are looked up first; a shorter form would be found by chance."""
_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----(?P<der>[A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\n?"
)


class Secret(NamedTuple):
    """What no block may show: of which kind it is, and its text."""

    kind: str
    text: str


class Form(NamedTuple):
    """A secret in one encoding: its name, and the bytes as a block would have them."""

    secret: Secret
    encoding: str
    data: bytes


class Leak(NamedTuple):
    """A secret that a block shows: in which part (`arguments`, `event`, `key`, `value`, `certificate`, `result` or `other`)."""

    secret: Secret
    encoding: str
    block: int
    part: str


def price(fen: int) -> list[Secret]:
    """Return an amount as it is written in fen and in yuan."""
    yuan, rest = divmod(fen, 100)
    texts = {str(fen), f"{yuan}.{rest:02}", f"{yuan:,}.{rest:02}"}
    if not rest:
        texts |= {str(yuan), f"{yuan:,}"}
    return [Secret("price", text) for text in sorted(texts)]


def forms(secret: Secret) -> Iterator[Form]:
    """Yield each form of a secret."""
    texts = {secret.text}
    if secret.kind == "resident id" and len(secret.text) == 18:
        texts.add(secret.text[:6] + secret.text[8:17])
    for text in sorted(texts):
        for name, data in _written(text):
            for how, shown in _shown(data):
                if len(shown) >= _PREFIX:
                    yield Form(secret, " ".join(filter(None, (name, how))) or "plain", shown)


def _written(text: str) -> Iterator[tuple[str, bytes]]:
    plain = text.encode()
    escaped = "".join(f"\\u{ord(char):04x}" for char in text)
    yield "", plain
    yield from (("utf-16", text.encode(one)) for one in ("utf-16-le", "utf-16-be"))
    yield "escaped", escaped.encode()
    yield "escaped", re.sub(r"(?<=u)[0-9a-f]{4}", lambda one: one[0].upper(), escaped).encode()
    mixed = text.encode("ascii", "backslashreplace")
    if mixed != plain:
        yield "escaped", mixed
    yield from (
        (name, hashlib.new(name, plain, usedforsecurity=False).digest()) for name in _HASHES
    )


def _shown(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "", data
    yield from (("hex", one.encode()) for one in {data.hex(), data.hex().upper()})
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + data)
        end = (offset + len(data)) * 8 // 6  # what later bytes do not change
        whole = text[-(-offset * 8 // 6) : end]
        yield "base64", whole
        yield "base64", whole.translate(bytes.maketrans(b"+/", b"-_"))


class Search:
    """A search for secrets in blocks; each form is found by its first bytes."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._forms: dict[bytes, set[Form]] = defaultdict(set)
        for secret in secrets:
            for form in forms(secret):
                self._forms[form.data[:_PREFIX]].add(form)
        self._certificates: set[bytes] = set()

    def leaks(self, blocks: Iterable[bytes]) -> list[Leak]:
        """Return what blocks (bytes of common.Block) show, each once a block and part."""
        found: dict[Leak, None] = {}
        for data in blocks:
            block = common_pb2.Block.FromString(data)
            for form, where in self._in_block(data):
                part = where or _part_of(block, form.data)
                found[Leak(form.secret, form.encoding, block.header.number, part)] = None
        return list(found)

    def _in_block(self, data: bytes) -> Iterator[tuple[Form, str]]:
        """Yield the forms in a block, and those in certificates that no block before it has shown."""
        for match in _PEM.finditer(data):
            der = base64.b64decode(match["der"])
            if der not in self._certificates:
                self._certificates.add(der)
                yield from ((form, "certificate") for form in self._found(der))
        yield from ((form, "") for form in self._found(_PEM.sub(b"", data)))

    def _found(self, data: bytes) -> Iterator[Form]:
        for place in range(len(data) - _PREFIX + 1):
            for form in self._forms.get(data[place : place + _PREFIX], ()):
                if data.startswith(form.data, place) and _stands_alone(form, data, place):
                    yield form


def _stands_alone(form: Form, data: bytes, place: int) -> bool:
    """Return whether a number is not part of a longer one."""
    if not form.data.isdigit() or form.encoding != "plain":
        return True
    around = data[max(place - 1, 0) : place], data[place + len(form.data) :][:1]
    return not any(one.isdigit() for one in around)


def _part_of(block: common_pb2.Block, data: bytes) -> str:
    """Return which part of a block has these bytes."""
    parts = (part for envelope in block.data.data for part in _parts(envelope))
    return next((name for name, content in parts if data in content), "other")


def _parts(envelope: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the parts of a transaction of a contract, by their names."""
    payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(envelope).payload)
    header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
    if header.type != common_pb2.HeaderType.ENDORSER_TRANSACTION:
        return
    for action in transaction_pb2.Transaction.FromString(payload.data).actions:
        given = transaction_pb2.ChaincodeActionPayload.FromString(action.payload)
        proposal = proposal_pb2.ChaincodeProposalPayload.FromString(
            given.chaincode_proposal_payload
        )
        called = chaincode_pb2.ChaincodeInvocationSpec.FromString(proposal.input)
        yield from (("arguments", one) for one in called.chaincode_spec.input.args)
        answered = proposal_response_pb2.ProposalResponsePayload.FromString(
            given.action.proposal_response_payload
        )
        done = proposal_pb2.ChaincodeAction.FromString(answered.extension)
        event = chaincode_event_pb2.ChaincodeEvent.FromString(done.events)
        yield from (("event", event.payload), ("event", event.event_name.encode()))
        yield ("result", done.response.payload)
        yield from _state(done.results)


def _state(results: bytes) -> Iterator[tuple[str, bytes]]:
    for namespace in decode_read_write_set(results):
        public = namespace.public
        keys: Sequence[str] = [
            *(one.key for one in public.reads),
            *(one.key for one in public.writes),
            *(key for one in public.range_queries_info for key in (one.start_key, one.end_key)),
        ]
        yield from (("key", key.encode()) for key in keys)
        yield from (("value", one.value) for one in public.writes)

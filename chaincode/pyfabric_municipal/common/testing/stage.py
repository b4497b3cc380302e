"""A stage: a test ledger on which the steps of a story are taken."""

import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import timedelta
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pyfabric.chaincode import Chaincode
from pyfabric.chaincode.testing import Endorsement, TestLedger, identity
from pyfabric.identity.signing import Identity
from pyfabric_municipal.common.authorisation import arguments_digest, signed_bytes
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.records import Record
from pyfabric_municipal.common.steps import Mode, Step
from pyfabric_municipal.common.testing.stories import Person, Story
from pyfabric_municipal.common.values import JSON, canonical_json, parse_json
from pyfabric_municipal.common.values.timestamps import format_timestamp

_VALID_SECONDS = 600


class StepCall(NamedTuple):
    """A call of a step: what a client of this person submits."""

    function: str
    arguments: tuple[Any, ...]
    by: Person
    transient: Mapping[str, bytes]


class Stage:
    """A ledger with the story's contract, its people, and what has been done so far."""

    def __init__(
        self,
        story: Story,
        *,
        parameters: Mapping[str, JSON] | None = None,
        roles: Mapping[str, tuple[str, ...]] | None = None,
        compared: bool = False,
    ) -> None:
        self.story = story
        governance = story.governed(parameters, roles)
        self.contract = story.contract(governance)
        self.beside = tuple(story.beside(governance))
        self.ids: dict[str, str] = {}
        self.ledger = TestLedger(
            Chaincode([self.contract, *self.beside]),
            channel="example",
            collections=story.collections,
            organizations=story.organizations,
            now=story.now,
            guard=compared,
        )

    def fork(self, *, compared: bool = False) -> "Stage":
        """Return a stage that goes on from here by itself."""
        forked = copy(self)
        forked.ids, forked.ledger = dict(self.ids), self.ledger.fork(guard=compared)
        return forked

    def upgrade(self, contract: CityContract) -> None:
        """Run another version of the contract, on the ledger as it is."""
        self.contract = contract
        channel = self.ledger.channel
        names = dict.fromkeys(channel.chaincodes, Chaincode([contract, *self.beside]))
        self.ledger.channel = replace(channel, chaincodes=names)

    @property
    def steps(self) -> Mapping[str, Step]:
        """The steps of all contracts, by the names of samples: those of the others after their contract's name."""
        others = {
            f"{one.contract_name()}:{name}": step
            for one in self.beside
            for name, step in one.STEPS.items()
        }
        return {**self.contract.STEPS, **others}

    @property
    def kinds(self) -> Sequence[type[Record]]:
        """The types of the records of all contracts."""
        every = (record for one in (self.contract, *self.beside) for record in one.RECORDS)
        return list({record.KIND: record for record in every}.values())

    def prepare(self, step: str) -> None:
        """Take the steps that come before one, each once."""
        for name in self.story.samples[step].first:
            if name not in self.ids:
                self.prepare(name)
                self.take(name)

    def reach(self, step: str) -> None:
        """Take a step, and all that come before it."""
        self.prepare(step)
        self.take(step)

    def take(self, step: str, **changes: Any) -> dict[str, Any]:
        """Take a step by its sample and return its outcome; `changes` are those of `call`."""
        return self.commit(step, self.endorse(step, **changes))

    def commit(self, step: str, endorsed: Endorsement) -> dict[str, Any]:
        """Commit the endorsed call of a step and return its outcome."""
        (code,) = self.ledger.commit([endorsed])
        if code != 0:
            raise AssertionError(f"{step} is invalid: {code}")
        outcome: dict[str, Any] = json.loads(endorsed.result)
        if not outcome["denied"]:
            self.ids[step] = outcome["id"]
        return outcome

    def endorse(self, step: str, **changes: Any) -> Endorsement:
        """Return the endorsed call of a step's sample; `changes` are those of `call`."""
        call = self.call(step, **changes)
        return self.ledger.endorse(
            call.function, *call.arguments, as_=certificate(call.by), transient=call.transient
        )

    def call(
        self,
        step: str,
        *,
        by: Person | None = None,
        arguments: Mapping[str, Any] | None = None,
        private: Mapping[str, Any] | None = None,
        reason: str = "依法办理",
        record_id: str | None = None,
        signer: str | None = None,
        batch: str = "file-1",
        later: int | None = None,
    ) -> StepCall:
        """Return the call of a step's sample, with these things changed; the ledger's clock moves by `later`."""
        function, _, which = step.partition("#")
        sample, declared = self.story.samples[step], self.steps[function]
        self.ledger.now += timedelta(seconds=sample.later if later is None else later)
        changed = _merged(sample.arguments, arguments or {})
        given = {name: self._value(value) for name, value in changed.items()}
        target = self.resolve(sample.id) if record_id is None else record_id
        words = self._words(declared, target, given, reason, batch + which)
        if declared.is_signed:
            key = sample.signer if signer is None else signer
            words.append(self.authorisation(declared, target, given, reason, key) if key else b"")
        words += [given[name] for name in self._optional(declared) if name in given]
        return StepCall(
            function if ":" in function else f"{self.contract.contract_name()}:{function}",
            tuple(words),
            by or self.story.people[sample.by],
            self._transient(declared, _merged(sample.private, private or {}), target, given),
        )

    def resolve(self, record_id: str) -> str:
        """Return the id of a record; `@step` is the one that a step made."""
        return self.ids[record_id[1:]] if record_id.startswith("@") else record_id

    def record(self, model: type[Record], record_id: str) -> Any:
        """Return a record as it stands on the ledger, None if there is none."""
        return self._load(model, _key(model.KIND, record_id))

    def records(self, model: type[Record]) -> list[Any]:
        """Return all records of a type."""
        prefix = _key(model.KIND)
        keys = filter(lambda key: key.startswith(prefix), self.ledger.keys())
        return [self._load(model, key) for key in keys]

    def _load(self, model: type[Record], key: str) -> Any:
        value = self.ledger.state(key)
        if value is None:
            return None
        if model.COLLECTION:
            found = (
                self.ledger.private_state(model.COLLECTION, key, of=one)
                for one in self.story.organizations or ()
            )
            value = canonical_json(parse_json(next(filter(None, found)))["value"])
        return model.load(key, value)

    def authorisation(
        self, step: Step, record_id: str, given: Mapping[str, Any], reason: str, signer: str
    ) -> dict[str, str]:
        """Return a holder's signature for a step of a record as it is now."""
        found = None if step.creates else self.record(step.record, record_id)
        until = format_timestamp(self.ledger.now + timedelta(seconds=_VALID_SECONDS))
        signed = dict(given) | ({"reason": reason} if step.reason else {})
        message = signed_bytes(
            net=str(self.story.governance.parameter("city", "net")),
            channel=self.ledger.channel.members.channel_id,
            contract=self.contract.contract_name(),
            function=step.name,
            kind=step.record.KIND,
            id="" if step.names_itself else record_id,
            revision=0 if found is None else found.revision,
            arguments=arguments_digest(signed),
            not_after=until,
        )
        return {"not_after": until, "signature": holder_key(signer).sign(message).hex()}

    def _words(
        self, step: Step, record_id: str, given: Mapping[str, Any], reason: str, batch: str
    ) -> list[Any]:
        reasons = [reason] if step.reason else []
        if step.mode is Mode.BATCH:
            return [batch, [{"id": record_id, **given}], *reasons]
        if step.mode is Mode.CONTINUED:
            return [record_id, given.get("most", 1), *reasons]
        named = [] if step.names_itself else [record_id]
        if step.record.COLLECTION:
            return [*named, *reasons]
        optional = self._optional(step)
        needed = [given[one.name] for one in step.arguments if one.name not in optional]
        return [*named, *needed, *reasons]

    @staticmethod
    def _transient(
        step: Step, private: Mapping[str, Any], target: str, given: Mapping[str, Any]
    ) -> dict[str, bytes]:
        if step.record.COLLECTION:
            whole = {name: json.dumps(value).encode() for name, value in given.items()}
            return {"salt": salt_of(step.name).encode(), **whole}
        sealed = {name: {"salt": salt_of(name), "value": value} for name, value in private.items()}
        by_row = step.mode is Mode.BATCH
        return {
            name: json.dumps({target: one} if by_row else one).encode()
            for name, one in sealed.items()
        }

    def _value(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("@key:"):
            return public_key(value.removeprefix("@key:"))
        return self.resolve(value) if isinstance(value, str) else value

    @staticmethod
    def _optional(step: Step) -> list[str]:
        if step.mode is Mode.CONTINUED:
            return ["after"]
        if step.mode is not Mode.SINGLE or step.record.COLLECTION:
            return []
        return [one.name for one in step.arguments if one.default is not one.empty]


def _merged(sample: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a sample with others in their place, also inside of objects."""
    merged = dict(sample)
    for name, value in changes.items():
        known = merged.get(name)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            merged[name] = _merged(known, value)
        else:
            merged[name] = value
    return merged


def _key(kind: str, *parts: str) -> str:
    return "\x00" + "".join(part + "\x00" for part in (kind, *parts))


def certificate(person: Person) -> Identity:
    """Return the identity of a person, the same each time."""
    return _certificate(person.msp_id, json.dumps(dict(person.attributes)), person.unit)


@cache
def _certificate(msp_id: str, attributes: str, unit: str) -> Identity:
    return identity(msp_id, unit=unit, attributes=json.loads(attributes))


@cache
def holder_key(name: str) -> ed25519.Ed25519PrivateKey:
    """Return a holder's key, made from its name: for tests alone."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def public_key(name: str) -> str:
    """Return a holder's public key as records keep it."""
    der = holder_key(name).public_key()
    return der.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()


def salt_of(name: str) -> str:
    """Return a salt for a value, made from its name: for tests alone."""
    return sha256(f"salt of {name}".encode()).hexdigest()

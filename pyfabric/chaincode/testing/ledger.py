"""A ledger in memory for tests of contracts: endorse, order, validate, commit, with Fabric's rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar, NamedTuple

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.invocation import OK, Event, Invocation, Result
from pyfabric.chaincode.testing.channel import Callee, Channel, make_channel
from pyfabric.chaincode.testing.determinism import DeterminismGuard
from pyfabric.chaincode.testing.identities import identity
from pyfabric.chaincode.testing.peer import SimulatedPeer
from pyfabric.chaincode.testing.private_data import Disseminated
from pyfabric.chaincode.testing.proposals import invocation
from pyfabric.chaincode.testing.second_run import NotComparableError
from pyfabric.errors import ConfigError, ContractError, ValidationCode
from pyfabric.identity.signing import Identity
from pyfabric.messages.prepared import CommitStatus
from pyfabric.messages.refusals import contract_error
from pyfabric.rules.collection_configs import CollectionConfig
from pyfabric.rules.discovery.interest import interest
from pyfabric.rules.proposals import invalid_proposal, unknown_creator
from pyfabric.rules.requests.invocations import failed_execution, failed_simulation
from pyfabric.rules.state.expiry import expire
from pyfabric.rules.state.mvcc import validate
from pyfabric.rules.state.rwset import NamespaceSet, decode_read_write_set
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, hashed_namespace


@dataclass(frozen=True, slots=True)
class Endorsement:
    """A transaction that ran and is not yet ordered: its result, and what it read and writes.

    `read_write_set` is what goes into a block (bytes of TxReadWriteSet), `private` what the endorser
    gave to members of collections.
    """

    transaction_id: str
    result: bytes
    event: Event | None
    read_write_set: bytes
    timestamp: datetime
    private: tuple[Disseminated, ...] = ()


class CommittedEvent(NamedTuple):
    """An event of a committed transaction."""

    name: str
    payload: bytes
    transaction_id: str
    block_number: int


class TestLedger:
    """A chaincode on a channel of its own, with one peer for each organisation.

    What Fabric's peers refuse is refused here with the same text. `submit` commits each transaction in
    a block of its own; `endorse` and `commit` apart show what happens to transactions that ran side by
    side. `now` is the time of the next proposals and of the endorsers' machines (`stub.endorser_time`), and
    stands still until it is set. `events` holds the events of committed transactions.

    `collections` are the chaincode's collections of private data; each organisation has an implicit one
    (`_implicit_org_<MSP id>`) beside them. `organizations` are the MSP ids of the channel's members;
    None: those that the collections name, and that of every identity that calls. `init_required` says
    that the chaincode takes an Init call (`is_init`) before any other.

    `callees` are other chaincodes: by "name" on the channel, a `Chaincode` (which runs in the same
    transaction, over a namespace of its own) or a function of its arguments; by "name/channel" on
    another channel, a `TestLedger` (which is only read) or a function.

    A contract that asks the clock, chance, the network or its process, itself or through a library,
    raises DeterminismError; so does one that comes to something else when it runs a second time, in another
    process with another hash seed (its class must be importable there: one inside a function runs once).
    `guard` False lets it. Endorsement policies are not checked: one peer endorses.
    """

    __test__: ClassVar[bool] = False

    def __init__(
        self,
        chaincode: Chaincode,
        *,
        channel: str = "channel",
        name: str = "chaincode",
        collections: Sequence[CollectionConfig] = (),
        organizations: Sequence[str] | None = None,
        init_required: bool = False,
        now: datetime = datetime(2026, 1, 1, tzinfo=UTC),
        callees: "Mapping[str, Callee | Chaincode | TestLedger] | None" = None,
        guard: bool = True,
    ) -> None:
        self.now = now
        self.events: list[CommittedEvent] = []
        self.height = 1
        called = callees or {}
        self.channel: Channel = make_channel(
            channel,
            name,
            chaincode,
            collections=collections,
            organizations=organizations,
            init_required=init_required,
            callees={
                key: one.channel if isinstance(one, TestLedger) else one
                for key, one in called.items()
            },
        )
        self._name = name
        self._guard = guard
        self._compared = guard
        self._proposals = 0
        self._committed: set[str] = set()
        self._default_client = identity((organizations or ["Org1MSP"])[0])

    def fork(self, *, guard: bool | None = None) -> "TestLedger":
        """Return a ledger that goes on from here by itself, with the same transaction ids.

        Many tests begin where a long way leads. Other channels that it calls are shared. `guard` sets or lifts the guard.
        """
        forked = TestLedger(
            self.channel.chaincodes[self._name],
            name=self._name,
            now=self.now,
            guard=self._guard if guard is None else guard,
        )
        forked.channel, forked.height = self.channel.fork(), self.height
        forked.events, forked._committed = list(self.events), set(self._committed)
        forked._proposals, forked._default_client = self._proposals, self._default_client
        return forked

    def submit(
        self,
        function: str,
        *arguments: object,
        as_: Identity | None = None,
        at: datetime | None = None,
        transient: Mapping[str, bytes] | None = None,
        endorser: str | None = None,
        is_init: bool = False,
    ) -> bytes:
        """Run a function, commit what it writes, and return its result; for the arguments see `endorse`.

        Raises ContractError with the contract's refusal or the peer's, CommitError if the transaction is
        invalid.
        """
        endorsement = self.endorse(
            function,
            *arguments,
            as_=as_,
            at=at,
            transient=transient,
            endorser=endorser,
            is_init=is_init,
        )
        (code,) = self.commit([endorsement])
        CommitStatus(endorsement.transaction_id, code, self.height - 1).raise_unless_valid()
        return endorsement.result

    def evaluate(
        self,
        function: str,
        *arguments: object,
        as_: Identity | None = None,
        at: datetime | None = None,
        transient: Mapping[str, bytes] | None = None,
        endorser: str | None = None,
    ) -> bytes:
        """Run a function and return its result; what it writes is lost.

        Raises ContractError with the contract's refusal or the peer's.
        """
        return self.endorse(
            function, *arguments, as_=as_, at=at, transient=transient, endorser=endorser
        ).result

    def endorse(
        self,
        function: str,
        *arguments: object,
        as_: Identity | None = None,
        at: datetime | None = None,
        transient: Mapping[str, bytes] | None = None,
        endorser: str | None = None,
        is_init: bool = False,
    ) -> Endorsement:
        """Run a function on the state as it is; nothing is written until `commit`.

        Arguments that are not bytes or text are written as a client would write them. `as_` is the
        caller, a client of the first organisation if it is left out; `endorser` the MSP id of the
        organisation whose peer runs the function, which is the caller's own if it is left out. Raises
        ContractError with the contract's refusal or the peer's, ConfigError for an endorser that the
        channel does not have.
        """
        caller = as_ or self._default_client
        endorsing = endorser or caller.msp_id
        self._admit(caller.msp_id, endorsing)
        self._proposals += 1
        given = invocation(
            (function, *arguments),
            number=self._proposals,
            channel_id=self.channel.members.channel_id,
            creator=caller.serialized(),
            at=at or self.now,
            transient=transient or {},
            is_init=is_init,
        )
        given = replace(given, endorser_time=self.now)
        guard = DeterminismGuard() if self._guard else None
        peer = SimulatedPeer(self.channel, endorsing, given, guard)
        result = self._execute(peer, given)
        if guard is not None and guard.violation is not None:
            raise guard.violation
        if self._compared:
            self._compare(peer, given, result)
        private = self._disseminate(peer, given.transaction_id, endorsing)
        if result.status != OK:
            raise contract_error(result.message)
        return Endorsement(
            given.transaction_id,
            result.payload,
            result.event,
            peer.simulation.read_write_set(),
            given.timestamp,
            private,
        )

    def commit(self, endorsements: Sequence[Endorsement]) -> list[ValidationCode]:
        """Commit transactions in this order, in one block; returns what each came to."""
        state, updates = self.channel.state, Updates()
        codes, valid = [], []
        for index, endorsement in enumerate(endorsements):
            namespaces = decode_read_write_set(endorsement.read_write_set)
            code = ValidationCode.DUPLICATE_TXID
            if endorsement.transaction_id not in self._committed:
                code = validate(namespaces, state, updates)
            if code is ValidationCode.VALID:
                version = Version(self.height, index)
                updates.apply(namespaces, version, state)
                valid.append((version, endorsement, namespaces))
            self._committed.add(endorsement.transaction_id)
            codes.append(code)
        lifetimes = self.channel.lifetimes
        hashed = {hashed_namespace(*place): lives for place, lives in lifetimes.items()}
        expire(self.height, hashed, state, updates)
        state.commit(updates)
        for version, endorsement, namespaces in valid:
            self._settle(version, endorsement, namespaces)
        self.channel.private.expire(self.height, lifetimes)
        self.height += 1
        return codes

    def add_block(self) -> None:
        """Commit a block without transactions of this chaincode, so that private data come closer to
        their end."""
        self.commit([])

    def state(self, key: str) -> bytes | None:
        """Return the committed value of a key."""
        found = self.channel.state.get(self._name, key)
        return None if found is None else found.value

    def keys(self) -> list[str]:
        """Return all keys of the chaincode, composite ones too."""
        return [key for key, _ in self.channel.state.range(self._name, "", "")]

    def private_state(self, collection: str, key: str, *, of: str) -> bytes | None:
        """Return the value of a private key that the peer of an organisation (`of`, an MSP id) keeps."""
        return self.channel.private.view(of).newest(self._name, collection, key)[0]

    def private_hash(self, collection: str, key: str) -> bytes | None:
        """Return the committed hash (SHA-256) of a private value."""
        place = hashed_namespace(self._name, collection)
        found = self.channel.state.get(place, sha256(key.encode()).hexdigest())
        return None if found is None else found.value

    def _admit(self, caller: str, endorser: str) -> None:
        members = self.channel.members
        if not members.admits(caller):
            raise ContractError(invalid_proposal(unknown_creator(members.channel_id)).message)
        if not members.admits(endorser):
            raise ConfigError(
                f"{endorser} cannot endorse: it is no organisation of channel {members.channel_id}; "
                "name one of organizations"
            )

    def _execute(self, peer: SimulatedPeer, given: Invocation) -> Result:
        try:
            return peer.execute(self._name, given.arguments, is_init=given.is_init)
        except ContractError as error:
            raise failed_execution(given.transaction_id, error) from error

    def _compare(self, peer: SimulatedPeer, given: Invocation, result: Result) -> None:
        """Run the function a second time; raises DeterminismError if it comes to something else.

        Contracts that another process cannot import, as classes inside a function, run once.
        """
        again = peer.again()
        try:
            second = self._execute(again, given)
        except NotComparableError:
            self._compared = False
            return
        peer.outcome(result).compare(again.outcome(second))

    def _disseminate(
        self, peer: SimulatedPeer, transaction_id: str, endorser: str
    ) -> tuple[Disseminated, ...]:
        """Do what an endorser does after the contract ran, even if that refused."""
        private_set = peer.simulation.private_write_set()
        try:
            given = self.channel.private.disseminate(transaction_id, private_set, endorser)
            interest(peer.simulation, ())  # for what it refuses: nobody plans endorsement here
        except ContractError as error:
            raise failed_simulation(error) from error
        return given

    def _settle(
        self, version: Version, endorsement: Endorsement, namespaces: Sequence[NamespaceSet]
    ) -> None:
        """Record what a valid transaction did, now that its block is committed."""
        self.channel.private.take_in(endorsement.private)
        self.channel.private.purge(namespaces, version)
        if endorsement.event is not None:
            self.events.append(
                CommittedEvent(*endorsement.event, endorsement.transaction_id, self.height)
            )
        stamp = Timestamp()
        stamp.FromDatetime(endorsement.timestamp)
        for namespace in namespaces:
            for write in namespace.public.writes:
                self.channel.history.add(
                    namespace.namespace,
                    write.key,
                    kv_query_result_pb2.KeyModification(
                        tx_id=endorsement.transaction_id,
                        value=write.value,
                        is_delete=write.is_delete or not write.value,
                        timestamp=stamp,
                    ),
                )

"""What a contract knows of its transaction without asking the peer."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pyfabric.chaincode.invocation import Event, Invocation
from pyfabric.chaincode.keys import create_composite_key, split_composite_key
from pyfabric.errors import ContractError


class TransactionInfo:
    """What needs no peer: the transaction's own facts, composite keys, and its event."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._event: Event | None = None

    @property
    def channel_id(self) -> str:
        """The channel on which the transaction was proposed."""
        return self._invocation.channel_id

    @property
    def transaction_id(self) -> str:
        """The transaction's id."""
        return self._invocation.transaction_id

    @property
    def arguments(self) -> tuple[bytes, ...]:
        """All arguments as they came; the first is the function's name."""
        return self._invocation.arguments

    @property
    def timestamp(self) -> datetime:
        """When the client says it made the proposal (UTC): chosen by the client, so bound it."""
        return self._invocation.timestamp

    @property
    def endorser_time(self) -> datetime:
        """The time of the machine that runs the transaction (UTC), or of its peer if that has a clock that tests set.

        Each endorser has its own. For refusing alone: what is written must not depend on it, or endorsements differ.
        """
        return self._invocation.endorser_time or datetime.now(UTC)

    @property
    def creator(self) -> bytes:
        """The client's msp.SerializedIdentity; `ctx.client` reads it."""
        return self._invocation.creator

    @property
    def transient(self) -> Mapping[str, bytes]:
        """Data that the client gave the contract and that no ledger keeps."""
        return self._invocation.transient

    @property
    def binding(self) -> bytes:
        """SHA-256 over nonce, creator and epoch: ties other signed material to this proposal."""
        return self._invocation.binding

    @property
    def signed_proposal(self) -> bytes:
        """What the client signed (bytes of protos.SignedProposal)."""
        return self._invocation.signed_proposal

    @property
    def msp_id(self) -> str:
        """The MSP id of the department whose peer runs the transaction (Go's GetMSPID).

        It differs between the peers that endorse a transaction, and so does whatever depends on it. Raises
        ContractError if the contract's server was not given it.
        """
        found = self._invocation.peer_msp_id
        if found is None:
            raise ContractError(
                "the MSP id of the peer is not known: its messages do not name it; give msp_id to ChaincodeServer"
            )
        return found

    @property
    def decorations(self) -> Mapping[str, bytes]:
        """What the peer added to the arguments."""
        return self._invocation.decorations

    @property
    def event(self) -> Event | None:
        """The event set so far."""
        return self._event

    def set_event(self, name: str, payload: bytes = b"") -> None:
        """Emit an event when the transaction commits; a transaction has one, the last one set."""
        if not name:
            raise ContractError("event name can not be empty string")
        self._event = Event(name, payload)

    def create_composite_key(self, object_type: str, attributes: Sequence[str]) -> str:
        """Return the key of an object type with its attributes; raises ContractError for U+0000, U+10FFFF."""
        return create_composite_key(object_type, attributes)

    def split_composite_key(self, key: str) -> tuple[str, list[str]]:
        """Return the object type and attributes of a composite key."""
        return split_composite_key(key)

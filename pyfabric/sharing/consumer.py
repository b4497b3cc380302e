"""What a consumer knows when it verifies a proof: its own channel, trust records, policies, requests and revisions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pyfabric.sharing.addresses import RecordAddress
from pyfabric.sharing.recorded import RecordedPolicy
from pyfabric.sharing.requests import Source
from pyfabric.sharing.trust import TrustRecord


class RequestState(StrEnum):
    """What has become of a request on the consumer's channel."""

    UNKNOWN = "unknown"
    OPEN = "open"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported last from an address: the revision, and the digest of its content."""

    revision: int
    content_digest: str


class Consumer(Protocol):
    """The consumer's side. A contract reads its state; the command is given a snapshot or has none."""

    @property
    def net(self) -> str:
        """The SHA-256 of the header of the own channel's genesis block."""
        ...

    @property
    def channel(self) -> str:
        """The own channel."""
        ...

    def trust(self, net: str, channel: str) -> TrustRecord | None:
        """Return the record of a channel, the own one included."""
        ...

    def policy(self, source: Source) -> RecordedPolicy | None:
        """Return the recorded policy for a function."""
        ...

    def request_state(self, digest: str) -> RequestState | None:
        """Return what has become of a request; None where the state is not at hand."""
        ...

    @property
    def knows_imports(self) -> bool:
        """Whether the state of imports is at hand."""
        ...

    def imported(self, address: RecordAddress) -> Imported | None:
        """Return what was imported last from an address, None if nothing was."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A consumer's side as values. Without `requests` or `imports`, what depends on them is not checked."""

    net: str
    channel: str
    records: Iterable[TrustRecord]
    policies: Iterable[RecordedPolicy]
    requests: Mapping[str, RequestState] | None = None
    imports: Mapping[RecordAddress, Imported] | None = field(default=None)

    def trust(self, net: str, channel: str) -> TrustRecord | None:
        """Return the record of a channel."""
        return next((one for one in self.records if (one.net, one.channel) == (net, channel)), None)

    def policy(self, source: Source) -> RecordedPolicy | None:
        """Return the recorded policy for a function."""
        return next((one for one in self.policies if one.source == source), None)

    def request_state(self, digest: str) -> RequestState | None:
        """Return what has become of a request."""
        if self.requests is None:
            return None
        return self.requests.get(digest, RequestState.UNKNOWN)

    @property
    def knows_imports(self) -> bool:
        """Whether there are imports, or it is known that there are none."""
        return self.imports is not None

    def imported(self, address: RecordAddress) -> Imported | None:
        """Return what was imported last from an address."""
        return (self.imports or {}).get(address)

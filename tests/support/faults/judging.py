"""What the records of a run of faults show: what was lost or repeated, who was stuck, and for how long."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

Entry: TypeAlias = Mapping[str, Any]

# Seconds after the network is whole again in which everybody has to get on.
RECOVERY = 10.0
_NEVER_SENT = ("EndorseError", "NotSentError")


@dataclass(frozen=True, slots=True)
class Write:
    """A transaction of the channel that wrote a key."""

    tx: str
    key: str
    block: int
    valid: bool


@dataclass(frozen=True, slots=True)
class Episode:
    """A fault: what it was, when it began, and when the network was whole again."""

    what: str
    began: float
    whole: float


@dataclass
class Verdict:
    """The figures of a run, and what must not be."""

    submits: int = 0
    committed: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    longest_without_commit: float = 0.0
    longest_recovery: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def failed(self) -> float:
        """The part of the submits whose end is known that failed."""
        known = self.committed + self.failures.total()
        return self.failures.total() / known if known else 0.0

    def summary(self) -> dict[str, Any]:
        """Return the figures and faults for JSON; times are in seconds."""
        return {
            "submits": self.submits,
            "committed": self.committed,
            "failed_percent": round(100 * self.failed, 2),
            "failures": dict(self.failures.most_common()),
            "longest_without_commit": round(self.longest_without_commit, 1),
            "longest_recovery": round(self.longest_recovery, 1),
            "faults": self.faults,
        }


def judge(
    chain: Sequence[Write],
    writers: Mapping[str, Sequence[Entry]],
    readers: Mapping[str, Sequence[Entry]],
    episodes: Iterable[Episode],
) -> Verdict:
    """Compare what clients recorded with the chain, and measure."""
    verdict = Verdict()
    done = [one for record in writers.values() for one in record if one["did"] == "done"]
    failed = [one for record in writers.values() for one in record if one["did"] == "failed"]
    verdict.submits = sum(one["did"] == "sent" for record in writers.values() for one in record)
    verdict.committed = len(done)
    verdict.failures.update(f"{one['kind']} {one['code']}" for one in failed)
    verdict.longest_without_commit = longest_gap([one["t"] for one in done])
    verdict.faults += _lost(chain, done)
    verdict.faults += _unexpected(chain, failed)
    for name, record in readers.items():
        verdict.faults += _events(name, chain, record)
    for name, record in {**writers, **readers}.items():
        verdict.faults += [
            f"{name} ended: {one['text']}" for one in record if one["did"] == "ended"
        ]
    for episode in episodes:
        for name, record in {**writers, **readers}.items():
            seconds = recovery(record, episode)
            verdict.longest_recovery = max(verdict.longest_recovery, seconds)
            if seconds > RECOVERY:
                verdict.faults.append(
                    f"{name} was stuck for {seconds:.1f} s after the network was whole: {episode.what}"
                )
    return verdict


def longest_gap(times: Iterable[float]) -> float:
    """Return the longest time between two of these."""
    return max((after - before for before, after in pairwise(sorted(times))), default=0.0)


def recovery(record: Sequence[Entry], episode: Episode) -> float:
    """Return how long after an episode a client saw its next commit or event."""
    later = (
        one["t"] for one in record if one["did"] in ("done", "event") and one["t"] > episode.whole
    )
    return min(later, default=float("inf")) - episode.whole


def _lost(chain: Sequence[Write], done: Iterable[Entry]) -> list[str]:
    times = Counter(one.key for one in chain if one.valid)
    faults = [
        f"{one['key']} was reported committed, and is in no block"
        for one in done
        if one["key"] not in times
    ]
    return faults + [f"{key} was committed {n} times" for key, n in times.items() if n > 1]


def _unexpected(chain: Sequence[Write], failed: Iterable[Entry]) -> list[str]:
    """Return what was reported as never sent, and is in the chain."""
    keys = {one.key for one in chain}
    return [
        f"{one['key']} was reported as not sent ({one['kind']}), and is in the chain"
        for one in failed
        if one["kind"] in _NEVER_SENT and one["key"] in keys
    ]


def _events(name: str, chain: Sequence[Write], record: Iterable[Entry]) -> list[str]:
    """Compare what a reader saw with the valid transactions, in order."""
    seen = [one["tx"] for one in record if one["did"] == "event"]
    wanted = [one.tx for one in chain if one.valid]
    if seen == wanted:
        return []
    repeated = [tx for tx, n in Counter(seen).items() if n > 1]
    lost = [tx for tx in wanted if tx not in set(seen)]
    return [f"{name}: {len(lost)} events lost, {len(repeated)} repeated, of {len(wanted)}"]

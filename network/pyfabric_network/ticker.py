"""A department's ticker: the program beside its contract host that ticks the clocks of its channels.

    python -P -m pyfabric_network.ticker

The first line of stdin is its settings (`Settings`) in JSON. It writes {"problem": text} to stdout, or null for the
text, whenever that changes, and ends when stdin does. The departments of a channel tick one after the other within a
slot, another one first in each; the first one wins, and whom the others find ahead of them is no failure.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from pyfabric.aio import Contract, Endpoint, connect
from pyfabric.errors import CommitError, FabricError, GatewayError, StatusCode, ValidationCode
from pyfabric.identity.loading import load_msp_folder

_FIRST_LENGTH: Final = 60
_CONFLICTS: Final = (ValidationCode.MVCC_READ_CONFLICT, ValidationCode.PHANTOM_READ_CONFLICT)
_WRITTEN: Final = "city.slot-written"
_AGAIN: Final = 2.0
"""Seconds to the next attempt after a failure: the contract may not be deployed yet."""
_NOT_DEPLOYED: Final = "no peers available to evaluate chaincode"
_LONGEST_LINE: Final = 1024 * 1024


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Peer(_Part):
    """A peer of the department, and the files for its TLS; the last two where it demands a client's certificate."""

    address: str
    name: str
    tls_roots: Path
    client_certificate: Path | None = None
    client_key: Path | None = None

    def endpoint(self) -> Endpoint:
        """Return how the peer is reached."""
        return Endpoint(
            address=self.address,
            tls_roots=self.tls_roots.read_bytes(),
            server_name=self.name,
            client_certificate=_content(self.client_certificate),
            client_key=_content(self.client_key),
        )


def _content(file: Path | None) -> bytes | None:
    return None if file is None else file.read_bytes()


class Ticked(_Part):
    """A channel whose clock is ticked: its chaincode, and the place of the department among those that tick it."""

    channel: str
    chaincode: str
    place: int
    departments: int

    def moment(self, slot: int, length: int) -> float:
        """Return when this department ticks a slot: in the first half, by turns."""
        turn = (self.place + slot // length) % self.departments
        return slot + turn * length / (2 * self.departments)


class Settings(_Part):
    """Who ticks (an identity in an MSP folder), through which peers, and the clocks of which channels.

    `digest` differs whenever the identity's certificate does, so that a renewed one is loaded.
    """

    msp_id: str
    msp: Path
    peers: tuple[Peer, ...]
    channels: tuple[Ticked, ...]
    digest: str = ""


class Problems:
    """What keeps each channel's clock from being ticked; `say` gets the text of all whenever it changes."""

    def __init__(self, say: Callable[[str | None], None]) -> None:
        self._say = say
        self._texts: dict[str, str] = {}
        self._said: str | None = ""

    def set(self, channel: str, problem: str | None) -> None:
        """Note a channel's problem, None if it is ticked."""
        self._texts.pop(channel, None)
        if problem is not None:
            self._texts[channel] = f"channel {channel}: {problem}"
        text = "; ".join(self._texts.values()) or None
        if text != self._said:
            self._said = text
            self._say(text)


async def tick(contract: Contract, ticked: Ticked, problems: Problems) -> None:
    """Tick a channel's clock for ever: the present slot at once, and each later one at its moment."""
    length, done = _FIRST_LENGTH, -1
    while True:
        now = time.time()
        slot = int(now) - int(now) % length
        if slot <= done:
            slot += length
            await asyncio.sleep(max(ticked.moment(slot, length) - now, 0))
        try:
            view = json.loads(await contract.evaluate("slots"))
            if view["length"] == length and (view["newest"] or 0) < slot:
                await contract.submit("tick", slot, view["newest"])
            length = view["length"]
        except FabricError as error:
            if not _is_late(error):
                problems.set(ticked.channel, None if _is_early(error) else str(error))
                await asyncio.sleep(_AGAIN)
                continue
        done = slot
        problems.set(ticked.channel, None)


def _is_late(error: FabricError) -> bool:
    """Return whether another department was first."""
    if isinstance(error, CommitError):
        return error.code in _CONFLICTS
    refusal = error.refusal if isinstance(error, GatewayError) else None
    return refusal is not None and refusal.code == _WRITTEN


def _is_early(error: FabricError) -> bool:
    """Return whether no peer of the department has the contract yet."""
    if not isinstance(error, GatewayError) or error.code is not StatusCode.FAILED_PRECONDITION:
        return False
    return error.message.startswith(_NOT_DEPLOYED)


async def _lines() -> AsyncIterator[bytes]:
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    while line := await reader.readline():
        yield line


async def _last(lines: AsyncIterator[bytes]) -> None:
    async for _ in lines:
        pass


def _say(problem: str | None) -> None:
    sys.stdout.write(json.dumps({"problem": problem}) + "\n")
    sys.stdout.flush()


async def _run() -> None:
    """Tick the clocks of all channels until stdin ends; raises FabricError for files that cannot be read."""
    lines = _lines()
    settings = Settings.model_validate_json(await anext(lines))
    problems = Problems(_say)
    identity = load_msp_folder(settings.msp, settings.msp_id)
    async with connect(identity, [peer.endpoint() for peer in settings.peers]) as gateway:
        tasks = [asyncio.ensure_future(_last(lines))]
        for each in settings.channels:
            contract = gateway.network(each.channel).contract(each.chaincode)
            tasks.append(asyncio.ensure_future(tick(contract, each, problems)))
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for task in done:
            task.result()


def main() -> int:
    """Run the program; return its exit code."""
    try:
        asyncio.run(_run())
    except (FabricError, OSError) as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

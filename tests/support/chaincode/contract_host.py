"""A contract host as its parent process uses it: lines in, lines out."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = (sys.executable, "-P", "-m", "pyfabric.chaincode.host")


@dataclass
class Running:
    """A host process, and its two pipes."""

    process: asyncio.subprocess.Process

    async def say(self, *services: dict[str, Any]) -> dict[str, Any]:
        return await self.line(json.dumps({"services": services}))

    async def line(self, text: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(text.encode() + b"\n")
        await self.process.stdin.drain()
        answer = await asyncio.wait_for(self.process.stdout.readline(), 30)
        decoded: dict[str, Any] = json.loads(answer)
        return decoded

    async def end(self) -> int:
        return await asyncio.wait_for(self.process.wait(), 30)


@asynccontextmanager
async def host_in(folder: Path, **environment: str) -> AsyncIterator[Running]:
    """Yield a host whose contracts are in the folder; its log is there."""
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *HOST,
            cwd=folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=environment or None,
        )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def host_of_a_file(folder: Path, file: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *HOST,
        str(file),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def answer_of(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    decoded: dict[str, Any] = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
    return decoded

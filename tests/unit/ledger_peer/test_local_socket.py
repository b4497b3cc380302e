"""Sockets in the file system: in folders of any depth, and where none is possible."""

import asyncio
from pathlib import Path

import pytest

from pyfabric.errors import NetworkError
from pyfabric.ledger.development.service import DevelopmentService
from pyfabric.local.unix_sockets import connect, listen


@pytest.mark.parametrize("folders", [1, 12])
def test_a_socket_in_a_folder_of_any_depth(tmp_path: Path, folders: int) -> None:
    folder = tmp_path.joinpath(*["0123456789"] * folders)
    folder.mkdir(parents=True)
    path = folder / "socket"
    path.write_text("left behind")
    with listen(path) as listening, connect(path) as client:
        server, _ = listening.accept()
        with server:
            client.sendall(b"x")
            assert server.recv(1) == b"x"


def test_where_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        connect(tmp_path / "socket")
    with pytest.raises(OSError, match="No such file"):
        listen(tmp_path / "no folder" / "socket")
    path = tmp_path / "none" / "socket"
    with pytest.raises(NetworkError, match=f"cannot listen on {path}: No such file"):
        asyncio.run(DevelopmentService.start(path, {}))

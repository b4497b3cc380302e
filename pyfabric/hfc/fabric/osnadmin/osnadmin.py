"""The channels of one orderer, through its participation API (the class is of fabric-sdk-py's repository after 1.0.0)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pyfabric.admin.orderers import ChannelInfo
from pyfabric.client.effects import Endpoint
from pyfabric.errors import OrdererError
from pyfabric.gateway.admin import OrdererAdmin

__all__ = ["OSNAdmin", "OSNOperationException"]


class OSNOperationException(Exception):
    """An orderer refused; the argument is a dict with its text under `error`."""


class OSNAdmin:
    """Joins an orderer to channels, and removes it from them; `url` is its admin address, with https://."""

    def __init__(
        self, url: str, client_cert_path: str, client_key_path: str, ca_cert_path: str
    ) -> None:
        self.osnUrl = url
        self._orderer = Endpoint(
            urlsplit(url).netloc or url,
            Path(ca_cert_path).read_bytes(),
            client_certificate=Path(client_cert_path).read_bytes(),
            client_key=Path(client_key_path).read_bytes(),
        )

    def list_all_channels(self) -> dict[str, Any]:
        """Return the orderer's channels below `channels`, or None there."""
        with self._admin() as admin:
            channels = [{"name": name, "url": _url(name)} for name in admin.channels()]
            return {"systemChannel": None, "channels": channels or None}

    def list_single_channel(self, channel_name: str) -> dict[str, Any]:
        """Return the orderer's part in a channel: its status, its relation to the consensus, the height."""
        with self._admin() as admin:
            return _shown(admin.channel(channel_name))

    def join(self, channel_config_block_path: str) -> dict[str, Any]:
        """Join the orderer to the channel of a configuration block in a file."""
        with self._admin() as admin:
            return _shown(admin.join(Path(channel_config_block_path).read_bytes()))

    def remove(self, channel_name: str) -> bytes:
        """Remove the orderer from a channel, and the channel's blocks from it; return nothing (b"")."""
        with self._admin() as admin:
            admin.remove(channel_name)
        return b""

    @contextmanager
    def _admin(self) -> Iterator[OrdererAdmin]:
        with OrdererAdmin(self._orderer) as admin:
            try:
                yield admin
            except OrdererError as error:
                raise OSNOperationException({"error": error.message}) from error


def _shown(channel: ChannelInfo) -> dict[str, Any]:
    return {
        "name": channel.name,
        "url": _url(channel.name),
        "consensusRelation": channel.consensus_relation,
        "status": channel.status,
        "height": channel.height,
    }


def _url(name: str) -> str:
    return f"/participation/v1/channels/{quote(name, safe='')}"

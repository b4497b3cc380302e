"""A check that nothing is lost of what cannot be made again; a state folder that lost it is refused.

Genesis blocks name CAs, orderers' certificates and addresses: none of these can be made again.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from pyfabric.errors import NetworkError
from pyfabric_network.state_folder import RESTORE
from pyfabric_network.topology.plan import Plan


def block_digests(plan: Plan) -> dict[str, str]:
    """Return the SHA-256 of each genesis block that exists, in hexadecimal, by channel."""
    return {
        name: _digest(channel.block)
        for name, channel in plan.channels.items()
        if channel.block.exists()
    }


def check_integrity(plan: Plan, blocks: Mapping[str, str]) -> None:
    """Raise NetworkError for the first thing that is missing; `blocks` are the remembered digests."""
    for name, digest in blocks.items():
        block = plan.channels[name].block
        if not block.exists() or _digest(block) != digest:
            raise NetworkError(
                f"{block} is no longer the genesis block of {name} that its nodes have: {RESTORE}"
            )
    for node in plan.own_orderers if blocks else ():
        member = node.member
        for file in (member.certificate, member.tls_certificate, member.tls_key):
            if not file.exists():
                raise NetworkError(
                    f"{file} is missing, and the channels name {node.name} with it: while the other orderers work, "
                    f"`pyfabric channel orderer replace {node.name}` makes it again; otherwise {RESTORE}"
                )


def check_remembered(root: Path) -> None:
    """Raise NetworkError if `root` holds a network whose network.json is missing."""
    if (root / "organizations").exists():
        raise NetworkError(f"{root} holds keys, but network.json is missing: {RESTORE}")


def _digest(block: Path) -> str:
    return sha256(block.read_bytes()).hexdigest()

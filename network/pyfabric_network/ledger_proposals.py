"""Proposals on a channel's own ledger, kept by the bundled contract `Proposals`, for a member of the channel."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pyfabric.admin.config.proposal import Proposal
from pyfabric.admin.config.proposal_files import read_proposal, write_proposal
from pyfabric.admin.config.trusted import genesis_id
from pyfabric.errors import ConfigError, GatewayError
from pyfabric.gateway import Admin, Contract, Endpoint
from pyfabric.messages.blocks import last_config_index, parse_block

_PAGE: Final = 100


@dataclass(frozen=True)
class LedgerProposals:
    """The contract on one channel, called by a member through the department's peers.

    Every method raises what a call of a contract raises.
    """

    contract: Contract
    admin: Admin
    peer: Endpoint
    channel: str

    @cached_property
    def genesis(self) -> str:
        """The hash of the channel's genesis block, as the department's peer has it: what the contract knows it by."""
        return genesis_id(self._genesis_block)

    def all(self) -> Iterator[Mapping[str, Any]]:
        """Yield the proposals that are kept, page by page: `id`, `department` and `at` of each."""
        bookmark = ""
        while True:
            page = json.loads(
                self.contract.evaluate("proposals", self.genesis, str(_PAGE), bookmark)
            )
            yield from page["items"]
            bookmark = page["bookmark"]
            if not bookmark:
                return

    def get(self, proposal: str) -> tuple[str, Proposal]:
        """Return the id and the proposal whose id begins with a text; raises ConfigError if there is not one."""
        found = [one["id"] for one in self.all() if one["id"].startswith(proposal)]
        if len(found) != 1:
            raise ConfigError(
                f"{len(found) or 'no'} proposals on {self.channel} have an id that begins with {proposal!r}"
            )
        return found[0], read_proposal(self.contract.evaluate("get", self.genesis, found[0]))

    def put(self, proposal: Proposal) -> str:
        """Keep a proposal that has a signature, and return its id."""
        self._follow()
        return self.contract.submit("put", self.genesis, write_proposal(proposal)).decode()

    def sign(self, proposal: str, signatures: Sequence[bytes]) -> None:
        """Keep further signatures of a proposal."""
        self._follow()
        for one in signatures:
            self.contract.submit("sign", self.genesis, proposal, one)

    def remove(self, proposal: str) -> None:
        """Forget a proposal that is the department's, or void."""
        self._follow()
        self.contract.submit("remove", self.genesis, proposal)

    def _follow(self) -> None:
        """Give the contract the channel's configuration blocks that it does not know yet."""
        try:
            known = json.loads(self.contract.evaluate("known", self.genesis))
        except GatewayError:
            # It does not know the channel yet; otherwise the next call fails, too.
            self.contract.submit("begin", self._genesis_block)
            known = {"block": 0}
        for block in self._config_blocks(after=known["block"]):
            self.contract.submit("follow", self.genesis, block)

    def _config_blocks(self, after: int) -> Sequence[bytes]:
        """Return the configuration blocks above a number, the oldest first."""
        found: list[bytes] = []
        block = self.admin.config_block(self.peer, self.channel)
        while (number := parse_block(block).header.number) > after:
            found.insert(0, block)
            before = parse_block(self.admin.block(self.peer, self.channel, number - 1))
            block = self.admin.block(self.peer, self.channel, last_config_index(before))
        return found

    @cached_property
    def _genesis_block(self) -> bytes:
        return self.admin.block(self.peer, self.channel, 0)

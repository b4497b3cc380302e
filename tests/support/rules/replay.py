"""Validates a history again, block by block, from what the orderer sent."""

from collections.abc import Callable

from fabric_protos.common import common_pb2

from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, VersionedValue
from pyfabric.rules.validation.block import CONFIGURATION_PLACE, BlockValidation, Outcome
from pyfabric.rules.validation.endorsement import ChannelPolicies
from pyfabric.rules.validation.form import transaction_id
from tests.support.rules import history


class ValidatedHistory:
    """State, ids and configuration of a channel after some of its blocks: by default, the real one's."""

    def __init__(self, genesis: common_pb2.Block | None = None) -> None:
        genesis = genesis or history.blocks()[0]
        self.state = MemoryState()
        self.policies = ChannelPolicies(ChannelConfig.from_block(genesis))
        self.ids = {transaction_id(genesis.data.data[0])}
        updates = Updates()
        payload = common_pb2.Payload.FromString(
            common_pb2.Envelope.FromString(genesis.data.data[0]).payload
        )
        updates.put(CONFIGURATION_PLACE, VersionedValue(payload.data, Version(0, 0)))
        self.state.commit(updates)

    def validate(self, number: int, raws: list[bytes]) -> Outcome:
        """Validate envelopes as the next block would, without committing."""
        exists: Callable[[str], bool] = self.ids.__contains__
        validation = BlockValidation(number, self.policies, self.state, exists)
        for raw in raws:
            validation.add(raw)
        return validation.finish()

    def commit(self, number: int) -> Outcome:
        """Validate and commit a block of the real history."""
        return self.take(history.blocks()[number])

    def take(self, block: common_pb2.Block) -> Outcome:
        """Validate and commit a block."""
        outcome = self.validate(block.header.number, list(block.data.data))
        self.state.commit(outcome.updates)
        self.ids.update(transaction.transaction_id for transaction in outcome.transactions)
        if outcome.config is not self.policies.config:
            self.policies = ChannelPolicies(outcome.config)
        return outcome

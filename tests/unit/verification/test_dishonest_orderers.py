"""Chains whose orderers sign whatever they like: what follows from the rules is found all the same."""

from collections.abc import Sequence

import pytest
from fabric_protos.common import common_pb2

from pyfabric.admin import config_of_block
from pyfabric.admin.audit import Fault, FaultKind, verify_chain
from pyfabric.admin.config.history import config_block_numbers
from pyfabric.errors import ConfigError, DecodeError
from pyfabric.messages.blocks import new_block
from pyfabric.rules.verification.chain import ChainVerification
from pyfabric.rules.verification.faults import ChainFaultError
from tests.support.ledger.ordering import CHANNEL
from tests.support.rules.signed_chain import LAST_CONFIG, Chain, batch, old_rules
from tests.support.rules.verified import Replayed

FILTER = 2


@pytest.fixture
def chain() -> Chain:
    return Chain()


def fault_of(raws: Sequence[bytes], **options: bytes) -> tuple[FaultKind, int, int | None]:
    fault: Fault | None = verify_chain(raws, **options).fault
    assert fault is not None
    return fault.kind, fault.block_number, fault.transaction_number


def test_an_honest_configuration_is_verified(chain: Chain) -> None:
    chain.add([chain.configuration(batch(7))], last_config=1)
    chain.add([chain.signed(common_pb2.HeaderType.MESSAGE, b"x")], last_config=1)
    found = verify_chain(chain.raws)
    assert (found.fault, found.configurations, found.signed) == (None, 2, 2)
    read = chain.raws.__getitem__
    assert config_block_numbers(read, 0, 3) == [0, 1]


def test_a_configuration_that_its_update_does_not_make_is_a_fault(chain: Chain) -> None:
    forged = chain.configuration(batch(7), batch(70))
    chain.add([forged], last_config=1)
    assert fault_of(chain.raws) == (FaultKind.CONFIGURATION, 1, 0)
    known = config_of_block(chain.raws[0])
    assert fault_of(chain.raws[1:], config=known) == (FaultKind.CONFIGURATION, 1, 0)


def test_a_new_configuration_that_is_not_named_is_a_fault(chain: Chain) -> None:
    chain.add([chain.configuration(batch(7))], last_config=0)
    assert fault_of(chain.raws) == (FaultKind.LAST_CONFIGURATION, 1, None)


def test_a_configuration_block_that_does_not_exist_yet_is_not_followed(chain: Chain) -> None:
    chain.add([chain.signed(common_pb2.HeaderType.MESSAGE, b"x")], last_config=9)
    assert fault_of(chain.raws) == (FaultKind.LAST_CONFIGURATION, 1, None)
    with pytest.raises(DecodeError, match="block 1 names block 9"):
        config_block_numbers(chain.raws.__getitem__, 0, 2)


def test_older_rules_are_refused_and_not_called_a_fault(chain: Chain) -> None:
    chain.add([chain.configuration(old_rules)], last_config=1)
    with pytest.raises(ConfigError, match=r"cannot verify what comes after block 1: .*V1_4_2"):
        verify_chain(chain.raws)


@pytest.mark.parametrize("known", [True, False])
def test_parts_that_cannot_be_read_are_a_fault_of_their_block(chain: Chain, known: bool) -> None:
    block = chain.add([chain.signed(common_pb2.HeaderType.MESSAGE, b"x")], last_config=0)
    block.metadata.metadata[LAST_CONFIG] = b"\xff"
    assert fault_of(chain.raws) == (FaultKind.BLOCK, 1, None)
    config = {"config": config_of_block(chain.raws[0])} if known else {}
    assert fault_of(chain.raws[1:], **config) == (FaultKind.BLOCK, 1, None)


def test_codes_of_a_later_start_must_be_one_for_each_transaction(chain: Chain) -> None:
    block = chain.add([chain.signed(common_pb2.HeaderType.MESSAGE, b"x")], last_config=0)
    block.metadata.metadata[FILTER] = bytes(2)
    assert fault_of(chain.raws[1:]) == (FaultKind.FLAGS, 1, None)


def test_a_genesis_block_must_be_one(chain: Chain) -> None:
    genesis = chain.blocks[0]
    genesis.header.previous_hash = b"1"
    assert fault_of(chain.raws) == (FaultKind.PREVIOUS_HASH, 0, None)
    empty = new_block(0, b"", [b"x"]).SerializeToString()
    assert fault_of([empty]) == (FaultKind.CONFIGURATION, 0, None)
    assert fault_of([b"\xff"]) == (FaultKind.BLOCK, 0, None)
    later = new_block(4, b"", []).SerializeToString()
    with pytest.raises(ChainFaultError, match="the chain begins with block 4"):
        ChainVerification.from_genesis(later, Replayed())


def test_a_state_without_a_configuration_is_none_of_a_channel(chain: Chain) -> None:
    link = ChainVerification.from_genesis(chain.raws[0], Replayed())[1].link
    with pytest.raises(ConfigError, match="the state of council has no configuration"):
        ChainVerification.from_state(Replayed(), CHANNEL, link, b"")

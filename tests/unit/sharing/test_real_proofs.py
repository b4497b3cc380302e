"""Proofs that Fabric's own peers and orderer have made (tests/vectors/9-proofs, by tools/record_proofs.py)."""

from dataclasses import replace

import pytest
from fabric_protos.common import common_pb2

from pyfabric.messages.endorsed import endorsed_action
from pyfabric.sharing.proof_file import ProofFile
from pyfabric.sharing.refusals import Code, ProofError
from pyfabric.sharing.verifier import verify
from tests.support.extent import extent
from tests.support.sharing.recorded_proofs import FILES, FOLDER, MOMENT, snapshot


@pytest.mark.parametrize("name", FILES)
def test_a_proof_of_fabrics_own_peers_is_accepted(name: str) -> None:
    raw = (FOLDER / name).read_bytes()
    found = verify(raw, snapshot(), moment=MOMENT, private=False)
    assert found.departments == ("LandMSP", "TaxMSP", "WaterMSP")
    assert found.answer.result == {"entity": "91310000MA1FL0XX1X", "value": "2 penalties"}
    assert [one.check for one in found.unchecked] == [Code.REQUEST, Code.REVISION]


def test_the_transaction_of_a_proof_is_one_that_clients_take() -> None:
    file = ProofFile.from_bytes((FOLDER / FILES[0]).read_bytes())
    action = endorsed_action(common_pb2.Payload.FromString(file.transaction))
    assert action.chaincode_id.name == "interop"


@pytest.mark.parametrize("name", FILES)
def test_no_byte_of_it_can_be_changed(name: str) -> None:
    raw = (FOLDER / name).read_bytes()
    known = snapshot()
    for at in range(0, len(raw), extent(37, 1)):
        changed = raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :]
        with pytest.raises(ProofError):
            verify(changed, known, moment=MOMENT, private=False)


def test_another_version_of_interop_is_not_taken() -> None:
    raw = (FOLDER / FILES[0]).read_bytes()
    known = snapshot()
    other = replace(known, records=[replace(one, versions=("1.0",)) for one in known.records])
    with pytest.raises(ProofError) as refused:
        verify(raw, other, moment=MOMENT, private=False)
    assert refused.value.code is Code.ACTION

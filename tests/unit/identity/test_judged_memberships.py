"""Unusual MSPs and identities, with the verdicts of Fabric's package msp (3.1.5, built from source).

judged.json.gz was made by generating MSPs at random (CAs, keys, usages, path lengths, revocation lists,
OU rules, damaged DER and PEM) and keeping one case for each different thing that Fabric said.
"""

import base64
import gzip
import json
from typing import Any

import pytest
from fabric_protos.msp import msp_config_pb2, msp_principal_pb2

from pyfabric.errors import IdentityError
from pyfabric.identity.definition_messages import definition_from_config
from pyfabric.identity.msp import MSP
from pyfabric.identity.principals import check_principal
from tests.conftest import ROOT

Case = dict[str, Any]
CASES: list[Case] = json.loads(
    gzip.decompress((ROOT / "tests" / "unit" / "identity" / "judged.json.gz").read_bytes())
)
# Go's own words about bytes that are no DER or protobuf, and dumps of Go structures, are not copied.
COUNTS = {"setup": 40, "deserialize": 36, "validate": 23, "accepted": 13}
GO_DETAILS = (
    "asn1:",
    "proto:",
    "Failed computing validation chain",
    "failed getting certificate",
    "parsing time",
)


def stage(case: Case) -> str:
    return next((name for name in ("setup", "deserialize", "validate") if case[name]), "accepted")


def the_msp(case: Case) -> MSP:
    config = msp_config_pb2.MSPConfig(config=base64.b64decode(case["config"]))
    return MSP(definition_from_config(config), ed25519=case["v3"])


def assert_says(expected: str, said: str) -> None:
    assert bool(expected) == bool(said), f"Fabric: {expected!r}, we: {said!r}"
    for detail in GO_DETAILS:
        if detail in expected:
            expected, said = expected.split(detail)[0], said[: len(expected.split(detail)[0])]
    assert said.startswith(expected)


def outcome(check: Any, *arguments: Any) -> str:
    try:
        check(*arguments)
    except IdentityError as error:
        return str(error)
    return ""


def of_stage(*names: str) -> list[Any]:
    return [pytest.param(c, id=str(at)) for at, c in enumerate(CASES) if stage(c) in names]


def test_all_kinds_of_verdicts_are_there() -> None:
    counts = {
        name: len(of_stage(name)) for name in ("setup", "deserialize", "validate", "accepted")
    }
    assert counts == COUNTS


@pytest.mark.parametrize("case", of_stage("setup"))
def test_msps_that_fabric_does_not_set_up(case: Case) -> None:
    assert_says(case["setup"], outcome(the_msp, case))


@pytest.mark.parametrize("case", of_stage("deserialize"))
def test_identities_that_fabric_does_not_read(case: Case) -> None:
    msp = the_msp(case)
    said = outcome(msp.deserialize, base64.b64decode(case["identity"]))
    assert_says(case["deserialize"], said)


@pytest.mark.parametrize("case", of_stage("validate", "accepted"))
def test_identities_that_fabric_reads(case: Case) -> None:
    identity = the_msp(case).deserialize(base64.b64decode(case["identity"]))
    assert base64.b64encode(identity.serialized()).decode() == case["serialized"]
    assert_says(case["validate"], outcome(identity.validate))
    message, signature = base64.b64decode(case["message"]), base64.b64decode(case["signature"])
    assert_says(case["verify"], outcome(identity.verify, message, signature))
    assert len(case["principals"]) == len(case["satisfies"])
    for data, expected in zip(case["principals"], case["satisfies"], strict=True):
        principal = msp_principal_pb2.MSPPrincipal.FromString(base64.b64decode(data))
        assert_says(expected, outcome(check_principal, identity, principal))

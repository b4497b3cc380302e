"""Who must sign an update, and what orderers would make of it: compared with a real orderer's answers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.admin.config.checking import simulate
from pyfabric.admin.config.guards import lost_quorum
from pyfabric.admin.config.requirements import check_signatures, requirements
from pyfabric.errors import ConfigError
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import Consenter
from pyfabric.rules.configuration.update import outdated
from tests.support.municipal import records

LIVE = Path(__file__).parent.parent.parent / "vectors" / "2-config-updates" / "live"
MOMENT = datetime(2026, 11, 25, 2, 37, 58, tzinfo=UTC)
# Refused for what is around the update, which is not asked here.
AROUND = {"unknown-channel", "stranger", "garbage-update", "as-config-type"}
# A single Raft orderer responds with 200, and then never orders it: refused here.
NEVER_ORDERED = "consensus-metadata-empty"
# These have two faults, of which Fabric names the other one.
ALSO_OUTDATED = {"empty-mod-policy"}
VERSIONS = ("error validating ReadSet", "attempt to set", "attempted to set key")


def cases() -> list[dict[str, Any]]:
    return [
        case
        for name in ("answers.json", "answers-2.json")
        for case in json.loads((LIVE / name).read_text())
        if case["slug"] not in AROUND
    ]


def read(case: dict[str, Any]) -> tuple[ChannelConfig, bytes, list[bytes]]:
    """Return the configuration in force, the update, and its signatures."""
    before = configtx_pb2.Config.FromString((LIVE / case["evaluated_against"]).read_bytes())
    envelope = common_pb2.Envelope.FromString((LIVE / case["envelope"]).read_bytes())
    payload = common_pb2.Payload.FromString(envelope.payload)
    signed = configtx_pb2.ConfigUpdateEnvelope.FromString(payload.data)
    signatures = [one.SerializeToString() for one in signed.signatures]
    config = ChannelConfig(before, channel_id=records.CHANNEL)
    return config, signed.config_update, signatures


def _nobody(_: Consenter) -> bool:
    return False


def refusal(config: ChannelConfig, update: bytes, signatures: list[bytes]) -> str:
    """Return why an update would be refused; empty if it would be taken."""
    try:
        after = simulate(config, update, now=MOMENT, is_down=_nobody)
        for harm in lost_quorum(config, after, _nobody):
            return harm
        missing = [
            one for one in requirements(config, update, signatures) if not one.policy.is_satisfied
        ]
    except ConfigError as error:
        return str(error)
    return f"policy not satisfied: {missing[0].policy}" if missing else ""


def test_all_answers_are_tried() -> None:
    assert len(cases()) == 34


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["slug"])
def test_an_update_is_judged_as_by_a_real_orderer(case: dict[str, Any]) -> None:
    reason = refusal(*read(case))
    if case["slug"] == NEVER_ORDERED:
        assert "the ordering service would stand still" in reason
    elif case["status"] == 200:
        assert reason == ""
    elif "not satisfied" in case["info"]:
        # Fabric names the first element whose policy fails; an update with another fault is refused for that.
        assert reason
        assert "not satisfied" in reason or case["slug"] == "capability-app-unknown"
    else:
        assert reason
        assert reason in case["info"]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["slug"])
def test_an_update_is_outdated_if_what_it_was_computed_from_has_changed(
    case: dict[str, Any],
) -> None:
    config, update, _ = read(case)
    if case["slug"] == "wrong-channel-in-update":
        with pytest.raises(ConfigError, match="for channel 'elsewhere'"):
            outdated(config, update)
        return
    named = any(text in case["info"] for text in VERSIONS)
    assert bool(outdated(config, update)) == (named or case["slug"] in ALSO_OUTDATED)


def signatures_of(slug: str) -> list[tuple[str, str]]:
    config, update, signatures = read(next(one for one in cases() if one["slug"] == slug))
    return [(one.name, one.problem) for one in check_signatures(config, update, signatures)]


def test_a_signature_that_holds_counts() -> None:
    assert signatures_of("one-signature-of-three") == [("Admin@registry.test", "")]


def test_a_signature_that_does_not_verify_is_named() -> None:
    assert all(
        "signature is invalid" in problem for _, problem in signatures_of("broken-signatures")
    )


def test_a_signature_that_no_needed_policy_counts_is_named() -> None:
    found = signatures_of("users-only")
    assert found
    assert all("no policy that the update must satisfy counts" in problem for _, problem in found)


def test_requirements_name_what_is_changed_under_each_policy() -> None:
    case = next(one for one in cases() if one["slug"] == "orderer-change-by-app-admins")
    (found,) = requirements(*read(case))
    assert found.elements == ("/Channel/Orderer/BatchTimeout",)
    assert found.policy.path == "/Channel/Orderer/Admins"
    (missing,) = found.policy.missing
    assert [one.signers for one in missing.choices] == [("'OrdererMSP.admin'",)]

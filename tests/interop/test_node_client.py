"""The official Node client on our ledger, with the results that it has on Fabric."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pyfabric_network.topology.plan import Plan

from tests.support.network.running import Running

HERE = Path(__file__).parent
POLICY_FAILURE = 10

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no node program"),
    pytest.mark.skipif(
        not (HERE / "node_modules" / "@hyperledger").is_dir(),
        reason="tests/interop/node_modules is missing: make pytest installs it",
    ),
]


@pytest.fixture(scope="module", params=["running", "closed"])
def seen(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Provide what the official client saw, also at peers that demand a client certificate."""
    found: Running = request.getfixturevalue(request.param)
    plan: Plan = found.network.plan
    department = plan.department("EconInfo")
    user = department.users["User1"]
    settings = {
        "address": str(department.peers[0].outside),
        "tlsRoots": str(department.peers[0].member.tls_roots),
        "tlsCertificate": str(user.tls_certificate),
        "tlsKey": str(user.tls_key),
        "mspId": department.msp_id,
        "certificate": str(user.msp / "signcerts" / "cert.pem"),
        "key": str(user.msp / "keystore" / "priv_sk"),
        "channel": "conformance",
        "chaincode": "conformance",
        "prefix": f"n{uuid4().hex[:12]}",
        "organizations": [one.msp_id for one in plan.departments.values()],
    }
    ran = subprocess.run(
        ["node", "client.mjs", json.dumps(settings)],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def test_it_evaluates_and_submits(seen: dict[str, Any]) -> None:
    assert seen["submitted"] == "公开目录"
    assert seen["evaluated"] == "公开目录"
    assert seen["binary"] == "00ff80feffc328"
    assert seen["transient"] == "四位数密码"


def test_it_waits_for_the_commit(seen: dict[str, Any]) -> None:
    status = seen["status"]
    assert (status["code"], status["successful"], status["sameId"]) == (0, True, True)


def test_it_follows_events(seen: dict[str, Any]) -> None:
    event = seen["event"]
    assert event == {
        "chaincode": "conformance",
        "payload": "发布",
        "blockNumber": seen["status"]["blockNumber"],
        "sameId": True,
    }
    assert seen["replayed"] == "发布"
    assert seen["block"] == seen["withPrivateData"] == seen["status"]["blockNumber"]
    assert seen["filtered"] == [[True, 0]]


def test_it_reads_our_errors(seen: dict[str, Any]) -> None:
    said = "chaincode response 500, 没有法律依据"
    evaluation, submission = seen["refusedEvaluation"], seen["refusedSubmission"]
    assert (evaluation["gateway"], evaluation["code"]) == (True, 2)
    assert [detail["message"] for detail in evaluation["details"]] == [said]
    assert (submission["endorse"], submission["code"]) == (True, 10)
    assert [(d["mspId"], d["message"]) for d in submission["details"]] == [("EconInfoMSP", said)]
    assert len(seen["longRefusal"]["details"][0]["message"]) > 2000
    assert seen["unknownChannel"]["code"] == 14
    assert {d["message"] for d in seen["differing"]["details"]} == {
        "ProposalResponsePayloads do not match"
    }


def test_it_learns_that_a_transaction_is_invalid(seen: dict[str, Any]) -> None:
    failure = seen["policyFailure"]
    assert (failure["commit"], failure["code"]) == (True, POLICY_FAILURE)


def test_it_takes_up_what_it_put_down(seen: dict[str, Any]) -> None:
    assert (seen["offline"], seen["offlineStatus"]) == ("offline", 0)

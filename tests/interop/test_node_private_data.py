"""The official Node client with endorsing organisations and private data of a Python contract."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.topology.departments import DepartmentPlan

HERE = Path(__file__).parent
SECRET = "四位数密码"
TOPOLOGY = """\
name: private
departments:
  Tax: { users: { clerk: {} } }
  Health: { users: { clerk: {} } }
  Steel: { users: { clerk: {} } }
ordering: { nodes: [Tax], batch: { timeout: 20ms } }
channels:
  bills: { departments: [Tax, Health, Steel], contracts: [keeper] }
contracts:
  keeper:
    version: "1"
    classes: ["keeper:Keeper"]
    collections:
      pair: { members: [Tax, Health], member_only_read: true, member_only_write: true }
"""
CONTRACT = '''
"""Keeps secrets of two departments."""

from pyfabric.chaincode import Context, Contract, query, transaction


class Keeper(Contract):
    @transaction
    def keep(self, ctx: Context, key: str) -> None:
        ctx.stub.collection("pair").put_state(key, ctx.stub.transient["value"])

    @query
    def show(self, ctx: Context, key: str) -> bytes:
        return ctx.stub.collection("pair").get_state(key) or b""

    @query
    def fingerprint(self, ctx: Context, key: str) -> str:
        return (ctx.stub.collection("pair").get_hash(key) or b"").hex()
'''

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no node program"),
    pytest.mark.skipif(
        not (HERE / "node_modules" / "@hyperledger").is_dir(),
        reason="tests/interop/node_modules is missing: make pytest installs it",
    ),
]


@contextmanager
def running(folder: Path) -> Iterator[Network]:
    (folder / "keeper.py").write_text(CONTRACT, encoding="utf-8")
    file = folder / "private.yaml"
    file.write_text(TOPOLOGY, encoding="utf-8")
    network = Network.prepare(file, folder / "state", base_port=ANY_FREE_PORT)
    network.up()
    try:
        network.deploy()
        yield network
    finally:
        network.down()


def reached(department: DepartmentPlan) -> dict[str, str]:
    """Return how the client reaches a department, and as whom."""
    peer, clerk = department.peers[0], department.users["clerk"]
    return {
        "address": str(peer.outside),
        "tlsRoots": str(peer.member.tls_roots),
        "mspId": department.msp_id,
        "certificate": str(clerk.msp / "signcerts" / "cert.pem"),
        "key": str(clerk.msp / "keystore" / "priv_sk"),
    }


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Provide what the official client saw."""
    with running(tmp_path_factory.mktemp("private")) as network:
        departments = network.plan.departments
        settings = {
            "channel": "bills",
            "chaincode": "keeper",
            "departments": {name: reached(one) for name, one in departments.items()},
        }
        ran = subprocess.run(
            ["node", "private.mjs", json.dumps(settings)],
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def test_members_read_what_chosen_organisations_endorsed(seen: dict[str, Any]) -> None:
    assert seen["chosen"] == [True, SECRET]


def test_the_peer_chooses_members_by_itself(seen: dict[str, Any]) -> None:
    assert seen["planned"] == SECRET


def test_others_see_the_hash_only(seen: dict[str, Any]) -> None:
    assert seen["hash"] == sha256(SECRET.encode()).hexdigest()
    refused = "tx creator does not have {} access permission on privatedata in chaincodeName:keeper"
    assert refused.format("read") in seen["stranger"]["details"][0]["message"]
    assert refused.format("write") in seen["outsider"]["details"][0]["message"]


def test_private_data_is_delivered_to_members_only(seen: dict[str, Any]) -> None:
    assert seen["delivered"] == {"tax": ["pair"], "health": ["pair"], "steel": []}

"""Contracts' processes on the embedded runtime: one that terminates, settings, and rights."""

import json
import os
import pwd
import re
from collections.abc import Iterator
from operator import not_
from pathlib import Path

import pytest
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.pending import Step
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.topology.departments import ADMIN

from pyfabric.errors import GatewayError, NetworkError
from pyfabric.gateway import Gateway, connect
from pyfabric.local.waiting import poll
from tests.support.network.network import TOPOLOGY, write_topology

FRAIL = """
import os
from pathlib import Path
from pyfabric.chaincode import Context, Contract, query

if os.path.exists("FOLDER/broken"):
    raise ValueError("it is broken")

class Frail(Contract):
    @query
    def leave(self, ctx: Context) -> str:
        os._exit(3)

    @query
    def present(self, ctx: Context) -> str:
        return "here"

    @query
    def nice(self, ctx: Context) -> int:
        return os.nice(0)

    @query
    def user(self, ctx: Context) -> int:
        return os.getuid()

    @query
    def environment(self, ctx: Context) -> list[str]:
        return sorted(os.environ)

    @query
    def read(self, ctx: Context, file: str) -> str:
        return Path(file).read_text()
"""
WITH_FRAIL = TOPOLOGY.replace("contracts: [sample]", "contracts: [sample, frail]") + (
    '  frail: { version: "1.0", classes: ["frail:Frail"], process: { transactions: 2, nice: 1 } }\n'
)


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    monkeypatch.setenv("SECRET", "of the operator")
    (tmp_path / "frail.py").write_text(FRAIL.replace("FOLDER", str(tmp_path)))
    file = write_topology(tmp_path, WITH_FRAIL)
    made = Network.prepare(file, tmp_path / "state", base_port=ANY_FREE_PORT)
    made.up()
    try:
        made.deploy()
        yield made
    finally:
        made.down()


def gateway(network: Network, department: str) -> Gateway:
    profile = load_profile(profile_file(network.plan, network.plan.department(department)))
    return connect(profile.user(ADMIN), profile.peers)


def problems(network: Network) -> dict[tuple[str, str], str]:
    """Return what `status` reports of contracts."""
    found = network.status()
    return {(one.name, one.department): one.problem for one in found if one.problem}


def test_only_that_contract_is_down_and_for_a_moment(network: Network) -> None:
    with gateway(network, "Tax") as tax, gateway(network, "Health") as health:
        frail, sample = (tax.network("bills").contract(name) for name in ("frail", "sample"))
        other = health.network("bills").contract("sample")
        for number in range(3):
            with pytest.raises(GatewayError):
                frail.evaluate("leave")
            assert sample.submit("put", "key", str(number)) == str(number).encode()
            assert other.evaluate("get", "key") == str(number).encode()

        def answer() -> bytes | None:
            try:
                return frail.evaluate("present")
            except GatewayError:
                return None

        assert poll(answer, until=bool, every=0.05, timeout=60) == b"here"
    assert poll(lambda: problems(network), until=not_, every=0.1, timeout=60) == {}


def test_one_that_cannot_be_imported_is_down_with_its_reason(
    network: Network, tmp_path: Path
) -> None:
    (tmp_path / "broken").touch()
    reason = "ValueError: it is broken"
    label = network.plan.contracts["frail"].package.label
    down = {(label, name): reason for name in ("Tax", "Health")}
    sentences = [f"{label} of {name} is down: {reason}" for name in ("Tax", "Health")]
    with pytest.raises(NetworkError, match=re.escape("; ".join(sentences))):
        network.deploy(["frail"], reload=True)
    network.deploy(["sample"], reload=True)
    assert poll(lambda: problems(network), until=down.__eq__, every=0.1, timeout=60) == down
    assert network.pending() == [Step("serve", label, name) for name in ("Tax", "Health")]
    network.down()
    warnings = Network.reopen(network.folder).up()
    assert [one for one in warnings if "frail" in one] == sentences
    with gateway(network, "Tax") as tax:
        sample = tax.network("bills").contract("sample")
        assert sample.submit("put", "a", "b") == b"b"
    (tmp_path / "broken").unlink()
    assert poll(lambda: problems(network), until=not_, every=0.1, timeout=60) == {}


def ask(network: Network, function: str, *arguments: str) -> bytes:
    with gateway(network, "Tax") as tax:
        return tax.network("bills").contract("frail").evaluate(function, *arguments)


def test_settings_of_a_process_are_applied_by_up_and_nodes_go_on(
    network: Network, tmp_path: Path
) -> None:
    ledger = network.runtime.process("peer0.tax")
    assert ask(network, "nice") == str(os.nice(0) + 1).encode()
    write_topology(tmp_path, WITH_FRAIL.replace("nice: 1", "nice: 4, memory: 512 MB"))
    Network.reopen(network.folder).up()
    assert ask(network, "nice") == str(os.nice(0) + 4).encode()
    assert network.runtime.process("peer0.tax") == ledger
    assert "SECRET" not in json.loads(ask(network, "environment"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_root_s_contracts_run_as_another_user(network: Network) -> None:
    key = next(iter(network.plan.peers)).member.tls_key
    assert ask(network, "user") == b"0"
    assert ask(network, "read", str(key)) == key.read_bytes()
    Network.reopen(network.folder, contract_user="nobody").up()
    for _ in range(2):
        assert ask(network, "user") == str(pwd.getpwnam("nobody").pw_uid).encode()
        with pytest.raises(GatewayError, match="PermissionError"):
            ask(network, "read", str(key))
        Network.reopen(network.folder).deploy(["frail"], reload=True)


def test_users_that_contracts_cannot_have_are_refused(tmp_path: Path) -> None:
    file = write_topology(tmp_path)
    with pytest.raises(NetworkError, match="this machine has no such user"):
        Network.prepare(file, tmp_path / "state", contract_user="no-such-user")
    with pytest.raises(NetworkError, match="contracts run in containers"):
        Network.prepare(
            file, tmp_path / "state", contract_user="nobody", runtime=RuntimeName.COMPOSE
        )

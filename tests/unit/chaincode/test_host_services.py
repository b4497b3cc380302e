"""The services of a contract host after each input line, in one process and without pipes."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pyfabric.chaincode.code import code_digest, read_code
from pyfabric.chaincode.host import ContractHost
from pyfabric.chaincode.loading import load_chaincode
from pyfabric.errors import ConfigError, NetworkError
from tests.support.chaincode.fake_peer import FakePeer

DIRECTORY = "pyfabric_municipal.directory:Directory"


def line(*services: dict[str, Any]) -> bytes:
    return json.dumps({"services": services}).encode()


def service(package_id: str, **changes: Any) -> dict[str, Any]:
    usual = {"package_id": package_id, "address": "127.0.0.1:0", "contracts": [DIRECTORY]}
    return usual | changes


@pytest.mark.asyncio
async def test_services_come_and_go_with_the_lines() -> None:
    host = ContractHost()
    await host.apply(line(service("a:1")))
    await host.apply(line(service("a:1"), service("b:1")))
    assert host.serving == ["a:1", "b:1"]
    addresses = [server.address for server in host._servers.values()]
    async with FakePeer(addresses[0]) as first, FakePeer(addresses[1]) as second:
        assert (first.registered, second.registered) == ("a:1", "b:1")
        await host.apply(line(service("b:1")))
        await first.ended.wait()
        assert (await second.invoke("org.hyperledger.fabric:GetMetadata")).status == 200
        await host.stop()
        await second.ended.wait()
    assert host.serving == []


@pytest.mark.asyncio
async def test_a_line_that_cannot_be_served_changes_nothing(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(b"certificate")
    host = ContractHost()
    await host.apply(line(service("a:1")))
    for wrong in (
        b"junk",
        line({"package_id": "b:1"}),
        line(service("b:1", contracts=["nowhere:Contract"])),
        line(service("b:1", contracts=["pyfabric_municipal.directory:nothing"])),
        line(service("b:1", contracts=["pyfabric_municipal.directory"])),
        line(service("b:1", tls_certificate=str(certificate))),
        line(service("b:1", tls_key=str(certificate))),
        line(service("b:1", tls_key=str(tmp_path / "none"), tls_certificate=str(certificate))),
        line(service("b:1", client_roots=str(certificate))),
    ):
        with pytest.raises(ConfigError):
            await host.apply(wrong)
        assert host.serving == ["a:1"]
    await host.stop()


FAULTS = {
    "import": "import nowhere_at_all",
    "syntax": "def (",
    "exception": "raise ValueError('no')",
    "result": "class Notes(Contract):\n    @query\n    def f(self, ctx: Context) -> set[str]: ...",
    "helper": "import shared_helper\nclass Notes(Contract): ...\nraise shared_helper.fault",
    "no class": "",
}


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_module_that_failed_is_imported_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module, helper = f"notes_{fault.replace(' ', '_')}", tmp_path / "shared_helper.py"
    head = "from pyfabric.chaincode import Context, Contract, query\n"
    (tmp_path / f"{module}.py").write_text(head + FAULTS[fault])
    helper.write_text("fault = ValueError('no')")
    wanted = line(service("notes:1", contracts=[f"{module}:Notes"]))
    host = ContractHost()
    with pytest.raises(Exception, match=r"."):
        await host.apply(wanted)
    helper.write_text("class Helper: ...")
    good = "from shared_helper import Helper\nclass Notes(Contract, Helper):\n    @query\n"
    good += "    def f(self, ctx: Context) -> str: ..."
    (tmp_path / f"{module}.py").write_text(head + good)
    await host.apply(wanted)
    assert host.serving == ["notes:1"]
    await host.stop()
    for name in (module, "shared_helper"):
        del sys.modules[name]


def write_notes(folder: Path, text: str) -> dict[str, str]:
    """Write a contract whose helper has this text, in a folder with the name of its digest."""
    folder.mkdir()
    (folder / "texts.py").write_text(f"TEXT = {text!r}")
    (folder / "notes.py").write_text(
        "from pyfabric.chaincode import Context, Contract, query\nfrom texts import TEXT\n"
        "class Notes(Contract):\n    @query\n    def text(self, ctx: Context) -> str: return TEXT"
    )
    digest = code_digest(read_code(folder))
    return {"digest": folder.rename(folder.with_name(digest)).name}


@pytest.mark.asyncio
async def test_code_is_served_if_it_has_the_digest_each_version_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    first = write_notes(tmp_path / "1", "one")
    second = write_notes(tmp_path / "2", "two")
    third = write_notes(tmp_path / "3", "three")
    (tmp_path / third["digest"] / "texts.py").write_text("TEXT = 'another'")
    notes = {"contracts": ["notes:Notes"]}
    host = ContractHost()
    await host.apply(line(service("a_1:1", **notes, **first), service("a_2:2", **notes, **second)))
    with pytest.raises(ConfigError, match=f"a_3: the code in .*, and {third['digest']} is wanted"):
        await host.apply(line(service("a_3:3", **notes, **third)))
    texts = []
    for server in host._servers.values():
        async with FakePeer(server.address) as peer:
            texts.append((await peer.invoke("text")).payload)
    assert texts == [b"one", b"two"]
    await host.stop()


@pytest.mark.asyncio
async def test_an_address_that_is_taken_is_told() -> None:
    host, other = ContractHost(), ContractHost()
    await host.apply(line(service("a:1")))
    (taken,) = (server.address for server in host._servers.values())
    with pytest.raises(NetworkError, match="in use"):
        await other.apply(line(service("b:1", address=taken)))
    assert other.serving == []
    await host.stop()
    await other.stop()


def test_contracts_are_loaded_by_name_and_the_first_is_the_default() -> None:
    chaincode = load_chaincode([DIRECTORY, "pyfabric_municipal.sharing:Sharing"])
    contracts = json.loads(chaincode.metadata)["contracts"]
    assert contracts["Directory"]["contractInstance"] == {"name": "Directory", "default": True}
    assert "default" not in contracts["Sharing"]["contractInstance"]

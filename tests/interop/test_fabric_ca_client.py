"""Every subcommand of Fabric's own `fabric-ca-client`, at our CA server and at Fabric's: the same outcomes, texts and files."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.ca.embedded_server import embedded_ca
from tests.support.ca.fabric_client import FabricClient
from tests.support.ca.real_server import real_ca
from tests.support.ca.running import RunningCA
from tests.support.network.by_command import CommandLine, network_by_command
from tests.support.network.network import SAMPLE
from tests.support.network.programs import fabric_programs, needs_fabric

pytestmark = [pytest.mark.fabric, needs_fabric]

ENROLL = "reg enroll -u https://registrar:regpw@ADDRESS"
SCENARIOS = {
    "info": f"""\
        reg version
        {ENROLL}
        reg getcainfo -M ca
        reg getcainfo -M second --caname land
        reg getcainfo --caname none""",
    "enroll": f"""\
        {ENROLL} -M plain
        {ENROLL} -M tls --enrollment.profile tls --csr.hosts a.test,127.0.0.1
        {ENROLL} -M names --csr.names C=CN,ST=Gd,L=Sz,O=Tax,OU=none --csr.serialnumber 77
        {ENROLL} -M name --csr.cn other
        {ENROLL} -M p384 --csr.keyrequest.algo ecdsa --csr.keyrequest.size 384
        {ENROLL} -M rsa --csr.keyrequest.algo rsa --csr.keyrequest.size 2048
        {ENROLL} -M p224 --csr.keyrequest.algo ecdsa --csr.keyrequest.size 224
        {ENROLL} -M asked --enrollment.attrs hf.Revoker,none:opt
        {ENROLL} -M missing --enrollment.attrs none
        {ENROLL} -M ca --enrollment.profile ca
        {ENROLL} -M unknown --enrollment.profile none
        {ENROLL} -M elsewhere --caname land
        reg enroll -u https://registrar:wrong@ADDRESS -M wrong
        reg enroll -u https://nobody:regpw@ADDRESS -M nobody""",
    "reenroll": f"""\
        reg reenroll
        {ENROLL}
        reg reenroll
        reg reenroll --csr.keyrequest.reusekey
        reg reenroll --enrollment.profile tls --csr.hosts c.test
        reg gencsr --csr.cn me""",
    "register": f"""\
        {ENROLL}
        reg register --id.name ann --id.affiliation org1.department1 --id.attrs office=north:ecert,grade=7
        reg register --id.name ann --id.secret again
        reg register --id.name bo --id.type peer --id.secret bopw --id.maxenrollments 1
        reg register --id.name cy --id.affiliation nowhere
        reg register --id.name cy --id.affiliation .
        reg register --id.name di --id.maxenrollments -1 --id.attrs hf.Registrar.Roles=client --id.secret dipw
        reg register --id.name ed --id.attrs hf.Nothing=1
        reg register --id.name ed --id.attrs "hf.Registrar.Roles=client,peer",grade=7
        reg register --id.name ed --id.maxenrollments -3
        reg register --id.name ed --caname land
        reg register
        bo enroll -u https://bo:bopw@ADDRESS
        bo enroll -u https://bo:bopw@ADDRESS
        bo register --id.name fe
        di enroll -u https://di:dipw@ADDRESS
        di register --id.name fe --id.type peer
        di register --id.name fe --id.secret fepw
        di identity list
        bo identity list""",
    "identity": f"""\
        {ENROLL}
        reg identity add gi --secret gipw --type peer --affiliation org1 --attrs k=v:ecert --maxenrollments 3
        reg identity add hu --json {{"secret":"s","type":"client","affiliation":"org2","attrs":[{{"name":"a","value":"b"}}]}}
        reg identity add
        reg identity add gi
        reg identity add io --affiliation nowhere
        reg identity modify gi --secret other --attrs k=,l=m --type client --affiliation org2
        reg identity modify gi --maxenrollments -2
        reg identity modify gi --json {{"attrs":[{{"name":"z","value":"1"}}]}}
        reg identity modify gi
        reg identity modify nobody --secret x
        reg identity modify
        reg identity list
        reg identity list --id gi
        reg identity list --id nobody
        reg identity remove hu
        reg identity remove hu
        reg identity remove registrar
        reg identity remove
        reg identity list --caname land""",
    "affiliation": f"""\
        {ENROLL}
        reg affiliation list
        reg affiliation list --affiliation org1
        reg affiliation list --affiliation nowhere
        reg affiliation add city.tax
        reg affiliation add city
        reg affiliation add city
        reg affiliation add
        reg affiliation add a.b.c --force
        reg register --id.name jo --id.affiliation a.b --id.secret jopw
        jo enroll -u https://jo:jopw@ADDRESS
        jo affiliation list
        reg affiliation modify city --name town
        reg affiliation modify nowhere --name town2
        reg affiliation modify a --name x
        reg affiliation modify a --name x --force
        reg affiliation modify town
        reg identity list --id jo
        reg affiliation remove x
        reg affiliation remove x --force
        reg affiliation remove nowhere
        reg affiliation remove
        reg affiliation list""",
    "certificate": f"""\
        {ENROLL}
        reg register --id.name ku --id.secret kupw --id.type peer
        ku enroll -u https://ku:kupw@ADDRESS
        reg certificate list --id ku
        reg certificate list --id ku --store kept
        reg certificate list --id nobody
        reg certificate list --serial SERIAL:ku --aki AKI:ku
        reg certificate list --serial 1234 --aki 5678
        reg certificate list --notrevoked --notexpired --id ku
        reg certificate list --expiration -10d::+400d --id ku
        reg certificate list --expiration 2020-01-01::2021-01-01
        reg certificate list --notexpired --expiration 2020-01-01::2021-01-01
        reg certificate list --revocation -10d::now --id ku
        reg certificate list --revocation x
        reg certificate list --revocation 2020-01-01::y
        reg revoke -e ku
        reg certificate list --revocation -10d::+1d --id ku
        reg certificate list --notrevoked --id ku
        ku certificate list""",
    "revoke": f"""\
        {ENROLL}
        reg register --id.name li --id.secret lipw
        li enroll -u https://li:lipw@ADDRESS
        reg revoke -s SERIAL:li -a AKI:li -r superseded
        reg revoke -s SERIAL:li -a AKI:li
        li reenroll
        reg revoke -e li -r keycompromise --gencrl
        li enroll -u https://li:lipw@ADDRESS -M again
        reg register --id.name mo --id.secret mopw
        mo enroll -u https://mo:mopw@ADDRESS
        mo revoke -e li
        mo gencrl
        reg revoke -e mo -r nonsense --gencrl
        reg revoke -e mo
        reg revoke -e nobody
        reg revoke
        reg revoke -s 1234
        reg revoke -s 1234 -a 5678
        reg gencrl
        reg gencrl --revokedafter 2020-01-01T00:00:00Z --revokedbefore 2021-01-01T00:00:00Z
        reg gencrl --expireafter 2020-01-01T00:00:00Z --expirebefore 2021-01-01T00:00:00Z
        reg gencrl --revokedafter 2021-01-01T00:00:00Z --revokedbefore 2020-01-01T00:00:00Z
        reg gencrl --expireafter 2021-01-01T00:00:00Z --expirebefore 2020-01-01T00:00:00Z
        reg gencrl --revokedafter soon""",
}
SUBCOMMANDS = {
    *("version", "getcainfo", "enroll", "reenroll", "gencsr", "register", "revoke", "gencrl"),
    *(f"identity {one}" for one in ("list", "add", "modify", "remove")),
    *(f"affiliation {one}" for one in ("list", "add", "modify", "remove")),
    "certificate list",
}

TOPOLOGY = """\
name: small
departments: { Tax: {} }
ordering: { nodes: [Tax], batch: { timeout: 50ms } }
channels: { bills: { departments: [Tax], contracts: [sample] } }
contracts: { sample: { version: "1.0", classes: ["sample:Sample"] } }
"""
# What an administrator puts into the MSP folder of a member, as Fabric's guides do.
NODE_OUS = """\
NodeOUs:
  Enable: true
  ClientOUIdentifier: { OrganizationalUnitIdentifier: client }
  PeerOUIdentifier: { OrganizationalUnitIdentifier: peer }
  AdminOUIdentifier: { OrganizationalUnitIdentifier: admin }
  OrdererOUIdentifier: { OrganizationalUnitIdentifier: orderer }
"""


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FabricClient, FabricClient]]:
    """Provide the client at Fabric's server, and at ours."""
    folder = tmp_path_factory.mktemp("cas")
    with real_ca(folder / "fabric") as fabric, embedded_ca(folder / "embedded") as embedded:
        yield FabricClient(fabric, folder), FabricClient(embedded, folder)


@pytest.mark.parametrize("subject", SCENARIOS)
def test_every_call_has_the_same_outcome(
    sides: tuple[FabricClient, FabricClient], subject: str, tmp_path: Path
) -> None:
    fabric, ours = (
        replace(side, folder=tmp_path / name)
        for side, name in zip(sides, ("fabric", "ours"), strict=True)
    )
    homes = set()
    for side in (fabric, ours):
        side.folder.mkdir()
    for line in SCENARIOS[subject].splitlines():
        home, _, command = line.strip().partition(" ")
        homes.add(home)
        assert ours.run(home, command) == fabric.run(home, command), line
    for home in homes:
        assert ours.files(home) == fabric.files(home)


def test_every_subcommand_is_called() -> None:
    called = {
        " ".join(line.split()[1:3]) for text in SCENARIOS.values() for line in text.splitlines()
    }
    assert {
        one for one in SUBCOMMANDS if any(line.startswith(one) for line in called)
    } == SUBCOMMANDS


def test_idemix_is_left_out(sides: tuple[FabricClient, FabricClient], tmp_path: Path) -> None:
    ours = replace(sides[1], folder=tmp_path)
    ran = ours.run("reg", f"{ENROLL.removeprefix('reg ')} --enrollment.type idemix")
    assert ran.code == 1
    assert any("404 page not found" in line for line in ran.lines)


def test_peer_invokes_with_a_folder_that_fabrics_client_enrolled(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(SAMPLE, encoding="utf-8")
    with network_by_command(tmp_path, TOPOLOGY, "embedded") as pyfabric:
        root = tmp_path / ".pyfabric/small"
        (url, roots), secret = (
            authority(root),
            root / "organizations/tax/ca-server/registrar.secret",
        )
        client = FabricClient(RunningCA(url, roots, "ca.tax"), tmp_path)
        enroll = "enroll -u https://{}:{}@ADDRESS"
        assert client.run("reg", enroll.format("admin", secret.read_text())).code == 0
        assert client.run("reg", "register --id.name ann --id.secret annpw").code == 0
        assert client.run("ann", enroll.format("ann", "annpw")).code == 0
        (tmp_path / "ann/msp/config.yaml").write_text(NODE_OUS, encoding="utf-8")
        invoke(pyfabric, tmp_path / "ann/msp")
        assert pyfabric("chaincode", "query", "sample", "get", "a").out.strip() == "1"


def authority(root: Path) -> tuple[str, bytes]:
    """Return the address of the department's CA server, and the root of its TLS certificate."""
    profile = json.loads((root / "profiles/tax.json").read_bytes())
    return (
        profile["certificateAuthorities"]["ca.tax"]["url"],
        (root / "organizations/tax/tlsca/ca.pem").read_bytes(),
    )


def invoke(pyfabric: CommandLine, msp: Path) -> None:
    """Put a value by Fabric's own `peer`, as who is in an MSP folder."""
    known = pyfabric.environment("Tax")
    ran = subprocess.run(
        [f"{fabric_programs() or '/usr/bin'}/peer", "chaincode", "invoke", "-C", "bills", "-n", "sample",
         "-c", '{"Args":["put","a","1"]}', "-o", known["ORDERER_ADDRESS"], "--tls", "--cafile",
         known["ORDERER_CA"], "--waitForEvent", "--peerAddresses", known["CORE_PEER_ADDRESS"],
         "--tlsRootCertFiles", known["CORE_PEER_TLS_ROOTCERT_FILE"]],
        env={"PATH": os.environ["PATH"], **known, "CORE_PEER_MSPCONFIGPATH": str(msp)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr

"""Connection profiles: written for a department, read in the forms that other tools write."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyfabric_network.material.keys import make_material
from pyfabric_network.profile import connection_profile, load_profile, profile_file, write_profiles
from pyfabric_network.topology.bundled import bundled_topologies
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.errors import NetworkError


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    topology = load_topology(bundled_topologies()["quickstart"])
    made = make_plan(topology, tmp_path_factory.mktemp("profiles"), base_port=17000)
    make_material(made, now=datetime(2026, 11, 25, tzinfo=UTC))
    write_profiles(made)
    return made


@pytest.fixture
def document(plan: Plan) -> dict[str, Any]:
    return connection_profile(plan, plan.departments["MktSup"])


def write(folder: Path, document: Any) -> Path:
    file = folder / "profile.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def test_what_up_writes_is_read_back(plan: Plan) -> None:
    department = plan.departments["MktSup"]
    profile = load_profile(profile_file(plan, department))
    assert (profile.network, profile.department, profile.msp_id) == (
        "quickstart",
        "MktSup",
        "MktSupMSP",
    )
    assert [peer.address for peer in profile.peers] == ["127.0.0.1:17050"]
    assert profile.peers[0].tls_roots == department.peers[0].member.tls_roots.read_bytes()
    assert profile.peers[0].server_name == "peer0.mktsup"
    assert [node.address for node in profile.orderers] == ["127.0.0.1:17020"]
    assert profile.channels == ("directory", "credit")
    assert profile.user("steward").msp_id == "MktSupMSP"


def test_no_key_is_in_a_profile(plan: Plan) -> None:
    for department in plan.departments.values():
        assert "PRIVATE KEY" not in profile_file(plan, department).read_text(encoding="utf-8")


def test_a_user_is_a_name_or_a_folder(plan: Plan) -> None:
    department = plan.departments["MktSup"]
    profile = load_profile(profile_file(plan, department))
    by_folder = profile.user(str(department.users["steward"].msp))
    assert by_folder.serialized() == profile.user("steward").serialized()
    with pytest.raises(NetworkError, match=r"no user nobody.*Admin, governor, steward"):
        profile.user("nobody")


def test_the_form_of_the_samples_is_read(document: dict[str, Any], tmp_path: Path) -> None:
    peer = document["peers"]["peer0.mktsup"]
    (tmp_path / "ca.pem").write_text(peer["tlsCACerts"]["pem"], encoding="utf-8")
    peer["tlsCACerts"] = {"path": "ca.pem"}
    peer.pop("grpcOptions")
    del document["x-pyfabric"], document["orderers"]
    document["client"]["connection"] = {"timeout": {"peer": {"endorser": "300"}}}
    profile = load_profile(write(tmp_path, document))
    assert profile.peers[0].server_name is None
    assert b"BEGIN CERTIFICATE" in profile.peers[0].tls_roots
    assert profile.users == {}


def test_several_roots_are_read(document: dict[str, Any], tmp_path: Path) -> None:
    roots = document["peers"]["peer0.mktsup"]["tlsCACerts"]
    roots["pem"] = [roots["pem"], roots["pem"]]
    profile = load_profile(write(tmp_path, document))
    assert profile.peers[0].tls_roots.count(b"BEGIN CERTIFICATE") == 2


def change(document: dict[str, Any], keys: str, value: Any) -> None:
    *path, last = keys.split("/")
    for key in path:
        document = document[key]
    document[last] = value


@pytest.mark.parametrize(
    ("keys", "value", "says"),
    [
        ("client/organization", "Tax", "client.organization: Tax is not among the organizations"),
        ("organizations/MktSup/peers", ["peer9"], "peer9 is not among the peers"),
        ("peers/peer0.mktsup/url", "grpc://127.0.0.1:1", "must begin with grpcs://"),
        ("peers/peer0.mktsup/url", "grpcs://127.0.0.1", "must be grpcs://HOST:PORT"),
        ("peers/peer0.mktsup/url", "grpcs://peer:seven", "must be grpcs://HOST:PORT"),
        ("peers/peer0.mktsup/tlsCACerts", {"path": "none.pem"}, "none.pem: No such file"),
        ("peers/peer0.mktsup/tlsCACerts", {"pem": "changeme"}, "no PEM certificate"),
        ("peers/peer0.mktsup/tlsCACerts", {"pem": "/etc/ca.pem"}, "the name of a file"),
        ("peers/peer0.mktsup/tlsCACerts", {}, "tlsCACerts: needs pem or path"),
        ("peers/peer0.mktsup/tlsCACerts", {"pem": [7]}, "tlsCACerts.pem: must be a string"),
        ("peers/peer0.mktsup/tlsCACerts", {"pem": "MAMCAQE="}, "no PEM certificate"),
        ("peers/peer0.mktsup/tlsCACerts", {"path": "/"}, "/ is a folder with"),
        ("organizations/MktSup/peers", [7], "peers.0: must be a name"),
        ("entityMatchers", {"peer": [{"pattern": "("}]}, "peer.0.pattern: is no regular"),
        ("organizations/MktSup/mspid", " ", "organizations.MktSup.mspid: must not be empty"),
    ],
)
def test_a_wrong_profile_is_refused_with_file_and_reason(
    document: dict[str, Any], tmp_path: Path, keys: str, value: Any, says: str
) -> None:
    copy = json.loads(json.dumps(document))
    change(copy, keys, value)
    file = write(tmp_path, copy)
    profile = load_profile(file)
    with pytest.raises(NetworkError) as caught:
        _ = (profile.msp_id, profile.peers)
    assert says in str(caught.value)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (None, "orderers.o: field required"),
        ("o", "orderers.o: must be an object"),
        ({"url": "grpcs://orderer", "tlsCACerts": {"pem": "x"}}, "must be grpcs://HOST:PORT"),
        ({"url": "grpcs://orderer:7050"}, "orderers.o.tlsCACerts: field required"),
    ],
)
def test_orderers_are_read_when_they_are_asked_for(
    document: dict[str, Any], tmp_path: Path, entry: Any, says: str
) -> None:
    copy = json.loads(json.dumps(document))
    copy["orderers"] = {"o": entry}
    copy["organizations"]["Other"] = copy["peers"]["peer0.other"] = None
    file = write(tmp_path, copy)
    profile = load_profile(file)
    assert profile.peers == load_profile(write(tmp_path, document)).peers
    with pytest.raises(NetworkError) as caught:
        _ = profile.orderers
    assert str(caught.value).startswith(f"{file}: ")
    assert says in str(caught.value)


def test_a_client_certificate_is_shown_to_every_node(
    document: dict[str, Any], plan: Plan, tmp_path: Path
) -> None:
    copy = json.loads(json.dumps(document))
    client = plan.departments["MktSup"].users["Admin"]
    certificate, key = client.certificate.read_text(), client.key.read_text()
    (tmp_path / "client.key").write_text(key)
    pair = {"cert": {"pem": certificate}, "key": {"path": "client.key"}}
    copy["client"]["tlsCerts"] = {"systemCertPool": False, "client": pair}
    for given in ({"path": "client.key"}, {"pem": key}, {"path": None, "pem": key}):
        pair["key"] = given
        profile = load_profile(write(tmp_path, copy))
        for endpoint in (*profile.peers, *profile.orderers):
            assert endpoint.client_certificate == certificate.encode()
            assert endpoint.client_key == key.encode()
    copy["client"]["tlsCerts"]["client"] = {"cert": None, "key": None}
    assert load_profile(write(tmp_path, copy)).peers[0].client_certificate is None


@pytest.mark.parametrize(
    ("cert", "key", "says"),
    [
        (None, {"path": "gone.key"}, r"client\.key\.path: gone\.key: No such file"),
        ({"pem": "changeme"}, {"path": "x"}, r"tlsCerts\.client\.cert\.pem: no PEM"),
        (None, {"pem": "changeme"}, r"client\.key\.pem: no private key in PEM"),
        (None, {"path": ["a.key", "b.key"]}, r"a\.key: No such file"),
        (None, {"pem": []}, r"client\.key: needs pem or path"),
    ],
)
def test_a_client_certificate_that_is_wrong_is_refused(
    document: dict[str, Any], tmp_path: Path, cert: Any, key: Any, says: str
) -> None:
    copy = json.loads(json.dumps(document))
    right = copy["peers"]["peer0.mktsup"]["tlsCACerts"]
    copy["client"]["tlsCerts"] = {"client": {"cert": cert or right, "key": key}}
    profile = load_profile(write(tmp_path, copy))
    with pytest.raises(NetworkError, match=says):
        _ = profile.peers


def test_what_is_null_is_not_there(document: dict[str, Any], tmp_path: Path) -> None:
    copy = json.loads(json.dumps(document))
    copy["orderers"] = copy["x-pyfabric"] = copy["name"] = None
    copy["peers"]["peer0.mktsup"]["grpcOptions"] = None
    profile = load_profile(str(write(tmp_path, copy)))
    assert (profile.orderers, dict(profile.users), profile.network) == ((), {}, "")
    assert profile.peers[0].server_name is None


def test_a_fault_in_json_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "fault.json").write_text('{\n "name": "city",\n "peers": {"a" 1}\n}')
    with pytest.raises(NetworkError, match=r"fault\.json: .*line 3 column"):
        load_profile(tmp_path / "fault.json")
    (tmp_path / "fault.yaml").write_text("name: city\npeers: [")
    with pytest.raises(NetworkError, match=r"fault\.yaml: .*line 2, column"):
        load_profile(tmp_path / "fault.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(NetworkError, match="not text in UTF-8"):
        load_profile(tmp_path / "latin.yaml")


def test_a_file_that_is_no_profile(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="No such file"):
        load_profile(tmp_path / "none.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(NetworkError, match="neither JSON nor YAML"):
        load_profile(tmp_path / "broken.json")

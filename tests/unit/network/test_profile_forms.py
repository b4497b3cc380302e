"""Connection profiles as other tools write them: each form is read, and what it lacks is named when it is needed."""

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_network import load_profile
from pyfabric_network.material.keys import make_material
from pyfabric_network.profile import (
    Profile,
    connection_profile,
    profile_file,
    write_profiles,
)
from pyfabric_network.topology.bundled import bundled_topologies
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.errors import ClientError, IdentityError, NetworkError
from pyfabric.gateway import CertificateAuthority
from pyfabric.identity import pem
from pyfabric.local.fields import Fields
from pyfabric.profile.matchers import match


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    topology = load_topology(bundled_topologies()["quickstart"])
    made = make_plan(topology, tmp_path_factory.mktemp("forms"), base_port=17000)
    make_material(made, now=datetime(2026, 11, 25, tzinfo=UTC))
    return made


@pytest.fixture(scope="module")
def department(plan: Plan) -> DepartmentPlan:
    return plan.departments["MktSup"]


@pytest.fixture(scope="module")
def roots(department: DepartmentPlan) -> str:
    return department.peers[0].member.tls_roots.read_text()


def read(folder: Path, document: Any, organization: str | None = None) -> Profile:
    file = folder / "connection.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    as_json = folder / "connection.json"
    as_json.write_text(json.dumps(document), encoding="utf-8")
    profile = load_profile(file, organization)
    with suppress(NetworkError):  # the test looks at what it says
        assert profile.peers == load_profile(as_json, organization).peers
    return profile


def test_the_form_of_fabric_samples(tmp_path: Path, roots: str) -> None:
    """Written by their ccp-generate.sh: PEM for the peer, a list with one PEM for the CA, no users or channels."""
    profile = read(
        tmp_path,
        {
            "name": "test-network-org1",
            "version": "1.0.0",
            "client": {
                "organization": "Org1",
                "connection": {"timeout": {"peer": {"endorser": "300"}}},
            },
            "organizations": {
                "Org1": {
                    "mspid": "Org1MSP",
                    "peers": ["peer0.org1.example.com"],
                    "certificateAuthorities": ["ca.org1.example.com"],
                }
            },
            "peers": {
                "peer0.org1.example.com": {
                    "url": "grpcs://localhost:7051",
                    "tlsCACerts": {"pem": roots},
                    "grpcOptions": {
                        "ssl-target-name-override": "peer0.org1.example.com",
                        "hostnameOverride": "peer0.org1.example.com",
                    },
                }
            },
            "certificateAuthorities": {
                "ca.org1.example.com": {
                    "url": "https://localhost:7054",
                    "caName": "ca-org1",
                    "tlsCACerts": {"pem": [roots]},
                    "httpOptions": {"verify": False},
                }
            },
        },
    )
    assert (profile.network, profile.department, profile.msp_id) == (
        "test-network-org1",
        "Org1",
        "Org1MSP",
    )
    (peer,) = profile.peers
    assert (peer.address, peer.server_name) == ("localhost:7051", "peer0.org1.example.com")
    assert peer.tls_roots == roots.encode()
    assert (profile.user_names, profile.channels, profile.orderers) == ((), (), ())


def test_the_form_of_the_node_sdk(tmp_path: Path, roots: str) -> None:
    """Several organisations and no client; channels with lists; paths from the working directory."""
    (tmp_path / "tlsca.pem").write_text(roots)
    document = {
        "name": "Network",
        "version": "1.1",
        "channels": {
            "mychannel": {
                "orderers": ["orderer.example.com"],
                "peers": ["peer0.org1", "peer0.org2"],
            }
        },
        "organizations": {
            "Org1": {"mspid": "Org1MSP", "peers": ["peer0.org1"]},
            "Org2": {"mspid": "Org2MSP", "peers": ["peer0.org2"]},
        },
        "orderers": {
            "orderer.example.com": {
                "url": "grpcs://localhost:7050",
                "tlsCACerts": {"path": "tlsca.pem"},
            }
        },
        "peers": {
            name: {"url": f"grpcs://localhost:{port}", "tlsCACerts": {"path": "tlsca.pem"}}
            for name, port in (("peer0.org1", 7051), ("peer0.org2", 8051))
        },
    }
    profile = read(tmp_path, document)
    assert profile.channels == ("mychannel",)
    assert [one.address for one in profile.orderers] == ["localhost:7050"]
    with pytest.raises(NetworkError, match=r"client\.organization: field required.*Org1, Org2"):
        _ = profile.peers
    second = read(tmp_path, document, "Org2")
    assert (second.msp_id, second.peers[0].address) == ("Org2MSP", "localhost:8051")
    with pytest.raises(NetworkError, match="Org3 is not among the organizations"):
        _ = read(tmp_path, document, "Org3").msp_id


def test_the_form_of_the_java_sdk(tmp_path: Path, roots: str, department: DepartmentPlan) -> None:
    """Roles of peers as an object, the administrator's key and certificate, Java's name of the host option."""
    admin = department.admin
    (tmp_path / "signed.pem").write_text(admin.certificate.read_text())
    profile = read(
        tmp_path,
        {
            "x-type": "hlfv1",
            "client": {"organization": "Org1", "credentialStore": {"path": "/tmp/hfc-kvs"}},
            "channels": {
                "foo": {
                    "orderers": ["orderer"],
                    "peers": {"peer0": {"endorsingPeer": True, "eventSource": False}},
                    "chaincodes": ["example02:v1"],
                }
            },
            "organizations": {
                "Org1": {
                    "mspid": "MktSupMSP",
                    "peers": ["peer0"],
                    "adminPrivateKey": {"pem": admin.key.read_text()},
                    "signedCert": {"path": "signed.pem"},
                },
                "Org2": {"mspid": "Org2MSP", "peers": ["peer9"]},
            },
            "orderers": {"orderer": {"url": "grpcs://localhost:7050"}},
            "peers": {
                "peer0": {
                    "url": "grpcs://localhost:7051",
                    "eventUrl": "grpcs://localhost:7053",
                    "grpcOptions": {
                        "hostnameOverride": "peer0.org1",
                        "negotiationType": "TLS",
                        "grpc.http2.keepalive_time": 15,
                    },
                    "tlsCACerts": {"pem": roots},
                }
            },
        },
    )
    assert profile.peers[0].server_name == "peer0.org1"
    assert (profile.channels, profile.user_names) == (("foo",), ("Admin",))
    signer = profile.user("Admin")
    assert signer.identity.certificate == admin.certificate.read_bytes()
    with pytest.raises(NetworkError, match=r"orderers\.orderer\.tlsCACerts: field required"):
        _ = profile.orderers


def test_the_form_of_the_go_sdk(
    tmp_path: Path, roots: str, department: DepartmentPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users with PEM or paths, cryptoPath, URLs without scheme, variables in paths, mspID, matchers of names."""
    monkeypatch.setenv("FIXTURES", str(tmp_path))
    steward = department.users["steward"]
    (tmp_path / "tls.pem").write_text(roots)
    folder = tmp_path / "crypto/users/Clerk@org1/msp"
    folder.parent.mkdir(parents=True)
    folder.symlink_to(steward.msp)
    profile = read(
        tmp_path,
        {
            "client": {"organization": "org1", "cryptoconfig": {"path": "crypto"}},
            "organizations": {
                "org1": {
                    "mspID": "MktSupMSP",
                    "cryptoPath": "users/{username}@org1/msp",
                    "peers": ["peer0.org1.example.com", "peer1.org1.example.com"],
                    "users": {
                        "Mixed": {
                            "key": {"path": str(steward.key)},
                            "cert": {"pem": steward.certificate.read_text()},
                        }
                    },
                }
            },
            "peers": {
                "peer0.org1.example.com": {
                    "url": "peer0.org1.example.com:7051",
                    "grpcOptions": {"ssl-target-name-override": "peer0", "allow-insecure": False},
                    "tlsCACerts": {"path": "${FIXTURES}/tls.pem"},
                },
                "local.peer1": {
                    "url": "peer1.org1.example.com:7051",
                    "tlsCACerts": {"path": "${FIXTURES}/tls.pem"},
                },
            },
            "entityMatchers": {
                "peer": [
                    {"pattern": r"peer(\d)\.org2", "mappedHost": "local.peer$1"},
                    {
                        "pattern": r"peer([1-9])\.(?P<org>\w+).example.com",
                        "urlSubstitutionExp": "localhost:715$1",
                        "sslTargetOverrideUrlSubstitutionExp": "peer${1}.${org}$7",
                        "mappedHost": "local.peer$1",
                    },
                ]
            },
        },
    )
    first, second = profile.peers
    assert (first.address, first.server_name) == ("peer0.org1.example.com:7051", "peer0")
    assert (second.address, second.server_name) == ("localhost:7151", "peer1.org1")
    assert second.tls_roots == first.tls_roots == roots.encode()
    for name in ("Mixed", "Clerk", str(folder)):
        assert profile.user(name).identity.certificate == steward.certificate.read_bytes()
    with pytest.raises(NetworkError, match=r"no user Nobody.*users: Mixed"):
        profile.user("Nobody")


def test_the_form_of_the_old_python_sdk(
    tmp_path: Path, roots: str, department: DepartmentPlan
) -> None:
    """Paths as plain texts, gRPC's own name of the host option, a keystore's folder for the key."""
    (tmp_path / "ca.pem").write_text(roots)
    steward = department.users["steward"]
    profile = read(
        tmp_path,
        {
            "organizations": {
                "org1.example.com": {
                    "mspid": "MktSupMSP",
                    "users": {
                        "User1": {
                            "cert": str(steward.certificate),
                            "private_key": str(steward.key.parent),
                        }
                    },
                }
            },
            "peers": {
                "peer0": {
                    "url": "localhost:7051",
                    "grpcOptions": {"grpc.ssl_target_name_override": "peer0.org1"},
                    "tlsCACerts": "ca.pem",
                }
            },
        },
    )
    assert (profile.peers[0].server_name, profile.department) == ("peer0.org1", "org1.example.com")
    assert profile.user("User1").identity.certificate == steward.certificate.read_bytes()


def test_lists_of_objects_with_names(tmp_path: Path, roots: str) -> None:
    profile = read(
        tmp_path,
        {
            "organizations": [{"name": "Org1", "mspid": "Org1MSP", "peers": {"peer0": None}}],
            "peers": [{"name": "peer0", "url": "grpcs://a:1/", "tlsCACerts": {"pem": roots}}],
            "channels": ["one", "two"],
        },
    )
    assert (profile.department, profile.peers[0].address) == ("Org1", "a:1")
    assert profile.channels == ("one", "two")


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def der(text: str) -> bytes:
    block = pem.find(text.encode())
    assert block is not None
    return block.content


FORMS: dict[str, Callable[[str, Path], Any]] = {
    "PEM": lambda text, _: {"pem": text},
    "PEM in a list": lambda text, _: {"pem": [text]},
    "PEM beside an empty path": lambda text, _: {"path": "", "pem": text},
    "PEM as a plain text": lambda text, _: text,
    "base64 of PEM": lambda text, _: {"pem": base64_of(text)},
    "base64 of DER": lambda text, _: {"pem": base64.b64encode(der(text)).decode()},
    "base64 with line ends": lambda text, _: {"pem": base64.encodebytes(der(text)).decode()},
    "base64 as a plain text": lambda text, _: base64_of(text),
    "a path": lambda _, file: {"path": str(file)},
    "a path beside the profile": lambda _, file: {"path": file.name},
    "a path of a list": lambda _, file: {"path": [file.name]},
    "a path of several, with commas": lambda _, file: {"path": f"{file.name},"},
    "a path as a plain text": lambda _, file: file.name,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("content", ["PEM", "DER", "base64"])
def test_every_form_of_certificates_and_keys(
    tmp_path: Path, department: DepartmentPlan, roots: str, form: str, content: str
) -> None:
    """Read the same roots, certificate and key from all of them."""
    steward = department.users["steward"]
    texts = {
        "roots": roots,
        "cert": steward.certificate.read_text(),
        "key": steward.key.read_text(),
    }
    given = {}
    for name, text in texts.items():
        file = tmp_path / f"{name}.file"
        kinds = {"PEM": text.encode(), "DER": der(text), "base64": base64_of(text).encode()}
        file.write_bytes(kinds[content])
        given[name] = FORMS[form](text, file)
    profile = read(
        tmp_path,
        {
            "organizations": {
                "Org1": {
                    "mspid": "MktSupMSP",
                    "users": {"one": {"cert": given["cert"], "key": given["key"]}},
                }
            },
            "peers": {"peer0": {"url": "grpcs://a:1", "tlsCACerts": given["roots"]}},
        },
    )
    assert der(profile.peers[0].tls_roots.decode()) == der(roots)
    signer = profile.user("one")
    assert der(signer.identity.certificate.decode()) == der(texts["cert"])


def test_a_profile_without_users_serves_an_msp_folder(
    tmp_path: Path, department: DepartmentPlan
) -> None:
    """Nothing but the MSP id is needed to sign; what else lacks is named when it is asked for."""
    profile = read(tmp_path, {"organizations": {"Org1": {"mspid": "MktSupMSP"}}})
    assert profile.user(str(department.admin.msp)).msp_id == "MktSupMSP"
    assert (profile.orderers, profile.channels, profile.network) == ((), (), "")
    with pytest.raises(NetworkError, match=r"organizations\.Org1\.peers: names no peer"):
        _ = profile.peers
    nobody = read(tmp_path, {"organizations": {"Org1": {}}})
    with pytest.raises(NetworkError, match=r"organizations\.Org1\.mspid: field required"):
        nobody.user(str(department.admin.msp))
    empty = read(tmp_path, {})
    with pytest.raises(NetworkError, match=r"client\.organization: field required.*none"):
        _ = empty.msp_id


def test_a_key_of_another_certificate_is_refused(
    tmp_path: Path, department: DepartmentPlan
) -> None:
    steward, admin = department.users["steward"], department.admin
    users = {"mixed": {"cert": str(steward.certificate), "key": str(admin.key)}}
    document = {"organizations": {"Org1": {"mspid": "MktSupMSP", "users": users}}}
    with pytest.raises(IdentityError, match="does not belong to the certificate"):
        read(tmp_path, document).user("mixed")


def test_the_profile_that_is_written_has_what_other_sdks_read(
    tmp_path: Path, plan: Plan, department: DepartmentPlan
) -> None:
    document = connection_profile(plan, department)
    channels = document["channels"]
    assert list(channels) == ["directory", "credit"]
    for channel in channels.values():
        assert set(channel["orderers"]) == set(document["orderers"])
        assert channel["peers"]["peer0.mktsup"]["endorsingPeer"] is True
    del document["x-pyfabric"]
    profile = read(tmp_path, document)
    assert profile.channels == ("directory", "credit")
    assert profile.user_names == tuple(department.users)
    for name, member in department.users.items():
        assert profile.user(name).identity.certificate == member.certificate.read_bytes()


def test_certificate_authorities_in_every_form(tmp_path: Path, plan: Plan) -> None:
    made = make_plan(plan.topology, tmp_path / "net", base_port=17000, every_ca=True)
    make_material(made, now=datetime(2026, 11, 25, tzinfo=UTC))
    write_profiles(made)
    profile = load_profile(profile_file(made, made.departments["MktSup"]))
    assert profile.authority_names == ("ca.mktsup", "tlsca.mktsup")
    for name in (None, "tlsca.mktsup"):
        CertificateAuthority.of_profile(profile, name).close()
    roots = made.departments["MktSup"].tls_ca / "ca.pem"
    other = {
        "organizations": {"Org1": {"mspid": "Org1MSP", "certificateAuthorities": ["ca1"]}},
        "certificateAuthorities": {
            "ca1": {"url": "https://localhost:7054", "tlsCACerts": {"path": str(roots)}},
            "plain": {"url": "http://localhost:7054", "caName": "ca-plain"},
        },
    }
    (tmp_path / "other.json").write_text(json.dumps(other))
    profile = load_profile(tmp_path / "other.json")
    assert profile.authority_names == ("ca1", "plain")
    for name in (None, "plain"):
        CertificateAuthority.of_profile(profile, name).close()


@pytest.mark.parametrize(
    ("authorities", "says"),
    [
        ({}, "no CA is named ca1; there are: none"),
        ({"ca2": {"url": "http://h:1"}}, "no CA is named ca1; there are: ca2"),
        ({"ca1": {}}, "certificateAuthorities.ca1.url: field required"),
        ({"ca1": {"url": "https://h:1"}}, "certificateAuthorities.ca1.tlsCACerts: field required"),
        ({"ca1": {"url": "ftp://h", "tlsCACerts": {"pem": "x"}}}, "tlsCACerts"),
        ({"ca1": {"url": "http://h:1/x/y"}}, "is not the URL of a CA"),
    ],
)
def test_a_certificate_authority_that_cannot_be_used(
    tmp_path: Path, authorities: dict[str, object], says: str
) -> None:
    document = {
        "organizations": {"Org1": {"mspid": "Org1MSP"}},
        "certificateAuthorities": authorities,
    }
    (tmp_path / "profile.json").write_text(json.dumps(document))
    profile = load_profile(tmp_path / "profile.json")
    with pytest.raises((ClientError, NetworkError), match=says):
        CertificateAuthority.of_profile(profile, "ca1")


leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
documents = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "client",
                        "organization",
                        "organizations",
                        "peers",
                        "orderers",
                        "channels",
                        "users",
                    ),
                    *(
                        "Org1",
                        "mspid",
                        "url",
                        "tlsCACerts",
                        "pem",
                        "path",
                        "grpcOptions",
                        "name",
                        "cert",
                    ),
                    *(
                        "tlsCerts",
                        "key",
                        "entityMatchers",
                        "peer",
                        "pattern",
                        "x-pyfabric",
                        "cryptoPath",
                    ),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(document=documents)
def test_any_document_is_read_or_refused_with_a_reason(
    document: Any, tmp_path_factory: Any
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        profile = load_profile(file)
    except NetworkError:
        return
    for part in ("network", "msp_id", "peers", "orderers", "channels", "users", "user_names"):
        try:
            getattr(profile, part)
        except NetworkError as error:
            said = str(error)
        else:
            continue
        assert said.startswith(f"{file}: ")
    with pytest.raises((NetworkError, IdentityError)):
        profile.user("Org1")


@pytest.mark.parametrize(
    ("pattern", "template", "url"),
    [
        (r"(\w+).org1.(\w+)", "$1.local.$2:7051", "peer0.local.example:7051.com"),
        (r"peer(\d)", "localhost:705${1}", "localhost:7050.org1.example.com"),
        (r"^peer0.*$", "localhost:7051", "localhost:7051"),
        (r"^(?P<node>\w+)\..*$", "${node}$$:7051", "peer0$:7051"),
        (r"^(\w+)\..*$", "$1x:7051", ":7051"),
        (r"^.*$", "$3a:$", ":$"),
    ],
)
def test_a_template_is_filled_as_go_fills_it(pattern: str, template: str, url: str) -> None:
    """Replace what a pattern finds, and keep the rest of the name: regexp.ReplaceAllString of Go."""
    given = {"pattern": pattern, "mappedHost": "peer", "urlSubstitutionExp": template}
    found = match(Fields({"entityMatchers": {"peer": [given]}}), "peer", "peer0.org1.example.com")
    assert found is not None
    assert (found.url, found.entry) == (url, "peer")

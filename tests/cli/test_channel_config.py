"""`pyfabric channel config`: each edit by command, on a network of its own."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.members.public import public_definition
from pyfabric_network.network import Network

from tests.cli.conftest import Run
from tests.support.network.network import running_network
from tests.support.paths import ROOT

VECTORS = ROOT / "tests/vectors/2-config-updates"
BASE = VECTORS / "_base"
Edited = Callable[..., Any]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Provide a network whose channel the tests change: its administrators are all on this machine."""
    with running_network(tmp_path_factory.mktemp("config")) as network:
        yield network


@pytest.fixture(autouse=True)
def at_the_network(changed: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYFABRIC_STATE", str(changed.folder))
    monkeypatch.setenv("PYFABRIC_CONTEXT", "small/Tax")


@pytest.fixture
def collected(run: Run, tmp_path: Path) -> Edited:
    """Return the documents of the edits that a command makes."""

    def collected(*arguments: str) -> Any:
        file = tmp_path / "edits.json"
        ended = run("channel", "config", *arguments, "--collect", str(file))
        assert ended.code == 0, ended.err
        return json.loads(file.read_text())

    return collected


def config(run: Run) -> Any:
    return run("channel", "show", "-o", "json").json()


def test_a_change_is_shown_asked_for_and_made(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = config(run)
    line = ("channel", "config", "set-batch", "--max-messages", "77", "--timeout", "0.25")
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    declined = run(*line)
    assert declined.code == 1
    assert "/Channel/Orderer/BatchSize: BatchSize of Orderer: max_message_count" in declined.err
    assert config(run) == before
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    made = run(*line, "-o", "json")
    assert made.code == 0, made.err
    after = config(run)
    assert made.json()["sequence"] == after["sequence"] == before["sequence"] + 1
    assert after["batch"] == {**before["batch"], "max_message_count": 77, "timeout": 0.25}
    again = run(*line, "--yes")
    assert (again.code, config(run)) == (3, after)
    assert "do not differ" in again.err


def test_a_change_that_others_must_sign_is_refused_and_nothing_changes(
    run: Run, tmp_path: Path
) -> None:
    before = config(run)
    line = ("channel", "config", "set-policy", "/Channel/Application/Auditors", "ANY Readers")
    refused = run(*line, "--yes")
    assert refused.code == 6
    assert "HealthMSP" in refused.err
    assert config(run) == before
    file = tmp_path / "auditors.json"
    assert run(*line, "--yes", "--to", str(file)).code == 0
    assert (
        run("channel", "diff", "live", str(file))
        .out.splitlines()[1]
        .endswith("policy Auditors of Application added: ANY Readers")
    )
    assert config(run) == before


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (["set-batch", "--preferred-bytes", "4000000000"], "greater than the absolute max bytes"),
        (["set-policy", "/Channel/Application/A", "SOME Readers"], "unknown rule type 'SOME'"),
        (["remove-policy", "/Channel/Application/Nothing"], "there is no policy"),
        (["set-capabilities", "orderer", "V9_9"], "Fabric 3.1 has no orderer capability V9_9"),
        (["remove-acl", "event/Block"], "the channel has no ACL of event/Block"),
        (["remove-organization", "SeaMSP"], "'SeaMSP' is no organisation"),
        (["set-anchors", "TaxMSP", "nowhere"], "'nowhere' is not an address"),
        (["remove-consenter", "o:1"], "'o:1' is no consenter of the channel"),
        (["set-options", "speed=3"], "etcdraft has no option 'speed'"),
        (["add-organization", str(BASE / "msp/East")], "give --msp-id"),
        (["add-organization", str(BASE / "config.json")], "no organisation is in it"),
        (["patch", str(BASE / "config.pb")], "not JSON"),
        (["patch", str(BASE / "config.json")], "a JSON patch is a list of operations"),
        (["apply", str(BASE / "config.json")], "not a JSON list of edits"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_bad_input_changes_nothing(run: Run, line: list[str], problem: str) -> None:
    before = config(run)
    ended = run("channel", "config", *line, "--yes")
    assert ended.code == 3
    assert problem in ended.err
    assert config(run) == before


def test_other_exit_codes(run: Run) -> None:
    assert run("channel", "config", "set-options", "election_tick", "--yes").code == 2
    no_list = run("channel", "config", "add-crl", "TaxMSP", str(BASE / "config.pb"), "--yes")
    assert no_list.code == 5
    assert "config.pb: could not parse RevocationList" in no_list.err


def test_several_edits_are_one_update(run: Run, collected: Edited, tmp_path: Path) -> None:
    collected("set-acl", "event/Block", "Admins")
    documents = collected(
        "set-policy", "/Channel/Application/TaxMSP/Endorsement", "OR('TaxMSP.peer')"
    )
    assert [one["edit"] for one in documents] == ["set-acls", "set-policy"]
    file, proposal = tmp_path / "edits.json", tmp_path / "proposal.json"
    assert run("channel", "config", "apply", str(file), "--to", str(proposal), "--yes").code == 0
    found = run("channel", "diff", "live", str(proposal), "-o", "json").json()
    assert {one["path"] for one in found} <= {
        "/Channel/Application/ACLs",
        "/Channel/Application/TaxMSP/Endorsement",
    }


def test_an_organisation_comes_from_each_kind_of_source(
    changed: Network, collected: Edited, tmp_path: Path
) -> None:
    definition = public_definition("small", changed.plan.department("Tax"))
    file = tmp_path / "small-tax.json"
    file.write_bytes(definition.to_bytes())
    folder = changed.plan.department("Tax").msp
    for source in ([str(file)], [str(folder), "--msp-id", "TaxMSP"]):
        (made,) = collected("add-organization", *source, "--anchor", "peer0.tax:7051")
        assert made["organization"]["name"] == "TaxMSP"
        assert made["organization"]["policies"]["Admins"] == "OR('TaxMSP.admin')"
        assert made["organization"]["anchor_peers"] == [{"host": "peer0.tax", "port": 7051}]
        (tmp_path / "edits.json").unlink()
    (made,) = collected(
        "add-organization", str(file), "--section", "orderer", "--endpoint", "o.tax:7050"
    )
    assert made["organization"]["msp"]["msp_id"] == "TaxOrdererMSP"
    (tmp_path / "edits.json").unlink()
    printed = str(BASE / "printorg-Newcomer.json")
    (made,) = collected("add-organization", printed, "--name", "Newcomer")
    assert (made["organization"]["name"], made["organization"]["msp"]["msp_id"]) == (
        "Newcomer",
        "NewMSP",
    )


def test_a_file_with_several_lists_or_certificates_is_read_to_its_end(
    collected: Edited, tmp_path: Path
) -> None:
    crl = (VECTORS / "msp-crl/crl.pem").read_text()
    tls = [(BASE / f"tls/orderer{number}.ord.test.crt").read_text() for number in (1, 2)]
    lists, certificates = tmp_path / "lists.pem", tmp_path / "certificates.pem"
    lists.write_text(crl + crl)
    certificates.write_text("".join(tls))
    collected("set-crl", "TaxMSP", str(lists))
    collected("add-crl", "TaxMSP", str(lists))
    documents = collected("add-certificate", "TaxMSP", str(certificates))
    assert [one["edit"] for one in documents] == ["set-crl", "set-crl", "add-to-msp", "add-to-msp"]
    assert [one["revocation_list"] for one in documents[:2]] == [crl, crl]
    assert [one["items"] for one in documents[2:]] == [[crl, crl], tls]


def test_edits_of_certificates_and_consenters(collected: Edited, tmp_path: Path) -> None:
    crl, tls = VECTORS / "msp-crl/crl.pem", BASE / "tls/orderer1.ord.test.crt"
    documents = [
        collected("add-crl", "TaxMSP", str(crl)),
        collected("remove-certificate", "TaxMSP", str(tls), "--part", "tls-roots"),
        collected("add-consenter", "o:1", "--tls", str(tls), "--msp-id", "A", "--number", "4"),
        collected("replace-consenter", "o:1", "--address", "[::1]:2"),
        collected("set-options", "election_tick=20", "tick_interval=1s"),
        collected("maintenance", "on"),
        collected("set-orderer-addresses"),
    ][-1]
    assert [one["edit"] for one in documents] == [
        "add-to-msp",
        "remove-from-msp",
        "add-consenter",
        "replace-consenter",
        "set-consensus-options",
        "set-maintenance",
        "set-orderer-addresses",
    ]
    assert documents[0] == {
        "edit": "add-to-msp",
        "organization": "TaxMSP",
        "part": "crls",
        "items": [crl.read_text()],
    }
    assert documents[2]["consenter"]["client_tls_certificate"] == tls.read_text()
    assert documents[3] == {
        "edit": "replace-consenter",
        "address": "o:1",
        "host": "::1",
        "port": 2,
    }
    assert documents[4]["options"] == {"election_tick": 20, "tick_interval": "1s"}

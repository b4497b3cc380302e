"""Identities of a running network by command: given, listed, taken back on all channels, while transactions flow."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.network import Network
from pyfabric_network.profile import load_profile, profile_file

from pyfabric.errors import GatewayError
from pyfabric.gateway import connect
from pyfabric.identity import Wallet, load_ca, load_msp_folder
from pyfabric.identity.revocation import read_revocation_list
from tests.support.extent import takes_long
from tests.support.malformed_pem import malformed
from tests.support.network.programs import fabric_programs
from tests.support.network.site import Site, sites, writing

TOPOLOGY = """\
name: small
ca_server: true
departments:
  Tax: { users: { ann: { attributes: { role: clerk } } } }
  Health: {}
ordering:
  nodes: [Tax]
  batch: { timeout: 50ms }
channels:
  bills:
    departments: [Tax, Health]
    contracts: [sample]
  archive:
    departments: [Tax]
    contracts: [sample]
  clinics:
    departments: [Health]
    contracts: []
contracts:
  sample:
    version: "1.0"
    classes: ["sample:Sample"]
"""
DENIED = "access denied"


site = sites(TOPOLOGY)


def organizations(site: Site) -> Path:
    return site.folder / "state" / "small" / "organizations"


def height(site: Site, user: str, *, channel: str = "bills", expect: int = 0) -> str:
    return site.run(
        "ledger", "height", "--context", "Tax", "--channel", channel, "--user", user, expect=expect
    )


def people(site: Site, department: str = "Tax") -> dict[str, Any]:
    return {
        one["name"]: one
        for one in site.rows("identity", "list", department)
        if one["role"] in ("client", "admin") and one["msp_id"] == f"{department}MSP"
    }


def revoked(file: Path) -> set[str]:
    return {f"{one:x}" for one in read_revocation_list(file.read_bytes()).serials}


def test_a_new_user_gets_an_identity_while_transactions_flow(site: Site) -> None:
    with writing(site) as traffic:
        made = site.rows("identity", "issue", "Tax", "bo", "--attribute", "role=guest", "--days=30")
        site.run("identity", "issue", "Tax", "boss", "--role", "admin")
        assert "height" in height(site, "bo")
    assert traffic.outages == []
    assert (made["role"], made["attributes"], made["state"]) == (
        "client",
        {"role": "guest"},
        "valid",
    )
    assert site.run("ledger", "height", "--context", "Tax", "--user", "boss")
    site.run(
        "chaincode", "invoke", "sample", "put", "colour", "blue", "--context", "Tax", "--user", "bo"
    )
    assert people(site).keys() == {"Admin", "ann", "bo", "boss"}
    assert site.rows("identity", "show", "Tax", "bo") == people(site)["bo"]
    folder = organizations(site) / "tax" / "users" / "bo@tax"
    assert {one.stat().st_mode & 0o777 for one in folder.glob("**/*.key")} == {0o600}
    assert (folder / "msp/keystore/priv_sk").stat().st_mode & 0o777 == 0o600
    assert "bo@tax" not in site.run("network", "up")
    assert people(site).keys() == {"Admin", "ann", "bo", "boss"}


def test_a_user_is_revoked_on_all_channels_while_transactions_flow(site: Site) -> None:
    serial = people(site)["bo"]["serial"]
    with writing(site) as traffic:
        done = site.rows("identity", "revoke", "Tax", "bo", "--yes")
    assert traffic.outages == []
    assert done == {"msp_id": "TaxMSP", "revoked": 1, "channels": ["bills", "archive"]}
    for channel in ("bills", "archive"):
        assert DENIED in height(site, "bo", channel=channel, expect=6)
    assert DENIED in site.run(
        "chaincode",
        "invoke",
        "sample",
        "put",
        "a",
        "b",
        "--context",
        "Tax",
        "--user",
        "bo",
        expect=6,
    )
    assert people(site)["bo"]["state"] == "revoked"
    site.run("identity", "crl", "Tax", "--to", str(site.folder / "crl.pem"))
    assert revoked(site.folder / "crl.pem") == {serial}
    assert site.rows("identity", "revoke", "Tax", "bo", "--yes")["channels"] == []
    assert "height" in height(site, "ann")


def test_who_was_revoked_stays_so(site: Site) -> None:
    # The list of a certificate authority's server lacks those that the department's own key revoked.
    first = people(site)
    ca = load_ca(organizations(site) / "tax" / "ca")
    former = site.rows("identity", "issue", "Tax", "cy")
    certificate = Path(former["file"]).read_bytes()
    theirs = site.folder / "server.pem"
    theirs.write_bytes(ca.revoke([certificate], now=datetime.now(UTC)))
    done = site.rows("identity", "revoke", "Tax", "boss", "--join", str(theirs), "--yes")
    assert done["channels"] == ["bills", "archive"]
    for name in ("bo", "boss", "cy"):
        assert DENIED in height(site, name, expect=6)
    site.run("identity", "crl", "Tax", "--to", str(site.folder / "crl.pem"))
    expected = {first["bo"]["serial"], first["boss"]["serial"], former["serial"]}
    assert revoked(site.folder / "crl.pem") == expected


def test_a_list_that_no_channel_has_does_nothing_and_doctor_says_so(site: Site) -> None:
    made = site.rows("identity", "issue", "Health", "di")
    assert (
        site.rows("identity", "revoke", "Health", "di", "--no-channels", "--yes")["channels"] == []
    )
    assert site.run("ledger", "height", "--context", "Health", "--user", "di")
    assert "wrong: crl" in site.run("doctor", "--check", "crl", expect=4)
    done = site.rows("identity", "revoke", "Health", "--certificate", made["file"], "--yes")
    assert sorted(done["channels"]) == ["bills", "clinics"]
    assert DENIED in site.run("ledger", "height", "--context", "Health", "--user", "di", expect=6)


def test_an_orderers_certificate_is_revoked_in_its_own_msp(site: Site) -> None:
    made = site.rows("identity", "issue", "Tax", "clerk", "--ordering")
    assert made["msp_id"] == "TaxOrdererMSP"
    done = site.rows("identity", "revoke", "Tax", "clerk", "--ordering", "--yes")
    assert sorted(done["channels"]) == ["archive", "bills", "clinics"]
    groups = site.config("archive")
    (ordering,) = groups["Orderer"]["groups"].values()
    assert len(ordering["values"]["MSP"]["value"]["config"]["revocation_list"]) == 1


def test_a_peers_certificate_submits_nothing(site: Site) -> None:
    network = Network.open(site.folder / "state", programs=fabric_programs())
    peer = network.plan.department("Tax").peers[0]
    profile = load_profile(profile_file(network.plan, network.plan.department("Tax")))
    with (
        connect(load_msp_folder(peer.member.msp, "TaxMSP"), profile.peers) as gateway,
        pytest.raises(GatewayError, match=r"0 sub-policies .* 'Writers'"),
    ):
        gateway.network("bills").contract("sample").evaluate("get", "any")


def test_what_is_refused_changes_nothing(site: Site) -> None:
    before = {name: site.config(name) for name in ("bills", "archive")}
    listed = site.rows("identity", "list")
    admin = site.run("identity", "revoke", "Tax", "Admin", "--yes", expect=3)
    assert "by whom this machine manages Tax; renew it first" in admin
    assert "no identity to eve; there are: " in site.run(
        "identity", "revoke", "Tax", "eve", "--yes", expect=3
    )
    stranger = str(organizations(site) / "health/users/Admin@health/msp/signcerts/cert.pem")
    other = site.run("identity", "revoke", "Tax", "--certificate", stranger, "--yes", expect=5)
    assert "was not issued by" in other
    assert "nothing to revoke" in site.run("identity", "revoke", "Tax", "--yes", expect=3)
    assert "has a user ann already" in site.run("identity", "issue", "Tax", "ann", expect=3)
    assert "must be letters, digits" in site.run("identity", "issue", "Tax", "a/b", expect=3)
    assert "NAME=VALUE" in site.run(
        "identity", "issue", "Tax", "fay", "--attribute", "role", expect=3
    )
    assert "runs no orderer" in site.run(
        "identity", "issue", "Health", "fay", "--ordering", expect=4
    )
    assert {name: site.config(name) for name in ("bills", "archive")} == before
    assert site.rows("identity", "list") == listed


def test_an_identity_goes_to_another_place_and_comes_back(site: Site) -> None:
    site.run("identity", "issue", "Tax", "gus")
    away = site.folder / "away"
    for form in ("wallet", "msp", "pem"):
        site.run("identity", "export", "Tax", "gus", "--to", str(away / form), "--as", form)
    wallet = Wallet(away / "wallet")
    assert wallet.get("gus").msp_id == "TaxMSP"
    for key in (
        away / "wallet/gus.id",
        away / "msp/gus/keystore/priv_sk",
        away / "pem/gus/key.pem",
    ):
        assert key.stat().st_mode & 0o777 == 0o600
    again = ("identity", "export", "Tax", "gus", "--to", str(away / "wallet"))
    assert "exists: nothing is written" in site.run(*again, expect=3)
    for name, source in (("hal", away / "wallet" / "gus.id"), ("ida", away / "msp" / "gus")):
        taken = site.rows("identity", "import", "Tax", name, "--from", str(source))
        assert taken["serial"] == people(site)["gus"]["serial"]
        assert "height" in height(site, name)
    pem = away / "pem" / "gus"
    files = ("--certificate", str(pem / "cert.pem"), "--key", str(pem / "key.pem"))
    assert site.rows("identity", "import", "Tax", "jo", *files)["role"] == "client"
    assert "height" in height(site, "jo")


def test_what_cannot_be_imported(site: Site) -> None:
    tax = organizations(site) / "tax"
    before = site.rows("identity", "list")

    def refused(*arguments: str, code: int = 5) -> str:
        return site.run("identity", "import", "Tax", "kim", *arguments, expect=code)

    peer = refused("--from", str(tax / "peers/peer0.tax/msp"))
    assert "is that of peer and not of a client or admin" in peer
    health = organizations(site) / "health/users/Admin@health/msp"
    assert "certificate signed by unknown authority" in refused("--from", str(health))
    assert "revoked" in refused("--from", str(tax / "users/bo@tax/msp"))
    assert "neither an MSP folder nor a wallet's file" in refused("--from", str(site.topology))
    one = str(tax / "users/ann@tax/msp/signcerts/cert.pem")
    two = str(tax / "users/Admin@tax/msp/keystore/priv_sk")
    assert "does not belong" in refused("--certificate", one, "--key", two)
    assert "give --from, or --certificate and one of" in refused("--certificate", one, code=3)
    assert site.rows("identity", "list") == before


def test_pem_that_is_malformed_is_not_imported(site: Site) -> None:
    folder = organizations(site) / "tax/users/ann@tax/msp"
    key = folder / "keystore/priv_sk"
    before = site.rows("identity", "list")
    broken = site.folder / "broken.pem"
    for content in malformed((folder / "signcerts/cert.pem").read_bytes()).values():
        broken.write_bytes(content)
        given = ("--certificate", str(broken), "--key", str(key))
        said = site.run("identity", "import", "Tax", "kim", *given, expect=5)
        assert said.startswith(f"error: {broken}, {key}: not a "), said
    for content in malformed(key.read_bytes()).values():
        broken.write_bytes(content)
        given = ("--certificate", str(folder / "signcerts/cert.pem"), "--key", str(broken))
        site.run("identity", "import", "Tax", "kim", *given, expect=5)
    assert site.rows("identity", "list") == before


def test_somebody_is_registered_and_enrolls(site: Site) -> None:
    secret = site.folder / "lu.secret"
    to = ("--attribute", "role=clerk", "--secret-to", str(secret))
    made = site.rows("identity", "register", "Tax", "lu", *to)
    assert made == {"name": "lu", "ca": "ca.tax", "secret_file": str(secret)}
    assert secret.stat().st_mode & 0o777 == 0o600
    given = ("--secret-file", str(secret), "--context", "Tax")
    with writing(site) as traffic:
        taken = site.rows("identity", "enroll", "lu", *given)
        assert "height" in height(site, "lu")
    assert traffic.outages == []
    assert taken["attributes"]["role"] == "clerk"
    again = site.run("identity", "enroll", "lu", *given, "--to", str(site.folder / "lu"), expect=5)
    assert "Authentication failure" in again
    site.run("identity", "revoke", "Tax", "lu", "--yes")
    assert DENIED in height(site, "lu", expect=6)


def test_who_enrolls_elsewhere_gets_files(site: Site) -> None:
    for form in ("wallet", "msp", "pem"):
        name = f"on-{form}"
        made = site.rows("identity", "register", "Tax", name)
        secret = site.folder / f"{name}.secret"
        secret.write_text(made["secret"], encoding="utf-8")
        target = site.folder / "handed" / form
        given = ("--secret-file", str(secret), "--context", "Tax", "--to", str(target))
        site.run("identity", "enroll", name, *given, "--as", form)
        assert name not in people(site)
    assert "height" in height(site, str(site.folder / "handed" / "msp" / "on-msp"))
    wallet = Wallet(site.folder / "handed" / "wallet")
    assert wallet.get("on-wallet").msp_id == "TaxMSP"


def test_what_the_ca_knows_is_listed_and_changed(site: Site) -> None:
    secret = site.rows("identity", "register", "Tax", "nan", "--attribute", "role=clerk")["secret"]
    places = site.rows("identity", "affiliations", "Tax", "--add", "tax.north")
    assert {"affiliation": "tax.north"} in places
    (found,) = site.rows("identity", "registered", "Tax", "nan")
    assert (found["type"], found["affiliation"], found["max_enrollments"]) == ("client", "", 1)
    assert found["attributes"]["role"] == "clerk"
    assert found["name"] in [one["name"] for one in site.rows("identity", "registered", "Tax")]
    fresh = site.folder / "nan.secret"
    changed = site.rows(
        *("identity", "modify", "Tax", "nan", "--attribute", "role=", "--attribute", "desk=7"),
        *("--affiliation", "tax.north", "--max-enrollments", "2", "--type", "peer"),
        *("--new-secret", "--secret-to", str(fresh)),
    )
    assert (changed["type"], changed["affiliation"]) == ("peer", "tax.north")
    assert changed["attributes"]["desk"] == "7"
    assert "role" not in changed["attributes"]
    assert (fresh.stat().st_mode & 0o777, "secret" in changed) == (0o600, False)
    old = site.folder / "nan.old"
    old.write_text(secret, encoding="utf-8")
    enroll = ("identity", "enroll", "nan", "--context", "Tax", "--to", str(site.folder / "nan"))
    assert "Authentication failure" in site.run(*enroll, "--secret-file", str(old), expect=5)
    site.run(*enroll, "--secret-file", str(fresh))
    kept = site.folder / "issued"
    (issued,) = site.rows("identity", "certificates", "Tax", "nan", "--to", str(kept))
    assert (issued["name"], issued["state"]) == ("nan", "valid")
    site.run(
        *("identity", "revoke", "Tax", "--certificate", str(kept / f"{issued['serial']}.pem")),
        *("--no-channels", "--yes"),
    )
    remove = ("identity", "affiliations", "Tax", "--remove")
    assert "belongs to it: nan; move" in site.run(*remove, "tax.north", expect=3)
    assert "belongs to it: tax.north; move" in site.run(*remove, "tax", expect=3)
    assert "Failed to get affiliation" in site.run(*remove, "tax.south", expect=5)
    site.run("identity", "modify", "Tax", "nan", "--affiliation", "")
    assert site.rows(*remove, "tax.north") == places[:-1]


def test_nothing_is_changed_of_whom_a_ca_does_not_know(site: Site) -> None:
    before = site.rows("identity", "registered", "Tax")
    assert "Failed to get User" in site.run("identity", "registered", "Tax", "nobody", expect=5)
    modify = ("identity", "modify", "Tax")
    assert "Failed to get User" in site.run(*modify, "nobody", "--type", "peer", expect=5)
    assert "nothing to change of ann" in site.run(*modify, "ann", expect=3)
    secret = ("--secret-to", str(site.folder / "none.secret"))
    assert "no secret to write" in site.run(*modify, "ann", "--type", "peer", *secret, expect=3)
    assert not (site.folder / "none.secret").exists()
    assert "the secret of admin stays" in site.run(*modify, "admin", "--new-secret", expect=3)
    assert site.rows("identity", "registered", "Tax") == before


def test_what_a_ca_refuses(site: Site) -> None:
    before = site.rows("identity", "list")
    wrong = site.folder / "wrong.secret"
    wrong.write_text("wrong", encoding="utf-8")
    refused = site.run(
        "identity", "enroll", "mo", "--secret-file", str(wrong), "--context", "Tax", expect=5
    )
    assert "Authentication failure" in refused
    twice = ("identity", "register", "Tax", "lu", "--ca", "ca.tax")
    assert "is already registered" in site.run(*twice, expect=5)
    assert "serves no CA named ca.land" in site.run(
        "identity", "register", "Tax", "mo", "--ca", "ca.land", expect=4
    )
    assert site.rows("identity", "list") == before


def enroll(site: Site, name: str, *options: str, again: bool = False) -> dict[str, Any]:
    """Register somebody, or give them a new secret, and enroll; return what the command prints."""
    secret = site.folder / f"{name}.secret"
    command, *more = ("register", "--attribute", "role=clerk")
    if again:
        command, *more = ("modify", "--new-secret", "--max-enrollments", "2")
    site.rows("identity", command, "Tax", name, *more, "--secret-to", str(secret))
    given = ("--secret-file", str(secret), "--context", "Tax")
    if "--to" in options:
        site.run("identity", "enroll", name, *given, *options)
        return {}
    found: dict[str, Any] = site.rows("identity", "enroll", name, *given, *options)
    return found


def states(site: Site, name: str) -> dict[str, str]:
    """Return the states of all certificates of a user, by their serial numbers."""
    return {
        one["serial"]: one["state"]
        for one in site.rows("identity", "list", "Tax")
        if one["name"] == name and one["msp_id"] == "TaxMSP"
    }


def lists(site: Site) -> tuple[set[str], set[str]]:
    """Return what is in the list that the department has, and in that of its CA server."""
    own, served = (site.folder / f"{one}.crl.pem" for one in ("own", "served"))
    site.run("identity", "crl", "Tax", "--to", str(own))
    site.run("identity", "crl", "Tax", "--from-server", "--to", str(served))
    return revoked(own), revoked(served)


def test_who_enrolled_is_renewed_by_the_ca_while_transactions_flow(site: Site) -> None:
    first = enroll(site, "nu")
    key = organizations(site) / "tax/users/nu@tax/msp/keystore/priv_sk"
    keys = [key.read_bytes()]
    with writing(site) as traffic:
        second = site.rows("identity", "renew", "nu", "--context", "Tax")
        keys.append(key.read_bytes())
        assert "height" in height(site, "nu")
        third = site.rows("identity", "renew", "nu", "--context", "Tax", "--same-key", "--revoke")
        keys.append(key.read_bytes())
        assert "height" in height(site, "nu")
    assert traffic.outages == []
    assert keys[0] != keys[1] == keys[2]
    assert key.stat().st_mode & 0o777 == 0o600
    assert third["attributes"]["role"] == "clerk"
    serials = [one["serial"] for one in (third, first, second)]
    assert states(site, "nu") == dict(zip(serials, ("valid", "replaced", "revoked"), strict=True))
    own, served = lists(site)
    assert second["serial"] in own & served
    assert "nu@tax" not in site.run("network", "up")


def test_whom_the_ca_did_not_issue_is_renewed_by_its_key(site: Site) -> None:
    (before,) = states(site, "ann")
    after = site.rows("identity", "renew", "ann", "--context", "Tax")
    assert states(site, "ann") == {after["serial"]: "valid", before: "replaced"}
    assert "height" in height(site, "ann")
    own, served = lists(site)
    site.run("identity", "renew", "ann", "--context", "Tax", "--revoke")
    assert lists(site) == (own | {after["serial"]}, served)


def test_a_revocation_reaches_the_ca_server(site: Site) -> None:
    made = enroll(site, "pi")
    site.run("identity", "revoke", "Tax", "pi", "--no-ca", "--yes")
    own, served = lists(site)
    assert made["serial"] in own - served
    other = enroll(site, "rho")
    site.run("identity", "revoke", "Tax", "rho", "--yes")
    own, served = lists(site)
    assert {made["serial"], other["serial"]} <= served <= own
    for name in ("pi", "rho"):
        assert DENIED in height(site, name, expect=6)
        refused = site.run("identity", "renew", name, "--context", "Tax", expect=3)
        assert f"the certificate of {name} is revoked" in refused
    assert lists(site) == (own, served)


def test_an_identity_is_revoked_with_all_that_the_ca_issued_to_it(site: Site) -> None:
    first = enroll(site, "tau")
    away = site.folder / "tau"
    enroll(site, "tau", "--to", str(away), "--as", "msp", again=True)
    msp = str(away / "tau")
    assert "height" in height(site, msp)
    site.run("identity", "revoke", "Tax", "tau", "--identity", "--yes")
    own, served = lists(site)
    assert first["serial"] in own & served
    assert DENIED in height(site, "tau", expect=6)
    assert DENIED in height(site, msp, expect=6)
    secret = ("--secret-file", str(site.folder / "tau.secret"), "--context", "Tax")
    elsewhere = ("--to", str(site.folder / "nowhere"))
    assert "code 20" in site.run("identity", "enroll", "tau", *secret, *elsewhere, expect=5)
    refused = site.run("identity", "revoke", "Tax", "ann", "--identity", "--yes", expect=3)
    assert "ann@tax is not registered at ca.tax: leave --identity out" in refused
    given = site.run("identity", "revoke", "Tax", "ann", "--identity", "--no-ca", "--yes", expect=3)
    assert "and none is asked" in given
    assert lists(site) == (own, served)


def test_who_lost_a_key_enrolls_again(site: Site) -> None:
    first = enroll(site, "chi")
    site.run("identity", "revoke", "Tax", "chi", "--yes")
    second = enroll(site, "chi", again=True)
    assert states(site, "chi") == {second["serial"]: "valid", first["serial"]: "revoked"}
    assert "height" in height(site, "chi")
    secret = ("--secret-file", str(site.folder / "chi.secret"), "--context", "Tax")
    taken = site.run("identity", "enroll", "ann", *secret, expect=3)
    assert "has a user ann already, whom its CA's key made" in taken


@takes_long
def test_a_certificate_of_a_replaced_ca_is_revoked(site: Site) -> None:
    gone = people(site)["bo"]["serial"]
    enroll(site, "phi")
    away = site.folder / "former"
    for name in ("ann", "phi", "bo"):
        site.run("identity", "export", "Tax", name, "--to", str(away), "--as", "msp")
    served = lists(site)[1]
    site.run("network", "renew", "ca.tax", "--yes")
    assert "height" in height(site, "ann")
    assert list(states(site, "bo")) == [gone]  # who is revoked gets no certificate of the new CA
    certificate = away / "ann/signcerts/cert.pem"
    assert "height" in height(site, str(away / "ann"))
    phi = str(away / "phi/signcerts/cert.pem")
    revoke = ("--certificate", str(certificate), "--certificate", phi)
    site.run("identity", "revoke", "Tax", *revoke, "--yes")
    for name in ("ann", "phi", "bo"):
        assert DENIED in height(site, str(away / name), expect=6)
    for name in ("ann", "phi"):
        assert "height" in height(site, name)
    site.run("identity", "crl", "Tax", "--to", str(site.folder / "all.pem"))
    text = (site.folder / "all.pem").read_text()
    assert text.count("BEGIN X509 CRL") == 2
    assert served < lists(site)[1]
    after = site.rows("identity", "renew", "phi", "--context", "Tax")  # by the key of the CA
    assert after["state"] == "valid"


def test_a_ca_server_that_is_down_is_an_error_before_anything_is_changed(site: Site) -> None:
    site.run("identity", "issue", "Tax", "psi")
    before = site.rows("identity", "list")
    site.run("network", "down")
    revoke = ("identity", "revoke", "Tax", "psi", "--no-channels", "--yes")
    refused = site.run(*revoke, expect=4)
    assert "ca.tax does not answer" in refused
    assert "--no-ca" in refused
    assert site.rows("identity", "list") == before
    site.run(*revoke, "--no-ca")
    assert list(states(site, "psi").values()) == ["revoked"]

"""A CA's list of revoked certificates: it grows, and replaces its earlier lists in an MSP, without losing an entry."""

from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfabric.admin.channels import AddToMSP, SetRevocationList, differences, edit_config
from pyfabric.errors import ConfigError, IdentityError
from pyfabric.identity.certificates import load_certificate
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.rules.configuration.channel_config import ChannelConfig
from tests.support.ledger.ordering import CHANNEL, NOW, Council, Organization

COUNCIL = Council(1, bft=False, departments=("Land", "Tax"))
CONFIG = config_from_block(COUNCIL.genesis())[1].SerializeToString(deterministic=True)
LAND = COUNCIL.departments[0]
PEOPLE = {name: LAND.identity(name, "client").identity for name in ("ann", "bo", "cy", "di")}


def revoked(names: set[str], *earlier: bytes) -> bytes:
    return LAND.ca.revoke(
        [PEOPLE[name].certificate for name in sorted(names)], now=NOW, earlier=earlier
    )


def serials(*names: str) -> set[int]:
    return {load_certificate(PEOPLE[name].certificate).serial_number for name in names}


def held(revocation_list: bytes) -> set[int]:
    return {one.serial_number for one in x509.load_pem_x509_crl(revocation_list)}


def accepted(config: bytes) -> set[str]:
    manager = ChannelConfig.from_bytes(config, channel_id=CHANNEL).msp_manager
    found = set()
    for name, identity in PEOPLE.items():
        with suppress(IdentityError):
            manager.deserialize(identity.serialized()).validate()
            found.add(name)
    return found


@settings(max_examples=25)
@given(st.lists(st.sets(st.sampled_from(sorted(PEOPLE)), max_size=2), min_size=1, max_size=4))
def test_a_list_only_grows(rounds: list[set[str]]) -> None:
    config, last, gone = CONFIG, b"", set[str]()
    for names in rounds:
        gone |= names
        last = revoked(names, *([last] if last else []))
        config = edit_config(config, [SetRevocationList("LandMSP", last)])
        assert held(last) == serials(*gone)
        assert accepted(config) == PEOPLE.keys() - gone


def test_an_entry_that_would_be_dropped() -> None:
    config = edit_config(CONFIG, [SetRevocationList("LandMSP", revoked({"ann", "bo"}))])
    with pytest.raises(ConfigError, match=r"would drop 1 certificates of LandMSP .* serial number"):
        edit_config(config, [SetRevocationList("LandMSP", revoked({"ann", "cy"}))])


def test_lists_of_another_authority_stay() -> None:
    other = LAND.ca.create_intermediate("second.Land", now=NOW)
    edits = [
        AddToMSP("LandMSP", "crls", (other.revoke([], now=NOW),)),
        SetRevocationList("LandMSP", revoked({"ann"})),
        SetRevocationList("LandMSP", revoked({"ann", "bo"})),
    ]
    (change,) = differences(CONFIG, edit_config(CONFIG, edits))
    assert "0 revoked" in change.words
    assert "2 revoked" in change.words
    assert accepted(edit_config(CONFIG, edits)) == {"cy", "di"}


def test_an_entry_keeps_its_date_and_reason() -> None:
    builder = x509.CertificateRevocationListBuilder()
    reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
    (number,) = serials("ann")
    entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(NOW)
    builder = builder.issuer_name(LAND.ca.certificate.subject).last_update(NOW).next_update(NOW)
    builder = builder.add_revoked_certificate(entry.add_extension(reason, critical=False).build())

    key = load_pem_private_key(LAND.ca.key_pem, None)
    from_ca = builder.sign(key, SHA256()).public_bytes(Encoding.PEM)  # type: ignore[arg-type]
    (found,) = x509.load_pem_x509_crl(revoked({"ann"}, from_ca))
    assert found.extensions.get_extension_for_class(x509.CRLReason).value == reason
    assert found.revocation_date_utc == NOW


def test_what_cannot_be_joined() -> None:
    stranger = Organization("Stranger").ca
    with pytest.raises(IdentityError, match=r"CN=ca\.Stranger.* was not signed by"):
        revoked(set(), stranger.revoke([], now=NOW))
    with pytest.raises(IdentityError, match="not a revocation list"):
        revoked(set(), b"-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n")
    with pytest.raises(IdentityError, match="was not issued by"):
        LAND.ca.revoke([COUNCIL.departments[1].admin.identity.certificate], now=NOW)

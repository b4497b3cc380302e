"""A definition with new CAs accepts what old and new ones issue, and without the old ones what the new ones issue alone."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_network.renewing.definitions import Authorities, trusting, without

from pyfabric.errors import IdentityError
from pyfabric.identity.definition import MSPDefinition, NodeUnits, OrganizationalUnit
from pyfabric.identity.issuing import CertificateAuthority, Unit
from pyfabric.identity.keys import generate_private_key
from pyfabric.identity.msp import MSP

NOW = datetime(2026, 11, 30, tzinfo=UTC)
OLD, NEW, TLS, NEW_TLS = (
    CertificateAuthority.create(name, "Tax", now=NOW) for name in ("ca", "ca", "tlsca", "tlsca")
)
BELOW, NEW_BELOW = (one.create_intermediate("ica", now=NOW) for one in (OLD, NEW))


def leaf(ca: CertificateAuthority, unit: Unit) -> bytes:
    return ca.issue("ann", now=NOW, public_key=generate_private_key().public_key(), unit=unit)


def accepts(definition: MSPDefinition, certificate: bytes) -> bool:
    try:
        MSP(definition).identity(certificate).validate()
    except IdentityError:
        return False
    return True


DEFINITIONS = st.builds(
    MSPDefinition,
    msp_id=st.just("TaxMSP"),
    root_certificates=st.just((OLD.certificate_pem,)),
    tls_root_certificates=st.just((TLS.certificate_pem,)),
    node_units=st.sampled_from([NodeUnits.standard(), NodeUnits.standard(OLD.certificate_pem)]),
    organizational_units=st.sampled_from(
        [
            (),
            (OrganizationalUnit("client", OLD.certificate_pem),),
        ]
    ),
)
CAS = st.builds(
    Authorities,
    root_certificates=st.just((OLD.certificate_pem, NEW.certificate_pem)),
    tls_root_certificates=st.sampled_from(
        [(TLS.certificate_pem,), (TLS.certificate_pem, NEW_TLS.certificate_pem)]
    ),
)


@given(DEFINITIONS, CAS)
def test_both_cas_count_then_the_new_one_alone(
    before: MSPDefinition, authorities: Authorities
) -> None:
    both = trusting(before, authorities)
    assert trusting(both, authorities) == both
    for ca in (OLD, NEW):
        assert accepts(both, leaf(ca, "client"))
    after = without(both, [OLD.certificate_pem])
    assert accepts(after, leaf(NEW, "client"))
    assert not accepts(after, leaf(OLD, "client"))
    assert trusting(after, replace(authorities, root_certificates=(NEW.certificate_pem,))) == after
    assert both.tls_root_certificates == authorities.tls_root_certificates


@given(DEFINITIONS)
def test_known_cas_change_nothing(before: MSPDefinition) -> None:
    known = Authorities(before.root_certificates, (), before.tls_root_certificates)
    assert trusting(before, known) == before
    assert without(before, [NEW.certificate_pem]) == before


@pytest.mark.parametrize("named", [None, BELOW.certificate_pem])
def test_an_intermediate_ca_is_replaced_with_its_root(named: bytes | None) -> None:
    before = MSPDefinition(
        msp_id="TaxMSP",
        root_certificates=(OLD.certificate_pem,),
        intermediate_certificates=(BELOW.certificate_pem,),
        node_units=NodeUnits.standard(named),
    )
    new = Authorities((NEW.certificate_pem,), (NEW_BELOW.certificate_pem,))
    both = trusting(before, new)
    assert all(accepts(both, leaf(ca, "peer")) for ca in (BELOW, NEW_BELOW))
    after = without(both, [OLD.certificate_pem, BELOW.certificate_pem])
    assert accepts(after, leaf(NEW_BELOW, "admin"))
    assert not accepts(after, leaf(BELOW, "admin"))


def test_a_named_ca_refuses_what_a_new_root_issues_until_it_is_named_no_more() -> None:
    before = MSPDefinition(
        msp_id="TaxMSP",
        root_certificates=(OLD.certificate_pem, NEW.certificate_pem),
        node_units=NodeUnits.standard(OLD.certificate_pem),
    )
    assert not accepts(before, leaf(NEW, "peer"))
    unnamed = replace(before, root_certificates=(OLD.certificate_pem,))
    both = trusting(unnamed, Authorities((OLD.certificate_pem, NEW.certificate_pem)))
    assert accepts(both, leaf(NEW, "peer"))
    assert both.node_units == NodeUnits.standard()

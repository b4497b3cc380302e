"""Keys as files hold them: the key itself, or the name of one that a PKCS#11 token keeps. No token is needed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pyfabric.errors import IdentityError
from pyfabric.identity import Wallet
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.key_files import key_of, key_pem, load_signer, private_key_of
from pyfabric.identity.keys import generate_private_key
from pyfabric.identity.pkcs11_token import PKCS11Key, PKCS11Token
from pyfabric.identity.pkcs11_uri import read_uri
from pyfabric.identity.signing import Identity, SigningIdentity

URI = "pkcs11:token=Tax;object=clerk?module-path=/nowhere/libnone.so"


@pytest.fixture
def in_token() -> SigningIdentity:
    """Provide an identity whose key a token would keep."""
    ca = CertificateAuthority.create("ca.tax", "Tax", now=datetime.now(UTC))
    key = generate_private_key()
    certificate = ca.issue(
        "clerk", unit="client", now=datetime.now(UTC), public_key=key.public_key()
    )
    signer = load_signer(read_uri(URI).pem(), certificate, None)
    return SigningIdentity(Identity("TaxMSP", certificate), signer)


def test_a_file_names_a_key_that_a_token_keeps(in_token: SigningIdentity) -> None:
    key = key_of(in_token)
    assert isinstance(key, PKCS11Key)
    assert key_pem(key) == read_uri(URI).pem()
    with pytest.raises(IdentityError, match="does not leave its token: pkcs11:"):
        private_key_of(in_token)


def test_a_wallet_names_it_by_its_type_and_asks_for_the_token(
    in_token: SigningIdentity, tmp_path: Path
) -> None:
    Wallet(tmp_path).put("clerk", in_token)
    assert '"HSM-X.509"' in (tmp_path / "clerk.id").read_text()
    with pytest.raises(IdentityError, match="is in a PKCS#11 token: say in which"):
        Wallet(tmp_path).get("clerk")
    with pytest.raises(IdentityError, match=r"libnone\.so"):
        Wallet(tmp_path, token=PKCS11Token(URI)).get("clerk")

"""Identities: signing identities, wallets, MSP folders, and an organisation's certificate authorities.

`load_identity` reads a certificate and its key, `load_msp_folder` an MSP folder, `Wallet` a folder of
identities; `PKCS11Token` has keys that never leave it. `CertificateAuthority` issues certificates for an organisation of one's own.
"""

from typing import TYPE_CHECKING

from pyfabric._lazy import lazily

if TYPE_CHECKING:
    from pyfabric.identity.definition import MSPDefinition, NodeUnits, OrganizationalUnit
    from pyfabric.identity.folders import load_ca, write_ca, write_local_msp, write_tls
    from pyfabric.identity.issuing import CertificateAuthority
    from pyfabric.identity.keys import (
        FunctionSigner,
        PrivateKeySigner,
        generate_private_key,
        load_private_key,
        low_s_signature,
        private_key_pem,
    )
    from pyfabric.identity.loading import load_identity, load_msp_folder
    from pyfabric.identity.pkcs11_token import PKCS11Key, PKCS11Token
    from pyfabric.identity.signing import Identity, Signer, SigningIdentity
    from pyfabric.identity.wallet import Wallet
else:
    __getattr__ = lazily(
        __name__,
        {
            "pyfabric.identity.definition": ["MSPDefinition", "NodeUnits", "OrganizationalUnit"],
            "pyfabric.identity.folders": ["load_ca", "write_ca", "write_local_msp", "write_tls"],
            "pyfabric.identity.issuing": ["CertificateAuthority"],
            "pyfabric.identity.keys": [
                "FunctionSigner",
                "PrivateKeySigner",
                "generate_private_key",
                "load_private_key",
                "low_s_signature",
                "private_key_pem",
            ],
            "pyfabric.identity.loading": ["load_identity", "load_msp_folder"],
            "pyfabric.identity.pkcs11_token": ["PKCS11Key", "PKCS11Token"],
            "pyfabric.identity.signing": ["Identity", "Signer", "SigningIdentity"],
            "pyfabric.identity.wallet": ["Wallet"],
        },
    )

__all__ = [
    "CertificateAuthority",
    "FunctionSigner",
    "Identity",
    "MSPDefinition",
    "NodeUnits",
    "OrganizationalUnit",
    "PKCS11Key",
    "PKCS11Token",
    "PrivateKeySigner",
    "Signer",
    "SigningIdentity",
    "Wallet",
    "generate_private_key",
    "load_ca",
    "load_identity",
    "load_msp_folder",
    "load_private_key",
    "low_s_signature",
    "private_key_pem",
    "write_ca",
    "write_local_msp",
    "write_tls",
]

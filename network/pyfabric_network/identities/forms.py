"""The files that hold an identity: an MSP folder, an entry of a wallet, or a certificate and a key."""

from pathlib import Path
from typing import Final, Literal, TypeAlias

from pyfabric.errors import ConfigError, IdentityError
from pyfabric.identity import pem
from pyfabric.identity.definition import MSPDefinition, NodeUnits
from pyfabric.identity.folders import write_local_msp
from pyfabric.identity.key_files import key_of, key_pem
from pyfabric.identity.loading import load_identity, load_msp_folder, msp_files
from pyfabric.identity.pkcs11_token import PKCS11Token
from pyfabric.identity.signing import SigningIdentity
from pyfabric.identity.trust import is_self_signed, read_certificate
from pyfabric.identity.wallet import SUFFIX, Wallet
from pyfabric.local import files

Form: TypeAlias = Literal["wallet", "msp", "pem"]
"""How an identity is kept in files: by the official SDKs' wallets, Fabric's own tools, or any other program."""

_CERTIFICATE: Final = "cert.pem"
_KEY: Final = "key.pem"
_NEXT: Final = "next_sk"
_RENEWED: Final = "renewed"


def read_identity(
    source: Path, msp_id: str, *, token: PKCS11Token | None = None
) -> SigningIdentity:
    """Return the identity in a wallet's file, an MSP folder, or a folder with cert.pem and key.pem.

    `token` has the key of a wallet's entry without one. Raises IdentityError, also for one of another MSP.
    """
    if (source / _CERTIFICATE).exists():
        return read_pem(source / _CERTIFICATE, source / _KEY, msp_id)
    if source.is_dir():
        return load_msp_folder(source, msp_id)
    if source.suffix != SUFFIX:
        raise IdentityError(
            f"{source}: is neither an MSP folder nor a wallet's file (NAME{SUFFIX}), nor a folder with {_CERTIFICATE}"
        )
    found = Wallet(source.parent, token=token).get(source.stem)
    if found.msp_id != msp_id:
        raise IdentityError(f"{source}: is an identity of {found.msp_id}, not of {msp_id}")
    return found


def read_pem(certificate: Path, key: Path, msp_id: str) -> SigningIdentity:
    """Return the identity of two files (PEM); raises IdentityError."""
    with files.reported(certificate, IdentityError):
        contents = certificate.read_bytes(), key.read_bytes()
    try:
        return load_identity(msp_id, *contents)
    except IdentityError as error:
        raise IdentityError(f"{certificate}, {key}: {error}") from error


def check_replaceable(source: Path, *, same_key: bool) -> None:
    """Raise ConfigError for files that cannot be replaced at once: a certificate and its key, if both change."""
    if (source / _CERTIFICATE).exists() and not same_key:
        raise ConfigError(
            f"{source}: {_CERTIFICATE} and {_KEY} cannot be replaced both at once: renew with --same-key, or keep the "
            "identity in a wallet or an MSP folder"
        )


def replace_identity(source: Path, former: SigningIdentity, identity: SigningIdentity) -> Path:
    """Put an identity in the place of the former one, which `read_identity` found there; return the folder with that.

    There is a usable identity at every moment. Raises IdentityError if a file cannot be written.
    """
    serial = read_certificate(former.identity.certificate).serial
    kept = source.parent / _RENEWED / f"{source.stem}-{serial:x}"
    _write_pem(kept, former)
    if (source / _CERTIFICATE).exists():
        files.write_public(
            source / _CERTIFICATE, identity.identity.certificate, error=IdentityError
        )
    elif source.is_dir():
        _replace_in_msp(source, identity)
    else:
        Wallet(source.parent).put(source.stem, identity)
    return kept


def _replace_in_msp(folder: Path, identity: SigningIdentity) -> None:
    """Put an identity into an MSP folder: the next key is beside the present one until the certificate is its own."""
    certificate, present = msp_files(folder)
    key = key_pem(key_of(identity))
    following = folder / "keystore" / _NEXT
    if present == following:  # an interruption has left it there
        present = folder / "keystore" / "priv_sk"
        files.write_private(present, following.read_bytes(), error=IdentityError)
    files.write_private(following, key, error=IdentityError)
    files.write_public(certificate, identity.identity.certificate, error=IdentityError)
    files.write_private(present, key, error=IdentityError)
    following.unlink()


def _write_pem(folder: Path, identity: SigningIdentity) -> None:
    key = key_pem(key_of(identity))
    files.write_private(folder / _KEY, key, error=IdentityError)
    files.write_public(folder / _CERTIFICATE, identity.identity.certificate, error=IdentityError)


def write_identity(
    folder: Path, name: str, identity: SigningIdentity, definition: MSPDefinition, form: Form
) -> Path:
    """Write an identity and its key (0600) to a folder in one of the forms, and return what was written.

    `definition` is that of its MSP, which an MSP folder holds too. Raises ConfigError for a target that exists,
    IdentityError for a key that no file can hold or name.
    """
    key = key_of(identity)
    target = folder / (f"{name}{SUFFIX}" if form == "wallet" else name)
    if target.exists():
        raise ConfigError(f"{target} exists: nothing is written; choose another folder")
    certificate = identity.identity.certificate
    if form == "wallet":
        Wallet(folder).put(name, identity)
    elif form == "msp":
        write_local_msp(target, definition, certificate, key)
    else:
        _write_pem(target, identity)
    return target


def definition_of_chain(chain: bytes, msp_id: str) -> MSPDefinition:
    """Return the definition of an MSP with the certificates (PEM) of one CA and of those above it, and roles by NodeOUs."""
    every = pem.split(chain)
    roots = tuple(one for one in every if is_self_signed(read_certificate(one)))
    return MSPDefinition(
        msp_id=msp_id,
        root_certificates=roots,
        intermediate_certificates=tuple(one for one in every if one not in roots),
        node_units=NodeUnits.standard(),
    )

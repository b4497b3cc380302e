"""New certificates and keys in files: made beside the present ones, then put in their places, whole or not at all.

<member>/next/{msp,tls}      a member's next certificates and keys     <member>/renewed/   those that it had before
<ca>/next                    the next CA                               <ca>/former/<serial> those before, with their keys
"""

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from pyfabric.errors import IdentityError, NetworkError
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.folders import load_ca
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.key_files import FileKey, key_pem, load_key, private_key
from pyfabric.identity.keys import generate_private_key, private_key_pem
from pyfabric.identity.pkcs11_token import PKCS11Key
from pyfabric.local import files
from pyfabric_network.material.former import CERTIFICATE, FORMER, keep_renewed
from pyfabric_network.material.keys import AUTHORITY_YEARS, identity_certificate, tls_certificate
from pyfabric_network.renewing.holders import NEXT, Authority, Kind, Use
from pyfabric_network.topology.nodes import Member
from pyfabric_network.topology.organizations import Organization

_KEY: Final = "ca.key"


def stage_authority(authority: Authority, *, now: datetime) -> None:
    """Make the next CA, with a new key, beside the present one, unless it is made.

    An intermediate CA comes below the next root, if there is one. Raises IdentityError without the root's key.
    """
    folder = authority.folder / NEXT
    if (folder / CERTIFICATE).exists():
        return
    organization = authority.organization
    if authority.kind is Kind.CA and organization.intermediate_ca:
        above = organization.root_ca
        root = load_ca(above / NEXT if (above / NEXT / CERTIFICATE).exists() else above)
        made = root.create_intermediate(authority.holder, now=now, years=AUTHORITY_YEARS)
    else:
        made = CertificateAuthority.create(
            authority.holder, organization.name, now=now, years=AUTHORITY_YEARS
        )
    files.write_private(folder / _KEY, made.key_pem, error=IdentityError)
    files.write_public(folder / CERTIFICATE, made.certificate_pem, error=IdentityError)


def take_authority(authority: Authority) -> None:
    """Put the next CA in the place of the present one, which is kept among the former ones."""
    folder = authority.folder
    following = load_ca(folder / NEXT)
    if authority.present != following.certificate_pem:
        _keep_authority(authority)
        files.write_private(folder / _KEY, following.key_pem, error=NetworkError)
        files.write_public(folder / CERTIFICATE, following.certificate_pem, error=NetworkError)
    _remove(folder / NEXT)


def forget_former(authority: Authority) -> None:
    """Delete the former certificates and keys of a CA."""
    _remove(authority.folder / FORMER)


def stage_member(
    organization: Organization,
    member: Member,
    uses: Sequence[Use],
    *,
    new_keys: bool,
    now: datetime,
) -> None:
    """Make the next certificates of a member beside the present ones, unless they are made; raises IdentityError."""
    if Use.IDENTITY in uses:
        _stage(
            member.certificate,
            member.key,
            member,
            lambda key: identity_certificate(member, load_ca(organization.ca), key, now),
            new_key=new_keys,
        )
    if Use.TLS in uses:
        _stage(
            member.tls_certificate,
            member.tls_key,
            member,
            lambda key: tls_certificate(
                member, load_ca(organization.tls_ca), private_key(key), now
            ),
            new_key=new_keys,
        )


def take_identity(
    organization: Organization,
    member: Member,
    certificate: bytes,
    key: FileKey,
    *,
    new_keys: bool,
    now: datetime,
) -> None:
    """Put an identity that was issued elsewhere, and a new TLS certificate, in the place of those that a member has."""
    stage_member(organization, member, [Use.TLS], new_keys=new_keys, now=now)
    files.write_private(_next(member, member.key), key_pem(key), error=IdentityError)
    files.write_public(_next(member, member.certificate), certificate, error=IdentityError)
    take_member(member)


def staged(member: Member, file: Path) -> bytes:
    """Return what a file of a member will have: the next content, or the present one if it stays."""
    following = _next(member, file)
    return (following if following.exists() else file).read_bytes()


def take_member(member: Member) -> None:
    """Put the next certificates and keys of a member, if they are made, in the place of the present ones."""
    for certificate, key in (
        (member.certificate, member.key),
        (member.tls_certificate, member.tls_key),
    ):
        following = _next(member, certificate)
        if not following.exists():
            continue
        is_taken = certificate.read_bytes() == following.read_bytes()
        if certificate == member.certificate and not is_taken:
            keep_renewed(member)
        if (held := _next(member, key)).exists():
            files.write_private(key, held.read_bytes(), error=NetworkError)
        files.write_public(certificate, following.read_bytes(), error=NetworkError)
    _remove(member.folder / NEXT)


def _keep_authority(authority: Authority) -> None:
    """Copy a CA to the former ones, its certificate last; its key may be kept offline."""
    kept = authority.folder / FORMER / f"{load_certificate(authority.present).serial_number:x}"
    if (kept / CERTIFICATE).exists():
        return
    key = authority.folder / _KEY
    if key.exists():
        files.write_private(kept / _KEY, key.read_bytes(), error=NetworkError)
    files.write_public(kept / CERTIFICATE, authority.present, error=NetworkError)


def _stage(
    certificate: Path,
    key: Path,
    member: Member,
    issue: Callable[[FileKey], bytes],
    *,
    new_key: bool,
) -> None:
    following = _next(member, certificate)
    if following.exists() and following.read_bytes() != certificate.read_bytes():
        return
    held = load_key(key.read_bytes(), certificate.read_bytes())
    # Only who has the token makes a new key in it: here its certificate alone is renewed.
    if new_key and not isinstance(held, PKCS11Key):
        held = generate_private_key()
        files.write_private(_next(member, key), private_key_pem(held), error=IdentityError)
    else:
        _next(member, key).unlink(missing_ok=True)
    files.write_public(following, issue(held), error=IdentityError)


def _next(member: Member, file: Path) -> Path:
    return member.folder / NEXT / file.relative_to(member.folder)


def _remove(folder: Path) -> None:
    with files.reported(folder, NetworkError), suppress(FileNotFoundError):
        shutil.rmtree(folder)

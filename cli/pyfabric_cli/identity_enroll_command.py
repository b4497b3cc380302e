"""`pyfabric identity enroll`: the first certificate of somebody who was registered."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyfabric.errors import ConfigError, FabricError
from pyfabric_cli.acting import Acting
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import (
    PKCS11,
    Authority,
    Form,
    FormOption,
    ProfileFile,
    network_of,
    profile_of,
)
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say
from pyfabric_cli.token_pin import ask_pin

if TYPE_CHECKING:
    from pyfabric_network.profile import Profile

    from pyfabric.ca import Enrollment

app = plain_app()


@command(app, without="user channel")
def enroll(
    invocation: Acting,
    name: Annotated[str, typer.Argument(help="The name that was registered.")],
    secret_file: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="A file with the secret; - is standard input (default: it is asked for).",
        ),
    ] = None,
    ca: Authority = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FOLDER",
            file_okay=False,
            help="Write it there (default: it becomes a user of the context's network on this machine).",
        ),
    ] = None,
    form: FormOption = Form.WALLET,
    pkcs11: PKCS11 = None,
    profile_file: ProfileFile = None,
) -> None:
    """Get the certificate of somebody who was registered, for a key that is made on this machine and stays here.

    With --pkcs11 the key is made in a token, which it never leaves; files then name it.

    The certificate authority is that of the context's connection profile. What it answers is checked: the certificate must
    be of this key and name, and lead to the department's root. A user of this machine who enrolled before gets the next one.
    """
    from pyfabric_network.identities.forms import definition_of_chain, write_identity

    from pyfabric_cli.identity_list_command import facts

    profile = profile_of(invocation, profile_file)
    if to is not None:
        enrolled = _enroll(profile, ca, name, secret_file, pkcs11)
        identity = enrolled.identity
        definition = definition_of_chain(enrolled.ca.chain, identity.msp_id)
        say(f"wrote {write_identity(to, name, identity, definition, form.value)}")
        return
    msp_id = profile.authority(ca).msp_id
    network = network_of(invocation, profile)
    network.check_adoptable(msp_id, name)
    identity = _enroll(profile, ca, name, secret_file, pkcs11).identity
    holder = network.adopt(msp_id, name, identity, again=True)
    invocation.printer.facts(facts(holder, datetime.now(UTC)))


def _enroll(
    profile: "Profile", ca: str | None, name: str, secret_file: Path | None, pkcs11: str | None
) -> "Enrollment":
    """Enroll for a new key: in a token it is deleted again if there is no certificate for it."""
    from pyfabric.ca import SigningKey
    from pyfabric.gateway import CertificateAuthority
    from pyfabric.identity import PKCS11Token

    with CertificateAuthority.of_profile(profile, ca) as authority:
        secret = _secret(name, secret_file)
        if pkcs11 is None:
            return authority.enroll(name, secret)
        key = PKCS11Token(pkcs11, pin=ask_pin).generate_key()
        try:
            return authority.enroll(name, secret, key=SigningKey(key.public_key(), key))
        except FabricError:
            key.delete()
            raise


def _secret(name: str, file: Path | None) -> str:
    if file is None:
        return str(typer.prompt(f"secret of {name}", hide_input=True, err=True))
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from error
    return text.strip("\r\n")

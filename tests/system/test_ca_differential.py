"""Random calls of registrars, members and strangers, made of Fabric's CA server and of ours: the same outcomes.

What differs by nature is left out: keys, serial numbers, generated secrets, times, and the order in which Go's maps and SQL
without an order return things.
"""

import dataclasses
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from pyfabric.ca import (
    Affiliation,
    Attribute,
    AttributeRequest,
    CertificateOptions,
    Enrollment,
    RegisteredIdentity,
    Revocation,
)
from pyfabric.errors import CAError
from pyfabric.gateway import CertificateAuthority
from pyfabric.identity.signing import SigningIdentity
from tests.support.ca.certificates import of_certificate
from tests.support.ca.embedded_server import embedded_ca
from tests.support.ca.real_server import real_ca
from tests.support.ca.running import REGISTRAR, SECRET

pytestmark = pytest.mark.fabric

STEPS = 150
NAMES = ["ann", "bo", "cy", "di", "ed", REGISTRAR]
SECRETS = ["", "one", "two"]
PLACES = ["org1", "org1.department1", "org2", "x", "x.y", "x.y.z", "org9", "", None]
TYPES = ["client", "peer", "admin", "", "user"]
REASONS = ["", "keycompromise", "removefromcrl", "boredom"]
ATTRIBUTES = [
    Attribute("office", "north", ecert=True),
    Attribute("office", ""),
    Attribute("grade", "7"),
    Attribute("hf.Registrar.Roles", "client,peer"),
    Attribute("hf.Registrar.Roles", "*"),
    Attribute("hf.Registrar.Attributes", "grade,office,hf.*"),
    Attribute("hf.Registrar.DelegateRoles", "client"),
    Attribute("hf.Revoker", "true"),
    Attribute("hf.Revoker", "perhaps"),
    Attribute("hf.GenCRL", "true"),
    Attribute("hf.AffiliationMgr", "true"),
    Attribute("hf.IntermediateCA", "true"),
    Attribute("hf.EnrollmentID", "other"),
    Attribute("hf.Invented", "1"),
]
REQUESTED = [
    None,
    (),
    (AttributeRequest("office"),),
    (AttributeRequest("grade", optional=True), AttributeRequest("hf.Type")),
]
PROFILES = ["", "", "", "tls", "ca", "no such"]


@dataclass
class Side:
    """One of the two servers: its client, and who has which certificate there, by a label of the test."""

    ca: CertificateAuthority
    identities: dict[str, SigningIdentity] = field(default_factory=dict)

    def label(self, serial: int) -> str:
        """Return whose certificate has a serial number."""
        numbers = {certificate(one).serial_number: name for name, one in self.identities.items()}
        return numbers.get(serial, "a certificate of the server's own")


Call = Callable[[Side], Any]


def certificate(identity: SigningIdentity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(identity.identity.certificate)


@dataclass
class Program:
    """Draws calls; the same for both sides, since a label names an identity on each."""

    chance: random.Random
    labels: list[str] = field(default_factory=lambda: ["registrar 0"])

    def attributes(self) -> tuple[Attribute, ...]:
        """Return some attributes, each name once: what Fabric keeps of two depends on what happens later."""
        count = self.chance.choice((0, 0, 1, 1, 2, 4))
        chosen = {one.name: one for one in self.chance.sample(ATTRIBUTES, count)}
        return tuple(chosen.values())

    def caller(self) -> str:
        return self.chance.choice((self.labels[0], self.chance.choice(self.labels)))

    def call(self, number: int) -> tuple[str, Call]:
        """Return a call and its description."""
        kind = self.chance.choice(KINDS)
        return kind(self, number)


def described(method: str, caller: str, /, *arguments: Any, **options: Any) -> tuple[str, Call]:
    text = f"{method} by {caller}: {arguments} {options}"
    return text, lambda side: getattr(side.ca, method)(
        side.identities[caller], *arguments, **options
    )


def registers(program: Program, _: int) -> tuple[str, Call]:
    chance = program.chance
    return described(
        chance.choice(("register", "add_identity")),
        program.caller(),
        chance.choice(NAMES),
        type=chance.choice(TYPES),
        affiliation=chance.choice(PLACES),
        attributes=program.attributes(),
        max_enrollments=chance.choice((0, 0, -1, 1, 2, -2)),
        secret=chance.choice(SECRETS[1:]),
    )


def changes(program: Program, _: int) -> tuple[str, Call]:
    chance = program.chance
    return described(
        "change_identity",
        program.caller(),
        chance.choice(NAMES[:-1]),
        type=chance.choice(("", "", *TYPES)),
        affiliation=chance.choice((None, None, *PLACES)),
        attributes=program.attributes(),
        max_enrollments=chance.choice((None, None, 0, 1, -1)),
        secret=chance.choice(("", *SECRETS)),
    )


def enrolls(program: Program, number: int) -> tuple[str, Call]:
    chance = program.chance
    name, secret = chance.choice(NAMES[:-1]), chance.choice(("one", "one", "two"))
    options = CertificateOptions(
        chance.choice(PROFILES),
        chance.choice(((), ("a.test", "127.0.0.1"))),
        chance.choice(REQUESTED),
    )
    label = f"{name} {number}"
    program.labels.append(label)

    def call(side: Side) -> Enrollment:
        found = side.ca.enroll(name, secret, options=options)
        side.identities[label] = found.identity
        return found

    return f"enroll {name} {secret} {options}", call


def reenrolls(program: Program, number: int) -> tuple[str, Call]:
    caller, options = (
        program.caller(),
        CertificateOptions(attributes=program.chance.choice(REQUESTED)),
    )
    label = f"{caller} {number}"
    program.labels.append(label)

    def call(side: Side) -> Enrollment:
        found = side.ca.reenroll(side.identities[caller], options=options)
        side.identities[label] = found.identity
        return found

    return f"reenroll {caller} {options}", call


def shows(program: Program, _: int) -> tuple[str, Call]:
    chance = program.chance
    name, place = chance.choice(NAMES), chance.choice([one for one in PLACES if one])
    return chance.choice(
        (
            described("identity", program.caller(), name),
            described("identities", program.caller()),
            described("affiliations", program.caller()),
            described("affiliation", program.caller(), place),
            described("certificates", program.caller(), name=chance.choice((name, ""))),
            described("certificates", program.caller(), name=name, not_revoked=True),
            described("crl", program.caller()),
        )
    )


def manages(program: Program, number: int) -> tuple[str, Call]:
    chance = program.chance
    place = chance.choice([one for one in PLACES if one])
    # To a name that there is Fabric's server does not answer: it panics.
    other = f"{chance.choice(('', 'x.'))}new{number}"
    force = chance.random() < 0.5
    return chance.choice(
        (
            described("add_affiliation", program.caller(), place, force=force),
            described("rename_affiliation", program.caller(), place, other, force=force),
            described("remove_affiliation", program.caller(), place, force=force),
        )
    )


def revokes(program: Program, _: int) -> tuple[str, Call]:
    chance = program.chance
    caller, reason, with_crl = program.caller(), chance.choice(REASONS), chance.random() < 0.5
    options = {"reason": reason, "with_crl": with_crl}
    if chance.random() < 0.5:
        return described("revoke", caller, chance.choice(NAMES[:-1]), **options)
    label = chance.choice(program.labels[1:] or ["nobody"])

    def call(side: Side) -> Revocation:
        found = certificate(side.identities[label])
        issuer = found.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        key_id = (issuer.value.key_identifier or b"").hex()
        serial = f"{found.serial_number:x}"
        return side.ca.revoke_certificate(side.identities[caller], serial, key_id, **options)

    return f"revoke {label} by {caller} {options}", call


def removes(program: Program, _: int) -> tuple[str, Call]:
    force = program.chance.random() < 0.5
    return described(
        "remove_identity", program.caller(), program.chance.choice(NAMES[:-1]), force=force
    )


KINDS = [
    *(registers,) * 4,
    *(enrolls,) * 5,
    *(changes,) * 2,
    *(reenrolls, shows, shows, manages, revokes, removes),
]


def outcome(side: Side, call: Call) -> Any:
    """Return what a call gave, without what differs by nature."""
    try:
        return comparable(side, call(side))
    except CAError as error:
        return ("refused", error.status, error.code, without_numbers(side, error.message))
    except KeyError as error:
        return ("has no certificate", str(error))


def without_numbers(side: Side, text: str) -> str:
    """Return a refusal's text, with labels for serial numbers and without key identifiers."""
    for label, identity in side.identities.items():
        text = text.replace(f"{certificate(identity).serial_number:x}", f"<{label}>")
    return text.partition(" and AKI ")[0]


def comparable(side: Side, found: Any) -> Any:
    match found:
        case Enrollment():
            return of_certificate(certificate(found.identity))
        case RegisteredIdentity():
            return dataclasses.replace(found, attributes=tuple(sorted(found.attributes, key=str)))
        case Affiliation():
            # Fabric's database may list one twice that was added again by force.
            below = {str(one): one for one in map(partial(comparable, side), found.affiliations)}
            members = sorted((comparable(side, one) for one in found.identities), key=str)
            return (found.name, sorted(below.values(), key=str), members)
        case Revocation():
            revoked = sorted(side.label(int(one.serial, 16)) for one in found.certificates)
            return (revoked, comparable(side, found.crl))
        case bytes() if found:
            listed = x509.load_pem_x509_crl(found)
            return sorted(side.label(one.serial_number) for one in listed)
        case tuple():
            return sorted((comparable_item(side, one) for one in found), key=str)
        case _:
            return found


def comparable_item(side: Side, found: Any) -> Any:
    if isinstance(found, bytes):
        return side.label(x509.load_pem_x509_certificate(found).serial_number)
    return comparable(side, found)


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    with (
        real_ca(tmp_path / "fabric") as fabric,
        embedded_ca(tmp_path / "embedded") as embedded,
        CertificateAuthority(fabric.url, msp_id="TaxMSP", tls_roots=fabric.tls_roots) as theirs,
        CertificateAuthority(embedded.url, msp_id="TaxMSP", tls_roots=embedded.tls_roots) as ours,
    ):
        both = Side(theirs), Side(ours)
        for side in both:
            side.identities["registrar 0"] = side.ca.enroll(REGISTRAR, SECRET).identity
        yield both


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_calls_have_the_same_outcomes(sides: tuple[Side, Side], seed: int) -> None:
    program, history = Program(random.Random(seed)), []
    fabric, ours = sides
    for number in range(1, STEPS):
        text, call = program.call(number)
        expected, found = outcome(fabric, call), outcome(ours, call)
        history.append(f"{number} {text} -> {expected}")
        program.labels = [one for one in program.labels if one in fabric.identities]
        assert found == expected, "\n".join(history[-12:])

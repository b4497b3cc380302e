"""Fabric's own `fabric-ca-client`, run at one server, and what it printed and wrote in a form that two servers can be compared by."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.support.ca.certificates import of_certificate
from tests.support.ca.real_server import ca_program
from tests.support.ca.running import RunningCA

_SAME_EVERYWHERE = (
    (r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", ""),
    (r"(?<=Password: )[A-Za-z]{12}\b", "<secret>"),
    (r"(?m)^\s*(?:[0-9a-fA-F]{2}:)*[0-9a-fA-F]{2}:?\n", ""),
    (r"(?:[0-9a-fA-F]{2}:){15,}[0-9a-fA-F]{2}|\b(?:0x)?[0-9a-f]{30,40}\b|\b\d{30,}\b", "<number>"),
    (r"\b[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4} UTC", "<time>"),
    (r"(?m)^(\s*Issuer: ).*$", r"\1<CA>"),
    # Idemix is left out here (docs/certificate-authorities.md).
    (r".*Stored Issuer (?:revocation )?public key.*\n", ""),
)
_ATTRIBUTES = re.compile(r"(?<=Attributes:)( ?)\[(\{.*?\})\]")


@dataclass(frozen=True)
class Ran:
    """How a call ended, and what it printed, line by line."""

    code: int
    lines: list[str]


@dataclass(frozen=True)
class FabricClient:
    """The program at a server, with a home for each identity below a folder."""

    server: RunningCA
    folder: Path

    def run(self, home: str, command: str) -> Ran:
        """Run a command of words, in which ADDRESS is the server's and `SERIAL:home` and `AKI:home` those of a certificate."""
        (self.folder / "root.pem").write_bytes(self.server.tls_roots)
        arguments = [self._filled(word) for word in command.split()]
        server = () if "-u" in arguments else ("-u", self.server.url)
        ran = subprocess.run(
            [ca_program("fabric-ca-client"), *arguments, *server, "-m", "host.test",
             "--tls.certfiles", str(self.folder / "root.pem")],
            env={"FABRIC_CA_CLIENT_HOME": str(self.folder / home), "HOME": str(self.folder)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )  # fmt: skip
        # Fabric CA lists things in the order of Go's maps and of SQL without an order.
        return Ran(ran.returncode, sorted(self._compared(ran.stdout + ran.stderr).splitlines()))

    def files(self, home: str) -> list[tuple[str, Any]]:
        """Return the files of a home, with what its certificates and lists say."""
        place = self.folder / home
        found = sorted(
            one for one in place.rglob("*") if one.is_file() and "Issuer" not in one.name
        )
        return [(self._name(one.relative_to(place)), _content(one)) for one in found]

    def certificate(self, home: str) -> x509.Certificate:
        """Return the certificate of a home."""
        content = (self.folder / home / "msp/signcerts/cert.pem").read_bytes()
        return x509.load_pem_x509_certificate(content)

    @property
    def _address(self) -> str:
        return self.server.url.removeprefix("https://")

    def _filled(self, word: str) -> str:
        kind, _, home = word.partition(":")
        if kind == "SERIAL":
            return f"{self.certificate(home).serial_number:x}"
        if kind == "AKI":
            extensions = self.certificate(home).extensions
            found = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
            return (found.key_identifier or b"").hex()
        return word.replace("ADDRESS", self._address)

    def _compared(self, text: str) -> str:
        for pattern, instead in _SAME_EVERYWHERE:
            text = re.sub(pattern, instead, text)
        text = (
            self._name(text).replace(self._address, "ADDRESS").replace(str(self.folder), "FOLDER")
        )
        return _ATTRIBUTES.sub(_sorted, text)

    def _name(self, text: object) -> str:
        """Return a text without the address that is part of the names of files."""
        flat = re.sub(r"[.:]", "-", self._address)
        return re.sub(r"[0-9a-f]{64}_sk", "<key>", str(text).replace(flat, "ADDRESS"))


def _sorted(found: re.Match[str]) -> str:
    return f"{found[1]}[{' '.join(sorted(_attributes(found[2])))}]"


def _attributes(text: str) -> Iterator[str]:
    return (one[0] for one in re.finditer(r"\{Name:.*?\}", text))


def _content(file: Path) -> Any:
    match file.parent.name:
        case "signcerts" if file.suffix == ".pem":
            return of_certificate(x509.load_pem_x509_certificate(file.read_bytes()))
        case "cacerts" | "tlscacerts":
            return len(x509.load_pem_x509_certificates(file.read_bytes()))
        case "crls":
            return len(list(x509.load_pem_x509_crl(file.read_bytes())))
    return None

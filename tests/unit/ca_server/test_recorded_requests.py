"""The recorded requests to Fabric CA's server, sent to ours over TLS: equal answers, except for what is random."""

import asyncio
import base64
import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography import x509

from pyfabric.ca.records import Attribute
from pyfabric.ca_server.authority import Authority, Rules
from pyfabric.ca_server.profiles import PROFILES, Profile
from pyfabric.ca_server.server import (
    Authorities,
    AuthorityFiles,
    CAServer,
    Registrar,
    open_authority,
)
from tests.support.paths import ROOT
from tests.support.transport.tls import tls_material

VECTORS = ROOT / "tests" / "vectors" / "8-fabric-ca"
TRANSCRIPTS = [
    json.loads(line) for line in (VECTORS / "transcripts.jsonl").read_text().splitlines()
]
SENT = [one for one in TRANSCRIPTS if one["request"] is not None]
NAME = "ca-university"
AFFILIATIONS = ("guests", "uni", "uni.physics", "uni.biology")
# Those of the recorded server's configuration (server-config.yaml).
EXPIRY = {
    "": timedelta(hours=8760),
    "tls": timedelta(hours=8760),
    "ca": timedelta(hours=43800),
    "long": timedelta(hours=87600),
    "blink": timedelta(seconds=4),
}
RULES = Rules(
    profiles={
        **PROFILES,
        "blink": Profile(("digital signature",), EXPIRY["blink"]),
        "long": Profile(("digital signature", "cert sign", "crl sign"), EXPIRY["long"], is_ca=True),
    },
    wrong_secrets=3,
)
RANDOM = {"IssuerPublicKey", "IssuerRevocationPublicKey", "Version"}


@dataclass
class Recorded:
    """Time and chance as the recorded server had them: when it answered, and the serial numbers it chose."""

    moment: datetime
    serial: int = 0

    def now(self) -> datetime:
        return self.moment

    def set(self, transcript: Mapping[str, Any], revoked: Mapping[int, datetime]) -> None:
        answer = transcript["response"]["body"]
        result = answer["result"] if isinstance(answer, dict) else None
        result = result if isinstance(result, dict) else {}
        if "Cert" in result:
            certificate = x509.load_pem_x509_certificate(base64.b64decode(result["Cert"]))
            profile = transcript["request"]["body"].get("profile", "")
            self.serial = certificate.serial_number
            self.moment = certificate.not_valid_after_utc - EXPIRY[profile]
        elif result.get("CRL"):
            self.moment = crl_of(result).last_update_utc
        elif result.get("RevokedCerts"):
            self.moment = revoked[int(result["RevokedCerts"][0]["Serial"], 16)]
        elif transcript["case"] == "identity-remove":
            removed = min(revoked.values())
            self.moment = removed


class Chosen(Random):
    """Random numbers, of which serial numbers are the recorded ones."""

    def __init__(self, recorded: Recorded) -> None:
        super().__init__(7)
        self._recorded = recorded

    def getrandbits(self, k: int, /) -> int:
        return self._recorded.serial if k == 159 else super().getrandbits(k)


def crl_of(result: Mapping[str, Any]) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(base64.b64decode(result["CRL"]))


def revocations() -> Mapping[int, datetime]:
    """Return when each certificate was revoked, as the last recorded list has it."""
    last = crl_of(SENT[-1]["response"]["body"]["result"])
    return {one.serial_number: one.revocation_date_utc for one in last}


def authority(folder: Path, recorded: Recorded) -> Authority:
    files = AuthorityFiles(
        name=NAME,
        certificate=VECTORS / "ca-cert.pem",
        key=VECTORS / "ca-key.pem",
        chain=VECTORS / "ca-cert.pem",
        registry=folder / "registry.db",
    )
    made = open_authority(
        files,
        Registrar("registrar", "regpw"),
        now=recorded.now,
        random=Chosen(recorded),
        rules=RULES,
    )
    made.registry.add_affiliations(AFFILIATIONS)
    registrar = made.identity("registrar")
    rights = (*registrar.attributes, Attribute("hf.IntermediateCA", "1"))
    made.registry.put_identity(replace(registrar, attributes=rights))
    return made


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str | None
    body: object


def exchange(connection: http.client.HTTPSConnection, request: Mapping[str, Any]) -> Answer:
    """Send a recorded request as it was sent."""
    sent = base64.b64decode(request["body_base64"] or "")
    connection.request(request["method"], request["path"], sent, request["headers"])
    response = connection.getresponse()
    content = response.read().decode()
    content_type = response.getheader("Content-Type")
    body = json.loads(content) if content_type == "application/json" else content
    return Answer(response.status, content_type, body)


async def replay(folder: Path) -> Sequence[Answer]:
    recorded = Recorded(datetime(2026, 11, 25, 2, 40, tzinfo=UTC))
    tls = tls_material(folder / "tls", "CA")
    authorities = Authorities({NAME: lambda: authority(folder, recorded)})
    server = await CAServer.start("127.0.0.1:0", tls.certificate, tls.key, authorities)
    context = ssl.create_default_context(cafile=tls.root)
    client = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=30)
    revoked, answers = revocations(), []
    try:
        for transcript in SENT:
            recorded.set(transcript, revoked)
            answers.append(await asyncio.to_thread(exchange, client, transcript["request"]))
    finally:
        client.close()
        await server.stop()
    return answers


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, Answer]:
    """Provide our answers by the numbers of the transcripts, all of which one server got in order."""
    found = asyncio.run(replay(tmp_path_factory.mktemp("ca")))
    return {one["n"]: answer for one, answer in zip(SENT, found, strict=True)}


def compared(content: Any, *, random_secret: bool) -> Any:
    """Return JSON without what is random: signatures, the order of Go's maps, keys of Idemix, generated secrets."""
    if isinstance(content, list):
        items = [compared(one, random_secret=random_secret) for one in content]
        return sorted(items, key=lambda one: one["name"]) if is_unordered(items) else items
    if not isinstance(content, dict):
        return content
    return {
        key: compared_member(key, value, random_secret=random_secret)
        for key, value in content.items()
        if key not in RANDOM
    }


def compared_member(key: str, value: Any, *, random_secret: bool) -> Any:
    match key, value:
        case ("Cert", str(text)):
            return x509.load_pem_x509_certificate(base64.b64decode(text)).tbs_certificate_bytes
        case ("PEM", str(text)):
            return x509.load_pem_x509_certificate(text.encode()).tbs_certificate_bytes
        case ("CRL", str(text)) if text:
            return crl_of({"CRL": text}).tbs_certlist_bytes
        case ("secret", str(text)) if random_secret:
            return len(text)
        case _:
            return compared(value, random_secret=random_secret)


def is_unordered(items: Sequence[Any]) -> bool:
    """Return whether these are attributes or affiliations, which Go keeps in maps."""
    return all(isinstance(one, dict) and "name" in one for one in items)


def test_every_recorded_request_is_sent() -> None:
    assert len(TRANSCRIPTS) == 128
    assert [one["case"] for one in TRANSCRIPTS if one["request"] is None] == ["gencrl-bad-window"]


@pytest.mark.parametrize("transcript", SENT, ids=[f"{one['n']}-{one['case']}" for one in SENT])
def test_the_answer_is_fabric_cas(
    transcript: Mapping[str, Any], answers: Mapping[int, Answer]
) -> None:
    wanted, got = transcript["response"], answers[transcript["n"]]
    sent = transcript["request"]["body"]
    random_secret = not (isinstance(sent, dict) and sent.get("secret"))
    assert (got.status, got.content_type) == (wanted["status"], wanted["content_type"])
    assert compared(got.body, random_secret=random_secret) == compared(
        wanted["body"], random_secret=random_secret
    )


def test_what_is_compared_of_certificates_is_all_but_the_signature() -> None:
    issued = [one for one in SENT if "'Cert'" in str(one["response"]["body"])]
    lists = [one for one in SENT if one["case"].startswith("certificate")]
    assert (len(issued), len(lists)) == (21, 6)

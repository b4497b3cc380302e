"""Certificate authorities of Fabric CA servers: enrolment, registration, revocation. Calls block, as they did.

A CA's refusal raises ValueError with its text, a CA that cannot be reached GatewayError, and a CA that issues another
certificate than was asked for IdentityError.
"""

import json
from pathlib import Path
from typing import Any, Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pyfabric._grpc.driver import Driver
from pyfabric.ca import enrolling, informing, tokens
from pyfabric.ca.authority import ask, ask_as, authority
from pyfabric.ca.options import CertificateOptions
from pyfabric.ca.records import AttributeRequest, read_issued
from pyfabric.ca.requests import Request
from pyfabric.ca.signing_requests import SigningKey
from pyfabric.client.effects import Flow
from pyfabric.errors import CAError
from pyfabric.hfc._gone import attributes, gone
from pyfabric.hfc.fabric_ca._contents import Json, registration, without_empty
from pyfabric.hfc.fabric_ca.affiliationService import AffiliationService
from pyfabric.hfc.fabric_ca.certificateService import CertificateService
from pyfabric.hfc.fabric_ca.enrollment import Attributes, Enrollment, reasons
from pyfabric.hfc.fabric_ca.identityService import IdentityService
from pyfabric.hfc.util.crypto.crypto import Ecies, ecies
from pyfabric.identity.keys import PrivateKeySigner
from pyfabric.identity.signing import Identity, SigningIdentity

DEFAULT_CA_ENDPOINT: Final = "http://localhost:7054"
DEFAULT_CA_BASE_URL: Final = "/api/v1/"

__all__ = [
    "DEFAULT_CA_BASE_URL",
    "DEFAULT_CA_ENDPOINT",
    "CAClient",
    "CAService",
    "Enrollment",
    "ca_service",
    "reasons",
]

__getattr__ = attributes(__name__)

T = TypeVar("T")


class CAClient:
    """Sends requests to one CA of a server, and returns the results as the CA writes them in JSON."""

    def __init__(
        self,
        target: str = DEFAULT_CA_ENDPOINT,
        ca_certs_path: str | None = None,
        base_url: str = DEFAULT_CA_BASE_URL,
        ca_name: str = "",
        cryptoPrimitives: Ecies | None = None,
    ) -> None:
        self._ca_name = ca_name
        self._prefix = base_url.rstrip("/")
        self._authority = authority(
            target,
            msp_id="",
            name=ca_name,
            tls_roots=Path(ca_certs_path).read_bytes() if ca_certs_path else b"",
            trusted=b"",
            server_name=None,
            client_certificate=None,
            client_key=None,
        )

    def get_cainfo(self) -> bytes:
        """Return the CA's chain (PEM)."""
        return self._run(informing.info(self._authority), "its chain").chain

    def enroll(
        self,
        enrollment_id: str,
        enrollment_secret: str,
        csr: str,
        profile: str = "",
        attr_reqs: Attributes | None = None,
    ) -> tuple[bytes, bytes]:
        """Return the certificate for a request of one's own (PEM), and the CA's chain."""
        if not (enrollment_id and enrollment_secret and csr):
            raise ValueError("an enrolment needs the name, its secret and a certificate request")
        content = without_empty(
            certificate_request=csr, caname=self._ca_name, profile=profile, attr_reqs=attr_reqs
        )
        request = self._request("POST", "enroll", content)
        authorization = tokens.basic_authorization(enrollment_id, enrollment_secret)
        result = self._run(ask(self._authority, request, authorization), "the enrolment")
        certificate, ca = read_issued(result)
        return certificate, ca.chain

    def reenroll(self, req: Json, registrar: Enrollment) -> tuple[bytes, bytes]:
        """Return a further certificate for a request (`certificate_request`, PEM), and the CA's chain."""
        certificate, ca = read_issued(self._result("POST", "reenroll", req, registrar))
        return certificate, ca.chain

    def register(self, req: Json, registrar: Enrollment) -> str:
        """Register an identity, and return its secret."""
        secret: str = self._result("POST", "register", req, registrar)["secret"]
        return secret

    def revoke(self, req: Json, registrar: Enrollment) -> tuple[Any, Any]:
        """Revoke an identity or a certificate; return what was revoked, and the CRL if one was asked for."""
        result = self._result("POST", "revoke", req, registrar)
        return result["RevokedCerts"], result["CRL"]

    def generateCRL(self, req: Json, registrar: Enrollment) -> str:
        """Return the CRL (base64 of PEM)."""
        crl: str = self._result("POST", "gencrl", req, registrar)["CRL"]
        return crl

    def newIdentityService(self) -> IdentityService:
        """Return the CA's identities."""
        return IdentityService(self)

    def newAffiliationService(self) -> AffiliationService:
        """Return the CA's affiliations."""
        return AffiliationService(self)

    def newCertificateService(self) -> CertificateService:
        """Return the CA's certificates."""
        return CertificateService(self)

    def whole_answer(
        self, verb: str, path: str, content: Json | None, registrar: Enrollment
    ) -> Json:
        """Return an answer as the CA writes it: `result`, `errors`, `messages`, `success`; a refusal too."""
        request = self._request(verb, path, content)
        try:
            result = _running(ask_as(self._authority, _signer(registrar), request, _as_it_is))
        except CAError as error:
            refusal = {"code": error.code, "message": error.message}
            return {"result": "", "errors": [refusal], "messages": [], "success": False}
        return {"result": result, "errors": [], "messages": [], "success": True}

    @property
    def ca_name(self) -> str:
        """The CA's name on its server; empty for the server's first."""
        return self._ca_name

    def enrolled(
        self, name: str, secret: str, key: SigningKey, options: CertificateOptions
    ) -> enrolling.Enrollment:
        """Return a checked certificate for a key."""
        flow = enrolling.enroll(self._authority, name, secret, key, options)
        return self._run(flow, "the enrolment")

    def reenrolled(
        self, user: Enrollment, key: SigningKey, options: CertificateOptions
    ) -> enrolling.Enrollment:
        """Return a further checked certificate for another key."""
        flow = enrolling.reenroll(self._authority, _signer(user), key, options)
        return self._run(flow, "the further enrolment")

    generateAuthToken = gone("fabric_ca.caservice.CAClient.generateAuthToken")

    def _request(self, verb: str, path: str, content: Json | None) -> Request:
        body = b"" if content is None else json.dumps(content).encode()
        return Request(verb, f"{self._prefix}/{path}", body)

    def _result(self, verb: str, path: str, content: Json, registrar: Enrollment) -> Any:
        request = self._request(verb, path, content)
        return self._run(ask_as(self._authority, _signer(registrar), request, _as_it_is), path)

    def _run(self, flow: Flow[T], what: str) -> T:
        try:
            return _running(flow)
        except CAError as error:
            raise ValueError(f"the CA refuses {what}: {error}") from error


class CAService:
    """One CA of a server: its URL, the file with the roots of its TLS certificate, its name where the server has several."""

    def __init__(
        self,
        target: str = DEFAULT_CA_ENDPOINT,
        ca_certs_path: str | None = None,
        crypto: Ecies | None = None,
        ca_name: str = "",
    ) -> None:
        self._crypto = crypto or ecies()
        self._ca_client = CAClient(target, ca_certs_path, ca_name=ca_name)

    def enroll(
        self,
        enrollment_id: str,
        enrollment_secret: str,
        csr: x509.CertificateSigningRequest | None = None,
        profile: str = "",
        attr_reqs: Attributes | None = None,
    ) -> Enrollment:
        """Return the first certificate of a registered identity, with a new key, or for a request of one's own without a key.

        `profile` is "tls" for a TLS certificate; `attr_reqs` are dicts with `name` and `optional`.
        """
        if csr is not None:
            pem = csr.public_bytes(Encoding.PEM).decode()
            certificate, chain = self._ca_client.enroll(
                enrollment_id, enrollment_secret, pem, profile, attr_reqs
            )
            return Enrollment(None, certificate, chain, self)
        if not (enrollment_id and enrollment_secret):
            raise ValueError("an enrolment needs the name and its secret")
        key = self._crypto.generate_private_key()
        options = CertificateOptions(profile=profile, attributes=_wanted(attr_reqs))
        made = self._ca_client.enrolled(
            enrollment_id, enrollment_secret, SigningKey.of(key), options
        )
        return Enrollment(key, made.identity.identity.certificate, made.ca.chain, self)

    def reenroll(self, currentUser: Enrollment, attr_reqs: Attributes | None = None) -> Enrollment:
        """Return a further certificate of an identity, with a new key. Certificates before it stay valid."""
        if not isinstance(currentUser, Enrollment):
            raise ValueError(f"{currentUser!r} is no Enrollment")  # noqa: TRY004 - as it was
        key = self._crypto.generate_private_key()
        options = CertificateOptions(attributes=_wanted(attr_reqs))
        made = self._ca_client.reenrolled(currentUser, SigningKey.of(key), options)
        return Enrollment(key, made.identity.identity.certificate, made.ca.chain, self)

    def register(
        self,
        enrollmentID: str,
        enrollmentSecret: str | None,
        role: str | None,
        affiliation: str,
        maxEnrollments: int,
        attrs: Attributes | None,
        registrar: Enrollment,
    ) -> str:
        """Register an identity, and return the secret for its enrolment."""
        return self._ca_client.register(
            registration(enrollmentID, enrollmentSecret, role, affiliation, maxEnrollments, attrs),
            registrar,
        )

    def revoke(
        self,
        enrollmentID: str | None,
        aki: str | None,
        serial: str | None,
        reason: str | None,
        gencrl: bool,
        registrar: Enrollment,
    ) -> tuple[Any, Any]:
        """Revoke an identity, or one certificate; return what was revoked, and the CRL if one was asked for."""
        content = without_empty(
            id=enrollmentID, aki=aki, serial=serial, reason=reason, caname=self._ca_client.ca_name
        )
        return self._ca_client.revoke({**content, "gencrl": gencrl}, registrar)

    def generateCRL(
        self,
        revokedBefore: str | None,
        revokedAfter: str | None,
        expireBefore: str | None,
        expireAfter: str | None,
        registrar: Enrollment,
    ) -> str:
        """Return the CRL (base64 of PEM) of what was revoked, and expires, in these times (RFC 3339)."""
        content = without_empty(
            revokedbefore=revokedBefore,
            revokedafter=revokedAfter,
            expirebefore=expireBefore,
            expireafter=expireAfter,
            caname=self._ca_client.ca_name,
        )
        return self._ca_client.generateCRL(content, registrar)

    def newIdentityService(self) -> IdentityService:
        """Return the CA's identities."""
        return self._ca_client.newIdentityService()

    def newAffiliationService(self) -> AffiliationService:
        """Return the CA's affiliations."""
        return self._ca_client.newAffiliationService()

    def newCertificateService(self) -> CertificateService:
        """Return the CA's certificates."""
        return self._ca_client.newCertificateService()


def ca_service(
    target: str = DEFAULT_CA_ENDPOINT,
    ca_certs_path: str | None = None,
    crypto: Ecies | None = None,
    ca_name: str = "",
) -> CAService:
    """Return a CA of a server."""
    return CAService(target, ca_certs_path, crypto, ca_name)


def _running(flow: Flow[T]) -> T:
    driver = Driver()
    try:
        return driver.run(flow)
    finally:
        driver.close()


def _signer(enrollment: Enrollment) -> SigningIdentity:
    if enrollment.private_key is None:
        raise ValueError("this enrolment has no key here: it was made by a request of one's own")
    return SigningIdentity(Identity("", enrollment.cert), PrivateKeySigner(enrollment.private_key))


def _wanted(attr_reqs: Attributes | None) -> list[AttributeRequest] | None:
    if attr_reqs is None:
        return None
    try:
        return [AttributeRequest(one["name"], bool(one.get("optional"))) for one in attr_reqs]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("attr_reqs must be a list of dicts with a name") from error


def _as_it_is(result: object) -> Any:
    return result

"""A program for fabric-sdk-py's certificate authorities, as its tutorial writes them; prints what it saw as JSON.

Its arguments are a CA's URL, the file with the root of its TLS certificate, and a registrar with its secret.
"""

import base64
import json
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.backends import default_backend
from cryptography.x509.oid import NameOID
from hfc.fabric_ca.caservice import ca_service
from hfc.fabric_network import inmemorywalletstore, wallet
from hfc.util.crypto.crypto import ecies

URL, ROOT, REGISTRAR, SECRET = sys.argv[1:5]


def refused(call, *arguments, **named):
    """Return the type of the error that a call raises."""
    try:
        call(*arguments, **named)
    except Exception as error:  # noqa: BLE001 - fabric-sdk-py raises Exception itself
        return type(error).__name__
    return None


def common_name(enrollment):
    """Return the name in an enrolment's certificate, if it is for the enrolment's key."""
    certificate = x509.load_pem_x509_certificate(enrollment.cert, default_backend())
    ours = enrollment.private_key is None or (
        certificate.public_key().public_numbers()
        == enrollment.private_key.public_key().public_numbers()
    )
    return ours and certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def enrolments(service, registrar):
    """Register, enrol, enrol again, revoke."""
    secret = registrar.register(
        "ann", attrs=[{"name": "grade", "value": "7", "ecert": True}], maxEnrollments=2
    )
    ann = service.enroll("ann", secret)
    again = service.reenroll(ann)
    keys = ecies()
    key = keys.generate_private_key()
    request = keys.generate_csr(
        key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, REGISTRAR)])
    )
    revoked, crl = registrar.revoke("ann", reason="superseded", gencrl=True)
    return {
        "registrar": common_name(registrar),
        "ann": common_name(ann),
        "again": common_name(again),
        "chain": ann.caCert == service._ca_client.get_cainfo(),
        "given secret": registrar.register("bo", enrollmentSecret="bo-secret") == "bo-secret",
        "bo": common_name(service.enroll("bo", "bo-secret")),
        "wrong secret": refused(service.enroll, "bo", "wrong"),
        "twice": refused(registrar.register, "bo"),
        "by request": common_name(service.enroll(REGISTRAR, SECRET, csr=request)),
        "no name": refused(registrar.register, ""),
        "no reason": refused(registrar.revoke, "ann", reason="dislike"),
        "revoked": len(revoked),
        "serials": len({one["Serial"] for one in revoked}),
        "crl": base64.b64decode(crl).startswith(b"-----BEGIN X509 CRL"),
        "later": base64.b64decode(registrar.generateCRL()).startswith(b"-----BEGIN X509 CRL"),
        "after revocation": refused(service.reenroll, ann),
    }


def services(service, registrar):
    """Manage identities, affiliations and certificates."""
    identities = service.newIdentityService()
    affiliations = service.newAffiliationService()
    certificates = service.newCertificateService()
    made = affiliations.create(registrar, "city.tax", force=True)
    secret = identities.create(
        registrar, "cy", affiliation="city.tax", enrollmentSecret="cy-secret"
    )
    names = [one["id"] for one in identities.getAll(registrar)["result"]["identities"]]
    changed = identities.update(
        "cy", registrar, maxEnrollments=3, attrs=[{"name": "room", "value": "5"}]
    )
    return {
        "made": made["success"] and made["result"]["name"],
        "one": affiliations.getOne("city.tax", registrar)["result"]["name"],
        "all": affiliations.getAll(registrar)["success"],
        "secret": secret,
        "known": "cy" in names,
        "cy": identities.getOne("cy", registrar)["result"]["affiliation"],
        "changed": [changed["success"], changed["result"]["max_enrollments"]],
        "renamed": affiliations.update("city.tax", registrar, "city.land", force=True)["success"],
        "moved": identities.getOne("cy", registrar)["result"]["affiliation"],
        "deleted": identities.delete("cy", registrar)["success"],
        "gone": [
            identities.getOne("cy", registrar)["success"],
            identities.getOne("cy", registrar)["errors"][0]["code"],
        ],
        "removed": affiliations.delete("city.land", registrar)["success"],
        "certificates": len(certificates.getCertificates(registrar, id="bo")["result"]["certs"]),
        "twice": refused(identities.create, registrar, "bo"),
    }


def wallets(service):
    """Keep an enrolment in a folder and in memory."""
    bo = service.enroll(REGISTRAR, SECRET)
    kept = wallet.FileSystenWallet(str(Path.cwd() / "wallet"))
    wallet.Identity("bo", bo).CreateIdentity(kept)
    memory = inmemorywalletstore.InMemoryWalletStore()
    memory.put("bo", bo)
    user = kept.create_user("bo", "Tax", "TaxMSP")
    return {
        "folder": [
            kept.exists("bo"),
            kept.exists("nobody"),
            user.name,
            user.msp_id,
            user.is_enrolled(),
        ],
        "same": user.enrollment.cert == bo.cert,
        "memory": [memory.exists("bo"), memory.exists("nobody")],
        "nobody": refused(kept.create_user, "nobody", "Tax", "TaxMSP"),
    }


def main():
    """Do all of it."""
    service = ca_service(target=URL, ca_certs_path=ROOT)
    registrar = service.enroll(REGISTRAR, SECRET)
    seen = {
        "enrolments": enrolments(service, registrar),
        "services": services(service, registrar),
        "wallets": wallets(service),
    }
    print(json.dumps(seen))


main()

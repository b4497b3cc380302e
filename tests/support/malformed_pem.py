"""Thirty ways in which what should be PEM with a certificate, or a key, is none."""

import base64
import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pyfabric.identity import pem
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key, private_key_pem


def malformed(whole: bytes) -> Mapping[str, bytes]:
    """Return what is made of one PEM block, each by what is wrong with it; of a key, all but the last four."""
    (block,) = pem.find_all(whole)
    label, content = block.label, block.content
    lines = whole.splitlines(keepends=True)
    begin, body, end = lines[0], b"".join(lines[1:-1]), lines[-1]
    return {
        "nothing": b"",
        "blank lines": b"\n\n\n",
        "some text": b"the certificate is attached\n",
        "a page of HTML": b"<html><body>502 Bad Gateway</body></html>\n",
        "base64 alone": body,
        "DER": content,
        "no first line": body + end,
        "no last line": begin + body,
        "four dashes in the first line": whole.replace(b"-----BEGIN", b"----BEGIN"),
        "four dashes in the last line": whole.replace(b"-----END", b"----END"),
        "another word in the last line": begin + body + end.replace(b"END ", b"END OF "),
        "small letters": whole.replace(b"BEGIN", b"begin").replace(b"END", b"end"),
        "text before the first line": b"cert: " + whole,
        "a byte order mark": b"\xef\xbb\xbf" + whole,
        "in UTF-16": whole.decode().encode("utf-16"),
        "all on one line": whole.replace(b"\n", b""),
        "quoted for JSON": json.dumps(whole.decode()).encode(),
        "base64 of PEM": base64.b64encode(whole),
        "compressed": gzip.compress(whole, mtime=0),
        "an empty body": begin + end,
        "a body of other characters": begin + b"*" + body[1:] + end,
        "a body that lacks a character": begin + body[1:] + end,
        "a body of NUL bytes": begin + bytes(64) + b"\n" + end,
        "the first half": pem.encode(label, content[: len(content) // 2]),
        "bytes behind it": pem.encode(label, content + b"\0"),
        "another type of DER": pem.encode(label, b"\x31" + content[1:]),
        **_of_other_kinds(),
    }


def _of_other_kinds() -> Mapping[str, bytes]:
    """Return what is PEM, but no certificate."""
    key, now = generate_private_key(), datetime.now(UTC)
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "a private key": private_key_pem(key),
        "a public key": public,
        "a signing request": request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM),
        "a revocation list": CertificateAuthority.create("ca", "Tax", now=now).revoke([], now=now),
    }

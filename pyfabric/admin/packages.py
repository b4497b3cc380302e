"""Chaincode packages: the same bytes wherever they are made, read as peers read them.

A package is a gzip of a tar of metadata.json and code.tar.gz; its id is its label and the SHA-256 of its
bytes. A package that is built holds a connection.json (chaincode as a service). Source:
core/chaincode/persistence/chaincode_package.go of Fabric 3.1.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NoReturn, Self

from pyfabric.admin.archives import check_readable, read_archive, regular_files, write_archive
from pyfabric.admin.package_contents import SERVICE, Contents, package_contents
from pyfabric.errors import PackageError
from pyfabric.messages.go_json import InvalidJsonError, read_strings, replace_invalid

_METADATA: Final = "metadata.json"
_CODE: Final = "code.tar.gz"
_CONNECTION: Final = "connection.json"
_STRUCT: Final = "persistence.ChaincodePackageMetadata"
_LABEL: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.+-]*")
_PRIVATE_KEY: Final = b"PRIVATE KEY"
_MAX_FILE_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class ChaincodePackage:
    """A package: its `label`, its `type` ("ccaas" for a service), the code archive, all its bytes."""

    label: str
    type: str
    code: bytes
    data: bytes

    @classmethod
    def build(cls, label: str, connection: Mapping[str, object]) -> Self:
        """Return a package of a chaincode service.

        `connection` becomes connection.json: address, dial_timeout, tls_required, root_cert, … Texts
        may hold templates such as {{.address}}, which each peer's builder fills in. Raises
        PackageError for a label that peers refuse and for a private key among the values.
        """
        return cls._of(label, SERVICE, Contents({_CONNECTION: _json(connection)}))

    @classmethod
    def of_files(
        cls, label: str, kind: str, files: Mapping[str, bytes], chaincode: str = ""
    ) -> Self:
        """Return a package of a folder's files, given by their paths below it.

        `kind` is golang, java, node, ccaas, or the name that an external builder of the peers detects. The
        files are placed as Fabric's `peer` places them. `chaincode` is the folder of a Go chaincode within its module.
        Raises PackageError for a folder that is no chaincode of that type, or that peers refuse.
        """
        return cls._of(label, kind, package_contents(kind, files, chaincode))

    @classmethod
    def _of(cls, label: str, kind: str, contents: Contents) -> Self:
        _check_label(label)
        if _PRIVATE_KEY in contents.files.get(_CONNECTION, b""):
            raise PackageError(
                "connection.json would hold a private key, which every peer could read: use a template"
            )
        code = write_archive(contents.files)
        metadata = _json({"label": label, "path": contents.path, "type": kind})
        data = write_archive({_METADATA: metadata, _CODE: code})
        return cls(label=label, type=kind, code=code, data=data)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read a package of any kind. Raises PackageError where `peer` refuses it."""
        metadata: Mapping[str, str] | None = None
        code = None
        for name, content in regular_files(data):
            if name == _METADATA:
                metadata = _read_metadata(content)
            elif name == _CODE:
                code = content
        if code is None:
            raise PackageError("did not find a code package inside the package")
        if metadata is None:
            raise PackageError(f"did not find any package metadata (missing {_METADATA})")
        _check_label(metadata["label"])
        return cls(label=metadata["label"], type=metadata["type"], code=code, data=data)

    @property
    def package_id(self) -> str:
        """The id under which peers keep the package."""
        return f"{self.label}:{sha256(self.data).hexdigest()}"

    def files(self) -> Mapping[str, bytes]:
        """Return the files of the code archive by name. Raises PackageError where a peer would not install it."""
        return read_archive(self.code)

    def connection(self) -> Mapping[str, object]:
        """Return the decoded connection.json. Raises PackageError when it is missing or not a JSON object."""
        content = self.files().get(_CONNECTION)
        if content is None:
            raise PackageError(f"the package {self.label} holds no {_CONNECTION}")
        try:
            read = json.loads(replace_invalid(content), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise PackageError(f"could not unmarshal {_CONNECTION} as json: {error}") from error
        if not isinstance(read, dict):
            raise PackageError(f"could not unmarshal {_CONNECTION} as json: it must be an object")
        return read

    def check_code(self) -> None:
        """Raise PackageError, with Fabric's text, when the code archive cannot be searched for indexes."""
        try:
            check_readable(self.code)
        except PackageError as error:
            raise PackageError(
                f"error retrieving DB artifacts from code package: {error}"
            ) from error

    def check_installable(self) -> None:
        """Raise PackageError when the package's form keeps a peer from installing it."""
        self.check_code()
        name = f"{self.package_id.replace(':', '.')}.tar.gz"
        if len(name) > _MAX_FILE_NAME:
            raise PackageError(
                f"the label has {len(self.label)} characters: the file name made of it is too long"
            )
        self.files()


def _check_label(label: str) -> None:
    if not _LABEL.fullmatch(label):
        raise PackageError(
            f"invalid label '{label}'. Label must be non-empty, can only consist of alphanumerics, "
            "symbols from '.+-_', and can only begin with alphanumerics"
        )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _read_metadata(content: bytes) -> Mapping[str, str]:
    try:
        return read_strings(content, _STRUCT, ("type", "path", "label"))
    except InvalidJsonError as error:
        raise PackageError(f"could not unmarshal {_METADATA} as json: {error}") from error


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

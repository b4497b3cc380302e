"""Chaincode packages of folders, found where fabric-sdk-py looked for them."""

from os.path import expandvars
from pathlib import Path

from pyfabric.admin.package_folders import package_folder
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import PackageError
from pyfabric.hfc.util.consts import CC_TYPE_GOLANG


def package_of(
    path: str, name: str, version: str, packaged: bytes | None, kind: str = CC_TYPE_GOLANG
) -> ChaincodePackage:
    """Return a package that is given, or that of a Go chaincode's folder. Raises PackageError."""
    if packaged is None:
        return folder_package(path, f"{name}_{version}", kind)
    try:
        return ChaincodePackage.read(packaged)
    except PackageError as error:
        raise PackageError(
            f"packaged_cc is no package of the lifecycle of Fabric 2: {error}; packages of Fabric 1 are gone: call "
            "Lifecycle.package"
        ) from error


def folder_package(path: str, label: str, kind: str) -> ChaincodePackage:
    """Return the package of a folder below GOPATH/src or this one; `kind` is GOLANG, NODE, JAVA, or what a builder detects."""
    below = Path(expandvars("$GOPATH/src")) / path
    folder = below if kind == CC_TYPE_GOLANG and below.is_dir() else Path(path)
    return package_folder(folder, label=label, kind=kind.lower())

"""The part of `_lifecycle` that knows no channel: a peer's installed packages.

Source: core/chaincode/lifecycle of Fabric 3.1; texts are Fabric's. Only contracts that run as services
(package type ccaas) can be built here.
"""

from collections.abc import Mapping
from typing import Any

from fabric_protos.peer.lifecycle import lifecycle_pb2

from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import ContractError, PackageError
from pyfabric.ledger.peer.connection import read_connection
from pyfabric.ledger.system.calls import SystemCall

_SERVICE = "ccaas"


def install(
    call: SystemCall, request: lifecycle_pb2.InstallChaincodeArgs
) -> lifecycle_pb2.InstallChaincodeResult:
    """Keep a package; one that is there already is refused, as Fabric does."""
    try:
        package = ChaincodePackage.read(request.chaincode_install_package)
        package.check_code()
    except PackageError as error:
        raise ContractError(f"could not parse as a chaincode install package: {error}") from error
    if package.package_id in call.peer.packages:
        raise ContractError(
            f"chaincode already successfully installed (package ID '{package.package_id}')"
        )
    _check_build(package, call.peer.builder)
    call.peer.install(package)
    return lifecycle_pb2.InstallChaincodeResult(package_id=package.package_id, label=package.label)


def _check_build(package: ChaincodePackage, builder: Mapping[str, str]) -> None:
    if package.type.lower() != _SERVICE:
        raise ContractError(
            f"could not build chaincode: the development ledger runs no packages of type "
            f"'{package.type}', only '{_SERVICE}'"
        )
    try:
        package.check_installable()
    except PackageError as error:
        raise ContractError(
            "could not build chaincode: external builder failed: could not create build context: "
            f"could not untar source package: {error}"
        ) from error
    try:
        read_connection(package.connection(), builder)
    except PackageError as error:
        raise ContractError(
            "could not build chaincode: external builder failed: external builder failed to "
            f"build: {error}"
        ) from error


def query_installed(
    call: SystemCall, request: lifecycle_pb2.QueryInstalledChaincodeArgs
) -> lifecycle_pb2.QueryInstalledChaincodeResult:
    """Return one package, and which chaincodes use it."""
    package_id = request.package_id
    if not package_id:
        raise ContractError("could not find chaincode with package id ''")
    label = dict(call.peer.packages.listed()).get(package_id)
    if label is None:
        raise ContractError(f"could not find chaincode with package id '{package_id}'")
    result = lifecycle_pb2.QueryInstalledChaincodeResult(package_id=package_id, label=label)
    _add_references(result, call, package_id)
    return result


def query_all_installed(
    call: SystemCall, _request: lifecycle_pb2.QueryInstalledChaincodesArgs
) -> lifecycle_pb2.QueryInstalledChaincodesResult:
    """Return every package, and which chaincodes use each."""
    result = lifecycle_pb2.QueryInstalledChaincodesResult()
    for package_id, label in call.peer.packages.listed():
        entry = result.installed_chaincodes.add(package_id=package_id, label=label)
        _add_references(entry, call, package_id)
    return result


def _add_references(entry: Any, call: SystemCall, package_id: str) -> None:
    for channel_id, joined in call.peer.joined.items():
        for chaincode in joined.chaincodes.values():
            if chaincode.package_id == package_id:
                entry.references[channel_id].chaincodes.add(
                    name=chaincode.name, version=chaincode.definition.endorsement.version
                )


def get_package(
    call: SystemCall, request: lifecycle_pb2.GetInstalledChaincodePackageArgs
) -> lifecycle_pb2.GetInstalledChaincodePackageResult:
    """Return the bytes of a package."""
    try:
        data = call.peer.packages.load(request.package_id)
    except PackageError as error:
        raise ContractError(f"could not load cc install package: {error}") from error
    return lifecycle_pb2.GetInstalledChaincodePackageResult(chaincode_install_package=data)

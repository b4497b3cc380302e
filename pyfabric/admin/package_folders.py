"""A chaincode package made of a folder on this machine."""

from pathlib import Path

from pyfabric.admin.archives import MAX_UNPACKED
from pyfabric.admin.package_contents import GO, skips_folder
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import PackageError
from pyfabric.local.folders import read_folder


def package_folder(folder: Path, *, label: str, kind: str) -> ChaincodePackage:
    """Return the package of a chaincode in a folder; see `ChaincodePackage.of_files` for `kind`.

    A Go chaincode may be a folder within its module: the whole module is packaged. The same files make the
    same bytes on any machine. Raises PackageError, also for a link that leads out of the folder.
    """
    root = _module_root(folder) if kind == GO else folder
    files = read_folder(root, skip=skips_folder(kind), most=MAX_UNPACKED, error=PackageError)
    chaincode = folder.resolve().relative_to(root.resolve()).as_posix()
    return ChaincodePackage.of_files(label, kind, files, "" if chaincode == "." else chaincode)


def _module_root(folder: Path) -> Path:
    """Return the nearest folder from this one upwards that has a go.mod, as Go finds it."""
    here = folder.resolve()
    for one in (here, *here.parents):
        if (one / "go.mod").is_file():
            return one
    raise PackageError(
        f"{folder} is no folder of a Go module: it and those above it have no go.mod"
    )

"""Make type stubs of Fabric's official bindings from the descriptors of the installed package.

The bindings carry no types. Their own descriptors go through protoc's stub generator, and the import
roots are rewritten to where the bindings really live. The result (typings/) is never committed.
"""

import importlib
import pkgutil
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import fabric_protos
from google.protobuf import descriptor_pb2

ROOT = Path(__file__).parent.parent
OUT = ROOT / "typings" / "fabric_protos"


def descriptor_set() -> tuple[descriptor_pb2.FileDescriptorSet, list[str]]:
    """Return all message files of the bindings with their imports, and the names of the files."""
    files = descriptor_pb2.FileDescriptorSet()
    seen: set[str] = set()
    names = []

    def add(descriptor) -> None:
        if descriptor.name in seen:
            return
        seen.add(descriptor.name)
        for dependency in descriptor.dependencies:
            add(dependency)
        descriptor.CopyToProto(files.file.add())

    for module in pkgutil.walk_packages(fabric_protos.__path__, "fabric_protos."):
        if module.name.endswith("_pb2"):
            descriptor = importlib.import_module(module.name).DESCRIPTOR
            add(descriptor)
            names.append(descriptor.name)
    return files, names


def main() -> None:
    """Write the stubs below typings/."""
    files, names = descriptor_set()
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        described = Path(folder) / "set.bin"
        described.write_bytes(files.SerializeToString())
        subprocess.run(
            [
                sys.executable,
                "-m",
                "grpc_tools.protoc",
                f"--descriptor_set_in={described}",
                f"--pyi_out={OUT}",
                *names,
            ],
            check=True,
        )
    roots = {name.split("/")[0] for name in names}
    pattern = re.compile(rf"^from ({'|'.join(sorted(roots))})\b", flags=re.MULTILINE)
    for stub in OUT.rglob("*.pyi"):
        stub.write_text(pattern.sub(r"from fabric_protos.\1", stub.read_text()))
    for folder in [OUT, *(path for path in OUT.rglob("*") if path.is_dir())]:
        (folder / "__init__.pyi").touch()


if __name__ == "__main__":
    main()

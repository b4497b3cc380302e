"""What the locked environment is made of, and whether any of it is known to be vulnerable.

python tools/supply_chain.py audit    ask the advisory database of pip-audit; skipped where it does not answer
python tools/supply_chain.py sbom     write dist/pyfabric-ledger-<version>.cdx.json (CycloneDX)

The tools have an environment of their own, build/release, from requirements-release.txt.
"""

import json
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENVIRONMENT = ROOT / "build" / "release"
LOCKED = ROOT / "requirements-dev.txt"


def tool(name: str) -> Path:
    """Return a program of the release tools; install them first if they are missing."""
    program = ENVIRONMENT / "bin" / name
    if not program.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        python = ENVIRONMENT / "bin" / "python"
        requirements = ROOT / "requirements-release.txt"
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", requirements],
            check=True,
        )
    return program


def audit() -> int:
    """Print known vulnerabilities of the locked versions; return 1 if there are any."""
    ran = subprocess.run(
        [
            *(tool("pip-audit"), "--require-hashes", "--disable-pip", "--progress-spinner", "off"),
            *("--format", "json", "-r", LOCKED),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        found = json.loads(ran.stdout)["dependencies"]
    except ValueError:
        reason = ran.stderr.strip().splitlines()[-1:] or [f"pip-audit exited with {ran.returncode}"]
        print(f"audit skipped: the advisory database does not answer: {reason[0]}")
        return 0
    audited = [one for one in found if "skip_reason" not in one]
    if not audited:
        print(f"audit skipped: the index has none of the {len(found)} packages' advisories")
        return 0
    faults = [(one, fault) for one in audited for fault in one["vulns"]]
    for one, fault in faults:
        print(
            one["name"], one["version"], fault["id"], "fixed in", ", ".join(fault["fix_versions"])
        )
    for one in found:
        if "skip_reason" in one:
            print(f"not audited: {one['name']}: {one['skip_reason']}")
    print(f"{len(audited)} of {len(found)} packages audited, {len(faults)} vulnerabilities")
    return int(bool(faults))


def sbom() -> int:
    """Write the bill of materials of this environment, which has the locked versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    target = ROOT / "dist" / f"{project['name']}-{project['version']}.cdx.json"
    target.parent.mkdir(exist_ok=True)
    subprocess.run(
        [
            *(tool("cyclonedx-py"), "environment", "--pyproject", ROOT / "pyproject.toml"),
            *("--output-reproducible", "--of", "JSON", "-o", target, sys.executable),
        ],
        check=True,
    )
    print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    sys.exit({"audit": audit, "sbom": sbom}[sys.argv[1]]())

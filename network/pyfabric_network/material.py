"""Keys, certificates and MSP folders of a Plan, in the layout that Fabric's own tools use.

    organizations/<department>/
      msp/                      the department's public definition
      ca/  tlsca/               its CAs for identities and for TLS, with their keys
      peers/<node>/{msp,tls}    orderers/<node>/{msp,tls}    users/<user>/{msp,tls}
      contracts/tls             what its contract host listens with

All departments' keys in one place: for development. Nothing that exists is made again.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Literal

from pyfabric.errors import NetworkError
from pyfabric.identity.certificates import certificate_attributes, load_certificate
from pyfabric.identity.definition import MSPDefinition, NodeUnits
from pyfabric.identity.folders import load_ca, write_ca, write_local_msp, write_tls
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key
from pyfabric_network.plan import DepartmentPlan, Member, Plan

_DAYS = 3650


def make_material(plan: Plan, *, now: datetime) -> None:
    """Everything that the Plan wants exists afterwards.

    Raises NetworkError if a department's CA is gone although the channels' first blocks name it.
    """
    with ThreadPoolExecutor() as pool:  # most of the time goes into waiting for the disk
        made = [
            pool.submit(_make_department, plan, department, now)
            for department in plan.departments.values()
        ]
    for one in made:
        one.result()


def _make_department(plan: Plan, department: DepartmentPlan, now: datetime) -> None:
    ca = _authority(plan, department, department.ca, "ca", now)
    tls_ca = _authority(plan, department, department.tls_ca, "tlsca", now)
    definition = MSPDefinition(
        msp_id=department.msp_id,
        root_certificates=(ca.certificate_pem,),
        tls_root_certificates=(tls_ca.certificate_pem,),
        node_units=NodeUnits.standard(),
    )
    if not (department.msp / "config.yaml").exists():
        definition.write(department.msp)
    for member in department.members():
        if not _has_identity(member):
            _issue_identity(member, ca, definition, now)
    for member in (*department.members(), department.contract_host):
        if not (member.tls_key.exists() and member.tls_roots.exists()):
            _issue_tls(member, tls_ca, now)


def _authority(
    plan: Plan, department: DepartmentPlan, folder: Path, prefix: str, now: datetime
) -> CertificateAuthority:
    if (folder / "ca.key").exists():
        return load_ca(folder)
    block = next((spec.block for spec in plan.channels.values() if spec.block.exists()), None)
    if block is not None and department.msp.exists():
        raise NetworkError(
            f"{folder} is gone, and {block} was made with it: bring it back, or delete the network "
            "with `pyfabric network down --delete`"
        )
    authority = CertificateAuthority.create(
        f"{prefix}.{department.name.lower()}", department.name, now=now
    )
    write_ca(folder, authority)
    return authority


def _has_identity(member: Member) -> bool:
    certificate = member.msp / "signcerts" / "cert.pem"
    if not (certificate.exists() and (member.msp / "keystore" / "priv_sk").exists()):
        return False
    held = certificate_attributes(load_certificate(certificate.read_bytes()))
    return dict(held) == dict(member.attributes)


def _issue_identity(
    member: Member, ca: CertificateAuthority, definition: MSPDefinition, now: datetime
) -> None:
    key = generate_private_key()
    certificate = ca.issue(
        member.name,
        unit=member.unit,
        now=now,
        public_key=key.public_key(),
        days=_DAYS,
        attributes=member.attributes,
    )
    write_local_msp(member.msp, definition, certificate, key)


def _issue_tls(member: Member, ca: CertificateAuthority, now: datetime) -> None:
    key = generate_private_key()
    certificate = ca.issue(
        member.name,
        now=now,
        public_key=key.public_key(),
        days=_DAYS,
        hosts=member.hosts,
        tls=True,
    )
    side: Literal["server", "client"] = "server" if member.hosts else "client"
    write_tls(member.tls, certificate, key, [ca.certificate_pem], side=side)

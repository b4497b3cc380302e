"""Judgements about CA servers: whether they answer, for whom they issue, and whether their registrar can work."""

from collections.abc import Iterator

from pyfabric.identity import pem
from pyfabric.identity.definition import MSPDefinition
from pyfabric_network.diagnosis.facts import Facts
from pyfabric_network.diagnosis.findings import Finding, Unmade


def authorities(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find CAs that do not answer, that refuse their first registrar, or whose certificate a channel of theirs lacks."""
    for one in (one for view in facts.views for one in view.authorities):
        if one.problem:
            yield Finding(one.name, one.msp_id, f"{one.address}: {one.problem}")
            continue
        if one.refusal:
            problem = f"{one.address}: its first registrar cannot work: {one.refusal}"
            yield Finding(one.name, one.msp_id, problem)
        own = next(iter(pem.find_all(one.chain)), None)
        for channel, config in facts.configs.items():
            msp = config.msp_manager.msps.get(one.msp_id)
            if msp is not None and (
                own is None or own.content not in _known(msp.definition, tls=one.tls)
            ):
                problem = (
                    f"{channel} does not have its certificate: what it issues is refused there"
                )
                yield Finding(one.name, one.msp_id, problem)


def _known(definition: MSPDefinition, *, tls: bool) -> set[bytes]:
    """Return the certificates (DER) of an MSP's CAs for identities, or for TLS."""
    found = (
        (*definition.tls_root_certificates, *definition.tls_intermediate_certificates)
        if tls
        else (*definition.root_certificates, *definition.intermediate_certificates)
    )
    return {block.content for one in found for block in pem.find_all(one)}

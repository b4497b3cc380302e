"""Asking a CA server of this machine which CA it is and, as its first registrar, what it has revoked."""

from dataclasses import replace

from pyfabric.client.effects import Endpoint
from pyfabric.errors import FabricError
from pyfabric_network.diagnosis.facts import AuthorityFacts, Encounter
from pyfabric_network.diagnosis.probing import probe
from pyfabric_network.identities.authorities import Authority
from pyfabric_network.topology.ca_servers import CAServer, ServedCA


def facts_of(server: CAServer, served: ServedCA) -> AuthorityFacts:
    """Return what is known of a CA before it is asked."""
    return AuthorityFacts(served.name, served.msp_id, str(server.address), served.tls)


def ask_authority(server: CAServer, served: ServedCA) -> AuthorityFacts:
    """Ask a CA who it is; have the registrar enroll at one for identities, which counts there, and fetch its list."""
    found = facts_of(server, served)
    try:
        roots = server.member.tls_roots.read_bytes()
        met = probe(Endpoint(found.address, roots, server_name=server.name), http2=False)
        if met.encounter is not Encounter.ANSWERS:
            said = f" ({met.said})" if met.said else ""
            return replace(found, problem=f"{met.encounter}{said}")
        with Authority(server, served) as asked:
            found = replace(found, chain=asked.client.info().chain)
            if served.tls:
                return found
            try:
                return replace(found, revocations=asked.client.crl(asked.registrar))
            except FabricError as error:
                return replace(found, refusal=str(error))
    except (FabricError, OSError) as error:  # OSError: files of its TLS are lost
        return replace(found, problem=str(error))

"""Edits of any kind, for properties: of a channel with some members and consenters, valid and invalid ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from hypothesis import strategies as st

from pyfabric.admin.channels import (
    AddConsenter,
    AddOrganization,
    AddToMSP,
    ConfigView,
    Edit,
    JSONPatch,
    RemoveACLs,
    RemoveConsenter,
    RemoveFromMSP,
    RemoveOrganization,
    RemovePolicy,
    ReplaceConsenter,
    SetACLs,
    SetAnchorPeers,
    SetBatch,
    SetCapabilities,
    SetConsensusOptions,
    SetEndpoints,
    SetMaintenance,
    SetModPolicy,
    SetMSP,
    SetOrdererAddresses,
    SetPolicy,
    SetRevocationList,
)
from pyfabric.admin.config.edits.draft import SECTIONS
from pyfabric.admin.config.model import (
    AnchorPeer,
    ConsenterModel,
    OrganizationModel,
)
from pyfabric.rules.configuration.succession import (
    APPLICATION_CAPABILITIES,
    CHANNEL_CAPABILITIES,
    ORDERER_CAPABILITIES,
)
from pyfabric.rules.policies.usual import organization_policies
from pyfabric.rules.resources import CHANNEL_RESOURCES
from tests.support.ledger.ordering import NOW, Organization

_NAMES = st.sampled_from(["Readers", "Writers", "Admins", "Endorsement", "Audit", "Guests"])
_HOSTS = st.sampled_from(["a.test", "b.test", "::1", "10.0.0.1"])
_PORTS = st.integers(1, 65535)
_ADDRESSES = st.builds(lambda name, port: f"{name}.test:{port}", st.sampled_from("abcd"), _PORTS)
_LEVELS = {
    "channel": CHANNEL_CAPABILITIES,
    "orderer": ORDERER_CAPABILITIES,
    "application": APPLICATION_CAPABILITIES,
}


@dataclass(frozen=True)
class RandomEdits:
    """Edits of a channel that looks so; `stranger` is an organisation that is not in it."""

    view: ConfigView
    stranger: Organization

    @cached_property
    def edits(self) -> st.SearchStrategy[Edit]:
        """Any edit."""
        return st.one_of(*self._kinds())

    def _kinds(self) -> Iterator[st.SearchStrategy[Edit]]:
        paths = st.sampled_from([one.path for one in self.view.policies])
        members = st.sampled_from([one.name for one in self.view.organizations])
        sections = st.sampled_from(sorted(SECTIONS))
        sizes = st.none() | st.integers(1, 2**32 - 1)
        yield st.builds(
            SetBatch,
            max_message_count=sizes,
            absolute_max_bytes=sizes,
            preferred_max_bytes=sizes,
            timeout=st.none() | st.floats(0.001, 100),
        )
        groups = st.sampled_from(["/Channel", "/Channel/Application", "/Channel/Orderer"])
        places = paths | st.builds(lambda group, name: f"{group}/{name}", groups, _NAMES)
        yield st.builds(SetPolicy, places, self.rules)
        yield st.builds(RemovePolicy, places)
        yield st.builds(SetModPolicy, places, st.just("policy"), _NAMES)
        yield st.builds(SetModPolicy, groups, st.just("group"), _NAMES)
        resources = st.sampled_from(sorted(CHANNEL_RESOURCES))
        yield st.builds(SetACLs, st.dictionaries(resources, paths | _NAMES, min_size=1))
        yield st.builds(RemoveACLs, st.tuples(resources))
        for level, known in _LEVELS.items():
            names = st.lists(st.sampled_from(known), min_size=1, unique=True).map(tuple)
            yield st.builds(SetCapabilities, st.just(level), names)
        yield st.builds(AddOrganization, sections, st.just(self._organization()))
        yield st.builds(RemoveOrganization, sections, members)
        yield st.builds(SetMSP, members, st.just(self.stranger.definition))
        parts = st.sampled_from(["roots", "tls-roots", "intermediates", "admins", "crls"])
        pem = st.just((self.stranger.ca.certificate_pem,))
        yield st.builds(AddToMSP, members, parts, pem)
        yield st.builds(RemoveFromMSP, members, parts, pem)
        crl = st.just(self.stranger.ca.revoke([], now=NOW))
        yield st.builds(SetRevocationList, members, crl)
        peers = st.builds(AnchorPeer, _HOSTS, _PORTS)
        yield st.builds(SetAnchorPeers, members, st.lists(peers, max_size=3).map(tuple))
        addresses = st.lists(_ADDRESSES, max_size=3).map(tuple)
        yield st.builds(SetEndpoints, members, addresses)
        yield st.builds(SetOrdererAddresses, addresses)
        yield from self._consensus()
        policies = "/channel_group/groups/Application/policies"
        yield st.builds(
            lambda name: JSONPatch(
                [{"op": "copy", "from": f"{policies}/Readers", "path": f"{policies}/{name}"}]
            ),
            _NAMES,
        )

    @property
    def rules(self) -> st.SearchStrategy[str]:
        """Rules of policies."""
        roles = st.sampled_from(["member", "admin", "peer", "client", "orderer"])
        ids = st.sampled_from([one.msp_id for one in self.view.organizations])
        principals = st.builds(lambda msp_id, role: f"'{msp_id}.{role}'", ids, roles)
        gates = st.recursive(
            principals,
            lambda inner: st.builds(
                lambda gate, rules: f"{gate}({', '.join(rules)})",
                st.sampled_from(["OR", "AND"]),
                st.lists(inner, min_size=1, max_size=3),
            ),
            max_leaves=6,
        ).map(lambda rule: rule if rule.endswith(")") else f"OR({rule})")
        counts = st.sampled_from(["ANY", "ALL", "MAJORITY"])
        return gates | st.builds(lambda count, name: f"{count} {name}", counts, _NAMES)

    def _consensus(self) -> Iterator[st.SearchStrategy[Edit]]:
        present = st.sampled_from([one.address for one in self.view.consenters])
        certificate = self.stranger.tls_certificate("spare")
        yield st.builds(
            AddConsenter,
            st.builds(
                ConsenterModel,
                host=_HOSTS,
                port=_PORTS,
                client_tls_certificate=st.just(certificate),
                server_tls_certificate=st.just(certificate),
                number=st.integers(0, 9),
                msp_id=st.just(self.view.organizations[-1].msp_id),
                identity=st.just(self.stranger.admin.identity.certificate),
            ),
        )
        yield st.builds(RemoveConsenter, present)
        yield st.builds(ReplaceConsenter, present, host=st.none() | _HOSTS, port=st.none() | _PORTS)
        yield st.builds(SetMaintenance, on=st.booleans())
        options = st.sampled_from(sorted(self.view.consensus_options))
        values = st.integers(1, 100) | st.sampled_from(["1s", "500ms"])
        yield st.builds(SetConsensusOptions, st.dictionaries(options, values, min_size=1))

    def _organization(self) -> OrganizationModel:
        return OrganizationModel(
            name=self.stranger.name,
            msp=self.stranger.definition,
            policies=organization_policies(self.stranger.msp_id),
            endpoints=("spare.test:7050",),
        )

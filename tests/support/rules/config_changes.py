"""Random changes of a channel's configuration, valid and invalid, for a council of departments.

Each has one fault at most, so that what an orderer says of it is the same each time: of several faults
Fabric names any.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2
from fabric_protos.peer import configuration_pb2 as peer_pb2

from pyfabric.admin.config.groups import application_organization_group
from pyfabric.admin.config.model import OrganizationModel
from pyfabric.admin.config.update import compute_update, config_signature, signature_header
from pyfabric.errors import ConfigError
from pyfabric.identity.definition_messages import definition_to_config
from pyfabric.identity.signing import SigningIdentity
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.policies.usual import organization_policies
from tests.support.ledger.ordering import CHANNEL, NOW, Council, Organization
from tests.support.municipal import records

Change = Callable[[Any, Random], object]
Spoil = Callable[[configtx_pb2.ConfigUpdate, Random], object]


@dataclass(frozen=True)
class Attempt:
    """An update that is sent: what it does, and its envelope."""

    name: str
    envelope: bytes


@dataclass
class Changes:
    """The changes of one run; organisations that come are kept here."""

    council: Council
    random: Random
    newcomers: dict[str, Organization] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)

    def attempt(self, present: configtx_pb2.Config) -> Attempt:
        """Return one more update of the present configuration."""
        name, _, raw = self._computed(present)
        fault, spoil, signers = self._fault(present)
        update = configtx_pb2.ConfigUpdate.FromString(raw)
        if spoil is not None:
            spoil(update, self.random)
        envelope = self.envelope(update.SerializeToString(), signers)
        if fault == "again" and self.sent:
            envelope = self.random.choice(self.sent)
        self.sent.append(envelope)
        return Attempt(f"{name} / {fault}", envelope)

    def update(self, present: configtx_pb2.Config) -> tuple[configtx_pb2.Config, bytes]:
        """Return one more configuration that is wanted, and the update that makes it."""
        _, wanted, raw = self._computed(present)
        return wanted, raw

    def _computed(self, present: configtx_pb2.Config) -> tuple[str, configtx_pb2.Config, bytes]:
        while True:
            name, change = self.random.choice(self._changes())
            wanted = configtx_pb2.Config()
            wanted.CopyFrom(present)
            try:
                change(wanted.channel_group, self.random)
                raw = compute_update(
                    CHANNEL, present.SerializeToString(), wanted.SerializeToString()
                )
            except (ConfigError, IndexError, KeyError):
                continue
            return name, wanted, raw

    def consenters(self, config: ChannelConfig) -> list[int]:
        """Return which of the council's orderers are consenters."""
        known = {one.client_tls_certificate for one in config.consenters}
        return [
            index for index, one in enumerate(self.council.orderers) if one.tls_certificate in known
        ]

    def envelope(self, update: bytes, signers: Sequence[SigningIdentity]) -> bytes:
        """Return a CONFIG_UPDATE envelope by the orderers' administrator, with these signatures."""
        signed = configtx_pb2.ConfigUpdateEnvelope(config_update=update)
        for one in signers:
            header = signature_header(one.serialized(), self.random.randbytes(24))
            signature = config_signature(header, one.sign(header + update))
            signed.signatures.append(configtx_pb2.ConfigSignature.FromString(signature))
        return records.signed(
            signed.SerializeToString(),
            signer=self.council.ordering.admin,
            kind=common_pb2.HeaderType.CONFIG_UPDATE,
            channel=CHANNEL,
            nonce=self.random.randbytes(24),
            moment=NOW,
        )

    def everybody(self, present: configtx_pb2.Config) -> list[SigningIdentity]:
        """Return the administrators of all members."""
        known = {one.name: one for one in (*self.council.departments, *self.newcomers.values())}
        members = present.channel_group.groups["Application"].groups
        return [
            self.council.ordering.admin,
            *(known[name].admin for name in sorted(members) if name in known),
        ]

    def _fault(
        self, present: configtx_pb2.Config
    ) -> tuple[str, Spoil | None, list[SigningIdentity]]:
        everybody = self.everybody(present)
        users = [one.identity("user", "client") for one in self.council.departments]
        stranger = Organization("Stranger").admin
        faults: list[tuple[str, Spoil | None, list[SigningIdentity]]] = [
            ("nothing", None, everybody),
            ("nothing", None, everybody),
            ("nothing", None, everybody),
            ("unsigned", None, []),
            ("by users", None, users),
            ("by a stranger", None, [stranger]),
            ("twice by one", None, [everybody[1], everybody[1]]),
            ("orderers alone", None, everybody[:1]),
            ("departments alone", None, everybody[1:]),
            (
                "another channel",
                lambda update, _: setattr(update, "channel_id", "other"),
                everybody,
            ),
            ("a stale read set", _stale, everybody),
            ("an unknown group in the read set", _unknown_read, everybody),
            ("a jump of a version", _jump, everybody),
            ("no write set", lambda update, _: update.ClearField("write_set"), everybody),
            ("again", None, everybody),
        ]
        return self.random.choice(faults)

    def _changes(self) -> Sequence[tuple[str, Change]]:
        ordering = self._bft_changes() if self.council.bft else self._raft_changes()
        return [*self._common_changes(), *ordering]

    def _raft_changes(self) -> Sequence[tuple[str, Change]]:
        return [
            ("raft option", _raft_option),
            ("no consenters", _raft(lambda found, _: found.ClearField("consenters"))),
            ("a stranger as consenter", _raft(self._strange_consenter)),
            (
                "a consenter twice",
                _raft(lambda found, _: found.consenters.append(found.consenters[0])),
            ),
            ("two consenters", _raft(self._two_consenters)),
            ("two consenters go", _raft(lambda found, _: found.consenters.__delitem__(slice(2)))),
            ("a consenter goes", _raft(self._consenter_goes)),
            ("raft metadata", _consensus(lambda found: setattr(found, "metadata", b"\xff"))),
            ("maintenance and more", _maintenance_and_more),
            ("type without maintenance", _consensus(lambda found: setattr(found, "type", "BFT"))),
        ]

    def _bft_changes(self) -> Sequence[tuple[str, Change]]:
        return [
            ("another block validation", _other_validation),
            ("a consenter less, policy as it was", _fewer_bft_consenters),
            ("leader rotation", _rotation),
            ("no orderers", lambda group, _: group.groups["Orderer"].values.pop("Orderers")),
            ("back to raft", _consensus(lambda found: setattr(found, "type", "etcdraft"))),
        ]

    def _common_changes(self) -> Sequence[tuple[str, Change]]:
        return [
            ("batch size", _batch),
            ("batch count 0", lambda group, _: _batch_size(group, max_message_count=0)),
            (
                "preferred above absolute",
                lambda group, _: _batch_size(group, preferred_max_bytes=99 << 20),
            ),
            ("timeout", lambda group, random: _timeout(group, f"{random.randint(1, 900)}ms")),
            ("bad timeout", lambda group, random: _timeout(group, random.choice(_TIMEOUTS))),
            ("new policy", _new_policy),
            ("no policy", _drop_policy),
            ("bad policy", _bad_policy),
            ("mod policy", _mod_policy),
            ("ACL", _acl),
            ("anchor", _anchor),
            ("new member", self._join),
            ("member goes", self._leave),
            ("MSP id", self._rename),
            ("MSP without roots", _no_roots),
            ("member with a sub-group", _sub_group),
            (
                "unknown section",
                lambda group, _: group.groups["Martians"].CopyFrom(
                    configtx_pb2.ConfigGroup(mod_policy="Admins")
                ),
            ),
            ("no application", lambda group, _: group.groups.pop("Application")),
            ("unknown value", _unknown_value),
            ("unreadable value", _unreadable),
            ("bad name", _bad_name),
            ("capability", _capability),
            ("unknown capability", _unknown_capability),
            (
                "hash",
                lambda group, _: _put(
                    group, "HashingAlgorithm", configuration_pb2.HashingAlgorithm(name="MD5")
                ),
            ),
        ]

    def _join(self, group: Any, random: Random) -> None:
        name = f"New{len(self.newcomers)}"
        one = self.newcomers[name] = Organization(name)
        model = OrganizationModel(
            name=name, msp=one.definition, policies=organization_policies(one.msp_id)
        )
        group.groups["Application"].groups[name].CopyFrom(application_organization_group(model))

    def _leave(self, group: Any, random: Random) -> None:
        members = group.groups["Application"].groups
        names = sorted(name for name in members if name.startswith("New"))
        del members[random.choice(names)]

    def _rename(self, group: Any, random: Random) -> None:
        other = Organization("Renamed")
        members = group.groups["Application"].groups
        value = members[random.choice(sorted(members))].values["MSP"]
        value.value = definition_to_config(other.definition).SerializeToString()

    def _strange_consenter(self, found: etcdraft_pb2.ConfigMetadata, random: Random) -> None:
        certificate = Organization("Stranger").tls_certificate("stranger")
        found.consenters.append(_consenter(certificate))

    def _consenter_goes(self, found: etcdraft_pb2.ConfigMetadata, random: Random) -> None:
        # Two of three must stay, so that there is a majority. A real orderer that has gone takes minutes to
        # find out, so none comes back.
        if len(found.consenters) < 3:
            raise IndexError
        del found.consenters[random.randrange(3)]

    def _two_consenters(self, found: etcdraft_pb2.ConfigMetadata, random: Random) -> None:
        for name in ("a", "b"):
            found.consenters.append(_consenter(self.council.ordering.tls_certificate(name)))


_TIMEOUTS = ("soon", "0s", "-1s", "5", "1d", ".s")
_PLACES = ("Application", "Orderer", "")


def _consenter(certificate: bytes) -> etcdraft_pb2.Consenter:
    return etcdraft_pb2.Consenter(
        host="127.0.0.1", port=7999, client_tls_cert=certificate, server_tls_cert=certificate
    )


def _put(group: Any, key: str, message: Any) -> None:
    group.values[key].value = message.SerializeToString()
    group.values[key].mod_policy = "Admins"


def _batch(group: Any, random: Random) -> None:
    _batch_size(group, max_message_count=random.randint(1, 500))


def _batch_size(group: Any, **values: int) -> None:
    value = group.groups["Orderer"].values["BatchSize"]
    found = orderer_pb2.BatchSize.FromString(value.value)
    for name, number in values.items():
        setattr(found, name, number)
    value.value = found.SerializeToString()


def _timeout(group: Any, text: str) -> None:
    _put(group.groups["Orderer"], "BatchTimeout", orderer_pb2.BatchTimeout(timeout=text))


def _new_policy(group: Any, random: Random) -> None:
    application = group.groups["Application"]
    name = f"Fresh{random.randint(0, 3)}"
    application.policies[name].CopyFrom(application.policies["Readers"])


def _drop_policy(group: Any, random: Random) -> None:
    policies = group.groups["Application"].policies
    del policies[random.choice(sorted(name for name in policies if name.startswith("Fresh")))]


def _bad_policy(group: Any, random: Random) -> None:
    policy = group.groups["Application"].policies["Readers"].policy
    policy.type, policy.value = random.choice(
        [
            (policies_pb2.Policy.PolicyType.MSP, b""),
            (policies_pb2.Policy.PolicyType.SIGNATURE, b"\xff"),
            (policies_pb2.Policy.PolicyType.IMPLICIT_META, b"\xff"),
            (policies_pb2.Policy.PolicyType.SIGNATURE, b"\x08\x01"),
            (policies_pb2.Policy.PolicyType.SIGNATURE, b""),
            (policies_pb2.Policy.PolicyType.SIGNATURE, b"\x12\x02\x08\x05"),
        ]
    )


def _mod_policy(group: Any, random: Random) -> None:
    """Set another policy, valid or not, over changes of the Endorsement policy."""
    place = group.groups["Application"].policies["Endorsement"]
    place.mod_policy = random.choice(
        ["Admins", "/Channel/Application/Admins", "Nobody", "/Elsewhere", "a b", "", "Admins//x"]
    )


def _acl(group: Any, random: Random) -> None:
    acls = peer_pb2.ACLs()
    for resource in random.sample(["peer/Propose", "event/Block", "qscc/GetChainInfo"], 2):
        acls.acls[resource].policy_ref = random.choice(["/Channel/Application/Writers", "Readers"])
    group.groups["Application"].values["ACLs"].value = acls.SerializeToString(deterministic=True)
    group.groups["Application"].values["ACLs"].mod_policy = "Admins"


def _anchor(group: Any, random: Random) -> None:
    members = group.groups["Application"].groups
    anchors = peer_pb2.AnchorPeers()
    anchors.anchor_peers.add(host="peer", port=random.randint(1, 9))
    _put(members[random.choice(sorted(members))], "AnchorPeers", anchors)


def _no_roots(group: Any, random: Random) -> None:
    members = group.groups["Application"].groups
    value = members[random.choice(sorted(members))].values["MSP"]
    found = msp_config_pb2.MSPConfig.FromString(value.value)
    inner = msp_config_pb2.FabricMSPConfig.FromString(found.config)
    inner.ClearField("root_certs")
    found.config = inner.SerializeToString()
    value.value = found.SerializeToString()


def _sub_group(group: Any, random: Random) -> None:
    section = group.groups[random.choice(["Application", "Orderer"])]
    member = section.groups[random.choice(sorted(section.groups))]
    member.groups["Deep"].CopyFrom(configtx_pb2.ConfigGroup(mod_policy="Admins"))


def _unknown_value(group: Any, random: Random) -> None:
    place = random.choice(_PLACES)
    section = group.groups[place] if place else group
    _put(section, "Colour", configuration_pb2.Consortium(name="red"))


def _unreadable(group: Any, random: Random) -> None:
    group.groups["Orderer"].values["BatchSize"].value = b"\xff"


def _bad_name(group: Any, random: Random) -> None:
    name = random.choice(["a b", "..", "x" * 250, "ä"])
    application = group.groups["Application"]
    application.policies[name].CopyFrom(application.policies["Readers"])


def _capabilities(group: Any, name: str) -> None:
    found = configuration_pb2.Capabilities()
    found.capabilities[name].SetInParent()
    _put(group, "Capabilities", found)


def _capability(group: Any, random: Random) -> None:
    _capabilities(group.groups["Application"], random.choice(["V2_0", "V2_5"]))


def _unknown_capability(group: Any, random: Random) -> None:
    place = random.choice(["Orderer", ""])
    section = group.groups[place] if place else group
    found = configuration_pb2.Capabilities.FromString(section.values["Capabilities"].value)
    found.capabilities["V9_9"].SetInParent()
    _put(section, "Capabilities", found)


def _consensus(change: Callable[[orderer_pb2.ConsensusType], object]) -> Change:
    def apply(group: Any, random: Random) -> None:
        value = group.groups["Orderer"].values["ConsensusType"]
        found = orderer_pb2.ConsensusType.FromString(value.value)
        change(found)
        value.value = found.SerializeToString()

    return apply


def _raft(change: Callable[[etcdraft_pb2.ConfigMetadata, Random], object]) -> Change:
    def apply(group: Any, random: Random) -> None:
        def inner(found: orderer_pb2.ConsensusType) -> None:
            metadata = etcdraft_pb2.ConfigMetadata.FromString(found.metadata)
            change(metadata, random)
            found.metadata = metadata.SerializeToString()

        _consensus(inner)(group, random)

    return apply


def _raft_option(group: Any, random: Random) -> None:
    name, value = random.choice(
        [
            ("election_tick", random.randint(0, 30)),
            ("heartbeat_tick", 0),
            ("max_inflight_blocks", random.randint(0, 9)),
            ("tick_interval", random.choice(["0s", "500", "soon", "300ms"])),
            ("snapshot_interval_size", random.randint(1 << 20, 1 << 22)),
        ]
    )
    _raft(lambda found, _: setattr(found.options, name, value))(group, random)


def _other_validation(group: Any, random: Random) -> None:
    orderer = group.groups["Orderer"]
    orderer.policies["BlockValidation"].CopyFrom(orderer.policies["Writers"])


def _fewer_bft_consenters(group: Any, random: Random) -> None:
    value = group.groups["Orderer"].values["Orderers"]
    found = configuration_pb2.Orderers.FromString(value.value)
    del found.consenter_mapping[random.randrange(4)]
    value.value = found.SerializeToString()


def _rotation(group: Any, random: Random) -> None:
    def inner(found: orderer_pb2.ConsensusType) -> None:
        options = smartbft_pb2.Options.FromString(found.metadata)
        options.leader_rotation = smartbft_pb2.Options.Rotation.ROTATION_ON
        found.metadata = options.SerializeToString()

    _consensus(inner)(group, random)


def _maintenance_and_more(group: Any, random: Random) -> None:
    _consensus(lambda found: setattr(found, "state", 1))(group, random)
    random.choice([_batch, _new_policy, _acl, _raft_option])(group, random)


def _stale(update: configtx_pb2.ConfigUpdate, random: Random) -> None:
    update.read_set.version += 7


def _unknown_read(update: configtx_pb2.ConfigUpdate, random: Random) -> None:
    update.read_set.groups["Moon"].version = 1


def _jump(update: configtx_pb2.ConfigUpdate, random: Random) -> None:
    for one in _written(update.write_set):
        if one.mod_policy:
            one.version += 3
            return


def _written(group: Any) -> Iterator[Any]:
    yield group
    for _, sub in sorted(group.groups.items()):
        yield from _written(sub)
    for members in (group.values, group.policies):
        yield from (member for _, member in sorted(members.items()))

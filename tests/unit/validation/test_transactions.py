"""Single transactions through the validator: crafted, damaged, and random."""

from collections.abc import Callable, Sequence

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import collection_pb2, policy_pb2, transaction_pb2
from fabric_protos.peer.lifecycle import chaincode_definition_pb2, db_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfabric.errors import ConfigError, ValidationCode
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.lifecycle import LIFECYCLE, NAMESPACES, field_key, metadata_key
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.policies.syntax import parse_signature_policy
from pyfabric.rules.state.simulation import Simulation
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, VersionedValue
from pyfabric.rules.validation.block import BlockValidation, Outcome
from pyfabric.rules.validation.endorsement import ChannelPolicies
from tests.support.extent import extent
from tests.support.municipal import records
from tests.support.rules import history
from tests.support.rules.replay import ValidatedHistory

BLOCK = 200
BOTH = ("peer0.registry", "peer0.faculty")


@pytest.fixture(scope="module")
def channel() -> ValidatedHistory:
    """Provide the real channel after its last block; the tests do not commit to it."""
    replay = ValidatedHistory()
    for number in range(1, history.HEIGHT):
        replay.commit(number)
    return replay


def codes(outcome: Outcome) -> list[ValidationCode]:
    return [transaction.code for transaction in outcome.transactions]


def writes(channel: ValidatedHistory, **values: bytes) -> bytes:
    simulation = Simulation(channel.state)
    for key, value in values.items():
        simulation.put_state("ledger", key, value)
    return simulation.read_write_set()


def read_set(
    namespace: str = "ledger",
    *,
    public: kv_rwset_pb2.KVRWSet | None = None,
    hashed: kv_rwset_pb2.HashedRWSet | None = None,
    collection: str = "",
) -> bytes:
    message = rwset_pb2.TxReadWriteSet()
    entry = message.ns_rwset.add(namespace=namespace)
    if public is not None:
        entry.rwset = public.SerializeToString()
    if hashed is not None:
        entry.collection_hashed_rwset.add(
            collection_name=collection, hashed_rwset=hashed.SerializeToString()
        )
    return message.SerializeToString()


def hashed_writes(collection: str, namespace: str = "ledger", keys: int = 1) -> bytes:
    hashed = kv_rwset_pb2.HashedRWSet(
        hashed_writes=[
            kv_rwset_pb2.KVWriteHash(key_hash=b"k" * (32 - index), value_hash=b"v" * 32)
            for index in range(keys)
        ]
    )
    return read_set(namespace, hashed=hashed, collection=collection)


def define(channel: ValidatedHistory, name: str, **fields: bytes) -> ValidatedHistory:
    """Return the same channel with one more chaincode, or with other fields of one."""
    copy = ValidatedHistory()
    copy.policies, copy.ids = channel.policies, channel.ids
    updates = Updates()
    for namespace in ("", LIFECYCLE, "ledger", "helper"):
        for key, value in channel.state.range(namespace, "", ""):
            updates.put((namespace, key), value)
    parts = {
        metadata_key(NAMESPACES, name): db_pb2.StateMetadata(
            datatype="ChaincodeDefinition"
        ).SerializeToString(),
        **{
            field_key(NAMESPACES, name, part): db_pb2.StateData(Bytes=value).SerializeToString()
            for part, value in fields.items()
        },
    }
    for key, raw in parts.items():
        updates.put((LIFECYCLE, key), VersionedValue(raw, Version(1, 0)))
    copy.state.commit(updates)
    return copy


def rules(policy: bytes, plugin: str = "vscc") -> bytes:
    return chaincode_definition_pb2.ChaincodeValidationInfo(
        validation_plugin=plugin, validation_parameter=policy
    ).SerializeToString()


def signature(expression: str) -> policy_pb2.ApplicationPolicy:
    return policy_pb2.ApplicationPolicy(signature_policy=parse_signature_policy(expression))


def reference(path: str) -> bytes:
    return policy_pb2.ApplicationPolicy(channel_config_policy_reference=path).SerializeToString()


ANY = signature("OR('RegistryMSP.peer', 'FacultyMSP.peer')").SerializeToString()


def test_a_transaction_of_the_channels_members_is_valid(channel: ValidatedHistory) -> None:
    outcome = channel.validate(BLOCK, [records.transaction(writes(channel, k=b"v"), event="E")])
    assert codes(outcome) == [ValidationCode.VALID]
    (transaction,) = outcome.transactions
    assert (transaction.chaincode, transaction.reason) == ("ledger", "")
    assert transaction.event is not None
    assert outcome.updates.changes["ledger", "k"] == VersionedValue(b"v", Version(BLOCK, 0))


def test_ids_may_not_repeat_in_a_block_or_after_it(channel: ValidatedHistory) -> None:
    first = records.transaction(writes(channel, k=b"1"), nonce=b"a")
    again = records.transaction(writes(channel, k=b"2"), nonce=b"a")
    poor = records.transaction(writes(channel, k=b"3"), nonce=b"b", endorsers=())
    good = records.transaction(writes(channel, k=b"4"), nonce=b"b")
    known = history.blocks()[12].data.data[0]
    outcome = channel.validate(BLOCK, [first, again, poor, good, known])
    assert codes(outcome) == [
        ValidationCode.VALID,
        ValidationCode.DUPLICATE_TXID,
        ValidationCode.ENDORSEMENT_POLICY_FAILURE,
        ValidationCode.VALID,
        ValidationCode.DUPLICATE_TXID,
    ]


def test_a_creator_must_be_a_member_of_this_channel(channel: ValidatedHistory) -> None:
    envelope = common_pb2.Envelope.FromString(records.transaction(writes(channel, k=b"v")))
    envelope.signature = records.identity("user1@faculty").sign(envelope.payload)
    stolen = envelope.SerializeToString()
    other = records.signed(b"x", channel="elsewhere")
    outcome = channel.validate(BLOCK, [stolen, other])
    assert codes(outcome)[0] is ValidationCode.BAD_CREATOR_SIGNATURE
    assert "signature is invalid" in outcome.transactions[0].reason
    assert codes(outcome)[1] is ValidationCode.BAD_CREATOR_SIGNATURE
    assert outcome.transactions[1].reason == "could not get msp for channel [elsewhere]"


def test_a_creator_that_is_known_is_not_verified_again(channel: ValidatedHistory) -> None:
    envelope = common_pb2.Envelope.FromString(records.transaction(writes(channel, k=b"v")))
    envelope.signature = b"already verified"
    validation = BlockValidation(BLOCK, channel.policies, channel.state, lambda _id: False)
    validation.add(envelope.SerializeToString(), creator_known=True)
    assert codes(validation.finish()) == [ValidationCode.VALID]


def test_the_reason_names_a_policy_that_no_expression_says(channel: ValidatedHistory) -> None:
    unit = msp_principal_pb2.OrganizationUnit(
        msp_identifier="FacultyMSP", organizational_unit_identifier="x"
    )
    policy = signature("OR('FacultyMSP.peer')")
    (principal,) = policy.signature_policy.identities
    principal.principal_classification = msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT
    principal.principal = unit.SerializeToString()
    rich = define(channel, "ledger", ValidationInfo=rules(policy.SerializeToString()))
    outcome = rich.validate(BLOCK, [records.transaction(writes(channel, k=b"v"))])
    assert outcome.transactions[0].reason == (
        "chaincode ledger: the chaincode's policy: signature set did not satisfy policy; "
        "validly endorsed by RegistryMSP, FacultyMSP"
    )


def without_policies(names: Sequence[str]) -> ChannelPolicies:
    """Return the channel's first configuration without some policies of its application group."""
    _, config = config_from_block(history.ordered(0))
    application = config.channel_group.groups["Application"]
    for group in (application, *application.groups.values()):
        for name in names:
            group.policies.pop(name, None)
    return ChannelPolicies(ChannelConfig(config, channel_id=records.CHANNEL))


@pytest.mark.parametrize(
    ("endorsers", "code"),
    [
        (BOTH, ValidationCode.VALID),
        (("user1@registry", "Admin@archive"), ValidationCode.VALID),
        (("peer0.registry",), ValidationCode.ENDORSEMENT_POLICY_FAILURE),
    ],
)
def test_without_a_lifecycle_policy_a_majority_of_members_decides(
    channel: ValidatedHistory, endorsers: Sequence[str], code: ValidationCode
) -> None:
    policies = without_policies(["LifecycleEndorsement"])
    public = kv_rwset_pb2.KVRWSet(writes=[kv_rwset_pb2.KVWrite(key="k", value=b"v")])
    raw = records.transaction(
        read_set(LIFECYCLE, public=public), chaincode=LIFECYCLE, endorsers=endorsers
    )
    validation = BlockValidation(BLOCK, policies, channel.state, lambda _id: False)
    validation.add(raw)
    assert codes(validation.finish()) == [code]


def test_without_an_endorsement_policy_any_member_writes_its_own_collection(
    channel: ValidatedHistory,
) -> None:
    policies = without_policies(["Endorsement", "LifecycleEndorsement"])
    found = []
    for name in ("user1@faculty", "user1@registry"):
        validation = BlockValidation(BLOCK, policies, channel.state, lambda _id: False)
        validation.add(
            records.transaction(hashed_writes("_implicit_org_FacultyMSP"), endorsers=(name,))
        )
        found += codes(validation.finish())
    assert found == [ValidationCode.VALID, ValidationCode.ENDORSEMENT_POLICY_FAILURE]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\xff", ValidationCode.INVALID_OTHER_REASON),
        (b"", ValidationCode.BAD_COMMON_HEADER),
        (common_pb2.Envelope(payload=b"\xff").SerializeToString(), ValidationCode.BAD_PAYLOAD),
        (
            records.signed(b"x", kind=common_pb2.HeaderType.CONFIG_UPDATE),
            ValidationCode.UNSUPPORTED_TX_PAYLOAD,
        ),
        (
            records.signed(b"", kind=common_pb2.HeaderType.CONFIG),
            ValidationCode.INVALID_CONFIG_TRANSACTION,
        ),
        (records.signed(b"\xff"), ValidationCode.INVALID_ENDORSER_TRANSACTION),
        (
            records.signed(
                transaction_pb2.Transaction(
                    actions=[
                        transaction_pb2.TransactionAction(
                            header=common_pb2.SignatureHeader(
                                creator=b"c", nonce=b"n"
                            ).SerializeToString()
                        )
                    ]
                ).SerializeToString()
            ),
            ValidationCode.INVALID_ENDORSER_TRANSACTION,
        ),
    ],
)
def test_messages_that_are_no_transaction(
    channel: ValidatedHistory, raw: bytes, code: ValidationCode
) -> None:
    outcome = channel.validate(BLOCK, [raw])
    assert codes(outcome) == [code]
    assert outcome.transactions[0].reason
    assert not outcome.updates.changes


@pytest.mark.parametrize(
    ("collection", "endorsers", "code"),
    [
        ("duo", BOTH, ValidationCode.VALID),
        ("duo", ("peer0.registry",), ValidationCode.ENDORSEMENT_POLICY_FAILURE),
        ("fleeting", ("peer0.archive",), ValidationCode.VALID),
        ("fleeting", ("peer0.registry",), ValidationCode.ENDORSEMENT_POLICY_FAILURE),
        ("trio", BOTH, ValidationCode.VALID),
        ("trio", ("peer0.archive",), ValidationCode.ENDORSEMENT_POLICY_FAILURE),
        ("nowhere", BOTH, ValidationCode.ENDORSEMENT_POLICY_FAILURE),
        ("_implicit_org_FacultyMSP", ("peer0.faculty",), ValidationCode.VALID),
        (
            "_implicit_org_FacultyMSP",
            ("peer0.registry", "peer0.archive"),
            ValidationCode.ENDORSEMENT_POLICY_FAILURE,
        ),
        ("_implicit_org_NobodyMSP", BOTH, ValidationCode.ENDORSEMENT_POLICY_FAILURE),
    ],
)
def test_collections_have_policies_of_their_own(
    channel: ValidatedHistory, collection: str, endorsers: Sequence[str], code: ValidationCode
) -> None:
    raw = records.transaction(hashed_writes(collection), endorsers=endorsers)
    assert codes(channel.validate(BLOCK, [raw])) == [code]


def test_a_private_key_may_have_a_policy_of_its_own(channel: ValidatedHistory) -> None:
    sealed = ValidatedHistory()
    sealed.policies, sealed.ids = channel.policies, channel.ids
    updates = Updates()
    for key, value in channel.state.range(LIFECYCLE, "", ""):
        updates.put((LIFECYCLE, key), value)
    only = parse_signature_policy("OR('ArchiveMSP.peer')").SerializeToString()
    entry = kv_rwset_pb2.KVMetadataEntry(name="VALIDATION_PARAMETER", value=only)
    metadata = kv_rwset_pb2.KVMetadataWrite(entries=[entry]).SerializeToString()
    place = ("ledger$$hduo", (b"k" * 32).hex())
    updates.put(place, VersionedValue(b"v" * 32, Version(1, 0), metadata))
    sealed.state.commit(updates)
    change = kv_rwset_pb2.HashedRWSet(
        metadata_writes=[kv_rwset_pb2.KVMetadataWriteHash(key_hash=b"k" * 32, entries=[entry])]
    )
    resealed = read_set(hashed=change, collection="duo")
    outcome = sealed.validate(
        BLOCK,
        [
            records.transaction(hashed_writes("duo"), nonce=b"1", endorsers=BOTH),
            records.transaction(hashed_writes("duo"), nonce=b"2", endorsers=("peer0.archive",)),
            records.transaction(resealed, nonce=b"3", endorsers=("peer0.archive",)),
            records.transaction(hashed_writes("duo"), nonce=b"4", endorsers=("peer0.archive",)),
        ],
    )
    assert codes(outcome) == [
        ValidationCode.ENDORSEMENT_POLICY_FAILURE,
        ValidationCode.VALID,
        ValidationCode.VALID,
        ValidationCode.ENDORSEMENT_POLICY_FAILURE,
    ]
    assert outcome.updates.changes[place].metadata == metadata


def test_junk_as_a_keys_policy_is_a_policy_that_nobody_satisfies(channel: ValidatedHistory) -> None:
    odd = define(channel, "odd", ValidationInfo=rules(ANY))
    updates = Updates()
    metadata = kv_rwset_pb2.KVMetadataWrite(
        entries=[kv_rwset_pb2.KVMetadataEntry(name="VALIDATION_PARAMETER", value=b"\xff")]
    )
    updates.put(("ledger", "k"), VersionedValue(b"v", Version(1, 0), metadata.SerializeToString()))
    odd.state.commit(updates)
    outcome = odd.validate(BLOCK, [records.transaction(writes(odd, k=b"w"))])
    assert codes(outcome) == [ValidationCode.ENDORSEMENT_POLICY_FAILURE]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ValidationInfo": rules(ANY)}, ValidationCode.VALID),
        (
            {"ValidationInfo": rules(reference("/Channel/Application/Endorsement"))},
            ValidationCode.ENDORSEMENT_POLICY_FAILURE,
        ),
        (
            {"ValidationInfo": rules(reference("/Channel/Application/Nothing"))},
            ValidationCode.ENDORSEMENT_POLICY_FAILURE,
        ),
        ({"ValidationInfo": rules(b"\xff")}, ValidationCode.ENDORSEMENT_POLICY_FAILURE),
        (
            {"ValidationInfo": rules(b"\x1a\x01x")},
            ValidationCode.ENDORSEMENT_POLICY_FAILURE,
        ),
        ({"ValidationInfo": rules(b"")}, ValidationCode.INVALID_CHAINCODE),
        ({"ValidationInfo": rules(ANY, "custom")}, ValidationCode.INVALID_CHAINCODE),
        ({"ValidationInfo": b"\xff"}, ValidationCode.INVALID_CHAINCODE),
        ({}, ValidationCode.INVALID_CHAINCODE),
        (
            {
                "ValidationInfo": rules(
                    policy_pb2.ApplicationPolicy(
                        signature_policy=policy_pb2.ApplicationPolicy().signature_policy
                    ).SerializeToString()
                )
            },
            ValidationCode.ENDORSEMENT_POLICY_FAILURE,
        ),
    ],
)
def test_definitions_and_their_policies(
    channel: ValidatedHistory, fields: dict[str, bytes], code: ValidationCode
) -> None:
    odd = define(channel, "odd", **fields)
    raw = records.transaction(read_set("odd"), chaincode="odd", endorsers=("peer0.registry",))
    assert codes(odd.validate(BLOCK, [raw])) == [code]


def test_a_collection_without_a_policy_has_its_chaincodes(channel: ValidatedHistory) -> None:
    collections = collection_pb2.CollectionConfigPackage()
    collections.config.add().static_collection_config.name = "plain"
    silent = collections.config.add().static_collection_config
    silent.name = "silent"
    silent.endorsement_policy.SetInParent()
    odd = define(
        channel,
        "odd",
        ValidationInfo=rules(ANY),
        Collections=collections.SerializeToString(),
    )
    for name in ("plain", "silent"):
        for endorser, code in (
            ("peer0.registry", ValidationCode.VALID),
            ("peer0.archive", ValidationCode.ENDORSEMENT_POLICY_FAILURE),
        ):
            raw = records.transaction(
                hashed_writes(name, "odd", keys=2), chaincode="odd", endorsers=(endorser,)
            )
            assert codes(odd.validate(BLOCK, [raw])) == [code]


def test_a_configuration_must_be_the_next_one(channel: ValidatedHistory) -> None:
    raw = history.blocks()[149].data.data[0]
    with pytest.raises(ConfigError, match="cannot validate config at sequence 7"):
        channel.validate(BLOCK, [raw])


def _mutations() -> st.SearchStrategy[Callable[[bytes], bytes]]:
    def flip(place: float, bit: int) -> Callable[[bytes], bytes]:
        def mutate(raw: bytes) -> bytes:
            data = bytearray(raw)
            data[int(place * len(data))] ^= 1 << bit
            return bytes(data)

        return mutate

    def cut(place: float) -> Callable[[bytes], bytes]:
        return lambda raw: raw[: int(place * len(raw))]

    places = st.floats(0, 1, exclude_max=True)
    return st.one_of(
        st.builds(flip, places, st.integers(0, 7)),
        st.builds(cut, places),
        st.binary(max_size=40).map(lambda junk: lambda _raw: junk),
    )


@settings(max_examples=extent(100, 400))
@given(st.integers(4, history.HEIGHT - 1), _mutations(), st.booleans())
def test_damaged_transactions_get_a_code_and_change_nothing(
    channel: ValidatedHistory, number: int, mutate: Callable[[bytes], bytes], resigned: bool
) -> None:
    """Corrupt an envelope; with `resigned`, inside the payload, which the creator then signs again."""
    raw = history.blocks()[number].data.data[0]
    if history.header_type(raw) == common_pb2.HeaderType.CONFIG:
        return
    if resigned:
        envelope = common_pb2.Envelope.FromString(raw)
        payload = mutate(envelope.payload)
        signer = records.identity("user1@registry")
        raw = common_pb2.Envelope(
            payload=payload, signature=signer.sign(payload)
        ).SerializeToString()
    else:
        raw = mutate(raw)
    outcome = channel.validate(BLOCK, [raw])
    assert codes(outcome) != [ValidationCode.VALID]
    assert not outcome.updates.changes


@settings(max_examples=extent(50, 200))
@given(_mutations())
def test_damaged_results_that_are_well_signed_get_a_code(
    channel: ValidatedHistory, mutate: Callable[[bytes], bytes]
) -> None:
    simulation = Simulation(channel.state)
    simulation.get_state("ledger", "doc1")
    assert list(simulation.range("ledger", "a", "e"))
    simulation.put_state("ledger", "k", b"v")
    simulation.put_metadata("ledger", "k", {"x": b"y"})
    outcome = channel.validate(BLOCK, [records.transaction(mutate(simulation.read_write_set()))])
    assert codes(outcome)[0] in {
        ValidationCode.VALID,
        ValidationCode.BAD_RWSET,
        ValidationCode.ILLEGAL_WRITESET,
        ValidationCode.INVALID_CHAINCODE,
        ValidationCode.MVCC_READ_CONFLICT,
        ValidationCode.PHANTOM_READ_CONFLICT,
        ValidationCode.ENDORSEMENT_POLICY_FAILURE,
    }

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Registry of anchored public credit records
/// @notice Agencies anchor hashes of credit records in batches and say later what became of each record. Nobody
/// else, the NDRC included, can write, change or withdraw an agency's record.
///
/// Nothing in a call, an event or a view is about a subject: no name, identifier, amount or text, and no hash of one
/// that could be guessed. Whoever calls is responsible for passing salted or keyed hashes only (docs/format.md).
///
/// Words: a *batch* is a Merkle tree of leaves anchored by one transaction; its *header* is what the chain knows of
/// it, and the chain stores the header's hash; a *leaf* is one version of one record; its *index* is its place in the
/// batch, from 0, in ascending byte order of the leaves.
///
/// Time: every time stored, compared or returned is in seconds since 1970, on chains that count milliseconds too.
///
/// Journal: every accepted change, whoever made it, is one event that carries its number `entry` (0, 1, …) and
/// extends a running hash: `head = bytes28(keccak256(abi.encode(head, entryHash)))`, where
/// `entryHash = keccak256(abi.encode(topic0, entry, block.number, time, fields…))` and `fields` are all other fields
/// of the event, indexed ones too, in the order of declaration. Who holds a head obtained elsewhere can prove from
/// logs alone that nothing is missing, altered or out of order. `entry` is always the last field of its event.
interface ICreditRegistry {
    // ------------------------------------------------------------------ agencies

    /// @notice What an agency may do. `Suspended` anchors, supersedes, repairs and erases nothing; it may still
    /// withdraw its records, set or clear their marks, and change its administrator and operators: new keys are how an
    /// agency gets out of a suspension. `Closed` does nothing more, for ever, but revoke operators and declare them
    /// compromised: what is known about old keys matters to old evidence. `None`: there is no such agency.
    ///
    /// Succession: a closed agency may have a successor. Its id, code, key commitment, batches and records stay its
    /// own, and the successor acts for it: wherever a call asks for an operator of the agency, it asks for one of the
    /// agency that acts for it ({actingAgency}), whose standing counts. So versions go on under the id and the record
    /// keys they began with.
    enum Standing {
        None,
        Active,
        Suspended,
        Closed
    }

    /// @notice An agency: an identity that outlives its keys.
    /// @param code The agency's public code (in China its unified social credit code), ASCII, left-aligned.
    /// @param keyCommitment `keccak256(0x05 ‖ agency key)`: binds the key under which the agency's record keys are
    /// made; the key itself never leaves the agency.
    /// @param administrator Manages the agency's operators; need not be an operator.
    /// @param pendingAdministrator Has been named, has not accepted yet; zero if none.
    /// @param admittedAt Seconds.
    /// @param standing See {Standing}.
    /// @param batchCount Batches anchored so far; the next batch's sequence.
    /// @param lastBatch First 20 bytes of the header hash of the last batch, zero before the first: the `previous`
    /// that the next anchoring call must state.
    /// @param successor Agency that acts for it since it was succeeded; zero if it was not.
    struct Agency {
        bytes32 code;
        bytes32 keyCommitment;
        address administrator;
        address pendingAdministrator;
        uint64 admittedAt;
        Standing standing;
        uint32 batchCount;
        bytes20 lastBatch;
        uint32 successor;
    }

    /// @notice A key that acts for an agency.
    /// @param permissions Bit set of `ANCHOR_PERMISSION` (1) and `STATUS_PERMISSION` (2); zero: not an operator.
    /// @param validFrom First second of validity.
    /// @param validUntil First second after validity; the time of revocation if that came earlier.
    /// @param compromisedSince Since when somebody else may have held the key; zero if never declared. What it
    /// anchored from then on is flagged by auditors, never voided by the contract.
    /// @param revoked Revoked before its end: for ever, so that a stolen key cannot come back under an old name.
    struct Operator {
        uint8 permissions;
        uint64 validFrom;
        uint64 validUntil;
        uint64 compromisedSince;
        bool revoked;
    }

    /// @notice An agency was admitted; it is Active.
    /// @param agencyId Id of the agency.
    /// @param code The agency's public code.
    /// @param administrator Its first administrator.
    /// @param keyCommitment `keccak256(0x05 ‖ agency key)`.
    /// @param entry Number in the journal.
    event AgencyAdmitted(
        uint32 indexed agencyId,
        bytes32 indexed code,
        address indexed administrator,
        bytes32 keyCommitment,
        uint64 entry
    );
    /// @notice An agency was suspended.
    /// @param agencyId Id of the agency.
    /// @param reason A code of docs/format.md.
    /// @param actor Who called.
    /// @param entry Number in the journal.
    event AgencySuspended(uint32 indexed agencyId, uint16 reason, address indexed actor, uint64 entry);
    /// @notice A suspended agency is Active again.
    /// @param agencyId Id of the agency.
    /// @param reason A code of docs/format.md.
    /// @param actor Who called.
    /// @param entry Number in the journal.
    event AgencyReinstated(uint32 indexed agencyId, uint16 reason, address indexed actor, uint64 entry);
    /// @notice An agency was closed, for ever.
    /// @param agencyId Id of the agency.
    /// @param reason A code of docs/format.md.
    /// @param actor Who called.
    /// @param entry Number in the journal.
    event AgencyClosed(uint32 indexed agencyId, uint16 reason, address indexed actor, uint64 entry);
    /// @notice Somebody was named administrator and has not accepted yet.
    /// @param agencyId Id of the agency.
    /// @param administrator The account.
    /// @param entry Number in the journal.
    event AdministratorNamed(uint32 indexed agencyId, address indexed administrator, uint64 entry);
    /// @notice The account that was named is administrator now.
    /// @param agencyId Id of the agency.
    /// @param administrator The account.
    /// @param entry Number in the journal.
    event AdministratorChanged(uint32 indexed agencyId, address indexed administrator, uint64 entry);
    /// @notice The administrator was replaced without its own doing: its key was lost or stolen.
    /// @param agencyId Id of the agency.
    /// @param administrator The new one.
    /// @param reason A code of docs/format.md.
    /// @param actor Who called.
    /// @param entry Number in the journal.
    event AdministratorRecovered(
        uint32 indexed agencyId,
        address indexed administrator,
        uint16 reason,
        address indexed actor,
        uint64 entry
    );
    /// @notice An agency consents to be succeeded.
    /// @param agencyId Id of the agency.
    /// @param successor Id of the agency that is to act for it; zero takes the consent back.
    /// @param entry Number in the journal.
    event SuccessorNamed(uint32 indexed agencyId, uint32 indexed successor, uint64 entry);
    /// @notice An agency consents to succeed another.
    /// @param agencyId Id of the agency to be succeeded.
    /// @param successor Id of the agency that consents.
    /// @param entry Number in the journal.
    event SuccessionAccepted(uint32 indexed agencyId, uint32 indexed successor, uint64 entry);
    /// @notice An agency took its consent to succeed another back.
    /// @param agencyId Id of the agency that was to be succeeded.
    /// @param successor Id of the agency that consents no more.
    /// @param entry Number in the journal.
    event SuccessionDeclined(uint32 indexed agencyId, uint32 indexed successor, uint64 entry);
    /// @notice An agency was succeeded: it is closed, and its successor acts for it.
    /// @param agencyId Id of the agency.
    /// @param successor Id of the agency that acts for it.
    /// @param reason A code of docs/format.md.
    /// @param actor Who called.
    /// @param entry Number in the journal.
    event AgencySucceeded(
        uint32 indexed agencyId,
        uint32 indexed successor,
        uint16 reason,
        address indexed actor,
        uint64 entry
    );
    /// @notice An operator was added, or its permissions and validity were set anew.
    /// @param agencyId Id of the agency.
    /// @param operator The operator's account.
    /// @param permissions Bit set of `ANCHOR_PERMISSION` (1) and `STATUS_PERMISSION` (2), not zero.
    /// @param validFrom First second of validity.
    /// @param validUntil First second after validity.
    /// @param entry Number in the journal.
    event OperatorAdded(
        uint32 indexed agencyId,
        address indexed operator,
        uint8 permissions,
        uint64 validFrom,
        uint64 validUntil,
        uint64 entry
    );
    /// @notice An operator ended before its time, for ever.
    /// @param agencyId Id of the agency.
    /// @param operator The operator's account.
    /// @param entry Number in the journal.
    event OperatorRevoked(uint32 indexed agencyId, address indexed operator, uint64 entry);
    /// @notice Since when the key of an operator may have been in other hands.
    /// @param agencyId Id of the agency.
    /// @param operator The operator's account.
    /// @param since Seconds.
    /// @param entry Number in the journal.
    event OperatorCompromised(uint32 indexed agencyId, address indexed operator, uint64 since, uint64 entry);

    error UnknownAgency(uint32 agencyId);
    error InvalidAgencyCode(bytes32 code);
    error AgencyCodeTaken(bytes32 code, uint32 agencyId);
    error MissingKeyCommitment();
    error InvalidAddress(address account);
    error WrongStanding(uint32 agencyId, Standing standing);
    error NotAdministrator(uint32 agencyId, address account);
    error NotPendingAdministrator(uint32 agencyId, address account);
    error InvalidPermissions(uint8 permissions);
    error InvalidValidity(uint64 validFrom, uint64 validUntil, uint64 time);
    /// @dev The account never was an operator of this agency (it may be one of another).
    error NotOperator(uint32 agencyId, address account);
    error OperatorIsRevoked(uint32 agencyId, address operator);
    error OperatorNotYetValid(uint32 agencyId, address operator, uint64 validFrom);
    error OperatorExpired(uint32 agencyId, address operator, uint64 validUntil);
    /// @dev The operator lacks at least one of these permissions.
    error PermissionMissing(uint32 agencyId, address operator, uint8 permission);
    /// @dev An agency does not succeed itself.
    error InvalidSuccessor(uint32 agencyId, uint32 successor);
    error AlreadySucceeded(uint32 agencyId, uint32 successor);
    /// @dev The agency's administrator has not named this successor.
    error SuccessorNotNamed(uint32 agencyId, uint32 successor);
    /// @dev The successor's administrator has not consented, or has taken its consent back.
    error SuccessionNotAccepted(uint32 agencyId, uint32 successor);
    /// @dev Zero, in the future, or not before the time declared earlier; `time` is the latest that would be accepted.
    error InvalidCompromiseTime(uint64 since, uint64 time);

    /// @notice Admits an agency and names its first administrator. By the registrar.
    /// @param code 1 to 31 printable ASCII characters other than the space, left-aligned, never admitted before.
    /// @param administrator Its first administrator.
    /// @param keyCommitment `keccak256(0x05 ‖ agency key)`, not zero.
    /// @return agencyId From 1, in the order of admission.
    function admitAgency(bytes32 code, address administrator, bytes32 keyCommitment) external returns (uint32 agencyId);

    /// @notice Suspends an active agency at once. By the guardian.
    /// @param agencyId Id of the agency.
    /// @param reason A code of docs/format.md.
    function suspendAgency(uint32 agencyId, uint16 reason) external;

    /// @notice Makes a suspended agency active again. By the registrar.
    /// @param agencyId Id of the agency.
    /// @param reason A code of docs/format.md.
    function reinstateAgency(uint32 agencyId, uint16 reason) external;

    /// @notice Closes an agency. By the registrar. WARNING: cannot be undone; its anchors stay valid evidence.
    /// @param agencyId Id of the agency.
    /// @param reason A code of docs/format.md.
    function closeAgency(uint32 agencyId, uint16 reason) external;

    /// @notice First step of changing the administrator. By the administrator, unless the agency is closed; naming zero
    /// takes a name back.
    /// @param agencyId Id of the agency.
    /// @param administrator The account that is to accept, or zero.
    function nameAdministrator(uint32 agencyId, address administrator) external;

    /// @notice Second step of changing the administrator, by the account that was named. The old one is nothing more.
    /// @param agencyId Id of the agency.
    function acceptAdministration(uint32 agencyId) external;

    /// @notice Replaces an administrator whose key is lost or stolen. By the recoverer, after a delay in which the
    /// guardian may object. Also for a closed agency, whose administrator still keeps its keys; not for one that was
    /// succeeded, whose administrator is nothing more.
    /// @param agencyId Id of the agency.
    /// @param administrator The new one, not zero.
    /// @param reason A code of docs/format.md.
    function recoverAdministrator(uint32 agencyId, address administrator, uint16 reason) external;

    /// @notice An agency's consent to be succeeded. By its administrator, unless the agency is closed.
    /// @param agencyId Id of the agency.
    /// @param successor Id of an active agency, or zero to take the consent back.
    function nameSuccessor(uint32 agencyId, uint32 successor) external;

    /// @notice An agency's consent to succeed another that was not succeeded yet. By the successor's administrator. It
    /// has no effect before the registrar or the recoverer acts; until then {declineSucceeding} takes it back.
    /// @param agencyId Id of the agency to be succeeded.
    /// @param successor Id of the active agency that consents.
    function acceptSuccession(uint32 agencyId, uint32 successor) external;

    /// @notice Takes the consent of {acceptSuccession} back, as long as the other agency was not succeeded. By the
    /// successor's administrator, unless the successor is closed.
    /// @dev The name puts its selector behind those of the calls that anchor and move: selectors are compared in
    /// ascending order, 22 gas each.
    /// @param agencyId Id of the agency that was to be succeeded.
    /// @param successor Id of the agency that has consented.
    function declineSucceeding(uint32 agencyId, uint32 successor) external;

    /// @notice Closes an agency and lets its successor act for it, with the consent of both. By the registrar.
    /// WARNING: cannot be undone.
    /// @param agencyId Id of the agency.
    /// @param successor Id of an active agency.
    /// @param reason A code of docs/format.md.
    function succeedAgency(uint32 agencyId, uint32 successor, uint16 reason) external;

    /// @notice The same without the consent of the agency that is succeeded: its key is lost, or the body dissolved;
    /// also for an agency that is closed already. By the recoverer, after a long delay in which the guardian may
    /// object. WARNING: cannot be undone.
    /// @param agencyId Id of the agency.
    /// @param successor Id of an active agency that has consented.
    /// @param reason A code of docs/format.md.
    function succeedWithoutConsent(uint32 agencyId, uint32 successor, uint16 reason) external;

    /// @notice Adds an operator or sets the permissions and validity of one that is not revoked. By the administrator,
    /// also while the agency is suspended or the registry paused.
    /// @param agencyId Id of the agency.
    /// @param operator The operator's account.
    /// @param permissions Bit set of `ANCHOR_PERMISSION` (1) and `STATUS_PERMISSION` (2), not zero.
    /// @param validFrom Seconds; a time that has passed (0, say) means now.
    /// @param validUntil Seconds, after `validFrom` and after now.
    function setOperator(
        uint32 agencyId,
        address operator,
        uint8 permissions,
        uint64 validFrom,
        uint64 validUntil
    ) external;

    /// @notice Ends an operator's validity at once, also while the registry is paused. By the administrator (of the
    /// agency that acts for it, once it was succeeded) or by the operator itself. WARNING: cannot be undone for this
    /// address and agency.
    /// @param agencyId Id of the agency.
    /// @param operator The operator's account.
    function revokeOperator(uint32 agencyId, address operator) external;

    /// @notice Revokes an operator and records since when its key may have been in other hands. By the administrator
    /// (of the agency that acts for it, once it was succeeded), also for an operator that is revoked or expired
    /// already, for a closed agency, and while paused.
    /// @dev `since` may only ever be moved back: a later declaration never clears an earlier suspicion.
    /// @param agencyId Id of the agency.
    /// @param operator The operator's account.
    /// @param since Seconds; not zero, not in the future, before any time declared earlier.
    function declareCompromised(uint32 agencyId, address operator, uint64 since) external;

    /// @notice An agency as it is now. All zero, standing None, if there is none.
    /// @param agencyId Id of the agency.
    /// @return The agency.
    function agency(uint32 agencyId) external view returns (Agency memory);

    /// @notice The agency that acts for one: itself, or the last of its chain of successors.
    /// @param agencyId Id of the agency.
    /// @return Its id. Zero for zero.
    function actingAgency(uint32 agencyId) external view returns (uint32);

    /// @notice Which consents to a succession there are.
    /// @param agencyId Id of the agency to be succeeded.
    /// @param successor Id of the agency that is to act for it.
    /// @return named Whether the agency's administrator has named this successor.
    /// @return accepted Whether the successor's administrator has consented.
    function succession(uint32 agencyId, uint32 successor) external view returns (bool named, bool accepted);

    /// @notice Id of the agency with a code.
    /// @param code The agency's public code.
    /// @return Zero if no agency has this code.
    function agencyIdOf(bytes32 code) external view returns (uint32);

    /// @notice Number of agencies admitted; the last id.
    /// @return The number.
    function agencyCount() external view returns (uint32);

    /// @notice A key of an agency. All zero if it never was an operator of this agency.
    /// @param agencyId Id of the agency.
    /// @param account The account.
    /// @return The key.
    function operator(uint32 agencyId, address account) external view returns (Operator memory);

    // ------------------------------------------------------------------ record types

    /// @param typeHash `keccak256(0x06 ‖ canonical type document)`.
    /// @param name For example `cn.penalty`: 1 to 31 printable ASCII characters other than the space, left-aligned.
    /// Versions of one type share a name and differ in hash and id.
    /// @param personal Whether its records are about natural persons; then no record may be anchored directly.
    /// @param admittedAt Seconds; zero: no such type.
    struct RecordType {
        bytes32 typeHash;
        bytes32 name;
        bool personal;
        uint64 admittedAt;
    }

    /// @notice A record type was admitted.
    /// @param typeId Id of the record type.
    /// @param typeHash `keccak256(0x06 ‖ canonical type document)`.
    /// @param name Label of the type.
    /// @param personal Whether its records are about natural persons.
    /// @param entry Number in the journal.
    event TypeAdmitted(
        uint32 indexed typeId,
        bytes32 indexed typeHash,
        bytes32 indexed name,
        bool personal,
        uint64 entry
    );

    error UnknownType(uint32 typeId);
    error InvalidTypeName(bytes32 name);
    error MissingTypeHash();
    error TypeAlreadyAdmitted(bytes32 typeHash, uint32 typeId);

    /// @notice Admits a record type. By the registrar. WARNING: cannot be undone.
    /// @param typeHash `keccak256(0x06 ‖ canonical type document)`, never admitted before.
    /// @param name See {RecordType}.
    /// @param personal Whether its records are about natural persons.
    /// @return typeId From 1, in the order of admission.
    function admitType(bytes32 typeHash, bytes32 name, bool personal) external returns (uint32 typeId);

    /// @notice A record type. All zero if there is none.
    /// @param typeId Id of the record type.
    /// @return The type.
    function recordType(uint32 typeId) external view returns (RecordType memory);

    /// @notice Id of the type with a hash.
    /// @param typeHash `keccak256(0x06 ‖ canonical type document)`.
    /// @return Zero if no admitted type has this hash.
    function typeIdOf(bytes32 typeHash) external view returns (uint32);

    /// @notice Number of types admitted; the last id.
    /// @return The number.
    function typeCount() external view returns (uint32);

    // ------------------------------------------------------------------ batches

    /// @notice What the chain knows of a batch. Its hash is
    /// `keccak256(abi.encode(keccak256("credit-anchor/header/1"), every field in this order))`.
    /// @param format 1.
    /// @param sequence Of the agency's batches, from 0 without a gap.
    /// @param size Number of leaves. In `anchorRoot` the agency's claim until its leaves file rebuilds the root.
    /// @param anchoredAt Block time in seconds; never taken from the caller.
    /// @param previous First 20 bytes of the header hash of the agency's batch before this one; zero for the first.
    /// @param root RFC 9162 tree over the leaves, see {MerkleTree}.
    /// @param manifestHash Of the evidence of how the batch came to be.
    struct Header {
        uint16 format;
        uint32 agencyId;
        uint32 typeId;
        uint32 sequence;
        uint32 size;
        uint64 anchoredAt;
        address operator;
        bytes20 previous;
        bytes32 root;
        bytes32 manifestHash;
    }

    /// @notice Where the latest directly anchored version of a record stands.
    /// @param batchId Zero if the record was never anchored directly.
    struct Latest {
        uint64 batchId;
        uint32 version;
        uint8 status;
    }

    /// @notice A batch was anchored. With the sequence and agency in `batchId` these are all fields of its header.
    /// @param batchId `agencyId · 2^32 + sequence`.
    /// @param typeId Id of the record type.
    /// @param operator The operator's account.
    /// @param size Number of leaves.
    /// @param anchoredAt Block time in seconds.
    /// @param previous First 20 bytes of the header hash of the agency's batch before this one.
    /// @param root Root of the tree over the leaves.
    /// @param manifestHash Of the evidence of how the batch came to be.
    /// @param entry Number in the journal.
    event BatchAnchored(
        uint64 indexed batchId,
        uint32 indexed typeId,
        address indexed operator,
        uint32 size,
        uint64 anchoredAt,
        bytes20 previous,
        bytes32 root,
        bytes32 manifestHash,
        uint64 entry
    );
    /// @notice Follows the `BatchAnchored` of a direct batch: what it anchored.
    /// @param batchId `agencyId · 2^32 + sequence`.
    /// @param recordKey Keyed hash of the natural key.
    /// @param version Of the record, from 1.
    /// @param commitment To the fields of this version.
    /// @param superseded Batch of the version before, which this one's leaf (the batch's root) superseded by the same
    /// call; the only supersession without a `RecordsSuperseded`. Zero if there is none, or none that was in force.
    /// @param entry Number in the journal.
    event RecordAnchored(
        uint64 indexed batchId,
        bytes32 indexed recordKey,
        uint32 version,
        bytes32 commitment,
        uint64 superseded,
        uint64 entry
    );

    error EmptyBatch();
    error MissingRoot();
    /// @dev Somebody anchored for this agency in between, or the call was sent before: read the agency and plan again.
    error StalePrevious(uint32 agencyId, bytes20 expected, bytes20 given);
    /// @dev Equal leaves count as out of order.
    error LeavesOutOfOrder(uint256 index);
    error PersonalType(uint32 typeId);
    error MissingRecordKey();
    error MissingCommitment();
    error WrongVersion(bytes32 recordKey, uint32 expected, uint32 given);
    /// @dev The last version is Withdrawn or Erased: the record has ended.
    error RecordEnded(bytes32 recordKey, uint8 status);

    /// @notice Anchors a batch by its root. By an operator with `ANCHOR_PERMISSION`, while not paused.
    /// WARNING: size and order of the leaves are the agency's claim; nothing here proves them.
    /// @param agencyId Id of the agency.
    /// @param typeId Id of the record type.
    /// @param previous The agency's `lastBatch`: the call is accepted in one place of the agency's history or nowhere,
    /// so sending it twice anchors it once.
    /// @param size Number of leaves, as the agency claims; not zero.
    /// @param root Not zero.
    /// @param manifestHash Of the evidence of how the batch came to be.
    /// @return batchId `agencyId · 2^32 + sequence`.
    function anchorRoot(
        uint32 agencyId,
        uint32 typeId,
        bytes20 previous,
        uint32 size,
        bytes32 root,
        bytes32 manifestHash
    ) external returns (uint64 batchId);

    /// @notice Anchors a batch by its leaves; the contract computes the root, and anyone can rebuild every proof from
    /// the transaction. By an operator with `ANCHOR_PERMISSION`, while not paused.
    /// @param agencyId Id of the agency.
    /// @param typeId Id of the record type.
    /// @param previous See {anchorRoot}.
    /// @param leaves Leaf hashes, strictly ascending.
    /// @param manifestHash Of the evidence of how the batch came to be.
    /// @return batchId `agencyId · 2^32 + sequence`.
    function anchorLeaves(
        uint32 agencyId,
        uint32 typeId,
        bytes20 previous,
        bytes32[] calldata leaves,
        bytes32 manifestHash
    ) external returns (uint64 batchId);

    /// @notice Anchors one version of one record as a batch of its own, and supersedes the version before in the same
    /// call, unless the agency did that already. By an operator with `ANCHOR_PERMISSION`, and from version 2 on with
    /// `STATUS_PERMISSION` too, because that takes the last version out of force; while not paused. Other contracts
    /// read the record by {latest}.
    /// WARNING: the record key is public and stable, so all versions of the record can be linked; hence refused for
    /// personal types.
    /// @param agencyId Id of the agency.
    /// @param typeId Id of the record type.
    /// @param previous See {anchorRoot}.
    /// @param recordKey Keyed hash of the natural key, not zero.
    /// @param version 1 for a record that was never anchored directly, then the last version + 1.
    /// @param commitment To the fields of this version, not zero.
    /// @param manifestHash Of the evidence of how the batch came to be.
    /// @return batchId `agencyId · 2^32 + sequence`.
    function anchorRecord(
        uint32 agencyId,
        uint32 typeId,
        bytes20 previous,
        bytes32 recordKey,
        uint32 version,
        bytes32 commitment,
        bytes32 manifestHash
    ) external returns (uint64 batchId);

    /// @notice Where the latest directly anchored version of a record stands.
    /// @param agencyId Id of the agency.
    /// @param recordKey Keyed hash of the natural key.
    /// @return The version, with its status now.
    function latest(uint32 agencyId, bytes32 recordKey) external view returns (Latest memory);

    /// @notice Hash of the header of a batch.
    /// @param batchId `agencyId · 2^32 + sequence`.
    /// @return Zero if there is no such batch.
    function headerHashOf(uint64 batchId) external view returns (bytes32);

    // ------------------------------------------------------------------ statuses

    /// @notice Status of a leaf, bits 0-2 of its status byte. `Expired` follows from dates and is never stored.
    enum Status {
        Active,
        Superseded,
        Withdrawn,
        Repaired
    }

    // The whole status byte: bits 0-2 Status, bit 3 Erased (8), bits 4-7 marks: Disputed (16), UnderReview (32),
    // RepairPending (64), Masked (128).

    // `positions` everywhere: spans of leaf indexes, eight bytes each: first and last index of the span, both included,
    // as big-endian uint32. Spans are strictly ascending and do not overlap. One leaf is a span of its own; 256
    // neighbours are one span, where listing them would cost more gas than moving them may.
    // `reason`: a code of docs/format.md. `evidenceHash`: `keccak256(0x07 ‖ 32 random bytes ‖ SHA-256 of the evidence)`
    // or zero. A refused position refuses the whole call.

    /// @notice Records were withdrawn, repaired, or their repair was revoked (then `status` is Active).
    /// @param batchId `agencyId · 2^32 + sequence`.
    /// @param status What the records are now.
    /// @param actor Who called.
    /// @param positions Leaf indexes as spans, see above.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    /// @param entry Number in the journal.
    event StatusChanged(
        uint64 indexed batchId,
        Status indexed status,
        address indexed actor,
        bytes positions,
        uint16 reason,
        bytes32 evidenceHash,
        uint64 entry
    );
    /// @notice Records were replaced by later versions.
    /// @param batchId `agencyId · 2^32 + sequence`.
    /// @param actor Who called.
    /// @param positions Leaf indexes as spans, see above.
    /// @param successors One leaf hash a position: the version that takes its place.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    /// @param entry Number in the journal.
    event RecordsSuperseded(
        uint64 indexed batchId,
        address indexed actor,
        bytes positions,
        bytes32[] successors,
        uint16 reason,
        bytes32 evidenceHash,
        uint64 entry
    );
    /// @notice Marks were set.
    /// @param batchId `agencyId · 2^32 + sequence`.
    /// @param marks Bit set of marks.
    /// @param actor Who called.
    /// @param positions Leaf indexes as spans, see above.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    /// @param entry Number in the journal.
    event MarksSet(
        uint64 indexed batchId,
        uint8 marks,
        address indexed actor,
        bytes positions,
        uint16 reason,
        bytes32 evidenceHash,
        uint64 entry
    );
    /// @notice Marks were cleared.
    /// @param batchId `agencyId · 2^32 + sequence`.
    /// @param marks Bit set of marks.
    /// @param actor Who called.
    /// @param positions Leaf indexes as spans, see above.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    /// @param entry Number in the journal.
    event MarksCleared(
        uint64 indexed batchId,
        uint8 marks,
        address indexed actor,
        bytes positions,
        uint16 reason,
        bytes32 evidenceHash,
        uint64 entry
    );
    /// @notice The first of two operators said that payloads and secrets are destroyed.
    /// @param batchId `agencyId · 2^32 + sequence`.
    /// @param proposal Names what exactly a second operator has to confirm.
    /// @param actor Who called.
    /// @param entry Number in the journal.
    event ErasureProposed(uint64 indexed batchId, bytes32 indexed proposal, address indexed actor, uint64 entry);
    /// @notice Two operators said that payloads and secrets are destroyed.
    /// @param batchId `agencyId · 2^32 + sequence`.
    /// @param proposer The first of the two operators.
    /// @param actor Who called.
    /// @param positions Leaf indexes as spans, see above.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    /// @param entry Number in the journal.
    event RecordsErased(
        uint64 indexed batchId,
        address indexed proposer,
        address indexed actor,
        bytes positions,
        uint16 reason,
        bytes32 evidenceHash,
        uint64 entry
    );

    /// @dev The header is not that of an anchored batch.
    error UnknownBatch(uint64 batchId, bytes32 headerHash);
    /// @dev Not a positive multiple of eight bytes.
    error InvalidPositions(uint256 length);
    /// @dev The span that begins (or ends) here begins before the end of the one before (or before its own beginning).
    error PositionsOutOfOrder(uint32 position);
    error PositionOutOfRange(uint32 position, uint32 size);
    /// @dev `current` is the whole status byte.
    error MoveNotAllowed(uint32 position, uint8 current, Status status);
    error MarksNotAllowed(uint8 marks);
    /// @dev All of the marks are set (or clear) already, or the record is erased.
    error MarksUnchanged(uint32 position, uint8 current);
    error AlreadyErased(uint32 position);
    error SuccessorsMismatch(uint256 positions, uint256 successors);
    error MissingSuccessor(uint32 position);
    error ErasureAlreadyProposed(bytes32 proposal, address proposer);
    error ErasureNotProposed(bytes32 proposal);
    error SecondOperatorNeeded(address proposer);

    /// @notice Active, Repaired or Superseded -> Withdrawn. By an operator with `STATUS_PERMISSION`, also while the
    /// agency is suspended or the registry paused. WARNING: cannot be undone.
    /// @param header Header of the batch, every field as it was anchored.
    /// @param positions Leaf indexes as spans, see above.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    function withdraw(Header calldata header, bytes calldata positions, uint16 reason, bytes32 evidenceHash) external;

    /// @notice Active -> Repaired. By an operator with `STATUS_PERMISSION`. Legal minimum periods are not checked here.
    /// @param header Header of the batch, every field as it was anchored.
    /// @param positions Leaf indexes as spans, see above.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    function repair(Header calldata header, bytes calldata positions, uint16 reason, bytes32 evidenceHash) external;

    /// @notice Repaired -> Active: the repair is revoked.
    /// @param header Header of the batch, every field as it was anchored.
    /// @param positions Leaf indexes as spans, see above.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    function revokeRepair(
        Header calldata header,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) external;

    /// @notice Active or Repaired -> Superseded, each by the leaf that takes its place. WARNING: that the successor is
    /// anchored and a later version of the same record is checked by verifiers and auditors, not here.
    /// @param header Header of the batch, every field as it was anchored.
    /// @param positions Leaf indexes as spans, see above.
    /// @param successors Leaf hash of the version that takes its place, one a position.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    function supersede(
        Header calldata header,
        bytes calldata positions,
        bytes32[] calldata successors,
        uint16 reason,
        bytes32 evidenceHash
    ) external;

    /// @notice Sets Disputed, UnderReview or RepairPending, also while suspended or paused. By an operator with
    /// `STATUS_PERMISSION`.
    /// @param header Header of the batch, every field as it was anchored.
    /// @param positions Leaf indexes as spans, see above.
    /// @param marks Bits 4 to 6; at least one of them must be new at every position.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    function setMarks(
        Header calldata header,
        bytes calldata positions,
        uint8 marks,
        uint16 reason,
        bytes32 evidenceHash
    ) external;

    /// @notice Clears Disputed, UnderReview or RepairPending, also while suspended or paused. By an operator with
    /// `STATUS_PERMISSION`.
    /// @param header Header of the batch, every field as it was anchored.
    /// @param positions Leaf indexes as spans, see above.
    /// @param marks Bits 4 to 6; at least one of them must be set at every position.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    function clearMarks(
        Header calldata header,
        bytes calldata positions,
        uint8 marks,
        uint16 reason,
        bytes32 evidenceHash
    ) external;

    /// @notice Sets any mark on a record of any agency. By the arbiter.
    /// @param header Header of the batch, every field as it was anchored.
    /// @param positions Leaf indexes as spans, see above.
    /// @param marks Bits 4 to 7; at least one of them must be new at every position.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    function arbiterSetMarks(
        Header calldata header,
        bytes calldata positions,
        uint8 marks,
        uint16 reason,
        bytes32 evidenceHash
    ) external;

    /// @notice Clears any mark on a record of any agency. By the arbiter.
    /// @param header Header of the batch, every field as it was anchored.
    /// @param positions Leaf indexes as spans, see above.
    /// @param marks Bits 4 to 7; at least one of them must be set at every position.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    function arbiterClearMarks(
        Header calldata header,
        bytes calldata positions,
        uint8 marks,
        uint16 reason,
        bytes32 evidenceHash
    ) external;

    /// @notice First of two operators: proposes to record that the payloads and secrets of records are destroyed. By an
    /// operator with `STATUS_PERMISSION`; again only when the one who proposed is no longer entitled. A proposal
    /// changes nothing and may name records that are erased already: its confirmation looks, and is refused as a whole.
    /// @param header Header of the batch, every field as it was anchored.
    /// @param positions Leaf indexes as spans, see above.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    /// @return proposal `keccak256(abi.encode(batchId, positions, reason, evidenceHash))`.
    function proposeErasure(
        Header calldata header,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) external returns (bytes32 proposal);

    /// @notice Another operator with `STATUS_PERMISSION`, with the same arguments, while the first is still entitled:
    /// sets Erased.
    /// WARNING: cannot be undone; nothing moves on these records afterwards.
    /// @param header Header of the batch, every field as it was anchored.
    /// @param positions Leaf indexes as spans, see above.
    /// @param reason A code of docs/format.md.
    /// @param evidenceHash Of the evidence, or zero.
    function confirmErasure(
        Header calldata header,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) external;

    /// @notice Status byte of a leaf.
    /// @param batchId `agencyId · 2^32 + sequence`.
    /// @param index Of the leaf in its batch.
    /// @return The status byte; 0 (Active) also for positions and batches that do not exist.
    function statusOf(uint64 batchId, uint32 index) external view returns (uint8);

    /// @notice Status bytes of thirty-two leaves.
    /// @param batchId `agencyId · 2^32 + sequence`.
    /// @param word Which thirty-two leaves.
    /// @return Status bytes of leaves `32 · word` to `32 · word + 31`, the first in the lowest byte.
    function statusWord(uint64 batchId, uint32 word) external view returns (uint256);

    // ------------------------------------------------------------------ verification

    /// @notice Why a record is or is not anchored.
    enum Outcome {
        Anchored,
        UnsupportedFormat,
        UnknownHeader,
        IndexOutOfRange,
        WrongProof
    }

    /// @param status Status byte of the leaf; 0 unless `outcome` is Anchored, like everything below.
    /// @param standing Of the agency, now.
    /// @param actingAgency That acts for it now; itself unless it was succeeded.
    /// @param operatorCompromisedSince Seconds, zero if never declared: compare with the header's `anchoredAt`. The
    /// earliest that the agency or one of its successors has declared.
    struct Verdict {
        Outcome outcome;
        uint8 status;
        Standing standing;
        uint32 actingAgency;
        uint64 operatorCompromisedSince;
        bytes32 leaf;
    }

    /// @notice Whether one version of a record is anchored in the batch that the header describes. The contract builds
    /// the leaf itself, so a leaf of another agency, type, chain or registry never passes. Answers; never reverts on
    /// bad evidence.
    /// @param header Header of the batch, every field as it was anchored.
    /// @param recordKey Keyed hash of the natural key.
    /// @param version Of the record, from 1.
    /// @param commitment To the fields of this version.
    /// @param index Of the leaf in its batch.
    /// @param proof Hashes from the leaf's sibling to the root's child.
    /// @return The verdict.
    function verify(
        Header calldata header,
        bytes32 recordKey,
        uint32 version,
        bytes32 commitment,
        uint32 index,
        bytes32[] calldata proof
    ) external view returns (Verdict memory);

    // ------------------------------------------------------------------ journal and pause

    /// @notice The registry was paused.
    /// @param reason A code of docs/format.md.
    /// @param actor Who called.
    /// @param entry Number in the journal.
    event Paused(uint16 reason, address indexed actor, uint64 entry);
    /// @notice The pause ended.
    /// @param reason A code of docs/format.md.
    /// @param actor Who called.
    /// @param entry Number in the journal.
    event Unpaused(uint16 reason, address indexed actor, uint64 entry);

    /// @notice The authority that decides who may call the restricted functions was replaced, by the authority itself.
    /// @param authority The new one.
    /// @param entry Number in the journal.
    event AuthorityChanged(address indexed authority, uint64 entry);

    /// @notice The registry names the one that comes after it.
    /// @param successor Address of the newer registry.
    /// @param actor Who called.
    /// @param entry Number in the journal.
    event RegistrySucceeded(address indexed successor, address indexed actor, uint64 entry);

    error RegistryAlreadySucceeded(address successor);
    error RegistryPaused();
    error RegistryNotPaused();

    /// @notice Stops anchoring, admissions, erasures and moves of validity except Withdrawn. By the guardian. Never
    /// stops revocation, compromise, suspension, changes of operators and administrators, marks, or reading.
    /// @param reason A code of docs/format.md.
    function pause(uint16 reason) external;

    /// @notice Ends a pause. By the unpauser.
    /// @param reason A code of docs/format.md.
    function unpause(uint16 reason) external;

    /// @notice Whether the registry is paused.
    /// @return Whether it is.
    function paused() external view returns (bool);

    /// @notice Names the registry that comes after this one, once and for ever. By the governor, after a delay. Says
    /// where new records go; changes nothing here: what was anchored stays, can be moved and verifies for ever.
    /// WARNING: cannot be undone.
    /// @param successor A contract other than this.
    function nameRegistrySuccessor(address successor) external;

    /// @notice The registry that comes after this one.
    /// @return Zero if none was named.
    function registrySuccessor() external view returns (address);

    /// @notice The relay of this registry, the only contract whose word on who acts counts, see {IRelay}.
    /// @return Its address.
    function relay() external view returns (address);

    /// @notice Where the journal stands.
    /// @return count How many entries there are, modulo 2^31; the next one's number. The head goes on, whatever the
    /// number.
    /// @return head When there are none: `bytes28(keccak256(abi.encode(keccak256("credit-anchor/journal/1"), chainId,
    /// registry)))`. Twenty-eight bytes, so that head and length share a storage slot; a second history with the same
    /// head is 2^112 hashes of work even for somebody who chooses both.
    function journal() external view returns (uint64 count, bytes28 head);

    /// @notice `keccak256(abi.encode(keccak256("credit-anchor/v1"), chainId, registry))`: part of every leaf.
    /// @return The domain.
    function domain() external view returns (bytes32);
}

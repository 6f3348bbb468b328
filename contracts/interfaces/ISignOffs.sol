// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What auditors state about a registry
/// @notice Whoever holds the role *auditor* of the registry's authority records here how far it looked and what it
/// found. Statements are added, never changed or removed. Neither the registry's pause nor a delay of the role holds
/// them up: a statement changes nothing but what is known.
///
/// The contract refuses what the chain itself shows to be wrong, and vouches for nothing else: a journal's head at a
/// length that has passed is not known on chain, anybody with the events can compute it.
interface ISignOffs {
    /// @notice What came of an audit.
    /// - NoDifference: everything was compared, nothing differs.
    /// - NotAllCompared: nothing differs, and something could not be compared; the report says what.
    /// - Differences: something differs; the report says what.
    enum Outcome {
        NoDifference,
        NotAllCompared,
        Differences
    }

    /// @notice What an auditor states.
    /// @param journalLength Entries of the registry's journal that were audited.
    /// @param journalHead The journal's head at that length, as the auditor computed it.
    /// @param rolesLength Entries of the authority's journal of roles that were audited; 0 if none were.
    /// @param rolesHead Its head at that length; 0 if none were.
    /// @param blockNumber The block that the auditor looked at.
    /// @param blockHash Its hash.
    /// @param reportHash Hash of the signed report, docs/format.md.
    /// @param outcome What came of it.
    struct Statement {
        uint64 journalLength;
        bytes28 journalHead;
        uint64 rolesLength;
        bytes32 rolesHead;
        uint64 blockNumber;
        bytes32 blockHash;
        bytes32 reportHash;
        Outcome outcome;
    }

    /// @notice An auditor stated something.
    /// @param index Of the statement, from 0 without a gap.
    /// @param auditor Who.
    /// @param reportHash Of the report.
    /// @param statement What.
    event SignedOff(uint64 indexed index, address indexed auditor, bytes32 indexed reportHash, Statement statement);

    /// @dev The caller does not hold the role auditor of the registry's authority.
    error NotAuditor(address caller);
    /// @dev A report has a hash.
    error MissingReport();
    /// @dev More entries than there are.
    error JournalNotSoLong(uint64 stated, uint64 length);
    /// @dev The journal has exactly as many entries, and another head.
    error JournalHeadDiffers(bytes28 stated, bytes28 head);
    /// @dev More entries of roles than there are.
    error RolesNotSoLong(uint64 stated, uint64 length);
    /// @dev The journal of roles has exactly as many entries, and another head; or a head is stated of no entries.
    error RolesHeadDiffers(bytes32 stated, bytes32 head);
    /// @dev The block is not made yet.
    error BlockNotMade(uint64 stated, uint64 number);
    /// @dev The chain still knows the block's hash, and it is another.
    error BlockHashDiffers(bytes32 stated, bytes32 found);
    error NoSuchStatement(uint64 index);

    /// @notice Records a statement of the caller. By a holder of the role auditor, paused or not.
    /// @param statement What it states.
    /// @return index Of the statement.
    function signOff(Statement calldata statement) external returns (uint64 index);

    /// @notice How many statements were made.
    /// @return Their number.
    function count() external view returns (uint64);

    /// @notice A statement.
    /// @param index From 0.
    /// @return auditor Who made it.
    /// @return signedAt When, in seconds since 1970.
    /// @return statement What it says.
    function at(uint64 index) external view returns (address auditor, uint64 signedAt, Statement memory statement);

    /// @notice The registry that the statements are about.
    /// @return Its address.
    function registry() external view returns (address);
}

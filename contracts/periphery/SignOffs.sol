// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {IRegistryAuthority} from "../interfaces/IRegistryAuthority.sol";
import {ISignOffs} from "../interfaces/ISignOffs.sol";
import {Clock} from "../libraries/Clock.sol";

/// @title What auditors state about a registry
/// @notice See {ISignOffs}.
/// @dev Stands beside the registry, which does not know it. Asks the registry for its authority each time, so that a
/// new authority needs no step here, and asks for the role itself instead of being a target of the authority: nobody
/// can close it, and the auditor is always who calls.
contract SignOffs is ISignOffs {
    /// @dev Id of the role auditor, as `roleIds` of src/roles.ts has it.
    uint64 private constant AUDITOR = 5;

    /// @param signedAt Seconds since 1970.
    struct Entry {
        address auditor;
        uint64 signedAt;
        Statement statement;
    }

    ICreditRegistry private immutable REGISTRY;

    Entry[] private _entries;

    /// @notice Without a statement.
    /// @param registryAddress The registry that the statements will be about.
    constructor(address registryAddress) {
        REGISTRY = ICreditRegistry(registryAddress);
    }

    /// @inheritdoc ISignOffs
    function signOff(Statement calldata statement) external returns (uint64 index) {
        address authority = IAccessManaged(address(REGISTRY)).authority();
        (bool isAuditor, ) = IAccessManager(authority).hasRole(AUDITOR, msg.sender);
        if (!isAuditor) revert NotAuditor(msg.sender);
        if (statement.reportHash == 0) revert MissingReport();
        _checkJournal(statement.journalLength, statement.journalHead);
        _checkRoles(authority, statement.rolesLength, statement.rolesHead);
        _checkBlock(statement.blockNumber, statement.blockHash);
        index = uint64(_entries.length);
        _entries.push(Entry(msg.sender, Clock.time(), statement));
        emit SignedOff(index, msg.sender, statement.reportHash, statement);
    }

    /// @inheritdoc ISignOffs
    function count() external view returns (uint64) {
        return uint64(_entries.length);
    }

    /// @inheritdoc ISignOffs
    function at(uint64 index) external view returns (address auditor, uint64 signedAt, Statement memory statement) {
        if (index >= _entries.length) revert NoSuchStatement(index);
        Entry storage entry = _entries[index];
        return (entry.auditor, entry.signedAt, entry.statement);
    }

    /// @inheritdoc ISignOffs
    function registry() external view returns (address) {
        return address(REGISTRY);
    }

    function _checkJournal(uint64 length, bytes28 stated) private view {
        (uint64 present, bytes28 head) = REGISTRY.journal();
        if (length > present) revert JournalNotSoLong(length, present);
        if (length == present && stated != head) revert JournalHeadDiffers(stated, head);
    }

    /// @dev An authority that keeps no journal is not asked when nothing is stated about one.
    function _checkRoles(address authority, uint64 length, bytes32 stated) private view {
        if (length == 0) {
            if (stated != 0) revert RolesHeadDiffers(stated, 0);
            return;
        }
        (uint64 present, bytes32 head) = IRegistryAuthority(authority).journal();
        if (length > present) revert RolesNotSoLong(length, present);
        if (length == present && stated != head) revert RolesHeadDiffers(stated, head);
    }

    /// @dev The chain knows the hashes of the 256 blocks before this one; of all others they are 0. This one is let
    /// through: nodes try a call in the block that is the latest, which the auditor may have looked at.
    function _checkBlock(uint64 number, bytes32 stated) private view {
        if (number > block.number) revert BlockNotMade(number, uint64(block.number));
        bytes32 found = blockhash(number);
        if (found != 0 && found != stated) revert BlockHashDiffers(stated, found);
    }
}

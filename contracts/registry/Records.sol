// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {RecordHash} from "../libraries/RecordHash.sol";
import {Statuses} from "./Statuses.sol";

/// @title Records anchored directly, one a batch, for other contracts to read
/// @notice See {ICreditRegistry-anchorRecord}.
abstract contract Records is Statuses {
    /// @dev A struct, so that its slot is found once for reading and writing.
    /// @param version `batchId · 2^32 + version`, one word; zero if there is none.
    struct Last {
        uint256 version;
    }

    mapping(uint32 agencyId => mapping(bytes32 recordKey => Last)) private _latest;

    /// @inheritdoc ICreditRegistry
    function anchorRecord(
        uint32 agencyId,
        uint32 typeId,
        bytes20 previous,
        bytes32 recordKey,
        uint32 version,
        bytes32 commitment,
        bytes32 manifestHash
    ) external returns (uint64 batchId) {
        // A next version takes the last one out of force: that is a status move too.
        uint8 permissions = version > 1 ? ANCHOR_PERMISSION | STATUS_PERMISSION : ANCHOR_PERMISSION;
        if (_requireAnchoring(agencyId, typeId, permissions)) revert PersonalType(typeId);
        if (recordKey == 0) revert MissingRecordKey();
        if (commitment == 0) revert MissingCommitment();
        Last storage last = _latest[agencyId][recordKey];
        uint64 superseded = _requireNextVersion(last, recordKey, version);
        bytes32 leaf = RecordHash.leaf(DOMAIN, agencyId, typeId, recordKey, version, commitment);
        batchId = _anchor(agencyId, typeId, previous, 1, leaf, manifestHash);
        last.version = (uint256(batchId) << 32) | version;
        _emitRecordAnchored(batchId, recordKey, version, commitment, superseded);
    }

    /// @inheritdoc ICreditRegistry
    function latest(uint32 agencyId, bytes32 recordKey) external view returns (Latest memory) {
        uint256 last = _latest[agencyId][recordKey].version;
        uint64 batchId = uint64(last >> 32);
        return Latest(batchId, uint32(last), statusOf(batchId, 0));
    }

    /// @dev Reverts unless this is the record's next version. Supersedes the last one and returns its batch; zero if
    /// there is none or it was superseded before.
    function _requireNextVersion(
        Last storage latest_,
        bytes32 recordKey,
        uint32 version
    ) private returns (uint64 superseded) {
        uint256 last = latest_.version;
        uint32 expected = uint32(last) + 1;
        if (version != expected) revert WrongVersion(recordKey, expected, version);
        uint64 lastBatch = uint64(last >> 32);
        if (last != 0 && _supersedeVersion(recordKey, lastBatch)) return lastBatch;
    }

    /// @dev Reverts if the record has ended. False if the agency superseded this version before.
    function _supersedeVersion(bytes32 recordKey, uint64 batchId) private returns (bool) {
        Word storage word = _statusWord(batchId, 0);
        uint8 status = uint8(word.lanes);
        if (status & ERASED != 0 || status & 3 == uint8(Status.Withdrawn)) revert RecordEnded(recordKey, status);
        if (status & 3 == uint8(Status.Superseded)) return false;
        _supersedeOnlyLeaf(word, status);
        return true;
    }

    function _emitRecordAnchored(
        uint64 batchId,
        bytes32 recordKey,
        uint32 version,
        bytes32 commitment,
        uint64 superseded
    ) private {
        uint64 entry = _nextEntry();
        emit RecordAnchored(batchId, recordKey, version, commitment, superseded, entry);
        _extend(
            keccak256(
                abi.encode(
                    RecordAnchored.selector,
                    entry,
                    block.number,
                    _now(),
                    batchId,
                    recordKey,
                    version,
                    commitment,
                    superseded
                )
            )
        );
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {MerkleTree} from "../libraries/MerkleTree.sol";
import {RecordHash} from "../libraries/RecordHash.sol";
import {Agencies} from "./Agencies.sol";
import {RecordTypes} from "./RecordTypes.sol";

/// @title Batches of records, anchored by their root or by their leaves
/// @notice See {ICreditRegistry-Header}.
abstract contract Batches is Agencies, RecordTypes {
    bytes32 internal immutable DOMAIN = RecordHash.domain(address(this));

    mapping(uint64 batchId => bytes32) private _headerHashes;

    /// @inheritdoc ICreditRegistry
    function anchorRoot(
        uint32 agencyId,
        uint32 typeId,
        bytes20 previous,
        uint32 size,
        bytes32 root,
        bytes32 manifestHash
    ) external returns (uint64 batchId) {
        _requireAnchoring(agencyId, typeId, ANCHOR_PERMISSION);
        if (size == 0) revert EmptyBatch();
        if (root == 0) revert MissingRoot();
        return _anchor(agencyId, typeId, previous, size, root, manifestHash);
    }

    /// @inheritdoc ICreditRegistry
    function anchorLeaves(
        uint32 agencyId,
        uint32 typeId,
        bytes20 previous,
        bytes32[] calldata leaves,
        bytes32 manifestHash
    ) external returns (uint64 batchId) {
        _requireAnchoring(agencyId, typeId, ANCHOR_PERMISSION);
        uint256 size = leaves.length;
        if (size == 0) revert EmptyBatch();
        // 2^32 leaves do not fit into any block: the cast loses nothing.
        bytes32 root = MerkleTree.sortedRoot(leaves);
        return _anchor(agencyId, typeId, previous, uint32(size), root, manifestHash);
    }

    /// @inheritdoc ICreditRegistry
    function headerHashOf(uint64 batchId) public view returns (bytes32) {
        return _headerHashes[batchId];
    }

    /// @inheritdoc ICreditRegistry
    function domain() external view returns (bytes32) {
        return DOMAIN;
    }

    /// @dev Reverts unless the actor may anchor for this agency now, and the type exists. Whether it is personal.
    function _requireAnchoring(
        uint32 agencyId,
        uint32 typeId,
        uint8 permissions
    ) internal view returns (bool personal) {
        _requireNotPaused();
        personal = _requireType(typeId);
        _requireActing(agencyId, _actor(), permissions);
    }

    /// @dev Writes the next batch of the agency, if the caller builds on its last one.
    function _anchor(
        uint32 agencyId,
        uint32 typeId,
        bytes20 previous,
        uint32 size,
        bytes32 root,
        bytes32 manifestHash
    ) internal returns (uint64 batchId) {
        AgencyState storage state = _agencyStates[agencyId];
        uint32 sequence = state.batchCount;
        if (previous != state.lastBatch) revert StalePrevious(agencyId, state.lastBatch, previous);
        uint64 time = _now();
        address actor = _actor();
        batchId = _batchId(agencyId, sequence);
        bytes32 headerHash = keccak256(
            abi.encode(
                RecordHash.HEADER_TAG,
                RecordHash.FORMAT,
                agencyId,
                typeId,
                sequence,
                size,
                time,
                actor,
                previous,
                root,
                manifestHash
            )
        );
        _headerHashes[batchId] = headerHash;
        state.batchCount = sequence + 1;
        state.lastBatch = bytes20(headerHash);
        _emitBatchAnchored(batchId, typeId, actor, size, time, previous, root, manifestHash);
    }

    function _batchId(uint32 agencyId, uint32 sequence) internal pure returns (uint64) {
        return (uint64(agencyId) << 32) | sequence;
    }

    /// @dev Reverts unless the header is that of an anchored batch.
    function _requireHeader(Header calldata header) internal view returns (uint64 batchId) {
        batchId = _batchId(header.agencyId, header.sequence);
        bytes32 headerHash = RecordHash.headerHash(header);
        if (_headerHashes[batchId] != headerHash) revert UnknownBatch(batchId, headerHash);
    }

    function _emitBatchAnchored(
        uint64 batchId,
        uint32 typeId,
        address actor,
        uint32 size,
        uint64 time,
        bytes20 previous,
        bytes32 root,
        bytes32 manifestHash
    ) private {
        uint64 entry = _nextEntry();
        emit BatchAnchored(batchId, typeId, actor, size, time, previous, root, manifestHash, entry);
        _extend(
            keccak256(
                abi.encode(
                    BatchAnchored.selector,
                    entry,
                    block.number,
                    time,
                    batchId,
                    typeId,
                    actor,
                    size,
                    time,
                    previous,
                    root,
                    manifestHash
                )
            )
        );
    }
}

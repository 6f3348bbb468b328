// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {RecordHash} from "../libraries/RecordHash.sol";
import {Statuses} from "./Statuses.sol";

/// @title Records anchored directly, one a batch, for other contracts to read
abstract contract Records is Statuses {
    /// @dev One slot. The type is kept so that a next version of the same type need not be asked again whether it is
    /// personal: 2,100 gas a call.
    struct LatestVersion {
        uint64 batchId;
        uint32 version;
        uint32 typeId;
    }

    mapping(uint32 agencyId => mapping(bytes32 recordKey => LatestVersion)) private _latest;

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
        _requireAnchoring(agencyId, typeId);
        LatestVersion storage slot = _latest[agencyId][recordKey];
        LatestVersion memory last = slot;
        if (last.typeId != typeId) _requireImpersonalType(typeId);
        if (recordKey == 0) revert MissingRecordKey();
        if (commitment == 0) revert MissingCommitment();
        if (version != last.version + 1) revert WrongVersion(recordKey, last.version + 1, version);
        bool superseding = last.version != 0 && _canBeSuperseded(recordKey, last.batchId);

        bytes32 leaf = RecordHash.leaf(DOMAIN, agencyId, typeId, recordKey, version, commitment);
        batchId = _anchor(agencyId, typeId, previous, 1, leaf, manifestHash);
        _emitRecordAnchored(batchId, recordKey, version, commitment);
        if (superseding) _supersedeDirect(last.batchId, leaf);

        slot.batchId = batchId;
        slot.version = version;
        slot.typeId = typeId;
    }

    /// @inheritdoc ICreditRegistry
    function latest(uint32 agencyId, bytes32 recordKey) external view returns (Latest memory) {
        LatestVersion storage last = _latest[agencyId][recordKey];
        return Latest(last.batchId, last.version, statusOf(last.batchId, 0));
    }

    /// @dev False if the agency superseded it already; reverts if it has ended.
    function _canBeSuperseded(bytes32 recordKey, uint64 batchId) private view returns (bool) {
        uint8 status = statusOf(batchId, 0);
        if (status & ERASED != 0 || status & 7 == uint8(Status.Withdrawn)) revert RecordEnded(recordKey, status);
        return status & 7 != uint8(Status.Superseded);
    }

    function _emitRecordAnchored(uint64 batchId, bytes32 recordKey, uint32 version, bytes32 commitment) private {
        uint64 entry = _nextEntry();
        emit RecordAnchored(batchId, recordKey, version, commitment, entry);
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
                    commitment
                )
            )
        );
    }
}

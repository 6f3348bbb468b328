// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {Labels} from "../libraries/Labels.sol";
import {Journal} from "./Journal.sol";

/// @title Record types that the registry admits
/// @notice See {ICreditRegistry-RecordType}.
abstract contract RecordTypes is Journal {
    mapping(uint32 typeId => RecordType) private _types;
    mapping(bytes32 typeHash => uint32 typeId) private _typeIds;
    uint32 private _typeCount;

    /// @inheritdoc ICreditRegistry
    function admitType(
        bytes32 typeHash,
        bytes32 name,
        bool personal
    ) external restricted whenNotPaused returns (uint32 typeId) {
        if (typeHash == 0) revert MissingTypeHash();
        if (!Labels.isLabel(name)) revert InvalidTypeName(name);
        if (_typeIds[typeHash] != 0) revert TypeAlreadyAdmitted(typeHash, _typeIds[typeHash]);
        typeId = ++_typeCount;
        _typeIds[typeHash] = typeId;
        _types[typeId] = RecordType(typeHash, name, personal, _now());
        _emitTypeAdmitted(typeId, typeHash, name, personal);
    }

    /// @inheritdoc ICreditRegistry
    function recordType(uint32 typeId) external view returns (RecordType memory) {
        return _types[typeId];
    }

    /// @inheritdoc ICreditRegistry
    function typeIdOf(bytes32 typeHash) external view returns (uint32) {
        return _typeIds[typeHash];
    }

    /// @inheritdoc ICreditRegistry
    function typeCount() external view returns (uint32) {
        return _typeCount;
    }

    /// @dev Whether the type is personal. Reverts for one that does not exist.
    function _requireType(uint32 typeId) internal view returns (bool personal) {
        RecordType storage type_ = _types[typeId];
        if (type_.admittedAt == 0) revert UnknownType(typeId);
        return type_.personal;
    }

    function _emitTypeAdmitted(uint32 typeId, bytes32 typeHash, bytes32 name, bool personal) private {
        uint64 entry = _nextEntry();
        emit TypeAdmitted(typeId, typeHash, name, personal, entry);
        _extend(TypeAdmitted.selector, entry, typeId, uint256(typeHash), uint256(name), personal ? 1 : 0);
    }
}

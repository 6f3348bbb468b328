// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {Labels} from "../libraries/Labels.sol";
import {Journal} from "./Journal.sol";

/// @title Record types that the registry admits
abstract contract RecordTypes is Journal {
    /// @dev Ids run from 1 to the number of types, so that anchoring knows a type by the number alone and reads none of
    /// this; only direct records ask whether it is personal.
    struct TypeFacts {
        uint64 admittedAt;
        bool personal;
        bytes32 typeHash;
        bytes32 name;
    }

    mapping(uint32 typeId => TypeFacts) private _types;
    mapping(bytes32 typeHash => uint32 typeId) private _typeIds;

    /// @inheritdoc ICreditRegistry
    function admitType(
        bytes32 typeHash,
        bytes32 name,
        bool personal
    ) external restricted whenNotPaused returns (uint32 typeId) {
        if (typeHash == 0) revert MissingTypeHash();
        if (!Labels.isLabel(name)) revert InvalidTypeName(name);
        if (_typeIds[typeHash] != 0) revert TypeAlreadyAdmitted(typeHash, _typeIds[typeHash]);
        typeId = ++_book.typeCount;
        _typeIds[typeHash] = typeId;
        _types[typeId] = TypeFacts(_now(), personal, typeHash, name);
        _emitTypeAdmitted(typeId, typeHash, name, personal);
    }

    /// @inheritdoc ICreditRegistry
    function recordType(uint32 typeId) external view returns (RecordType memory) {
        TypeFacts storage facts = _types[typeId];
        return RecordType(facts.typeHash, facts.name, facts.personal, facts.admittedAt);
    }

    /// @inheritdoc ICreditRegistry
    function typeIdOf(bytes32 typeHash) external view returns (uint32) {
        return _typeIds[typeHash];
    }

    /// @inheritdoc ICreditRegistry
    function typeCount() external view returns (uint32) {
        return _book.typeCount;
    }

    function _requireType(uint32 typeId) internal view {
        if (typeId == 0 || typeId > _book.typeCount) revert UnknownType(typeId);
    }

    function _requireImpersonalType(uint32 typeId) internal view {
        if (_types[typeId].personal) revert PersonalType(typeId);
    }

    function _emitTypeAdmitted(uint32 typeId, bytes32 typeHash, bytes32 name, bool personal) private {
        uint64 entry = _nextEntry();
        emit TypeAdmitted(typeId, typeHash, name, personal, entry);
        _extend(
            keccak256(
                abi.encode(TypeAdmitted.selector, entry, block.number, _now(), typeId, typeHash, name, personal)
            )
        );
    }
}

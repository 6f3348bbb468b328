// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Positions} from "../libraries/Positions.sol";
import {Batches} from "./Batches.sol";

/// @title What became of a record
/// @dev One byte a leaf, thirty-two leaves a word; a call changes all its positions of one word together ({Lanes}).
abstract contract Statuses is Batches {
    uint8 internal constant ERASED = 8;
    uint8 private constant AGENCY_MARKS = 0x70;
    uint8 private constant ALL_MARKS = 0xf0;

    /// @dev What a call does to each of its positions.
    enum Change {
        Withdraw,
        Repair,
        RevokeRepair,
        Supersede,
        SetMarks,
        ClearMarks,
        Erase
    }

    mapping(uint64 batchId => mapping(uint32 word => uint256)) private _statuses;
    mapping(bytes32 proposal => address) private _proposers;

    /// @inheritdoc ICreditRegistry
    function withdraw(Header calldata header, bytes calldata positions, uint16 reason, bytes32 evidenceHash) external {
        uint64 batchId = _requireKeeping(header);
        _change(batchId, header.size, positions, Change.Withdraw, 0);
        _emitStatusChanged(batchId, Status.Withdrawn, positions, reason, evidenceHash);
    }

    /// @inheritdoc ICreditRegistry
    function repair(Header calldata header, bytes calldata positions, uint16 reason, bytes32 evidenceHash) external {
        uint64 batchId = _requireMoving(header);
        _change(batchId, header.size, positions, Change.Repair, 0);
        _emitStatusChanged(batchId, Status.Repaired, positions, reason, evidenceHash);
    }

    /// @inheritdoc ICreditRegistry
    function revokeRepair(
        Header calldata header,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) external {
        uint64 batchId = _requireMoving(header);
        _change(batchId, header.size, positions, Change.RevokeRepair, 0);
        _emitStatusChanged(batchId, Status.Active, positions, reason, evidenceHash);
    }

    /// @inheritdoc ICreditRegistry
    function supersede(
        Header calldata header,
        bytes calldata positions,
        bytes32[] calldata successors,
        uint16 reason,
        bytes32 evidenceHash
    ) external {
        uint64 batchId = _requireMoving(header);
        uint256 count = Positions.count(positions, header.size);
        if (count != successors.length) revert SuccessorsMismatch(count, successors.length);
        for (uint256 i = 0; i < count; ++i) {
            if (successors[i] == 0) revert MissingSuccessor(Positions.at(positions, i));
        }
        _change(batchId, header.size, positions, Change.Supersede, 0);
        _emitRecordsSuperseded(batchId, positions, successors, reason, evidenceHash);
    }

    /// @inheritdoc ICreditRegistry
    function setMarks(
        Header calldata header,
        bytes calldata positions,
        uint8 marks,
        uint16 reason,
        bytes32 evidenceHash
    ) external {
        _requireKeeping(header);
        _setMarks(header, positions, marks, AGENCY_MARKS, reason, evidenceHash);
    }

    /// @inheritdoc ICreditRegistry
    function clearMarks(
        Header calldata header,
        bytes calldata positions,
        uint8 marks,
        uint16 reason,
        bytes32 evidenceHash
    ) external {
        _requireKeeping(header);
        _clearMarks(header, positions, marks, AGENCY_MARKS, reason, evidenceHash);
    }

    /// @inheritdoc ICreditRegistry
    function arbiterSetMarks(
        Header calldata header,
        bytes calldata positions,
        uint8 marks,
        uint16 reason,
        bytes32 evidenceHash
    ) external restricted {
        _requireHeader(header);
        _setMarks(header, positions, marks, ALL_MARKS, reason, evidenceHash);
    }

    /// @inheritdoc ICreditRegistry
    function arbiterClearMarks(
        Header calldata header,
        bytes calldata positions,
        uint8 marks,
        uint16 reason,
        bytes32 evidenceHash
    ) external restricted {
        _requireHeader(header);
        _clearMarks(header, positions, marks, ALL_MARKS, reason, evidenceHash);
    }

    /// @inheritdoc ICreditRegistry
    function proposeErasure(
        Header calldata header,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) external returns (bytes32 proposal) {
        uint64 batchId = _requireMoving(header);
        Positions.count(positions, header.size);
        proposal = _proposal(batchId, positions, reason, evidenceHash);
        address proposer = _proposers[proposal];
        if (proposer != address(0) && _isOperator(header.agencyId, proposer, STATUS_PERMISSION)) {
            revert ErasureAlreadyProposed(proposal, proposer);
        }
        _proposers[proposal] = msg.sender;
        _emitErasureProposed(batchId, proposal);
    }

    /// @inheritdoc ICreditRegistry
    function confirmErasure(
        Header calldata header,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) external {
        uint64 batchId = _requireMoving(header);
        bytes32 proposal = _proposal(batchId, positions, reason, evidenceHash);
        address proposer = _proposers[proposal];
        if (proposer == address(0)) revert ErasureNotProposed(proposal);
        if (proposer == msg.sender) revert SecondOperatorNeeded(proposer);
        _requireOperator(header.agencyId, proposer, STATUS_PERMISSION);
        delete _proposers[proposal];
        _change(batchId, header.size, positions, Change.Erase, 0);
        _emitRecordsErased(batchId, proposer, positions, reason, evidenceHash);
    }

    /// @inheritdoc ICreditRegistry
    function statusOf(uint64 batchId, uint32 index) public view returns (uint8) {
        return uint8(_statuses[batchId][index >> 5] >> (8 * (index & 31)));
    }

    /// @inheritdoc ICreditRegistry
    function statusWord(uint64 batchId, uint32 word) external view returns (uint256) {
        return _statuses[batchId][word];
    }

    /// @dev Supersedes the only leaf of a direct batch.
    function _supersedeDirect(uint64 batchId, bytes32 successor) internal {
        _changeWord(batchId, 0, 1, Change.Supersede, 0);
        bytes32[] memory successors = new bytes32[](1);
        successors[0] = successor;
        // Eight zero bytes: the span from leaf 0 to leaf 0.
        _emitRecordsSuperseded(batchId, new bytes(8), successors, 0, 0);
    }

    /// @dev Moves of validity, withdrawing apart.
    function _requireMoving(Header calldata header) private view returns (uint64 batchId) {
        _requireNotPaused();
        batchId = _requireHeader(header);
        _requireActive(header.agencyId);
        _requireOperator(header.agencyId, msg.sender, STATUS_PERMISSION);
    }

    /// @dev Withdrawing and marking: also while the agency is suspended or the registry paused.
    function _requireKeeping(Header calldata header) private view returns (uint64 batchId) {
        batchId = _requireHeader(header);
        _requireNotClosed(header.agencyId);
        _requireOperator(header.agencyId, msg.sender, STATUS_PERMISSION);
    }

    function _setMarks(
        Header calldata header,
        bytes calldata positions,
        uint8 marks,
        uint8 allowed,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        if (marks == 0 || marks & ~allowed != 0) revert MarksNotAllowed(marks);
        uint64 batchId = _batchId(header.agencyId, header.sequence);
        _change(batchId, header.size, positions, Change.SetMarks, marks);
        _emitMarksSet(batchId, marks, positions, reason, evidenceHash);
    }

    function _clearMarks(
        Header calldata header,
        bytes calldata positions,
        uint8 marks,
        uint8 allowed,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        if (marks == 0 || marks & ~allowed != 0) revert MarksNotAllowed(marks);
        uint64 batchId = _batchId(header.agencyId, header.sequence);
        _change(batchId, header.size, positions, Change.ClearMarks, marks);
        _emitMarksCleared(batchId, marks, positions, reason, evidenceHash);
    }

    /// @dev Walks over the spans and changes each word once.
    function _change(uint64 batchId, uint32 size, bytes calldata positions, Change change, uint8 marks) private {
        uint256 number = Positions.spans(positions);
        uint256 from = 0;
        uint256 word = 0;
        uint256 lanes = 0;
        for (uint256 i = 0; i < number; ++i) {
            (uint256 first, uint256 last) = Positions.spanAt(positions, i, from, size);
            from = last + 1;
            while (first <= last) {
                uint256 end = first | 31;
                if (end > last) end = last;
                if (first >> 5 != word) {
                    if (lanes != 0) _changeWord(batchId, word, lanes, change, marks);
                    word = first >> 5;
                    lanes = 0;
                }
                lanes |= Lanes.span(first & 31, end & 31);
                first = end + 1;
            }
        }
        _changeWord(batchId, word, lanes, change, marks);
    }

    /// @dev Changes some lanes of one word, or reverts naming the first of them that must not change so.
    function _changeWord(uint64 batchId, uint256 word, uint256 lanes, Change change, uint8 marks) private {
        uint256 old = _statuses[batchId][uint32(word)];
        uint256 refused = Lanes.withBit(old, lanes, 3);
        uint256 low = Lanes.withBit(old, lanes, 0);
        uint256 high = Lanes.withBit(old, lanes, 1);
        uint256 changed;
        if (change == Change.Withdraw) {
            refused |= high & ~low;
            changed = (old & ~(lanes * 3)) | (lanes * uint8(Status.Withdrawn));
        } else if (change == Change.Supersede) {
            refused |= low ^ high;
            changed = (old & ~(lanes * 3)) | (lanes * uint8(Status.Superseded));
        } else if (change == Change.Repair) {
            refused |= low | high;
            changed = old | (lanes * uint8(Status.Repaired));
        } else if (change == Change.RevokeRepair) {
            refused |= lanes & ~(low & high);
            changed = old & ~(lanes * 3);
        } else if (change == Change.SetMarks) {
            refused |= lanes & ~Lanes.withAnyMark(~old, lanes, marks);
            changed = old | (lanes * marks);
        } else if (change == Change.ClearMarks) {
            refused |= lanes & ~Lanes.withAnyMark(old, lanes, marks);
            changed = old & ~(lanes * marks);
        } else {
            changed = old | (lanes * ERASED);
        }
        if (refused != 0) _refuse(word, old, refused, change);
        _statuses[batchId][uint32(word)] = changed;
    }

    function _refuse(uint256 word, uint256 old, uint256 refused, Change change) private pure {
        uint256 lane = Lanes.lowest(refused);
        uint32 position = uint32(32 * word + lane);
        uint8 current = uint8(old >> (8 * lane));
        if (change == Change.Withdraw) revert MoveNotAllowed(position, current, Status.Withdrawn);
        if (change == Change.Supersede) revert MoveNotAllowed(position, current, Status.Superseded);
        if (change == Change.Repair) revert MoveNotAllowed(position, current, Status.Repaired);
        if (change == Change.RevokeRepair) revert MoveNotAllowed(position, current, Status.Active);
        if (change == Change.Erase) revert AlreadyErased(position);
        revert MarksUnchanged(position, current);
    }

    function _proposal(
        uint64 batchId,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(batchId, positions, reason, evidenceHash));
    }

    function _emitStatusChanged(
        uint64 batchId,
        Status status,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        uint64 entry = _nextEntry();
        emit StatusChanged(batchId, status, msg.sender, positions, reason, evidenceHash, entry);
        _extend(
            keccak256(
                abi.encode(
                    StatusChanged.selector,
                    entry,
                    block.number,
                    _now(),
                    batchId,
                    status,
                    msg.sender,
                    positions,
                    reason,
                    evidenceHash
                )
            )
        );
    }

    function _emitRecordsSuperseded(
        uint64 batchId,
        bytes memory positions,
        bytes32[] memory successors,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        uint64 entry = _nextEntry();
        emit RecordsSuperseded(batchId, msg.sender, positions, successors, reason, evidenceHash, entry);
        _extend(
            keccak256(
                abi.encode(
                    RecordsSuperseded.selector,
                    entry,
                    block.number,
                    _now(),
                    batchId,
                    msg.sender,
                    positions,
                    successors,
                    reason,
                    evidenceHash
                )
            )
        );
    }

    function _emitMarksSet(
        uint64 batchId,
        uint8 marks,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        uint64 entry = _nextEntry();
        emit MarksSet(batchId, marks, msg.sender, positions, reason, evidenceHash, entry);
        _extendByMarks(MarksSet.selector, entry, batchId, marks, positions, reason, evidenceHash);
    }

    function _emitMarksCleared(
        uint64 batchId,
        uint8 marks,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        uint64 entry = _nextEntry();
        emit MarksCleared(batchId, marks, msg.sender, positions, reason, evidenceHash, entry);
        _extendByMarks(MarksCleared.selector, entry, batchId, marks, positions, reason, evidenceHash);
    }

    function _extendByMarks(
        bytes32 topic,
        uint64 entry,
        uint64 batchId,
        uint8 marks,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        _extend(
            keccak256(
                abi.encode(
                    topic,
                    entry,
                    block.number,
                    _now(),
                    batchId,
                    marks,
                    msg.sender,
                    positions,
                    reason,
                    evidenceHash
                )
            )
        );
    }

    function _emitErasureProposed(uint64 batchId, bytes32 proposal) private {
        uint64 entry = _nextEntry();
        emit ErasureProposed(batchId, proposal, msg.sender, entry);
        _extend(
            keccak256(
                abi.encode(ErasureProposed.selector, entry, block.number, _now(), batchId, proposal, msg.sender)
            )
        );
    }

    function _emitRecordsErased(
        uint64 batchId,
        address proposer,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        uint64 entry = _nextEntry();
        emit RecordsErased(batchId, proposer, msg.sender, positions, reason, evidenceHash, entry);
        _extend(
            keccak256(
                abi.encode(
                    RecordsErased.selector,
                    entry,
                    block.number,
                    _now(),
                    batchId,
                    proposer,
                    msg.sender,
                    positions,
                    reason,
                    evidenceHash
                )
            )
        );
    }
}

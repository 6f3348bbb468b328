// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Positions} from "../libraries/Positions.sol";
import {Batches} from "./Batches.sol";

/// @title What became of a record
/// @notice See {ICreditRegistry-Status}.
/// @dev One byte a leaf, thirty-two leaves a word; a call changes all its positions of one word together ({Lanes}).
abstract contract Statuses is Batches {
    uint8 internal constant ERASED = 8;
    uint8 private constant STATUS_BITS = 3;
    uint8 private constant AGENCY_MARKS = 0x70;
    uint8 private constant ALL_MARKS = 0xf0;

    /// @dev What a call does to each of its status bytes. `inForceOnly` is all ones or zero: a mask, not a flag.
    struct Change {
        uint256 cleared;
        uint256 set;
        uint256 inForceOnly;
    }

    /// @dev A struct, so that the slot of a word is found once for reading and writing.
    struct Word {
        uint256 lanes;
    }

    mapping(uint64 batchId => mapping(uint256 index => Word)) private _statuses;
    mapping(bytes32 proposal => address) private _proposers;

    /// @inheritdoc ICreditRegistry
    function withdraw(Header calldata header, bytes calldata positions, uint16 reason, bytes32 evidenceHash) external {
        uint64 batchId = _requireKeeping(header);
        _change(batchId, header.size, positions, STATUS_BITS, uint8(Status.Withdrawn), false);
        _emitStatusChanged(batchId, Status.Withdrawn, positions, reason, evidenceHash);
    }

    /// @inheritdoc ICreditRegistry
    function repair(Header calldata header, bytes calldata positions, uint16 reason, bytes32 evidenceHash) external {
        uint64 batchId = _requireMoving(header);
        _change(batchId, header.size, positions, STATUS_BITS, uint8(Status.Repaired), true);
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
        _change(batchId, header.size, positions, STATUS_BITS, uint8(Status.Active), true);
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
        _change(batchId, header.size, positions, STATUS_BITS, uint8(Status.Superseded), true);
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
        _mark(header, positions, marks, AGENCY_MARKS, true, reason, evidenceHash);
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
        _mark(header, positions, marks, AGENCY_MARKS, false, reason, evidenceHash);
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
        _mark(header, positions, marks, ALL_MARKS, true, reason, evidenceHash);
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
        _mark(header, positions, marks, ALL_MARKS, false, reason, evidenceHash);
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
        if (proposer != address(0) && _isOperator(actingAgency(header.agencyId), proposer, STATUS_PERMISSION)) {
            revert ErasureAlreadyProposed(proposal, proposer);
        }
        _proposers[proposal] = _actor();
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
        if (proposer == _actor()) revert SecondOperatorNeeded(proposer);
        _requireOperator(actingAgency(header.agencyId), proposer, STATUS_PERMISSION);
        delete _proposers[proposal];
        _change(batchId, header.size, positions, 0, ERASED, false);
        _emitRecordsErased(batchId, proposer, positions, reason, evidenceHash);
    }

    /// @inheritdoc ICreditRegistry
    function statusOf(uint64 batchId, uint32 index) public view returns (uint8) {
        return uint8(_statuses[batchId][index >> 5].lanes >> (8 * (index & 31)));
    }

    /// @inheritdoc ICreditRegistry
    function statusWord(uint64 batchId, uint32 word) external view returns (uint256) {
        return _statuses[batchId][word].lanes;
    }

    function _statusWord(uint64 batchId, uint256 index) internal view returns (Word storage) {
        return _statuses[batchId][index];
    }

    /// @dev Supersedes the only leaf of a direct batch; the caller has checked that its status allows it.
    function _supersedeOnlyLeaf(Word storage word, uint8 status) internal {
        word.lanes = (status & ~STATUS_BITS) | uint8(Status.Superseded);
    }

    /// @dev Moves of validity, withdrawing apart.
    function _requireMoving(Header calldata header) private view returns (uint64 batchId) {
        _requireNotPaused();
        batchId = _requireHeader(header);
        _requireActing(header.agencyId, _actor(), STATUS_PERMISSION);
    }

    /// @dev Withdrawing and marking: also while the agency is suspended or the registry paused.
    function _requireKeeping(Header calldata header) private view returns (uint64 batchId) {
        batchId = _requireHeader(header);
        _requireActingOrSuspended(header.agencyId, _actor(), STATUS_PERMISSION);
    }

    function _mark(
        Header calldata header,
        bytes calldata positions,
        uint8 marks,
        uint8 allowed,
        bool setting,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        if (marks == 0) revert MarksNotAllowed(marks);
        if (marks & ~allowed != 0) revert MarksNotAllowed(marks);
        uint64 batchId = _batchId(header.agencyId, header.sequence);
        _change(batchId, header.size, positions, setting ? 0 : marks, setting ? marks : 0, false);
        if (setting) _emitMarksSet(batchId, marks, positions, reason, evidenceHash);
        else _emitMarksCleared(batchId, marks, positions, reason, evidenceHash);
    }

    /// @dev In each status byte that `positions` name, clears some bits and sets others, or reverts naming the first
    /// position that may not change so. The rules: an erased record never changes; each position must change; and with
    /// `inForceOnly` only what is Active or Repaired changes. With the calls there are, this is the whole table of
    /// moves.
    function _change(
        uint64 batchId,
        uint32 size,
        bytes calldata positions,
        uint8 cleared,
        uint8 set,
        bool inForceOnly
    ) private {
        _changeAll(_statuses[batchId], size, positions, Change(cleared, set, inForceOnly ? type(uint256).max : 0));
    }

    /// @dev Walks over the spans, a word at a time.
    function _changeAll(
        mapping(uint256 index => Word) storage words,
        uint32 size,
        bytes calldata positions,
        Change memory change
    ) private {
        uint256 number = Positions.spans(positions);
        uint256 next = 0;
        unchecked {
            for (uint256 i = 0; i < number; ++i) {
                (uint256 first, uint256 last) = Positions.spanAt(positions, i, next, size);
                next = last + 1;
                uint256 end = last >> 5;
                uint256 lanes = Lanes.from(Lanes.ALL, first & 31);
                for (uint256 index = first >> 5; index < end; ++index) {
                    _changeWord(words, index, lanes, change);
                    lanes = Lanes.ALL;
                }
                _changeWord(words, end, Lanes.upTo(lanes, last & 31), change);
            }
        }
    }

    /// @dev Changes some lanes of one word together. Of the two low bits of a status byte exactly one is set when the
    /// record is Superseded or Withdrawn, that is, not in force.
    function _changeWord(
        mapping(uint256 index => Word) storage words,
        uint256 index,
        uint256 lanes,
        Change memory change
    ) private {
        unchecked {
            Word storage word = words[index];
            uint256 old = word.lanes;
            uint256 changed = (old & ~(lanes * change.cleared)) | (lanes * change.set);
            uint256 refused = (old >> 3) | ~Lanes.nonZero(old ^ changed);
            refused |= (old ^ (old >> 1)) & change.inForceOnly;
            refused &= lanes;
            if (refused != 0) _refuse(index, old, refused, change);
            word.lanes = changed;
        }
    }

    function _refuse(uint256 index, uint256 old, uint256 refused, Change memory change) private pure {
        uint256 lane = Lanes.lowest(refused);
        uint32 position = uint32(32 * index + lane);
        uint8 current = uint8(old >> (8 * lane));
        if (change.cleared == STATUS_BITS) revert MoveNotAllowed(position, current, Status(change.set));
        if (change.set == ERASED) revert AlreadyErased(position);
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
        emit StatusChanged(batchId, status, _actor(), positions, reason, evidenceHash, entry);
        _extendByChange(StatusChanged.selector, entry, batchId, uint8(status), positions, reason, evidenceHash);
    }

    function _emitRecordsSuperseded(
        uint64 batchId,
        bytes calldata positions,
        bytes32[] calldata successors,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        uint64 entry = _nextEntry();
        emit RecordsSuperseded(batchId, _actor(), positions, successors, reason, evidenceHash, entry);
        _extend(
            keccak256(
                abi.encode(
                    RecordsSuperseded.selector,
                    entry,
                    block.number,
                    _now(),
                    batchId,
                    _actor(),
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
        emit MarksSet(batchId, marks, _actor(), positions, reason, evidenceHash, entry);
        _extendByChange(MarksSet.selector, entry, batchId, marks, positions, reason, evidenceHash);
    }

    function _emitMarksCleared(
        uint64 batchId,
        uint8 marks,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        uint64 entry = _nextEntry();
        emit MarksCleared(batchId, marks, _actor(), positions, reason, evidenceHash, entry);
        _extendByChange(MarksCleared.selector, entry, batchId, marks, positions, reason, evidenceHash);
    }

    function _emitErasureProposed(uint64 batchId, bytes32 proposal) private {
        uint64 entry = _nextEntry();
        emit ErasureProposed(batchId, proposal, _actor(), entry);
        _extend(ErasureProposed.selector, entry, batchId, uint256(proposal), uint160(_actor()));
    }

    function _emitRecordsErased(
        uint64 batchId,
        address proposer,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        uint64 entry = _nextEntry();
        emit RecordsErased(batchId, proposer, _actor(), positions, reason, evidenceHash, entry);
        _extendByChange(RecordsErased.selector, entry, batchId, uint160(proposer), positions, reason, evidenceHash);
    }

    /// @dev Journals the events of one shape. `what` is their second field, one word: status, marks or proposer.
    function _extendByChange(
        bytes32 topic,
        uint64 entry,
        uint64 batchId,
        uint256 what,
        bytes calldata positions,
        uint16 reason,
        bytes32 evidenceHash
    ) private {
        _extend(
            keccak256(
                abi.encode(topic, entry, block.number, _now(), batchId, what, _actor(), positions, reason, evidenceHash)
            )
        );
    }
}

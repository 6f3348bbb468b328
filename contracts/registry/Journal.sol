// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {Clock} from "../libraries/Clock.sol";
import {Relay} from "../periphery/Relay.sol";

/// @title The running hash over every accepted change, who acts, and the pause
/// @notice See {ICreditRegistry-journal}.
/// @dev How a change is journaled: one private function for each event reads {_nextEntry}, emits the event with that
/// number as its last field and hands {_extend} the hash of the same fields. No event is emitted anywhere else, so an
/// event that does not extend the head cannot come about by calling the wrong thing.
abstract contract Journal is ICreditRegistry, AccessManaged {
    /// @dev One storage slot, which every change reads and writes: a head of 32 bytes in a slot of its own would cost
    /// each of them 5,000 gas more.
    /// @param lengthAndPause Twice the number of entries, plus one while the registry is paused.
    struct Book {
        bytes28 head;
        uint32 lengthAndPause;
    }

    bytes32 private constant JOURNAL_TAG = keccak256("credit-anchor/journal/1");

    /// @dev Made here, so that neither can exist without the other and nobody can put another in its place.
    Relay private immutable RELAY = new Relay();

    Book internal _book;

    constructor() {
        _book.head = bytes28(keccak256(abi.encode(JOURNAL_TAG, block.chainid, address(this))));
    }

    modifier whenNotPaused() {
        _requireNotPaused();
        _;
    }

    /// @inheritdoc ICreditRegistry
    function pause(uint16 reason) external restricted whenNotPaused {
        ++_book.lengthAndPause;
        _emitPaused(reason);
    }

    /// @inheritdoc ICreditRegistry
    function unpause(uint16 reason) external restricted {
        if (!paused()) revert RegistryNotPaused();
        --_book.lengthAndPause;
        _emitUnpaused(reason);
    }

    /// @notice Replaces the authority that decides who may call the restricted functions. By the present authority.
    /// @param newAuthority A contract.
    function setAuthority(address newAuthority) public override {
        super.setAuthority(newAuthority);
        _emitAuthorityChanged(newAuthority);
    }

    /// @inheritdoc ICreditRegistry
    function paused() public view returns (bool) {
        return _book.lengthAndPause & 1 == 1;
    }

    /// @inheritdoc ICreditRegistry
    function journal() external view returns (uint64 count, bytes28 head) {
        return (_nextEntry(), _book.head);
    }

    /// @inheritdoc ICreditRegistry
    function relay() external view returns (address) {
        return address(RELAY);
    }

    /// @dev The operator who acts: the caller, or who signed what the relay carries. Only calls of operators may ask
    /// this; everything else goes by `msg.sender`.
    function _actor() internal view returns (address) {
        if (msg.sender != address(RELAY)) return msg.sender;
        return address(bytes20(msg.data[msg.data.length - 20:]));
    }

    /// @dev Number of the entry that the next call of {_extend} writes.
    function _nextEntry() internal view returns (uint64) {
        return _book.lengthAndPause >> 1;
    }

    /// @dev The hash of an event whose fields are one word each, for the events that are rare: shared, so that the
    /// contract stays small. A field that is narrower than a word is encoded as that word.
    function _extend(bytes32 topic, uint64 entry, uint256 a, uint256 b) internal {
        _extend(keccak256(abi.encode(topic, entry, block.number, _now(), a, b)));
    }

    /// @dev The same with more fields.
    function _extend(bytes32 topic, uint64 entry, uint256 a, uint256 b, uint256 c) internal {
        _extend(keccak256(abi.encode(topic, entry, block.number, _now(), a, b, c)));
    }

    /// @dev The same with more fields.
    function _extend(bytes32 topic, uint64 entry, uint256 a, uint256 b, uint256 c, uint256 d) internal {
        _extend(keccak256(abi.encode(topic, entry, block.number, _now(), a, b, c, d)));
    }

    /// @dev The same with more fields.
    function _extend(bytes32 topic, uint64 entry, uint256 a, uint256 b, uint256 c, uint256 d, uint256 e) internal {
        _extend(keccak256(abi.encode(topic, entry, block.number, _now(), a, b, c, d, e)));
    }

    /// @dev Writes entry number {_nextEntry}.
    function _extend(bytes32 entryHash) internal {
        Book storage book = _book;
        // After 2^31 entries the numbers begin again at 0, and the pause bit stays. Refusing instead would let whoever
        // may make that many changes (eleven days of full blocks where gas is free) stop the registry for everybody.
        unchecked {
            book.lengthAndPause += 2;
        }
        book.head = bytes28(Hashes.efficientKeccak256(book.head, entryHash));
    }

    function _requireNotPaused() internal view {
        if (paused()) revert RegistryPaused();
    }

    /// @dev See {Clock}.
    function _now() internal view returns (uint64) {
        return Clock.time();
    }

    function _emitPaused(uint16 reason) private {
        uint64 entry = _nextEntry();
        emit Paused(reason, msg.sender, entry);
        _extend(Paused.selector, entry, reason, uint160(msg.sender));
    }

    function _emitUnpaused(uint16 reason) private {
        uint64 entry = _nextEntry();
        emit Unpaused(reason, msg.sender, entry);
        _extend(Unpaused.selector, entry, reason, uint160(msg.sender));
    }

    function _emitAuthorityChanged(address newAuthority) private {
        uint64 entry = _nextEntry();
        emit AuthorityChanged(newAuthority, entry);
        _extend(keccak256(abi.encode(AuthorityChanged.selector, entry, block.number, _now(), newAuthority)));
    }
}

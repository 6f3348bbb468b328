// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";

/// @title Leaf indexes in bulk, written as spans
/// @notice Eight bytes a span: its first and its last index, both included, as big-endian uint32. Spans follow each
/// other in strictly ascending order and do not overlap. 256 neighbouring leaves take eight bytes, a single leaf too.
library Positions {
    uint256 private constant SPAN = 8;

    /// @notice Number of spans.
    /// @param positions Reverts unless a positive multiple of eight bytes long.
    /// @return Number of spans.
    function spans(bytes calldata positions) internal pure returns (uint256) {
        uint256 length = positions.length;
        if (length == 0 || length % SPAN != 0) revert ICreditRegistry.InvalidPositions(length);
        return length / SPAN;
    }

    /// @notice One span.
    /// @param positions The spans.
    /// @param index Of the span, within bounds.
    /// @param from First index that is still allowed: one after the last index of the span before.
    /// @param size Number of leaves of the batch.
    /// @return first Its first index.
    /// @return last Its last index. Reverts if it is before `first` or outside of the batch.
    function spanAt(
        bytes calldata positions,
        uint256 index,
        uint256 from,
        uint32 size
    ) internal pure returns (uint256 first, uint256 last) {
        uint256 packed;
        unchecked {
            packed = uint64(bytes8(positions[SPAN * index:]));
        }
        first = packed >> 32;
        last = uint32(packed);
        if (first < from) revert ICreditRegistry.PositionsOutOfOrder(uint32(first));
        if (last < first) revert ICreditRegistry.PositionsOutOfOrder(uint32(last));
        if (last >= size) revert ICreditRegistry.PositionOutOfRange(uint32(last), size);
    }

    /// @notice Number of indexes in all spans.
    /// @param positions The spans; all checked.
    /// @param size Number of leaves of the batch.
    /// @return total Number of indexes.
    function count(bytes calldata positions, uint32 size) internal pure returns (uint256 total) {
        uint256 number = spans(positions);
        uint256 from = 0;
        for (uint256 i = 0; i < number; ++i) {
            (uint256 first, uint256 last) = spanAt(positions, i, from, size);
            total += last - first + 1;
            from = last + 1;
        }
    }

    /// @notice The index at one place of the enumeration of all spans.
    /// @param positions Spans that were counted before.
    /// @param place Below the count.
    /// @return The index.
    function at(bytes calldata positions, uint256 place) internal pure returns (uint32) {
        (uint256 first, uint256 last) = spanAt(positions, 0, 0, type(uint32).max);
        for (uint256 i = 1; place > last - first; ++i) {
            place -= last - first + 1;
            (first, last) = spanAt(positions, i, 0, type(uint32).max);
        }
        return uint32(first + place);
    }
}

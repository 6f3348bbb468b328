// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Thirty-two status bytes in one word, changed together
/// @notice A *lane* is one byte of the word; lane 0 is the lowest. A *set of lanes* is a word with 0x01 in each lane
/// that belongs to it and 0x00 elsewhere. Everything here works on all chosen lanes at once.
library Lanes {
    /// @notice All thirty-two lanes.
    uint256 internal constant ALL = type(uint256).max / 0xff;

    /// @notice Lanes `first` to `last`, both included.
    /// @param first 0 to 31.
    /// @param last `first` to 31.
    /// @return The set.
    function span(uint256 first, uint256 last) internal pure returns (uint256) {
        unchecked {
            return ((ALL << (8 * first)) & (ALL >> (8 * (31 - last))));
        }
    }

    /// @notice The same byte in each of the lanes.
    /// @param lanes A set of lanes.
    /// @param value The byte.
    /// @return The word.
    function fill(uint256 lanes, uint8 value) internal pure returns (uint256) {
        unchecked {
            return lanes * value;
        }
    }

    /// @notice Those of the lanes in which one bit is set.
    /// @param word Status bytes.
    /// @param lanes A set of lanes.
    /// @param bit 0 to 7.
    /// @return The subset.
    function withBit(uint256 word, uint256 lanes, uint256 bit) internal pure returns (uint256) {
        return (word >> bit) & lanes;
    }

    /// @notice Those of the lanes in which at least one of some bits is set.
    /// @param word Status bytes.
    /// @param lanes A set of lanes.
    /// @param marks A bit set of bits 4 to 7.
    /// @return The subset.
    function withAnyMark(uint256 word, uint256 lanes, uint8 marks) internal pure returns (uint256) {
        uint256 present = word & fill(lanes, marks);
        return ((present >> 4) | (present >> 5) | (present >> 6) | (present >> 7)) & lanes;
    }

    /// @notice The lowest of a set of lanes.
    /// @param lanes Not empty.
    /// @return lane Its number.
    function lowest(uint256 lanes) internal pure returns (uint256 lane) {
        while ((lanes >> (8 * lane)) & 0xff == 0) ++lane;
    }
}

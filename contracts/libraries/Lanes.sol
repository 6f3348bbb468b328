// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Thirty-two status bytes in one word, changed together
/// @notice A *lane* is one byte of the word; lane 0 is the lowest. A *set of lanes* is a word with 0x01 in each lane
/// that belongs to it and 0x00 elsewhere. Everything here works on all chosen lanes at once.
library Lanes {
    /// @notice All thirty-two lanes.
    uint256 internal constant ALL = type(uint256).max / 0xff;

    /// @notice Those of some lanes that are not below one of them.
    /// @param lanes A set of lanes.
    /// @param first 0 to 31.
    /// @return The subset.
    function from(uint256 lanes, uint256 first) internal pure returns (uint256) {
        unchecked {
            return lanes & (ALL << (8 * first));
        }
    }

    /// @notice Those of some lanes that are not above one of them.
    /// @param lanes A set of lanes.
    /// @param last 0 to 31.
    /// @return The subset.
    function upTo(uint256 lanes, uint256 last) internal pure returns (uint256) {
        unchecked {
            return lanes & (ALL >> (8 * (31 - last)));
        }
    }

    /// @notice Lanes that are not zero.
    /// @param word Any word.
    /// @return The set.
    function nonZero(uint256 word) internal pure returns (uint256) {
        word |= word >> 4;
        word |= word >> 2;
        word |= word >> 1;
        return word & ALL;
    }

    /// @notice The lowest of a set of lanes.
    /// @param lanes Not empty.
    /// @return lane Its number.
    function lowest(uint256 lanes) internal pure returns (uint256 lane) {
        while (uint8(lanes) == 0) (lanes, lane) = (lanes >> 8, lane + 1);
    }
}

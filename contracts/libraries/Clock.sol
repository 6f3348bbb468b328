// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The time of the block in seconds
/// @notice Some permissioned chains count milliseconds; everything stored or compared here is in seconds.
library Clock {
    /// @dev Above this a block time is in milliseconds: in seconds it is the year 5138.
    uint256 private constant LAST_PLAUSIBLE_SECOND = 1e11;

    /// @notice Seconds since 1970, on chains that count milliseconds too.
    /// @return The time.
    function time() internal view returns (uint64) {
        return uint64(countsMilliseconds() ? block.timestamp / 1000 : block.timestamp);
    }

    /// @notice Whether the chain counts milliseconds.
    /// @return Whether it does.
    function countsMilliseconds() internal view returns (bool) {
        return block.timestamp > LAST_PLAUSIBLE_SECOND;
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Asks many views in one call
/// @notice For tests only.
contract ViewBatch {
    /// @notice Asks.
    /// @param questions Each an address, twenty bytes, and the call to it.
    /// @return answers What each returned, or reverted with.
    function ask(bytes[] calldata questions) external view returns (bytes[] memory answers) {
        answers = new bytes[](questions.length);
        for (uint256 i = 0; i < questions.length; ++i) {
            address target = address(bytes20(questions[i]));
            // solhint-disable-next-line avoid-low-level-calls
            (, answers[i]) = target.staticcall(questions[i][20:]);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Short public names in one word
/// @notice Codes of agencies and names of types.
library Labels {
    /// @notice Whether a word holds 1 to 31 printable ASCII characters other than the space, left-aligned and followed
    /// by zero bytes only: one name, one word.
    /// @param label The word.
    /// @return Whether it is a label.
    function isLabel(bytes32 label) internal pure returns (bool) {
        if (label[0] == 0 || label[31] != 0) return false;
        bool ended = false;
        for (uint256 i = 0; i < 31; ++i) {
            bytes1 character = label[i];
            if (character == 0) ended = true;
            else if (ended || character <= 0x20 || character >= 0x7f) return false;
        }
        return true;
    }
}

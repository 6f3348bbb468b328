// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A contract wallet of one owner, which can be told to misbehave
/// @notice For tests of ERC-1271 only.
contract WalletMock is IERC1271 {
    address private immutable OWNER;
    uint8 private _mode;

    /// @notice Makes a wallet.
    /// @param owner Whose signatures it accepts.
    constructor(address owner) {
        OWNER = owner;
    }

    /// @notice How it answers.
    /// @param mode 0 as ERC-1271 says, 1 with too few bytes, 2 with another word.
    function setMode(uint8 mode) external {
        _mode = mode;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (_mode == 1) {
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                return(0, 4)
            }
        }
        if (_mode == 2) return 0x12345678;
        return ECDSA.recover(hash, signature) == OWNER ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {Journal} from "./Journal.sol";

/// @title The registry that comes after this one
/// @notice See {ICreditRegistry-nameRegistrySuccessor}.
abstract contract Successor is Journal {
    address private _registrySuccessor;

    /// @inheritdoc ICreditRegistry
    function nameRegistrySuccessor(address successor) external restricted {
        if (_registrySuccessor != address(0)) revert RegistryAlreadySucceeded(_registrySuccessor);
        if (successor == address(this) || successor.code.length == 0) revert InvalidAddress(successor);
        _registrySuccessor = successor;
        _emitRegistrySucceeded(successor);
    }

    /// @inheritdoc ICreditRegistry
    function registrySuccessor() external view returns (address) {
        return _registrySuccessor;
    }

    function _emitRegistrySucceeded(address successor) private {
        uint64 entry = _nextEntry();
        emit RegistrySucceeded(successor, msg.sender, entry);
        _extend(RegistrySucceeded.selector, entry, uint160(successor), uint160(msg.sender));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IRegistryAuthority} from "./interfaces/IRegistryAuthority.sol";
import {Clock} from "./libraries/Clock.sol";

/// @title Who may do what as the NDRC, journaled
/// @notice See {IRegistryAuthority}.
/// @dev Every change of who holds which role, of its administrators, guardians and delays, and of what a role may call
/// goes through one of the internal functions that are overridden here. What is scheduled, executed and cancelled is
/// told by AccessManager's own events alone.
contract RegistryAuthority is AccessManager, IRegistryAuthority {
    bytes32 private constant JOURNAL_TAG = keccak256("credit-anchor/roles/1");

    uint64 private _count;
    bytes32 private _head;

    /// @notice Deploys an authority with one administrator.
    /// @param initialAdmin Who may do everything until roles are given.
    constructor(address initialAdmin) AccessManager(initialAdmin) {}

    /// @inheritdoc IRegistryAuthority
    function journal() external view returns (uint64 count, bytes32 head) {
        return (_count, _currentHead());
    }

    /// @inheritdoc IAccessManager
    function expiration() public view override(AccessManager, IAccessManager) returns (uint32) {
        return _inChainTime(super.expiration());
    }

    /// @inheritdoc IAccessManager
    function minSetback() public view override(AccessManager, IAccessManager) returns (uint32) {
        return _inChainTime(super.minSetback());
    }

    function _grantRole(
        uint64 roleId,
        address account,
        uint32 grantDelay,
        uint32 executionDelay
    ) internal override returns (bool newMember) {
        newMember = super._grantRole(roleId, account, grantDelay, executionDelay);
        _note(IAccessManager.grantRole.selector, abi.encode(roleId, account, grantDelay, executionDelay));
    }

    function _revokeRole(uint64 roleId, address account) internal override returns (bool wasMember) {
        wasMember = super._revokeRole(roleId, account);
        if (wasMember) _note(IAccessManager.revokeRole.selector, abi.encode(roleId, account));
    }

    function _setRoleAdmin(uint64 roleId, uint64 admin) internal override {
        super._setRoleAdmin(roleId, admin);
        _note(IAccessManager.setRoleAdmin.selector, abi.encode(roleId, admin));
    }

    function _setRoleGuardian(uint64 roleId, uint64 guardian) internal override {
        super._setRoleGuardian(roleId, guardian);
        _note(IAccessManager.setRoleGuardian.selector, abi.encode(roleId, guardian));
    }

    function _setGrantDelay(uint64 roleId, uint32 newDelay) internal override {
        super._setGrantDelay(roleId, newDelay);
        _note(IAccessManager.setGrantDelay.selector, abi.encode(roleId, newDelay));
    }

    function _setTargetFunctionRole(address target, bytes4 selector, uint64 roleId) internal override {
        super._setTargetFunctionRole(target, selector, roleId);
        _note(IAccessManager.setTargetFunctionRole.selector, abi.encode(target, selector, roleId));
    }

    function _setTargetAdminDelay(address target, uint32 newDelay) internal override {
        super._setTargetAdminDelay(target, newDelay);
        _note(IAccessManager.setTargetAdminDelay.selector, abi.encode(target, newDelay));
    }

    function _setTargetClosed(address target, bool closed) internal override {
        super._setTargetClosed(target, closed);
        _note(IAccessManager.setTargetClosed.selector, abi.encode(target, closed));
    }

    /// @dev Writes an entry. AccessManager's constructor grants a role before anything of this contract is initialised:
    /// so the first head is computed, not stored.
    function _note(bytes4 act, bytes memory arguments) private {
        uint64 entry = _count;
        bytes32 head = _currentHead();
        _count = entry + 1;
        emit RoleJournaled(entry, act, arguments);
        bytes32 entryHash = keccak256(
            abi.encode(RoleJournaled.selector, entry, block.number, Clock.time(), act, arguments)
        );
        _head = keccak256(abi.encode(head, entryHash));
    }

    function _currentHead() private view returns (bytes32) {
        return _count == 0 ? keccak256(abi.encode(JOURNAL_TAG, block.chainid, address(this))) : _head;
    }

    /// @dev AccessManager counts delays in the chain's unit, which may be milliseconds.
    function _inChainTime(uint32 delay) private view returns (uint32) {
        return Clock.countsMilliseconds() ? delay * 1000 : delay;
    }
}

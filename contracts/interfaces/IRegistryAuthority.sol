// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @title Who may do what as the NDRC, journaled
/// @notice OpenZeppelin's AccessManager with a journal: every accepted change of a role, of its delays, guardian and
/// administrator, and of which function asks for which role, is one entry of a running hash. Who holds a head obtained
/// elsewhere can prove from logs alone who held which role when, and that nothing is missing.
///
/// `head₀ = keccak256(abi.encode(keccak256("credit-anchor/roles/1"), chainId, authority))`, and each entry makes
/// `head = keccak256(abi.encode(head, entryHash))` with
/// `entryHash = keccak256(abi.encode(topic0 of RoleJournaled, entry, block.number, time, act, arguments))`.
interface IRegistryAuthority is IAccessManager {
    /// @notice A change was accepted.
    /// @param entry Its number, from 0.
    /// @param act Selector of the function of {IAccessManager} that makes such a change: `grantRole`, `revokeRole`,
    /// `setRoleAdmin`, `setRoleGuardian`, `setGrantDelay`, `setTargetFunctionRole`, `setTargetAdminDelay`,
    /// `setTargetClosed`. A role that its holder renounced is a `revokeRole`.
    /// @param arguments Its arguments, ABI-encoded; of `setTargetFunctionRole` one function an entry:
    /// `(address target, bytes4 selector, uint64 roleId)`; of `grantRole` also the grant delay:
    /// `(uint64 roleId, address account, uint32 grantDelay, uint32 executionDelay)`.
    event RoleJournaled(uint64 indexed entry, bytes4 indexed act, bytes arguments);

    /// @notice Where the journal of roles stands.
    /// @return count Number of entries; the next one's number.
    /// @return head The running hash over all of them.
    function journal() external view returns (uint64 count, bytes32 head);
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Carries calls of operators whose keys are offline
/// @notice An operator signs a call of the registry as EIP-712 typed data; anybody sends it here and pays for it. The
/// registry takes the signer for the caller: header and events name the operator, never who sent it.
///
/// Domain: name `credit-anchor relay`, version `1`, chain id, address of this contract. So a signature is good for one
/// chain and one registry. Type:
/// `RelayedCall(address operator,uint32 agencyId,bytes call,bytes32 nonce,uint64 deadline)`.
///
/// Each registry has one relay, made by its constructor.
interface IRelay {
    /// @notice What an operator signs.
    /// @param operator Who signs: an account, or a contract that answers by ERC-1271.
    /// @param agencyId The agency named inside `call`, in the open, so that a signer sees for whom he signs.
    /// @param call ABI-encoded call of the registry: one of the anchoring calls, or a move of statuses or marks, or a
    /// step of an erasure.
    /// @param nonce Zero for anchoring, which states the `previous` it builds on and so is good for one place in the
    /// agency's history or nowhere. Else any number that the operator has not used.
    /// @param deadline Last second in which it may be sent.
    struct RelayedCall {
        address operator;
        uint32 agencyId;
        bytes call;
        bytes32 nonce;
        uint64 deadline;
    }

    /// @notice A call was carried.
    /// @param operator Who signed it.
    /// @param relayer Who sent it.
    /// @param nonce Of the call.
    event Relayed(address indexed operator, address indexed relayer, bytes32 nonce);
    /// @notice An operator took back what it signed under a nonce.
    /// @param operator The operator.
    /// @param nonce No longer usable.
    event NonceCancelled(address indexed operator, bytes32 nonce);

    /// @dev Nothing is relayed while the registry is paused.
    error RelayPaused();
    error DeadlinePassed(uint64 deadline, uint64 time);
    /// @dev Only calls of operators are carried.
    error CallNotRelayed(bytes4 selector);
    error AgencyMismatch(uint32 signed, uint32 called);
    /// @dev Anchoring has no nonce.
    error UnexpectedNonce(bytes32 nonce);
    error MissingNonce();
    error NonceUsed(address operator, bytes32 nonce);
    /// @dev Not the operator's signature on exactly this call for this chain and registry.
    error InvalidSignature(address operator);

    /// @notice Carries a call. By anybody. What the registry refuses reverts with the registry's own error, and that
    /// uses nothing up: nonce and signature stay good, and what was refused today (the key is not valid yet, the agency
    /// suspended) is carried when it is sent again and the registry accepts it, until the deadline. An operator who
    /// does not want that calls {cancelNonce}.
    /// @param relayed What was signed.
    /// @param signature 65 bytes of an account (`s` in the lower half), or what the contract wallet understands.
    /// @return What the registry returned.
    function relay(RelayedCall calldata relayed, bytes calldata signature) external returns (bytes memory);

    /// @notice Makes a nonce of the caller unusable: takes back a signature that nobody has sent yet.
    /// @param nonce Not zero, not used.
    function cancelNonce(bytes32 nonce) external;

    /// @notice Whether a nonce was used or cancelled.
    /// @param operator The operator.
    /// @param nonce The nonce.
    /// @return Whether it was.
    function nonceUsed(address operator, bytes32 nonce) external view returns (bool);

    /// @notice The registry that this relay belongs to.
    /// @return Its address.
    function registry() external view returns (address);

    /// @notice What an operator signs for a call.
    /// @param relayed The call.
    /// @return Its EIP-712 hash.
    function digestOf(RelayedCall calldata relayed) external view returns (bytes32);
}

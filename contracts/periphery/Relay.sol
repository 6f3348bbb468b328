// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {IRelay} from "../interfaces/IRelay.sol";
import {Clock} from "../libraries/Clock.sol";

/// @title Carries calls of operators whose keys are offline
/// @notice See {IRelay}.
contract Relay is IRelay, EIP712 {
    bytes32 private constant CALL_TYPE = keccak256(
        "RelayedCall(address operator,uint32 agencyId,bytes call,bytes32 nonce,uint64 deadline)"
    );

    /// @dev Selector, and the two words that begin every call that is carried.
    uint256 private constant SHORTEST_CALL = 68;

    ICreditRegistry private immutable REGISTRY = ICreditRegistry(msg.sender);

    mapping(address operator => mapping(bytes32 nonce => bool)) private _nonces;

    /// @notice Made by the registry.
    constructor() EIP712("credit-anchor relay", "1") {}

    /// @inheritdoc IRelay
    function relay(RelayedCall calldata relayed, bytes calldata signature) external returns (bytes memory) {
        if (REGISTRY.paused()) revert RelayPaused();
        uint64 time = Clock.time();
        if (time > relayed.deadline) revert DeadlinePassed(relayed.deadline, time);
        if (_anchors(relayed)) {
            if (relayed.nonce != 0) revert UnexpectedNonce(relayed.nonce);
        } else {
            _use(relayed.operator, relayed.nonce);
        }
        if (!_isSigned(relayed.operator, digestOf(relayed), signature)) revert InvalidSignature(relayed.operator);
        emit Relayed(relayed.operator, msg.sender, relayed.nonce);
        // The registry reads who acts behind the end of the call, from this contract only.
        return Address.functionCall(address(REGISTRY), abi.encodePacked(relayed.call, relayed.operator));
    }

    /// @inheritdoc IRelay
    function cancelNonce(bytes32 nonce) external {
        _use(msg.sender, nonce);
        emit NonceCancelled(msg.sender, nonce);
    }

    /// @inheritdoc IRelay
    function nonceUsed(address operator, bytes32 nonce) external view returns (bool) {
        return _nonces[operator][nonce];
    }

    /// @inheritdoc IRelay
    function registry() external view returns (address) {
        return address(REGISTRY);
    }

    /// @inheritdoc IRelay
    function digestOf(RelayedCall calldata relayed) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        CALL_TYPE,
                        relayed.operator,
                        relayed.agencyId,
                        keccak256(relayed.call),
                        relayed.nonce,
                        relayed.deadline
                    )
                )
            );
    }

    function _use(address operator, bytes32 nonce) private {
        if (nonce == 0) revert MissingNonce();
        if (_nonces[operator][nonce]) revert NonceUsed(operator, nonce);
        _nonces[operator][nonce] = true;
    }

    /// @dev Whether the call anchors, rather than moves. Reverts for any call that is not carried, and for one that
    /// names another agency than was signed. Anchoring calls begin with the agency's id; the others with a header,
    /// whose second word it is.
    function _anchors(RelayedCall calldata relayed) private pure returns (bool anchors) {
        bytes4 selector = bytes4(relayed.call);
        anchors =
            selector == ICreditRegistry.anchorRoot.selector ||
            selector == ICreditRegistry.anchorLeaves.selector ||
            selector == ICreditRegistry.anchorRecord.selector;
        if (!(anchors || _moves(selector)) || relayed.call.length < SHORTEST_CALL) revert CallNotRelayed(selector);
        uint256 at = anchors ? 4 : 36;
        uint32 called = uint32(uint256(bytes32(relayed.call[at:at + 32])));
        if (called != relayed.agencyId) revert AgencyMismatch(relayed.agencyId, called);
    }

    function _moves(bytes4 selector) private pure returns (bool) {
        return
            selector == ICreditRegistry.withdraw.selector ||
            selector == ICreditRegistry.repair.selector ||
            selector == ICreditRegistry.revokeRepair.selector ||
            selector == ICreditRegistry.supersede.selector ||
            selector == ICreditRegistry.setMarks.selector ||
            selector == ICreditRegistry.clearMarks.selector ||
            selector == ICreditRegistry.proposeErasure.selector ||
            selector == ICreditRegistry.confirmErasure.selector;
    }

    /// @dev A contract is asked, an account's signature recovered: never both. OpenZeppelin's SignatureChecker does the
    /// same, and needs an EVM newer than the chains this runs on.
    function _isSigned(address operator, bytes32 digest, bytes calldata signature) private view returns (bool) {
        if (operator.code.length == 0) {
            (address signer, ECDSA.RecoverError problem, ) = ECDSA.tryRecover(digest, signature);
            return problem == ECDSA.RecoverError.NoError && signer == operator;
        }
        (bool answered, bytes memory answer) = operator.staticcall(
            abi.encodeCall(IERC1271.isValidSignature, (digest, signature))
        );
        return answered && answer.length >= 32 && bytes32(answer) == bytes32(IERC1271.isValidSignature.selector);
    }
}

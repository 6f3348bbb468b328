// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {MerkleTree} from "../libraries/MerkleTree.sol";
import {RecordHash} from "../libraries/RecordHash.sol";

// Each function is documented where its library is.
/* solhint-disable use-natspec */

/// @title Opens the libraries of formats to tests, so that they pass the same corpus of vectors as the programs
/// @dev For tests only: never deployed with a registry.
contract RecordHashHarness {
    /// @notice See {RecordHash-domain}.
    function domain(address registry) external view returns (bytes32) {
        return RecordHash.domain(registry);
    }

    /// @notice See {RecordHash-leaf}.
    function leaf(
        bytes32 domain_,
        uint32 agencyId,
        uint32 typeId,
        bytes32 recordKey,
        uint32 version,
        bytes32 commitment
    ) external pure returns (bytes32) {
        return RecordHash.leaf(domain_, agencyId, typeId, recordKey, version, commitment);
    }

    /// @notice See {RecordHash-headerHash}.
    function headerHash(ICreditRegistry.Header calldata header) external pure returns (bytes32) {
        return RecordHash.headerHash(header);
    }

    /// @notice See {MerkleTree-sortedRoot}.
    function sortedRoot(bytes32[] calldata leaves) external pure returns (bytes32) {
        return MerkleTree.sortedRoot(leaves);
    }

    /// @notice See {MerkleTree-includes}.
    function includes(
        bytes32 leaf_,
        uint256 index,
        uint256 size,
        bytes32 root,
        bytes32[] calldata proof
    ) external pure returns (bool) {
        return MerkleTree.includes(leaf_, index, size, root, proof);
    }
}

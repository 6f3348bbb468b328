// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";

/// @title Hashes of format 1 that the chain computes: domain, leaf, header
/// @notice docs/format.md has all of them.
library RecordHash {
    /// @notice The format that this registry writes and understands.
    uint16 internal constant FORMAT = 1;

    /// @notice First word under the hash of a header of format 1.
    bytes32 internal constant HEADER_TAG = keccak256("credit-anchor/header/1");

    /// @notice First word under the domain.
    bytes32 internal constant DOMAIN_TAG = keccak256("credit-anchor/v1");

    /// @notice What separates this registry on this chain from every other.
    /// @param registry Address of the registry.
    /// @return `keccak256(abi.encode(DOMAIN_TAG, chainId, registry))`.
    function domain(address registry) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TAG, block.chainid, registry));
    }

    /// @notice Leaf of one version of one record; it names chain, registry, agency and type, so that nobody can anchor
    /// another's records as his own.
    /// @param domain_ See {domain}.
    /// @param agencyId Agency that anchors the record.
    /// @param typeId Record type.
    /// @param recordKey Keyed hash of the natural key.
    /// @param version From 1.
    /// @param commitment To type, previous version and fields.
    /// @return `keccak256(0x00 ‖ domain ‖ uint32 agencyId ‖ uint32 typeId ‖ recordKey ‖ uint32 version ‖ commitment)`.
    function leaf(
        bytes32 domain_,
        uint32 agencyId,
        uint32 typeId,
        bytes32 recordKey,
        uint32 version,
        bytes32 commitment
    ) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x00), domain_, agencyId, typeId, recordKey, version, commitment));
    }

    /// @notice Hash of a header, what the chain stores of a batch.
    /// @param header A header; one that claims another format has a hash that no batch has.
    /// @return `keccak256(abi.encode(HEADER_TAG, every field in order))`.
    function headerHash(ICreditRegistry.Header calldata header) internal pure returns (bytes32) {
        return keccak256(abi.encode(HEADER_TAG, header));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {MerkleTree} from "../libraries/MerkleTree.sol";
import {RecordHash} from "../libraries/RecordHash.sol";
import {Statuses} from "./Statuses.sol";

/// @title What the registry answers about evidence
/// @notice See {ICreditRegistry-verify}.
abstract contract Verification is Statuses {
    /// @inheritdoc ICreditRegistry
    function verify(
        Header calldata header,
        bytes32 recordKey,
        uint32 version,
        bytes32 commitment,
        uint32 index,
        bytes32[] calldata proof
    ) external view returns (Verdict memory verdict) {
        uint64 batchId = _batchId(header.agencyId, header.sequence);
        bytes32 leaf = RecordHash.leaf(DOMAIN, header.agencyId, header.typeId, recordKey, version, commitment);
        if (header.format != RecordHash.FORMAT) {
            verdict.outcome = Outcome.UnsupportedFormat;
        } else if (headerHashOf(batchId) != RecordHash.headerHash(header)) {
            verdict.outcome = Outcome.UnknownHeader;
        } else if (index >= header.size) {
            verdict.outcome = Outcome.IndexOutOfRange;
        } else if (!MerkleTree.includes(leaf, index, header.size, header.root, proof)) {
            verdict.outcome = Outcome.WrongProof;
        } else {
            // Outcome.Anchored is zero: already there.
            verdict.status = statusOf(batchId, index);
            verdict.standing = _standingOf(header.agencyId);
            verdict.actingAgency = actingAgency(header.agencyId);
            verdict.operatorCompromisedSince = _compromisedSince(header.agencyId, header.operator);
            verdict.leaf = leaf;
        }
    }

    /// @dev The earliest time declared by the agency or by one that acted for it later: whichever of them the key
    /// belonged to, the suspicion counts.
    function _compromisedSince(uint32 agencyId, address account) private view returns (uint64 since) {
        for (uint32 next = agencyId; next != 0; next = _agencyStates[next].successor) {
            uint64 declared = operator(next, account).compromisedSince;
            if (since == 0 || (declared != 0 && declared < since)) since = declared;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Records} from "./registry/Records.sol";
import {Successor} from "./registry/Successor.sol";
import {Verification} from "./registry/Verification.sol";

/// @title The registry of anchored public credit records
/// @notice Composition only: each concern is a contract of its own under `registry/`, every promise is in
/// {ICreditRegistry}.
contract CreditRegistry is Records, Verification, Successor {
    /// @notice Deploys an empty registry.
    /// @param authority The AccessManager that decides who may call the restricted functions.
    constructor(address authority) AccessManaged(authority) {}
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

// Makes OpenZeppelin's AccessManager, the authority of {CreditRegistry}, a build product of this project.
// solhint-disable-next-line no-unused-import
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

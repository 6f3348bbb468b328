/**
 * The ABIs of the contracts, prepared: once for all, since each takes milliseconds of every command.
 */
import { CreditRegistry__factory } from "../typechain-types/factories/contracts/CreditRegistry__factory";
import { RegistryAuthority__factory } from "../typechain-types/factories/contracts/RegistryAuthority__factory";
import { IRelay__factory } from "../typechain-types/factories/contracts/interfaces/IRelay__factory";
import { ISignOffs__factory } from "../typechain-types/factories/contracts/interfaces/ISignOffs__factory";

// Marked pure so that the pages carry only those they use.
export const registryInterface = /*#__PURE__*/ CreditRegistry__factory.createInterface();
export const authorityInterface = /*#__PURE__*/ RegistryAuthority__factory.createInterface();
export const relayInterface = /*#__PURE__*/ IRelay__factory.createInterface();
export const signOffsInterface = /*#__PURE__*/ ISignOffs__factory.createInterface();

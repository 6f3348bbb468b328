// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICreditRegistry} from "../interfaces/ICreditRegistry.sol";
import {Labels} from "../libraries/Labels.sol";
import {Journal} from "./Journal.sol";

/// @title Agencies, their administrators and their operators
/// @notice See {ICreditRegistry-Agency}.
abstract contract Agencies is Journal {
    /// @dev What every anchoring call reads and writes: one slot.
    struct AgencyState {
        Standing standing;
        uint32 batchCount;
        bytes20 lastBatch;
        uint32 successor;
    }

    struct AgencyIdentity {
        bytes32 code;
        bytes32 keyCommitment;
        address administrator;
        uint64 admittedAt;
        address pendingAdministrator;
        uint32 namedSuccessor;
    }

    /// @dev May anchor.
    uint8 internal constant ANCHOR_PERMISSION = 1;
    /// @dev May say what became of a record.
    uint8 internal constant STATUS_PERMISSION = 2;

    uint32 private _agencyCount;
    mapping(uint32 agencyId => AgencyState) internal _agencyStates;
    mapping(uint32 agencyId => AgencyIdentity) private _agencyIdentities;
    mapping(bytes32 code => uint32 agencyId) private _agencyIds;
    mapping(uint32 agencyId => mapping(address account => Operator)) private _operators;
    mapping(uint32 agencyId => mapping(uint32 successor => bool)) private _successionAccepted;

    /// @inheritdoc ICreditRegistry
    function admitAgency(
        bytes32 code,
        address administrator,
        bytes32 keyCommitment
    ) external restricted whenNotPaused returns (uint32 agencyId) {
        if (!Labels.isLabel(code)) revert InvalidAgencyCode(code);
        if (_agencyIds[code] != 0) revert AgencyCodeTaken(code, _agencyIds[code]);
        if (administrator == address(0)) revert InvalidAddress(administrator);
        if (keyCommitment == 0) revert MissingKeyCommitment();
        agencyId = ++_agencyCount;
        _agencyIds[code] = agencyId;
        _agencyStates[agencyId].standing = Standing.Active;
        _agencyIdentities[agencyId] = AgencyIdentity(code, keyCommitment, administrator, _now(), address(0), 0);
        _emitAgencyAdmitted(agencyId, code, administrator, keyCommitment);
    }

    /// @inheritdoc ICreditRegistry
    function suspendAgency(uint32 agencyId, uint16 reason) external restricted {
        Standing standing = _standingOf(agencyId);
        if (standing != Standing.Active) revert WrongStanding(agencyId, standing);
        _agencyStates[agencyId].standing = Standing.Suspended;
        _emitAgencySuspended(agencyId, reason);
    }

    /// @inheritdoc ICreditRegistry
    function reinstateAgency(uint32 agencyId, uint16 reason) external restricted {
        Standing standing = _standingOf(agencyId);
        if (standing != Standing.Suspended) revert WrongStanding(agencyId, standing);
        _agencyStates[agencyId].standing = Standing.Active;
        _emitAgencyReinstated(agencyId, reason);
    }

    /// @inheritdoc ICreditRegistry
    function closeAgency(uint32 agencyId, uint16 reason) external restricted {
        _requireNotClosed(agencyId);
        _agencyStates[agencyId].standing = Standing.Closed;
        _emitAgencyClosed(agencyId, reason);
    }

    /// @inheritdoc ICreditRegistry
    function nameAdministrator(uint32 agencyId, address administrator) external {
        _requireNotClosed(agencyId);
        _requireAdministrator(agencyId);
        _agencyIdentities[agencyId].pendingAdministrator = administrator;
        _emitAdministratorNamed(agencyId, administrator);
    }

    /// @inheritdoc ICreditRegistry
    function acceptAdministration(uint32 agencyId) external {
        _requireNotClosed(agencyId);
        AgencyIdentity storage identity = _agencyIdentities[agencyId];
        if (msg.sender != identity.pendingAdministrator) revert NotPendingAdministrator(agencyId, msg.sender);
        identity.administrator = msg.sender;
        identity.pendingAdministrator = address(0);
        _emitAdministratorChanged(agencyId, msg.sender);
    }

    /// @inheritdoc ICreditRegistry
    function recoverAdministrator(uint32 agencyId, address administrator, uint16 reason) external restricted {
        _requireUnsucceeded(agencyId);
        if (administrator == address(0)) revert InvalidAddress(administrator);
        AgencyIdentity storage identity = _agencyIdentities[agencyId];
        identity.administrator = administrator;
        identity.pendingAdministrator = address(0);
        _emitAdministratorRecovered(agencyId, administrator, reason);
    }

    /// @inheritdoc ICreditRegistry
    function nameSuccessor(uint32 agencyId, uint32 successor) external {
        _requireNotClosed(agencyId);
        _requireAdministrator(agencyId);
        if (successor != 0) _requireSuccessor(agencyId, successor);
        _agencyIdentities[agencyId].namedSuccessor = successor;
        _emitSuccessorNamed(agencyId, successor);
    }

    /// @inheritdoc ICreditRegistry
    function acceptSuccession(uint32 agencyId, uint32 successor) external {
        _requireSuccessor(agencyId, successor);
        _requireAdministrator(successor);
        _requireUnsucceeded(agencyId);
        _successionAccepted[agencyId][successor] = true;
        _emitSuccessionAccepted(agencyId, successor);
    }

    /// @inheritdoc ICreditRegistry
    function declineSucceeding(uint32 agencyId, uint32 successor) external {
        _requireNotClosed(successor);
        _requireAdministrator(successor);
        _requireUnsucceeded(agencyId);
        _requireAccepted(agencyId, successor);
        _successionAccepted[agencyId][successor] = false;
        _emitSuccessionDeclined(agencyId, successor);
    }

    /// @inheritdoc ICreditRegistry
    function succeedAgency(uint32 agencyId, uint32 successor, uint16 reason) external restricted {
        _requireNotClosed(agencyId);
        if (_agencyIdentities[agencyId].namedSuccessor != successor) revert SuccessorNotNamed(agencyId, successor);
        _succeed(agencyId, successor, reason);
    }

    /// @inheritdoc ICreditRegistry
    function succeedWithoutConsent(uint32 agencyId, uint32 successor, uint16 reason) external restricted {
        _succeed(agencyId, successor, reason);
    }

    /// @inheritdoc ICreditRegistry
    function setOperator(
        uint32 agencyId,
        address account,
        uint8 permissions,
        uint64 validFrom,
        uint64 validUntil
    ) external {
        _requireNotClosed(agencyId);
        _requireAdministrator(agencyId);
        if (account == address(0)) revert InvalidAddress(account);
        if (permissions == 0 || permissions > (ANCHOR_PERMISSION | STATUS_PERMISSION)) {
            revert InvalidPermissions(permissions);
        }
        uint64 time = _now();
        if (validFrom < time) validFrom = time;
        if (validUntil <= validFrom) revert InvalidValidity(validFrom, validUntil, time);
        Operator storage operator_ = _operators[agencyId][account];
        if (operator_.revoked) revert OperatorIsRevoked(agencyId, account);
        operator_.permissions = permissions;
        operator_.validFrom = validFrom;
        operator_.validUntil = validUntil;
        _emitOperatorAdded(agencyId, account, permissions, validFrom, validUntil);
    }

    /// @inheritdoc ICreditRegistry
    function revokeOperator(uint32 agencyId, address account) external {
        _standingOf(agencyId);
        if (msg.sender != account) _requireKeeperOfKeys(agencyId);
        if (_knownOperator(agencyId, account).revoked) revert OperatorIsRevoked(agencyId, account);
        _revoke(agencyId, account);
    }

    /// @inheritdoc ICreditRegistry
    function declareCompromised(uint32 agencyId, address account, uint64 since) external {
        _standingOf(agencyId);
        _requireKeeperOfKeys(agencyId);
        Operator memory operator_ = _knownOperator(agencyId, account);
        uint64 earlier = operator_.compromisedSince;
        uint64 latest_ = earlier == 0 ? _now() : earlier - 1;
        if (since == 0 || since > latest_) revert InvalidCompromiseTime(since, latest_);
        if (!operator_.revoked) _revoke(agencyId, account);
        _operators[agencyId][account].compromisedSince = since;
        _emitOperatorCompromised(agencyId, account, since);
    }

    /// @inheritdoc ICreditRegistry
    function agency(uint32 agencyId) external view returns (Agency memory) {
        AgencyIdentity storage identity = _agencyIdentities[agencyId];
        AgencyState storage state = _agencyStates[agencyId];
        return
            Agency({
                code: identity.code,
                keyCommitment: identity.keyCommitment,
                administrator: identity.administrator,
                pendingAdministrator: identity.pendingAdministrator,
                admittedAt: identity.admittedAt,
                standing: state.standing,
                batchCount: state.batchCount,
                lastBatch: state.lastBatch,
                successor: state.successor
            });
    }

    /// @inheritdoc ICreditRegistry
    function succession(uint32 agencyId, uint32 successor) external view returns (bool named, bool accepted) {
        named = successor != 0 && _agencyIdentities[agencyId].namedSuccessor == successor;
        accepted = _successionAccepted[agencyId][successor];
    }

    /// @inheritdoc ICreditRegistry
    function actingAgency(uint32 agencyId) public view returns (uint32 acting) {
        (acting, ) = _acting(agencyId);
    }

    /// @inheritdoc ICreditRegistry
    function agencyIdOf(bytes32 code) external view returns (uint32) {
        return _agencyIds[code];
    }

    /// @inheritdoc ICreditRegistry
    function agencyCount() external view returns (uint32) {
        return _agencyCount;
    }

    /// @inheritdoc ICreditRegistry
    function operator(uint32 agencyId, address account) public view returns (Operator memory) {
        return _operators[agencyId][account];
    }

    /// @dev The account is an operator of the agency with this permission, now; each reason why not has its own error.
    function _requireOperator(uint32 agencyId, address account, uint8 permission) internal view {
        Operator storage operator_ = _operators[agencyId][account];
        if (operator_.permissions == 0) revert NotOperator(agencyId, account);
        if (operator_.revoked) revert OperatorIsRevoked(agencyId, account);
        uint64 time = _now();
        if (time < operator_.validFrom) revert OperatorNotYetValid(agencyId, account, operator_.validFrom);
        if (time >= operator_.validUntil) revert OperatorExpired(agencyId, account, operator_.validUntil);
        if (operator_.permissions & permission != permission) {
            revert PermissionMissing(agencyId, account, permission);
        }
    }

    /// @dev {_requireOperator} as a question.
    function _isOperator(uint32 agencyId, address account, uint8 permission) internal view returns (bool) {
        Operator storage operator_ = _operators[agencyId][account];
        uint64 time = _now();
        return
            operator_.permissions & permission != 0 &&
            !operator_.revoked &&
            time >= operator_.validFrom &&
            time < operator_.validUntil;
    }

    /// @dev Reverts for an agency that does not exist.
    function _standingOf(uint32 agencyId) internal view returns (Standing standing) {
        standing = _agencyStates[agencyId].standing;
        if (standing == Standing.None) revert UnknownAgency(agencyId);
    }

    /// @dev The agency that acts for one, and how it stands. Ends: an agency gets a successor once, only an active one
    /// is made a successor, and it is closed by getting one itself. So every step leads to an agency that was succeeded
    /// later, or not at all.
    function _acting(uint32 agencyId) private view returns (uint32 acting, Standing standing) {
        acting = agencyId;
        AgencyState storage state = _agencyStates[acting];
        for (uint32 next = state.successor; next != 0; next = state.successor) {
            acting = next;
            state = _agencyStates[next];
        }
        standing = state.standing;
    }

    /// @dev The agency that acts for one, which must be active and the account an operator of it with this permission.
    function _requireActing(uint32 agencyId, address account, uint8 permission) internal view {
        (uint32 acting, Standing standing) = _acting(agencyId);
        if (standing == Standing.None) revert UnknownAgency(acting);
        if (standing != Standing.Active) revert WrongStanding(acting, standing);
        _requireOperator(acting, account, permission);
    }

    /// @dev The same, if the agency that acts may be suspended. For an agency that exists.
    function _requireActingOrSuspended(uint32 agencyId, address account, uint8 permission) internal view {
        (uint32 acting, Standing standing) = _acting(agencyId);
        if (standing == Standing.Closed) revert WrongStanding(acting, standing);
        _requireOperator(acting, account, permission);
    }

    function _requireActive(uint32 agencyId) private view {
        Standing standing = _standingOf(agencyId);
        if (standing != Standing.Active) revert WrongStanding(agencyId, standing);
    }

    function _requireNotClosed(uint32 agencyId) private view {
        Standing standing = _standingOf(agencyId);
        if (standing == Standing.Closed) revert WrongStanding(agencyId, standing);
    }

    function _requireSuccessor(uint32 agencyId, uint32 successor) private view {
        if (successor == agencyId) revert InvalidSuccessor(agencyId, successor);
        _requireActive(successor);
    }

    /// @dev Reverts for an agency that does not exist, too.
    function _requireUnsucceeded(uint32 agencyId) private view {
        _standingOf(agencyId);
        uint32 successor = _agencyStates[agencyId].successor;
        if (successor != 0) revert AlreadySucceeded(agencyId, successor);
    }

    function _requireAccepted(uint32 agencyId, uint32 successor) private view {
        if (!_successionAccepted[agencyId][successor]) revert SuccessionNotAccepted(agencyId, successor);
    }

    function _succeed(uint32 agencyId, uint32 successor, uint16 reason) private {
        _requireUnsucceeded(agencyId);
        _requireSuccessor(agencyId, successor);
        _requireAccepted(agencyId, successor);
        AgencyState storage state = _agencyStates[agencyId];
        state.standing = Standing.Closed;
        state.successor = successor;
        _emitAgencySucceeded(agencyId, successor, reason);
    }

    /// @dev Keys are revoked and declared compromised by whoever administers the agency that acts for this one: its own
    /// administrator until it is succeeded, then the successor's. No administrator who cannot be replaced has a say.
    function _requireKeeperOfKeys(uint32 agencyId) private view {
        _requireAdministrator(actingAgency(agencyId));
    }

    function _requireAdministrator(uint32 agencyId) private view {
        if (msg.sender != _agencyIdentities[agencyId].administrator) revert NotAdministrator(agencyId, msg.sender);
    }

    function _knownOperator(uint32 agencyId, address account) private view returns (Operator memory operator_) {
        operator_ = _operators[agencyId][account];
        if (operator_.permissions == 0) revert NotOperator(agencyId, account);
    }

    function _revoke(uint32 agencyId, address account) private {
        Operator storage operator_ = _operators[agencyId][account];
        uint64 time = _now();
        operator_.revoked = true;
        if (time < operator_.validUntil) operator_.validUntil = time;
        _emitOperatorRevoked(agencyId, account);
    }

    function _emitAgencyAdmitted(uint32 agencyId, bytes32 code, address administrator, bytes32 keyCommitment) private {
        uint64 entry = _nextEntry();
        emit AgencyAdmitted(agencyId, code, administrator, keyCommitment, entry);
        _extend(
            AgencyAdmitted.selector,
            entry,
            agencyId,
            uint256(code),
            uint160(administrator),
            uint256(keyCommitment)
        );
    }

    function _emitAgencySuspended(uint32 agencyId, uint16 reason) private {
        uint64 entry = _nextEntry();
        emit AgencySuspended(agencyId, reason, msg.sender, entry);
        _extend(AgencySuspended.selector, entry, agencyId, reason, uint160(msg.sender));
    }

    function _emitAgencyReinstated(uint32 agencyId, uint16 reason) private {
        uint64 entry = _nextEntry();
        emit AgencyReinstated(agencyId, reason, msg.sender, entry);
        _extend(AgencyReinstated.selector, entry, agencyId, reason, uint160(msg.sender));
    }

    function _emitAgencyClosed(uint32 agencyId, uint16 reason) private {
        uint64 entry = _nextEntry();
        emit AgencyClosed(agencyId, reason, msg.sender, entry);
        _extend(AgencyClosed.selector, entry, agencyId, reason, uint160(msg.sender));
    }

    function _emitAdministratorNamed(uint32 agencyId, address account) private {
        uint64 entry = _nextEntry();
        emit AdministratorNamed(agencyId, account, entry);
        _extend(AdministratorNamed.selector, entry, agencyId, uint160(account));
    }

    function _emitAdministratorChanged(uint32 agencyId, address account) private {
        uint64 entry = _nextEntry();
        emit AdministratorChanged(agencyId, account, entry);
        _extend(AdministratorChanged.selector, entry, agencyId, uint160(account));
    }

    function _emitAdministratorRecovered(uint32 agencyId, address account, uint16 reason) private {
        uint64 entry = _nextEntry();
        emit AdministratorRecovered(agencyId, account, reason, msg.sender, entry);
        _extend(AdministratorRecovered.selector, entry, agencyId, uint160(account), reason, uint160(msg.sender));
    }

    function _emitSuccessorNamed(uint32 agencyId, uint32 successor) private {
        uint64 entry = _nextEntry();
        emit SuccessorNamed(agencyId, successor, entry);
        _extend(SuccessorNamed.selector, entry, agencyId, successor);
    }

    function _emitSuccessionAccepted(uint32 agencyId, uint32 successor) private {
        uint64 entry = _nextEntry();
        emit SuccessionAccepted(agencyId, successor, entry);
        _extend(SuccessionAccepted.selector, entry, agencyId, successor);
    }

    function _emitSuccessionDeclined(uint32 agencyId, uint32 successor) private {
        uint64 entry = _nextEntry();
        emit SuccessionDeclined(agencyId, successor, entry);
        _extend(SuccessionDeclined.selector, entry, agencyId, successor);
    }

    function _emitAgencySucceeded(uint32 agencyId, uint32 successor, uint16 reason) private {
        uint64 entry = _nextEntry();
        emit AgencySucceeded(agencyId, successor, reason, msg.sender, entry);
        _extend(AgencySucceeded.selector, entry, agencyId, successor, reason, uint160(msg.sender));
    }

    function _emitOperatorRevoked(uint32 agencyId, address account) private {
        uint64 entry = _nextEntry();
        emit OperatorRevoked(agencyId, account, entry);
        _extend(OperatorRevoked.selector, entry, agencyId, uint160(account));
    }

    function _emitOperatorAdded(
        uint32 agencyId,
        address account,
        uint8 permissions,
        uint64 validFrom,
        uint64 validUntil
    ) private {
        uint64 entry = _nextEntry();
        emit OperatorAdded(agencyId, account, permissions, validFrom, validUntil, entry);
        _extend(OperatorAdded.selector, entry, agencyId, uint160(account), permissions, validFrom, validUntil);
    }

    function _emitOperatorCompromised(uint32 agencyId, address account, uint64 since) private {
        uint64 entry = _nextEntry();
        emit OperatorCompromised(agencyId, account, since, entry);
        _extend(OperatorCompromised.selector, entry, agencyId, uint160(account), since);
    }
}

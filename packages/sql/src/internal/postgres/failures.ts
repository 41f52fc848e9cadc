/**
 * What an error of the driver, or of the server, means: that the connection is lost and the batch is to be sent again,
 * or that the operation has failed.
 *
 * @internal
 */
import * as OptionsOf from "@effect-linda/core/Options"
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as SpaceStore from "@effect-linda/core/SpaceStore"
import * as Duration from "effect/Duration"

/** The connection has to be given up: it is not known what has become of what was asked by it, or it may pass. */
export class Lost {
  constructor(readonly cause: unknown) {}
}

/** What is looked at of an error. Those of the server have a severity, and a SQLSTATE as their code. */
interface DriverError {
  readonly severity?: unknown
  readonly code?: unknown
  readonly routine?: unknown
  readonly message?: unknown
}

const look = (error: unknown): DriverError => typeof error === "object" && error !== null ? error : {}

/** The SQLSTATE of an error of the server. */
export const stateOf = (error: unknown): string | undefined => {
  const { code, severity } = look(error)
  return severity !== undefined && typeof code === "string" ? code : undefined
}

/**
 * SQLSTATEs of what passes: trouble with the connection (08), a server that is read-only for a while (25006), a
 * transaction that was ended for its idleness or length (25P03, 25P04), conflicts (40), lack of resources (53), a lock
 * that was not to be had in time (55P03), what an operator does (57).
 */
const passing = /^(08|25006|25P0[34]|40|53|55P03|57)/

/** The queue of notifications is full until a slow listener has read on. */
const isQueueFull = (error: unknown): boolean =>
  stateOf(error) === "54000" && look(error).routine === "PreCommit_Notify"

/** Whether the server has ended a statement, for its length or because it was told to. */
export const isEnded = (error: unknown): boolean => stateOf(error) === "57014"

/** The failure of what could never be done: it would take as long the next time. */
export const overdue = (lease: number, cause: unknown): SpaceError =>
  new SpaceError({
    reason: "Refused",
    message: `PostgreSQL: a batch takes longer than the lease (${Duration.format(Duration.millis(lease))}), and was ` +
      "undone: ask for less at once, or give all programs of the space a longer \"lease\"",
    cause
  })

/** By this SQLSTATE the function `run` says that its client has been taken for dead. */
const lapsed = "LINDA"

const messageOf = (error: unknown): string =>
  stateOf(error) === "55P03"
    ? "another batch or transaction has held the lock of the space for longer than half the lease: keep transactions " +
      "short, or give a longer \"retry\""
    : stateOf(error) === "25P03"
    ? "a transaction did nothing for longer than the lease, and the server has ended it: keep it short, or say how " +
      "long it may be idle by connection.idle_in_transaction_session_timeout"
    : OptionsOf.messageOf(error)

export const unavailable = (cause: unknown): SpaceError =>
  cause instanceof SpaceError
    ? cause
    : new SpaceError({ reason: "Unavailable", message: `PostgreSQL: ${messageOf(cause)}`, cause })

/** What is said of an error where nobody tries again. */
export const told = <E>(error: E | Lost): E | SpaceError => error instanceof Lost ? unavailable(error.cause) : error

/**
 * SQLSTATEs of what the server does not do, whoever asks for it: values that are wrong (22) or break a rule (23), that
 * are more than it can take (54), or that it breaks on (XX000). All other errors are of its tables, roles and rights.
 */
const refusing = /^(22|23|54|XX000)/

export const classify = (error: unknown): SpaceError | Lost => {
  if (error instanceof SpaceError || error instanceof Lost) {
    return error
  }
  const state = stateOf(error)
  if (state === lapsed) {
    return SpaceStore.lapsed
  }
  // All errors that are not the server's are of the connection.
  return state === undefined || passing.test(state) || isQueueFull(error)
    ? new Lost(error)
    : refusing.test(state)
    ? new SpaceError({ reason: "Refused", message: `PostgreSQL: ${messageOf(error)}`, cause: error })
    : unavailable(error)
}

/**
 * Whether trying again is in vain, of an error that came of connecting: an address that is none, a certificate that is
 * not trusted, a server without TLS, no password. The server's own refusals of a password, a role or a database are
 * none that pass anyway.
 *
 * A name that does not resolve is not among them: where containers start in any order, it may resolve soon.
 */
export const isHopeless = (error: unknown): boolean => {
  const { code, message } = look(error)
  return typeof code === "string"
    // Of Node's codes those of the system, which pass, begin with an E; those of certificates are words of their own.
    ? stateOf(error) === undefined && !/^E(?!RR_|PROTO$)/.test(code)
    : /does not support SSL|establishing an SSL connection|^SASL|password must be a string/i.test(String(message))
}

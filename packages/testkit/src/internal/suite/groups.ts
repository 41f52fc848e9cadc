/**
 * All cases of the suite, group by group.
 *
 * @internal
 */
import { asked } from "./asked.js"
import { arriving, capacity, dropping } from "./capacity.js"
import type { Case } from "./case.js"
import { close } from "./closing.js"
import { conditions, queues } from "./conditions.js"
import { equality } from "./equality.js"
import { exchange, later, leased } from "./exchange.js"
import { guardedExchange, guardedTransactions } from "./guarded.js"
import { guards } from "./guards.js"
import { history } from "./history.js"
import { attempts, holding, scoped, told } from "./holding.js"
import { holds } from "./holds.js"
import { inspections, metrics, quiescence, spans } from "./insight.js"
import { lines } from "./lines.js"
import { formals, literals } from "./matching.js"
import { model } from "./model.js"
import { manyAtOnce, order, ownCopy, putTakeRead } from "./operations.js"
import { permits } from "./permits.js"
import { predicates } from "./predicates.js"
import { priority } from "./priority.js"
import { endings, evals, failurePolicies, failures, liveTuples } from "./processes.js"
import { batches, heldQueries, queries } from "./queries.js"
import { refusals } from "./refusals.js"
import { retries } from "./retries.js"
import { scheduled } from "./scheduled.js"
import { events, mailboxes, opened, streams } from "./subscriptions.js"
import { atomic, misused, retrying } from "./transactions.js"
import { ttl } from "./ttl.js"
import { values } from "./values.js"
import { views } from "./views.js"
import { choices, interruption, joins, timeouts, waiting } from "./waiting.js"

export const groups: ReadonlyArray<ReadonlyArray<Case>> = [
  putTakeRead,
  ownCopy,
  order,
  manyAtOnce,
  formals,
  literals,
  equality,
  values,
  waiting,
  interruption,
  timeouts,
  choices,
  joins,
  queries,
  guards,
  batches,
  exchange,
  guardedExchange,
  leased,
  later,
  holding,
  attempts,
  scoped,
  told,
  holds,
  heldQueries,
  permits,
  capacity,
  dropping,
  arriving,
  ttl,
  scheduled,
  retries,
  priority,
  predicates,
  refusals,
  close,
  atomic,
  retrying,
  guardedTransactions,
  conditions,
  queues,
  misused,
  asked,
  events,
  mailboxes,
  streams,
  opened,
  evals,
  failures,
  failurePolicies,
  liveTuples,
  endings,
  inspections,
  quiescence,
  spans,
  metrics,
  lines,
  model,
  history,
  views
]

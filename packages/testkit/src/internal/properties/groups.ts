/**
 * All properties of the suite, group by group.
 *
 * @internal
 */
import { capacity } from "./capacity.js"
import { close } from "./close.js"
import { conditions } from "./conditions.js"
import { conservation } from "./conservation.js"
import { exchanges } from "./exchange.js"
import { guards } from "./guards.js"
import { histories } from "./histories.js"
import { holding } from "./holding.js"
import { joins } from "./joins.js"
import { matching } from "./matching.js"
import { model } from "./model.js"
import { order } from "./order.js"
import type { Property } from "./property.js"
import { quiescence } from "./quiescence.js"
import { regressions } from "./regressions.js"
import { streams } from "./streams.js"
import { time } from "./time.js"
import { transactions } from "./transactions.js"
import { views } from "./views.js"

export const groups: ReadonlyArray<ReadonlyArray<Property>> = [
  matching,
  model,
  histories,
  order,
  conservation,
  holding,
  joins,
  guards,
  time,
  capacity,
  streams,
  transactions,
  conditions,
  exchanges,
  close,
  quiescence,
  regressions,
  views
]

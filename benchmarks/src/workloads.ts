/**
 * The workloads by name.
 */
import type { Size } from "./measure.js"
import type { Row } from "./report.js"
import * as D1 from "./workloads/D1.js"
import * as D2 from "./workloads/D2.js"
import * as D3 from "./workloads/D3.js"
import * as D4 from "./workloads/D4.js"
import * as D5 from "./workloads/D5.js"
import * as D6 from "./workloads/D6.js"
import * as D7 from "./workloads/D7.js"
import * as D8 from "./workloads/D8.js"
import * as D9 from "./workloads/D9.js"
import * as W1 from "./workloads/W1.js"
import * as W10 from "./workloads/W10.js"
import * as W11 from "./workloads/W11.js"
import * as W12 from "./workloads/W12.js"
import * as W13 from "./workloads/W13.js"
import * as W14 from "./workloads/W14.js"
import * as W15 from "./workloads/W15.js"
import * as W16 from "./workloads/W16.js"
import * as W19 from "./workloads/W19.js"
import * as W2 from "./workloads/W2.js"
import * as W21 from "./workloads/W21.js"
import * as W22 from "./workloads/W22.js"
import * as W3 from "./workloads/W3.js"
import * as W4 from "./workloads/W4.js"
import * as W5 from "./workloads/W5.js"
import * as W6 from "./workloads/W6.js"
import * as W7 from "./workloads/W7.js"
import * as W8 from "./workloads/W8.js"
import * as W9 from "./workloads/W9.js"

export interface Workload {
  readonly measure: (size: Size) => Promise<ReadonlyArray<Row>>
}

export const workloads: Readonly<Record<string, Workload>> = {
  W1,
  W2,
  W3,
  W4,
  W5,
  W6,
  W7,
  W8,
  W9,
  W10,
  W11,
  W12,
  W13,
  W14,
  W15,
  W16,
  W19,
  W21,
  W22,
  D1,
  D2,
  D3,
  D4,
  D5,
  D6,
  D7,
  D8,
  D9
}

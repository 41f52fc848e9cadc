/**
 * Who is taken for dead, of the clients of a space: those who have given no sign of life for their lease.
 *
 * A client says until when it lives, by its clock, and clocks are set back and forth. So what somebody was seen to do
 * goes before what clocks say: who has said something new within its lease lives, and who has not for all of it is
 * dead. By what clocks say is judged whom nobody has watched yet.
 *
 * @internal
 */
import type { Sign, Tables } from "../../SpaceStore.js"

interface Seen {
  readonly until: number
  /** When that was first seen, by the time that goes on evenly. */
  readonly since: number
  /** Whether it was said while we watched. */
  readonly isNews: boolean
}

/** An instant: by the clock that all clients read, and by a time that goes on evenly. */
export interface Instant {
  readonly now: number
  readonly even: number
}

export class Judge {
  private seen: ReadonlyMap<string, Seen> = new Map()
  /** When the last batch was, and when all signs were last looked at. */
  private last: Instant | undefined = undefined
  private looked = -Infinity
  /** Until when nobody is taken for dead. */
  private mercy = -Infinity

  constructor(private readonly lease: number) {}

  /** Whom this client, whose own sign is given, takes for dead. */
  dead(tables: Tables, client: string, instant: Instant): ReadonlyArray<string> {
    const { even, now } = instant
    const { last, lease } = this
    this.last = instant
    if (last !== undefined && Math.max(now - last.now, even - last.even) > lease) {
      // Something else had the tables, the machine slept, or the clock was set. Who could not come for longer than its
      // own lease does not know who else could: they get the time for a sign of life.
      this.mercy = even + lease / 3
    }
    const late = tables.lapsed(now)
    if (even < this.mercy) {
      return []
    }
    if (tables.signs === undefined) {
      return late
    }
    if (late.length === 0 && even - this.looked < lease / 3) {
      return []
    }
    const isFirst = this.looked === -Infinity
    this.looked = even
    const others = tables.signs().filter((sign) => sign.client !== client)
    this.seen = new Map(others.map(({ client, until }) => {
      const known = this.seen.get(client)
      return [client, known?.until === until ? known : { until, since: even, isNews: !isFirst }]
    }))
    return others.filter((sign) => this.isDead(sign, instant)).map(({ client }) => client)
  }

  private isDead({ client, lease, until }: Sign, { even, now }: Instant): boolean {
    const { isNews, since } = this.seen.get(client)!
    return even - since >= lease || until <= now && !isNews
  }
}

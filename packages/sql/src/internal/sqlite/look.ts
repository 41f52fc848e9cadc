/**
 * The look for what other processes have sent to the clients of this program: one for each file.
 *
 * SQLite notifies nobody. But what others write goes to the write-ahead log, and the system tells of that. Then we look
 * several times, at growing intervals, because the log is written before the commit can be seen. Where the system has
 * told us nothing yet, not even of our own writes, we look as often as the user says; where it has, rarely.
 *
 * The clients of one program tell each other, at the commit.
 *
 * @internal
 */
import type { FSWatcher } from "node:fs"
import { watch } from "node:fs"
import { clearTimeout, setTimeout } from "node:timers"

/** A client of a space in the file. */
export interface Member {
  /** What else than the number of the client makes it who it is: the tables. */
  readonly tables: string
  readonly client: () => string
  readonly notify: () => void
  readonly hasMail: () => boolean
  /** A value that changes when another connection has written. */
  readonly version: () => unknown
  /** How often to look, in milliseconds, if the system does not tell of changes. */
  readonly poll: number
}

/** The pauses between looks, in milliseconds: at first, when something has changed; and at most, when all is quiet. */
const shortest = 2
const longest = 250

export class Look {
  private readonly members = new Set<Member>()
  private watcher: FSWatcher | undefined
  /** Whether the system has told of a change. */
  private isTold = false
  private timer: NodeJS.Timeout | undefined
  private next = Infinity
  private poll = Infinity
  /** When something has changed, as far as we know. */
  private news = -Infinity
  /** What was seen last, and by whose connection. */
  private seen: unknown
  private looker: Member | undefined
  private isGone = false

  constructor(private readonly file: { readonly path: string; readonly isThere: () => boolean }) {}

  add(member: Member): void {
    this.members.add(member)
    this.poll = Math.min(this.poll, member.poll)
    // Nobody else sees a file in memory.
    if (this.file.path !== "" && this.members.size === 1) {
      this.news = performance.now()
      this.watch()
      this.schedule()
    } else if (this.timer !== undefined) {
      this.schedule()
    }
  }

  delete(member: Member): void {
    this.members.delete(member)
    if (this.looker === member) {
      this.looker = undefined
    }
    if (this.members.size === 0) {
      this.stop()
      clearTimeout(this.timer)
      this.timer = undefined
      this.next = Infinity
      this.poll = Infinity
    }
  }

  /** Tells the clients of this program whom another of them has sent something. */
  tell(tables: string, clients: ReadonlySet<string>, sender: string): void {
    for (const member of this.members) {
      const client = member.client()
      if (member.tables === tables && client !== sender && clients.has(client)) {
        member.notify()
      }
    }
  }

  private watch(): void {
    try {
      this.watcher = watch(`${this.file.path}-wal`, { persistent: false }, () => {
        this.isTold = true
        this.news = performance.now()
        this.schedule()
      })
      this.watcher.on("error", () => this.stop())
    } catch {
      // There are systems that tell nothing, and limits on how much is watched.
    }
  }

  private stop(): void {
    this.watcher?.close()
    this.watcher = undefined
    this.isTold = false
  }

  /** Sets the timer to the end of the pause, if it is not earlier. */
  private schedule(): void {
    const now = performance.now()
    const pause = this.isTold
      ? Math.max(shortest, Math.min(longest, (now - this.news) / 2))
      : Math.min(this.poll, 2 ** 31 - 1)
    if (now + pause < this.next) {
      clearTimeout(this.timer)
      this.next = now + pause
      this.timer = setTimeout(this.look, pause)
    }
  }

  private readonly look = (): void => {
    this.next = Infinity
    const [looker] = this.members
    if (looker === undefined) {
      return
    }
    try {
      const version = looker.version()
      if (version !== this.seen || looker !== this.looker) {
        this.news = performance.now()
        for (const member of this.members) {
          if (member.hasMail()) {
            member.notify()
          }
        }
        // Not before all have looked: what fails now is done again.
        this.seen = version
        this.looker = looker
      }
      // Each asks the file for mail once more, and hears what has become of it.
      if (!this.isGone && !this.file.isThere()) {
        this.isGone = true
        this.members.forEach(({ notify }) => notify())
      }
    } catch {
      // Others may be at work on the file. We come again.
    }
    this.schedule()
  }
}

/**
 * What a join that waits in a store can hope for: whether a tuple that comes could complete it, so that it need not
 * look at all that is stored each time.
 *
 * @internal
 */
import type { Row } from "../../StoreCommand.js"
import { isFailure } from "../failure.js"
import { Outlook } from "../pattern/outlook.js"
import type { Plan } from "../pattern/plan.js"
import { isRead } from "./reader.js"
import type { Candidate, Wanted } from "./wanted.js"

export class Hope {
  /** As far as it is known. */
  private outlook: Outlook<Candidate> | undefined = undefined
  /**
   * How often it has looked, or has been told of a tuple: nothing that was learned before may replace what is known
   * since.
   */
  private news = 0
  /** What is known in a transaction that is not committed yet, told by the list of what is learned there. */
  private provisional: {
    readonly learned: unknown
    readonly outlook: Outlook<Candidate>
    news: number
  } | undefined = undefined

  constructor(private readonly plan: Plan, private readonly tuple: Wanted["tuple"]) {}

  /** Begins a look at what is stored, in a transaction that does nothing else. */
  look(): { readonly outlook: Outlook<Candidate>; readonly end: () => void } {
    const news = ++this.news
    const outlook = new Outlook<Candidate>(this.plan)
    this.outlook = undefined
    return {
      outlook,
      end: () => {
        if (news === this.news) {
          this.outlook = outlook
        }
      }
    }
  }

  /** Begins a look in a transaction in which it is offered a tuple. */
  consider(): Outlook<Candidate> {
    this.provisional = undefined
    return new Outlook(this.plan)
  }

  /**
   * Knows this from now on in the transaction, and everywhere once that is committed, if nothing has come meanwhile.
   */
  learn(outlook: Outlook<Candidate>, learned: Array<() => void>): void {
    const provisional = this.provisional = { learned, outlook, news: this.news }
    learned.push(() => {
      if (this.provisional === provisional && provisional.news === this.news) {
        this.outlook = outlook
      }
    })
  }

  /** Whether it is certain that there are too few tuples, and has been since the last look. */
  get isDark(): boolean {
    return this.outlook?.isBright === false
  }

  /** Whether the join could be complete with a tuple that has come. Where that cannot be told, it has to look. */
  mayBeMadeBy(row: Row, learned?: unknown): boolean {
    const { provisional } = this
    const isProvisional = provisional !== undefined && provisional.learned === learned
    if (isProvisional && provisional.news === this.news) {
      provisional.news++
    }
    this.news++
    const tuple = this.tuple(row)
    if (!isRead(tuple)) {
      this.outlook = undefined
      this.provisional = undefined
      return true
    }
    const candidate = { row, tuple, failure: isFailure(tuple), seq: row.id, unread: undefined }
    try {
      const isBright = this.outlook?.comes(candidate) !== false
      return isProvisional ? provisional.outlook.comes(candidate) : isBright
    } catch {
      return true
    }
  }
}

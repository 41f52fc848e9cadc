/** The processes of the storm, from outside. */
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { once } from "node:events"
import type { Answer, Order, Settings } from "./orders.js"
import { born, up } from "./orders.js"

/** What is wrong, and what of the history has to do with it. */
export class Problem extends Error {
  constructor(readonly what: string, readonly about: ReadonlyArray<number | string> = []) {
    super(what)
  }
}

export const sleep = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

/** What a promise gives, or a problem if it has not come after so many milliseconds. */
export const within = async <A>(promise: Promise<A>, millis: number, what: string): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Problem(`${what}: not within ${Math.round(millis / 1000)} s`)), millis)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** One process after the other, of which at most one lives. */
export class Slot {
  life = 0
  private child: ChildProcess | undefined
  private born: Promise<void> = Promise.resolve()
  private up: Promise<void> = Promise.resolve()
  private orders = 0
  private readonly asked = new Map<number, (answer: Answer) => void>()
  /** What was wrong with one that ended by itself. */
  readonly problems: Array<Problem> = []

  constructor(
    readonly index: number,
    private readonly script: string,
    private readonly settings: Omit<Settings, "slot" | "life">,
    /** What the next life is told first. */
    private readonly greeting: (slot: Slot) => Order | undefined
  ) {}

  get who(): string {
    return `${this.index}.${this.life}`
  }

  get pid(): number {
    return this.child?.pid ?? 0
  }

  start(): void {
    this.life++
    const settings: Settings = { ...this.settings, slot: this.index, life: this.life }
    const child = spawn(process.execPath, ["--expose-gc", this.script, JSON.stringify(settings)], {
      stdio: ["ignore", "inherit", "pipe", "ipc"]
    })
    this.child = child
    const { who } = this
    let complaint = ""
    child.stderr!.on("data", (chunk) => {
      complaint += chunk
    })
    child.on("exit", (code, signal) => {
      if (this.child === child) {
        this.child = undefined
        this.problems.push(new Problem(`process ${who} ended by itself, with ${code ?? signal}: ${complaint}`, [who]))
        this.asked.forEach((answered, id) => answered({ id, value: null, failure: "it is gone" }))
      } else if (complaint !== "") {
        this.problems.push(new Problem(`process ${who} complained: ${complaint}`))
      }
    })
    // to send to one that has just been killed fails, and there is nothing to be done about it
    child.on("error", () => {})
    this.asked.clear()
    const said = (what: number) => new Promise<void>((resolve) => this.asked.set(what, () => resolve()))
    this.born = said(born)
    this.up = said(up)
    child.on("message", (answer: Answer) => {
      if (this.child === child) {
        this.asked.get(answer.id)?.(answer)
        this.asked.delete(answer.id)
      }
    })
    const order = this.greeting(this)
    if (order !== undefined) {
      void this.ask(order).catch(() => {})
    }
  }

  /** Has the process do something, once it is up. */
  async ask(order: Order): Promise<unknown> {
    const { child } = this
    await this.up
    if (child === undefined || this.child !== child) {
      throw new Problem(`process ${this.who} is gone`)
    }
    const id = ++this.orders
    const answered = new Promise<Answer>((resolve) => this.asked.set(id, resolve))
    child.send({ id, order })
    const { failure, value } = await answered
    if (failure !== undefined) {
      throw new Problem(`process ${this.who} was told to ${order.order}: ${failure}`)
    }
    return value
  }

  /** Whether it lives, as far as it was not ended here. */
  get lives(): boolean {
    return this.child !== undefined
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal)
  }

  async kill(): Promise<void> {
    await this.ended("SIGKILL", 10_000)
  }

  /** Ends it as an operator does: it closes what it has, and has nothing left then that would keep it. */
  async end(millis: number): Promise<void> {
    const { who } = this
    // it may be long in opening its space, and is to end then too
    await this.born
    const code = await this.ended("SIGTERM", millis)
    if (code !== 0) {
      throw new Problem(`process ${who} ended with ${code} when it was told to`)
    }
  }

  private async ended(signal: NodeJS.Signals, millis: number): Promise<number | null> {
    const { child, who } = this
    if (child === undefined) {
      return 0
    }
    this.child = undefined
    const gone = once(child, "exit")
    child.kill(signal)
    try {
      const [code] = await within(gone, millis, `process ${who} ends after ${signal}`)
      return code
    } finally {
      child.kill("SIGKILL")
    }
  }
}

/**
 * The scheduler at work.
 *
 * @internal
 */
import * as SpaceStore from "@effect-linda/core/SpaceStore"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import type { Schedule } from "../Schedule.js"
import type { Scheduler } from "../Scheduler.js"
import type { ScheduleImpl } from "./decisions.js"
import { Decisions } from "./decisions.js"

type Task = () => void

interface Ready {
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
  readonly tasks: Array<Task>
}

/** Fibers that are stopped and killed together, whatever they do: as a process is by its system. */
export class Program {
  state: "running" | "stopped" | "killed" = "running"
  /** What its fibers have to do if it goes on. */
  readonly backlog: Array<Ready> = []
}

/** The program that a fiber belongs to, with all that it forks. */
export const currentProgram: FiberRef.FiberRef<Program | undefined> = FiberRef.unsafeMake<Program | undefined>(
  undefined,
  { join: (parent) => parent }
)

const programOf = (fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined): Program | undefined =>
  fiber?.getFiberRef(currentProgram)

interface Alarm {
  readonly program: Program | undefined
  readonly at: number
  readonly ring: Task
  /** Whether it rings only to give a sign of life: no help to those who wait. */
  readonly isSign: boolean
}

/**
 * A yield at the fiber's own priority. One with a priority of its own takes further operations, before each of which
 * there may be another yield: above a certain probability a fiber would then never come to its next operation.
 */
const yieldAsIs = undefined as unknown as number

/** A yield returns in one operation, and then the fiber asks again whether to yield before the one it was at. */
const operationsOfYield = 2

/**
 * Whether the fiber has made a child that it has still to start. Effect's races do so in two operations, and an
 * interruption between them would wait for ever for children that never run (effect 3.22.4; a fiber that yields every
 * 2048 operations can hardly hit upon it, one that yields everywhere does).
 */
const isForking = (fiber: Fiber.RuntimeFiber<unknown, unknown>): boolean => {
  const { _children } = fiber as unknown as { readonly _children: ReadonlySet<Child> | null }
  for (const child of _children ?? []) {
    if (!child._running && child.currentOpCount === 0 && child.unsafePoll() === null) {
      return true
    }
  }
  return false
}

interface Child extends Fiber.RuntimeFiber<unknown, unknown> {
  readonly _running: boolean
}

/** So many operations of fibers in one run are a run that never ends. */
export const operationLimit = 100_000

/** The scheduler. */
export class SchedulerImpl implements Scheduler {
  readonly decisions: Decisions
  private operations = 0
  private now = 0
  private readonly resting = new WeakMap<Fiber.RuntimeFiber<unknown, unknown>, number>()
  /** For each fiber that is ready, what it has to do, in order: Effect counts on that. */
  private ready: Array<Ready> = []
  private alarms: Array<Alarm> = []
  private readonly whenStill: Array<Task> = []
  private readonly whenOver: Array<Task> = []

  constructor(schedule: Schedule) {
    this.decisions = new Decisions(schedule as ScheduleImpl)
  }

  /** Whether the fiber has to yield before its next operation. Called by Effect's runtime. */
  shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false {
    this.operations++
    const rest = this.resting.get(fiber) ?? 0
    if (rest > 0) {
      this.resting.set(fiber, rest - 1)
      return false
    }
    const wanted = this.decisions.yield() || this.isLivelocked || fiber.currentOpCount > 2048
    if (wanted && !isForking(fiber)) {
      this.resting.set(fiber, operationsOfYield)
      return yieldAsIs
    }
    return false
  }

  /** Adds what a fiber has to do. Called by Effect's runtime. */
  scheduleTask(task: Task, _priority: number, fiber?: Fiber.RuntimeFiber<unknown, unknown>): void {
    const program = programOf(fiber)
    const todo = program === undefined || program.state === "running" ? this.ready : program.backlog
    const ready = fiber && todo.find((each) => each.fiber === fiber)
    if (ready === undefined) {
      todo.push({ fiber, tasks: [task] })
    } else {
      ready.tasks.push(task)
    }
  }

  /** Whether the run has taken so long that it never ends. */
  get isLivelocked(): boolean {
    return this.operations > operationLimit
  }

  /** From now on no fiber of the program does anything: until it goes on, or for ever. */
  halt(program: Program, state: "stopped" | "killed"): void {
    program.state = state
    program.backlog.push(...this.ready.filter(({ fiber }) => programOf(fiber) === program))
    this.ready = this.ready.filter(({ fiber }) => programOf(fiber) !== program)
    if (state === "killed") {
      this.alarms = this.alarms.filter((alarm) => alarm.program !== program)
    }
  }

  /** A program that was stopped goes on. */
  resume(program: Program): void {
    program.state = "running"
    this.ready.push(...program.backlog.splice(0))
  }

  /** Lets the run end here. */
  abort(): void {
    this.isAborted = true
  }

  private isAborted = false

  /** Runs until nothing can move any more, or until it is clear that this never happens. */
  drain(): void {
    while (!this.isLivelocked && !this.isAborted) {
      if (this.ready.length > 0) {
        const chosen = this.decisions.pick(this.ready.length)
        const { tasks } = this.ready[chosen]!
        const task = tasks.shift()!
        if (tasks.length === 0) {
          this.ready.splice(chosen, 1)
        }
        task()
      } else if (this.whenStill.length > 0) {
        this.whenStill.shift()!()
      } else if (this.whenOver.length > 0 && this.alarms.every(({ isSign }) => isSign)) {
        this.whenOver.shift()!()
      } else if (this.alarms.length > 0) {
        const { at, ring } = this.alarms.shift()!
        this.now = at
        ring()
      } else {
        return
      }
    }
  }

  /** Goes on when every other fiber waits: for time, or for something that will not come. */
  readonly still: Effect.Effect<void> = Effect.async((resume) => {
    this.whenStill.push(() => resume(Effect.void))
  })

  /** Goes on when every other fiber waits and no time will help: none passes then but for signs of life. */
  readonly over: Effect.Effect<void> = Effect.async((resume) => {
    this.whenOver.push(() => resume(Effect.void))
  })

  /** Time that passes when nothing else can happen, one alarm after the other. */
  readonly clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => this.now,
    unsafeCurrentTimeNanos: () => this.nanos,
    currentTimeMillis: Effect.sync(() => this.now),
    currentTimeNanos: Effect.sync(() => this.nanos),
    sleep: (duration) => Effect.async((resume) => this.setAlarm(duration, () => resume(Effect.void)))
  }

  private get nanos(): bigint {
    return BigInt(Math.floor(this.now * 1_000_000))
  }

  private setAlarm(duration: Duration.Duration, ring: Task): Effect.Effect<void> {
    if (duration.value._tag === "Infinity") {
      return Effect.void
    }
    const at = this.now + Duration.toMillis(duration)
    const fiber = Option.getOrUndefined(Fiber.getCurrentFiber())
    const isSign = fiber?.getFiberRef(SpaceStore.signOfLife) === true
    const alarm = { at, ring, isSign, program: programOf(fiber) }
    const later = this.alarms.findIndex((other) => other.at > at)
    this.alarms.splice(later < 0 ? this.alarms.length : later, 0, alarm)
    return Effect.sync(() => {
      const index = this.alarms.indexOf(alarm)
      if (index >= 0) {
        this.alarms.splice(index, 1)
      }
    })
  }
}

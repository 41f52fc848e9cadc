/**
 * A fleet at work: programs in their places, each of which is taken by another program when one has ended.
 *
 * @internal
 */
import * as OptionsOf from "@effect-linda/core/Options"
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as SpaceStore from "@effect-linda/core/SpaceStore"
import type { Tuple } from "@effect-linda/core/Tuple"
import type * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { Fault, Fleet, FleetOptions, Version } from "../../Simulation.js"
import type { SchedulerImpl } from "../scheduler.js"
import { currentProgram } from "../scheduler.js"
import type { Injector } from "./client.js"
import { clientOf, served } from "./client.js"
import type { End } from "./member.js"
import { Member } from "./member.js"
import * as Mishaps from "./mishaps.js"

/** The run that a fleet is in. */
export interface Setting {
  readonly scheduler: SchedulerImpl
  /** Is told what happens. */
  readonly note: (line: string) => void
  /** Ends the run as a failure. */
  readonly fail: (error: unknown) => void
  /** Shows the space if the run gets stuck. */
  readonly show: (space: TupleSpace.TupleSpace<any, SpaceError>) => void
}

/** What runs where a program was. */
interface Place {
  /** Which of the workers of the version. */
  readonly role: number
  version: Version<any>
  /** None if its worker has done all that it had to, or fails again and again, or another is about to begin. */
  member: Member | undefined
  isVacant: boolean
  failures: number
}

/** How long it takes until a program takes the place of another. */
const restarting = Duration.seconds(1)

/** How often a worker may fail before nobody takes its place. */
const mostFailures = 10

/** How long old and new programs work side by side before the next one is replaced. */
const sideBySide = Duration.seconds(10)

/** How long a program stands still, in leases. */
const stopping = 1.5

/** So many times a lease passes without a mishap before what is held counts as held for good. */
const mostLeases = 3

const isFunctions = (value: unknown): value is Version<any>["workers"] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "function")

const isFaults = (value: unknown): value is ReadonlyArray<Fault> =>
  Array.isArray(value) && value.every((each) => Mishaps.faults.includes(each))

const versionOf = (reader: OptionsOf.Reader): Version<any> => {
  const workers = reader.value("workers", isFunctions, "list of functions")
  const { space } = reader.pick("space")
  return { workers: workers ?? [], space: space as SpaceStore.Options }
}

const invalid = (message: string) => new SpaceError({ reason: "InvalidOption", message })

const withWorkers = (count: number | undefined) => (version: Version<any>) =>
  version.workers.length === (count ?? version.workers.length) && version.workers.length > 0
    ? Effect.succeed(version)
    : Effect.fail(invalid(`workers: there have to be ${count ?? "some"}, and there are ${version.workers.length}`))

export const make = <T extends Tuple>(
  { fail, note, scheduler, show }: Setting,
  options: FleetOptions<T>
): Effect.Effect<Fleet<T>, SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const { faults, lease, programs, ...first } = yield* OptionsOf.read(options, (reader) => ({
      ...versionOf(reader),
      programs: reader.integer("programs", 2, 1),
      faults: reader.value("faults", isFaults, `list of ${Mishaps.faults.join(", ")}`) ?? Mishaps.faults,
      lease: reader.millis("lease", "30 seconds", 1)
    }))
    yield* withWorkers(undefined)(first)
    const scope = yield* Effect.scope
    const { open } = yield* SpaceStore.memory
    const opened = open("fleet", { lease })
    const space = yield* SpaceStore.make(yield* opened, first.space)
    show(space)
    /** Does it beside all else, as long as the fleet is there. */
    const later = (effect: Effect.Effect<void>) => Effect.asVoid(Effect.forkIn(Effect.interruptible(effect), scope))

    let happened = 0
    let begun = 0
    let isOver = false
    const members: Array<Member> = []

    /** Kills a program: what it has asked the store for is done, and what it has open there undone. */
    const kill = (member: Member): void => {
      scheduler.halt(member.program, "killed")
      member.transactions.forEach((undo) => undo(gone))
      member.hasCome({ _tag: "Killed" })
    }

    /**
     * Lets a program end when the run is over, also one that was killed: Effect and the platform would keep what it
     * waits for.
     */
    const release = ({ program, root }: Member): void => {
      scheduler.resume(program)
      root?.unsafeInterruptAsFork(FiberId.none)
    }

    const stop = (member: Member): Effect.Effect<void> =>
      Effect.suspend(() => {
        scheduler.halt(member.program, "stopped")
        const abandon = Effect.sync(() => member.transactions.forEach((undo) => undo(gone)))
        const resume = Effect.sync(() => {
          if (member.program.state === "stopped") {
            note(`program ${member.number} goes on`)
            scheduler.resume(member.program)
          }
        })
        return later(
          Effect.sleep(Duration.millis(lease)).pipe(
            Effect.zipRight(abandon),
            Effect.zipRight(Effect.sleep(Duration.millis(lease * (stopping - 1)))),
            Effect.zipRight(resume)
          )
        )
      })

    const end = (member: Member): Effect.Effect<void> =>
      Effect.suspend(() => {
        member.isTold = true
        member.isClosing = true
        return member.root === undefined ? Effect.void : Fiber.interruptFork(member.root)
      })

    const injector: Injector = {
      later,
      draw: (member) => {
        if (isOver || !member.isUp) {
          return undefined
        }
        const place = `${member.number}.${member.steps++}`
        const drawn = scheduler.decisions.fault(place, faults, Mishaps.moments.length)
        return drawn && { fault: drawn.kind, moment: Mishaps.moments[drawn.moment]! }
      },
      happen: (member, { fault }, words) =>
        Effect.suspend(() => {
          if (isOver || !member.isUp) {
            return Effect.void
          }
          happened++
          note(`program ${member.number} ${said[fault]} ${words}`)
          switch (fault) {
            case "kill":
              return Effect.sync(() => kill(member))
            case "stop":
              return stop(member)
            case "end":
              return end(member)
            default:
              return Effect.void
          }
        })
    }

    /** A program begins, and another after it when it has ended, unless it has done all that it had to. */
    const begin = (place: Place): Effect.Effect<void> =>
      Effect.gen(function*() {
        const member = new Member(++begun)
        members.push(member)
        place.member = member
        place.isVacant = false
        const { space: spaceOptions, workers } = place.version
        const worker = workers[place.role]!
        const program = Effect.gen(function*() {
          const own = yield* Effect.acquireRelease(served(Scope.make()), (own) => served(Scope.close(own, Exit.void)))
          const store = yield* served(Scope.extend(opened, own))
          const space = yield* SpaceStore.make(clientOf(store, member, injector), spaceOptions)
          yield* Effect.ensuring(
            Effect.suspend(() => worker(space, member.number)),
            Effect.sync(() => {
              member.isClosing = true
            })
          )
        })
        const root = yield* Effect.locally(
          // eslint-disable-next-line no-restricted-syntax -- one that is killed never ends
          Effect.forkDaemon(Effect.scoped(program)),
          currentProgram,
          member.program
        )
        member.root = root
        root.addObserver((exit) => member.hasCome(endOf(member, exit)))
        yield* later(Effect.flatMap(member.ended, (end) => succeed(place, member, end)))
      })

    /** What comes after a program. */
    const succeed = (place: Place, { number }: Member, end: End): Effect.Effect<void> => {
      place.member = undefined
      if (isOver) {
        return Effect.void
      }
      const again = Effect.zipRight(Effect.sleep(restarting), Effect.suspend(() => begin(place)))
      const leave = Effect.sync(() => {
        place.isVacant = true
      })
      switch (end._tag) {
        case "Done":
          return leave
        case "Failed":
          if (Option.isSome(Cause.dieOption(end.cause))) {
            return Effect.sync(() => fail(Cause.squash(end.cause)))
          }
          note(`program ${number} fails: ${OptionsOf.messageOf(Cause.squash(end.cause))}`)
          return ++place.failures > mostFailures ? leave : again
        default:
          return again
      }
    }

    const roles = Array.from({ length: programs * first.workers.length }, (_, index) => Math.floor(index / programs))
    const places = roles.map((role): Place => ({
      role,
      version: first,
      member: undefined,
      isVacant: true,
      failures: 0
    }))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isOver = true
        members.forEach(release)
      })
    )
    yield* Effect.forEach(places, begin, { discard: true })

    const replace = (place: Place, version: Version<any>): Effect.Effect<void> =>
      Effect.suspend(() => {
        place.version = version
        place.failures = 0
        const { member } = place
        if (member === undefined) {
          return place.isVacant ? begin(place) : Effect.void
        }
        note(`program ${member.number} is replaced`)
        return Effect.zipRight(end(member), Effect.asVoid(member.ended))
      })

    /** Waits until all are at rest. What is held then is so by one that has died, and back after its lease. */
    const quiet = (patience: number): Effect.Effect<void> =>
      Effect.gen(function*() {
        const before = happened
        yield* scheduler.over
        const { held } = yield* Effect.orDie(space.inspect)
        if (held > 0 && patience > 0) {
          yield* Effect.sleep(Duration.millis(lease))
          yield* quiet(happened === before ? patience - 1 : mostLeases)
        }
      })

    return {
      space,
      quiet: quiet(mostLeases),
      roll: (options) =>
        Effect.flatMap(
          Effect.flatMap(OptionsOf.read(options, versionOf), withWorkers(first.workers.length)),
          (version) =>
            Effect.forEach(
              places,
              (place) => Effect.zipRight(replace(place, version), Effect.sleep(sideBySide)),
              { discard: true }
            )
        )
    }
  })

const gone = new SpaceError({ reason: "Unavailable", message: "the simulated store has ended a transaction" })

const said: Readonly<Record<Fault, string>> = {
  kill: "is killed",
  stop: "stands still",
  end: "is told to end",
  resend: "loses its connection, and sends again what it has no answer to,",
  lose: "loses its store"
}

/** One that is told to end has ended so, whatever its worker makes of that: but for a failure. */
const endOf = ({ isTold }: Member, exit: Exit.Exit<unknown, unknown>): End =>
  Exit.isSuccess(exit)
    ? { _tag: isTold ? "Ended" : "Done" }
    : isTold && Cause.isInterruptedOnly(exit.cause)
    ? { _tag: "Ended" }
    : { _tag: "Failed", cause: exit.cause }

import { Sqlite } from "@effect-linda/sql"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { join } from "node:path"
import { lacks, skip } from "./lacks.js"
import { clients } from "./shared.js"
import { undecodables } from "./undecodable.js"
import { useFolder } from "./useFolder.js"

Conformance.suite({
  name: "in SQLite",
  layer: Sqlite.layer({ filename: ":memory:", lease: "10000 days" }),
  time: "test",
  lacks,
  skip
})

const folder = useFolder("sqlite")

clients(
  "several connections to one file",
  (space, options) => Sqlite.make({ filename: join(folder, "spaces.db"), space, ...options } as Sqlite.Options)
)

undecodables("SQLite", (space, options) => Sqlite.make({ ...options, filename: join(folder, "undecodable.db"), space }))

import { Sqlite } from "@effect-linda/sql"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { lacks, skip } from "./lacks.js"

Conformance.suite({
  name: "in SQLite",
  layer: Sqlite.layer({ filename: ":memory:", lease: "10000 days" }),
  time: "test",
  lacks,
  skip
})

import type { Sqlite } from "@effect-linda/sql"
import type Libsql from "libsql"
import { describe, expect, it } from "tstyche"

describe("Sqlite.Database", () => {
  it("is what libsql makes, without a cast", () => {
    expect<Libsql.Database>().type.toBeAssignableTo<Sqlite.Database>()
  })
})

import { describe, expect, it } from "tstyche"
import { identifier, join, sql } from "../src/internal/sql.js"

declare const text: string

describe("SQL", () => {
  it("takes SQL, numbers and checked names", () => {
    const name = identifier("schema", text)
    expect(sql`SELECT ${1} FROM ${name} WHERE ${join([sql`a = ?`, sql`b = ?`], " AND ")}`).type.toBeAssignableTo<
      string
    >()
  })

  it("takes no text from elsewhere", () => {
    // @ts-expect-error Argument of type 'string' is not assignable
    sql`SELECT * FROM ${text}`
    // @ts-expect-error Argument of type 'string' is not assignable
    sql`SELECT ${"a, b"}`
    expect(join).type.not.toBeCallableWith([text])
  })
})

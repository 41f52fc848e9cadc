// Deliberate faults in spaces in databases, each of which some test has to find: see scripts/mutants.mjs.

/** @type {ReadonlyArray<import("../core/mutants.mjs").Mutant>} */
export const mutants = [
  // PostgreSQL: what an error means
  {
    name: "a server that is read-only for a while is not waited for",
    clause: "S16",
    file: "internal/postgres/failures.ts",
    find: "const passing = /^(08|25006|",
    replace: "const passing = /^(08|"
  },
  {
    name: "what a value is refused for is taken for the loss of the store",
    clause: "S16",
    file: "internal/postgres/failures.ts",
    find: "const refusing = /^(22|23|54|XX000)/",
    replace: "const refusing = /^(23|XX000)/"
  },
  {
    name: "a full queue of notifications is no reason to wait",
    clause: "S16",
    file: "internal/postgres/failures.ts",
    find: "look(error).routine === \"PreCommit_Notify\"",
    replace: "look(error).routine === \"none\""
  },
  {
    name: "a certificate that is not trusted is tried again",
    clause: "S16",
    file: "internal/postgres/failures.ts",
    find: "!/^E(?!RR_|PROTO$)/.test(code)",
    replace: "/^$/.test(code)"
  },
  {
    name: "a client that was taken for dead is not told so",
    clause: "S8",
    file: "internal/postgres/failures.ts",
    find: "if (state === lapsed) {",
    replace: "if (state === \"none\") {"
  },
  // PostgreSQL: connections
  {
    name: "the isolation of the role is kept",
    clause: "S3",
    file: "internal/postgres/connection.ts",
    find: "default_transaction_isolation: \"read committed\",",
    replace: ""
  },
  {
    name: "a program that is stopped in a transaction keeps its space for ever",
    clause: "S8",
    file: "internal/postgres/connection.ts",
    find: "idle_in_transaction_session_timeout: idle_in_transaction_session_timeout ?? whole,",
    replace: "idle_in_transaction_session_timeout: 0,"
  },
  {
    name: "what runs on for connections that were given up piles up",
    clause: "S16",
    file: "internal/postgres/connection.ts",
    find: "yield* unlessLost(this.endOf(orphans))",
    replace: ""
  },
  {
    name: "a queue of notifications that was full stays full",
    clause: "S16",
    file: "internal/postgres/connection.ts",
    find: "yield* unlessLost(this.ask(sql`SELECT pg_notification_queue_usage()`))",
    replace: ""
  },
  // PostgreSQL: batches and transactions
  {
    name: "a part that fails is not undone",
    clause: "S10",
    file: "internal/postgres/connection.ts",
    find: "this.ask(sql`ROLLBACK TO ${name}`)",
    replace: "this.ask(sql`RELEASE ${name}`)"
  },
  {
    name: "a transaction that the server has undone is believed",
    clause: "S10",
    file: "internal/postgres/connection.ts",
    find: "if (command !== \"COMMIT\") {",
    replace: "if (command === \"\") {"
  },
  {
    name: "a transaction whose answer was lost is done twice",
    clause: "S10",
    file: "internal/postgres/store.ts",
    find: "Number(row[\"seq\"]) === number",
    replace: "Number(row[\"seq\"]) === -number"
  },
  {
    name: "who waits for another program's transaction cannot leave",
    clause: "S9",
    file: "internal/postgres/connection.ts",
    find: "this.awaited(begin, leave ?? restore)",
    replace: "this.ask(begin)"
  },
  {
    name: "who leaves a transaction waits for as long as its statement takes",
    clause: "S8",
    file: "internal/postgres/connection.ts",
    find: "yield* Exit.isInterrupted(exit) ? this.hurried(undo) : undo",
    replace: "yield* undo"
  },
  {
    name: "a transaction whose COMMIT goes on is not waited for, and is done twice",
    clause: "S10",
    file: "internal/postgres/store.ts",
    find:
      "leave(client.connected),\n              (connection) => connection.transaction(inside(connection), { lock, leave })",
    replace:
      "leave(client.connected),\n              (connection) => connection.transaction(inside(connection), { leave })"
  },
  {
    name: "who leaves a transaction loses the connection, though the server has answered",
    clause: "S9",
    file: "internal/postgres/connection.ts",
    find: "Effect.interruptible(Effect.zipRight(Effect.withClock(Effect.sleep(patience), liveClock), this.abandon))",
    replace: "Effect.zipRight(Effect.withClock(Effect.sleep(patience), liveClock), this.abandon)"
  },
  // PostgreSQL: what a batch does
  {
    name: "a claim of several takes those that are left, in PostgreSQL",
    clause: "S11",
    file: "internal/postgres/migrations.ts",
    find: "WHERE x.id = ANY(v_ids)) < cardinality(v_ids) THEN",
    replace: "WHERE x.id = ANY(v_ids)) < 1 THEN"
  },
  {
    name: "a use that fails does not count as an attempt, in PostgreSQL",
    clause: "S8",
    file: "internal/postgres/migrations.ts",
    find: "t.attempts := t.attempts + 1;",
    replace: "t.attempts := t.attempts;"
  },
  {
    name: "what goes behind all others keeps its place, in PostgreSQL",
    clause: "S5",
    file: "internal/postgres/migrations.ts",
    find: "IF c->>'how' = 'back' THEN",
    replace: "IF c->>'how' = 'behind' THEN"
  },
  {
    name: "who leaves keeps what it held until its lease is over, in PostgreSQL",
    clause: "S12",
    file: "internal/postgres/migrations.ts",
    find: "PERFORM ${schema}.bury(p_space, 0, v_now);\n  DELETE",
    replace: "DELETE"
  },
  {
    name: "a lease of a tuple that is held is not renewed, in PostgreSQL",
    clause: "S15",
    file: "internal/postgres/migrations.ts",
    find: "UPDATE ${schema}.held SET expires = p_now + (c->>'ttl')::float8 WHERE lease = (c->>'lease')::bigint;",
    replace: "PERFORM 1 FROM ${schema}.held WHERE lease = (c->>'lease')::bigint;"
  },
  {
    name: "what is over when it is put can be found, in PostgreSQL",
    clause: "S15",
    file: "internal/postgres/migrations.ts",
    find: "IF jsonb_path_exists(p_rows, '$[*].ttl ? (@ <= 0)') THEN",
    replace: "IF false THEN"
  },
  {
    name: "what was only looked at is kept for an answer that is lost, in PostgreSQL",
    clause: "S16",
    file: "internal/postgres/migrations.ts",
    find: "v_looks boolean := p_seq IS NOT NULL AND ${anyLooks};",
    replace: "v_looks boolean := false;"
  },
  {
    name: "a batch that is sent again happens again, in PostgreSQL",
    clause: "S16",
    file: "internal/postgres/migrations.ts",
    find: "IF p_seq <= v_seq THEN",
    replace: "IF p_seq < v_seq - 1 THEN"
  },
  {
    name: "a clock that is set forward ends those who live, in PostgreSQL",
    clause: "S8",
    file: "internal/postgres/migrations.ts",
    find: "IF v_until <= v_now AND v_lapses THEN",
    replace: "IF false AND v_lapses THEN"
  },
  {
    name: "a clock that is set back lets the dead live, in PostgreSQL",
    clause: "S8",
    file: "internal/postgres/migrations.ts",
    find: "(y.until <= v_now OR y.until > v_now + y.lease)",
    replace: "y.until <= v_now"
  },
  {
    name: "since when tuples are held is by another clock than the space's, in PostgreSQL",
    clause: "S8",
    file: "internal/postgres/migrations.ts",
    find: "p_client, CASE v_limit WHEN 1 THEN v_holds[u.n] ELSE v_holds[1] END, p_now\n",
    replace: "p_client, CASE v_limit WHEN 1 THEN v_holds[u.n] ELSE v_holds[1] END,\n" +
      "            extract(epoch FROM clock_timestamp()) * 1000\n"
  },
  // SQLite
  {
    name: "another program that writes is not waited for",
    clause: "S16",
    file: "internal/sqlite/busy.ts",
    find: "SQLITE_BUSY: 5,",
    replace: ""
  },
  {
    name: "a value that SQLite refuses is taken for the loss of the store",
    clause: "S16",
    file: "internal/sqlite/busy.ts",
    find: "isOfStatement(cause) || cause instanceof RangeError",
    replace: "cause === undefined"
  },
  {
    name: "a file that was deleted is written to",
    clause: "S16",
    file: "internal/sqlite/file.ts",
    find: "performance.now() - this.checked >= often && !this.isThere()",
    replace: "this.users < 0 && !this.isThere()"
  },
  {
    name: "two versions of SQLite have one file",
    clause: "S16",
    file: "internal/sqlite/file.ts",
    find: "if (file.library !== library) {",
    replace: "if (file.library === \"\") {"
  },
  {
    name: "each client looks at the file itself",
    clause: "S16",
    file: "internal/sqlite/look.ts",
    find: "const [looker] = this.members\n",
    replace: "const looker = [...this.members].at(Math.floor(Math.random() * this.members.size))\n"
  },
  {
    name: "what a look fails at is not looked at again",
    clause: "S16",
    file: "internal/sqlite/look.ts",
    find: "// Others may be at work on the file. We come again.",
    replace: "return"
  },
  {
    name: "a lease of a tuple that is held is not renewed, in SQLite",
    clause: "S15",
    file: "internal/sqlite/tables.ts",
    find: "[tuples, held].some((table)",
    replace: "[tuples].some((table)"
  },
  {
    name: "the waiters of who is dead stay, in SQLite",
    clause: "S8",
    file: "internal/sqlite/tables.ts",
    find: "prepared(sql`DELETE FROM ${prefix}waiters WHERE client = ?`).run(id)",
    replace: "void 0"
  },
  {
    name: "the places of tuples that are put together are one too early, in SQLite",
    clause: "S5",
    file: "internal/sqlite/tables.ts",
    find: "ids.push(last - count + 1 + index)",
    replace: "ids.push(last - count + index)"
  },
  {
    name: "who leaves an opening as it gets the write lock keeps it",
    clause: "S16",
    file: "internal/sqlite/transaction.ts",
    find: "Effect.onInterrupt(restore(begin), () => undo)",
    replace: "restore(begin)"
  },
  {
    name: "a transaction of another space of the file is not waited for",
    clause: "S16",
    file: "Sqlite.ts",
    find: "return queue.inTurn(turn, { patience, restore })",
    replace: "return turn"
  },
  // migrations by hand
  {
    name: "a dry run leaves out that a step has been done",
    clause: "S16",
    file: "internal/migrations.ts",
    find: "sql`INSERT INTO ${table}migrations (number, name) VALUES (${number}, '${name}')`",
    replace: ""
  },
  {
    name: "tables of PostgreSQL that are made by hand are made by whoever opens a space",
    clause: "S16",
    file: "internal/postgres/tables.ts",
    find: "yield* migrate === \"hand\"\n",
    replace: "yield* migrate !== migrate\n"
  },
  {
    name: "a dry run makes the file of SQLite that is not there",
    clause: "S16",
    file: "Sqlite.ts",
    find: "if (!isThere) {",
    replace: "if (false) {"
  },
  // the PgClient of a program
  {
    name: "a transaction of a space has another client than the program",
    clause: "S16",
    file: "Postgres.ts",
    find: "withSql(store.query, read.client)",
    replace: "withSql(store.query)"
  },
  {
    name: "what is not said of a connection is told to the driver as said",
    clause: "S16",
    file: "internal/postgres/options.ts",
    find: ".filter(([, value]) => value !== undefined)",
    replace: ""
  },
  {
    name: "a token of SQLite is given twice",
    clause: "S19",
    file: "internal/sqlite/tables.ts",
    find: "SET token = token + 1",
    replace: "SET token = token"
  },
  {
    name: "a token of PostgreSQL is given twice",
    clause: "S19",
    file: "internal/postgres/migrations.ts",
    find: "nextval('${schema}.tokens')",
    replace: "1"
  },
  {
    name: "a dry run looks for a file whose name is a URI by the URI",
    clause: "S16",
    file: "Sqlite.ts",
    find: "path === undefined ? filename : decodeURIComponent(path)",
    replace: "filename"
  },
  {
    name: "who leaves a part of a transaction waits for the statement that is under way",
    clause: "S8",
    file: "internal/postgres/connection.ts",
    find: "if (Exit.isInterrupted(exit)) {",
    replace: "if (Exit.isSuccess(exit)) {"
  },
  {
    name: "who waits does not hear that a tuple comes sooner, in PostgreSQL",
    clause: "S20",
    file: "internal/postgres/migrations.ts",
    find: "IF v_coming < coalesce(v_due, 'Infinity') THEN",
    replace: "IF v_coming < v_due THEN"
  },
  {
    name: "what comes later in PostgreSQL lives from when it was seen to come",
    clause: "S20",
    file: "internal/postgres/migrations.ts",
    find: "s.due + s.ttl, s.id,",
    replace: "p_now + s.ttl, s.id,"
  },
  {
    name: "what comes later in PostgreSQL comes in the order in which it was put",
    clause: "S20",
    file: "internal/postgres/migrations.ts",
    find: "ORDER BY x.due, x.id LIMIT",
    replace: "ORDER BY x.id LIMIT"
  },
  {
    name: "what comes later in SQLite comes in the order in which it was put",
    clause: "S20",
    file: "internal/sqlite/tables.ts",
    find: "AND due <= ? ORDER BY due, id LIMIT",
    replace: "AND due <= ? ORDER BY id LIMIT"
  },
  {
    name: "what a hold has consumed has not left for good, in PostgreSQL",
    clause: "S18",
    file: "internal/postgres/migrations.ts",
    find: "'gone' THEN\n      PERFORM ${schema}.tell_gone(p_space, v_rows);",
    replace: "'gone' THEN\n      NULL;"
  },
  {
    name: "what one query takes for good has not left, in PostgreSQL",
    clause: "S18",
    file: "internal/postgres/migrations.ts",
    find: "tell_taken(p_space, v_ids, v_final);",
    replace: "tell_taken(p_space, v_ids, false);"
  },
  {
    name: "what is claimed for good has not left, in PostgreSQL",
    clause: "S18",
    file: "internal/postgres/migrations.ts",
    find: "tell_taken(p_space, p_ids, p_final);",
    replace: "tell_taken(p_space, p_ids, false);"
  },
  {
    name: "what expires has not left for good, in PostgreSQL",
    clause: "S18",
    file: "internal/postgres/migrations.ts",
    find: "PERFORM ${schema}.tell(p_space, 'Expire', t, NULL);\n    PERFORM ${schema}.tell_gone(p_space, ARRAY[t]);",
    replace: "PERFORM ${schema}.tell(p_space, 'Expire', t, NULL);"
  },
  {
    name: "what has expired when it comes back has not left for good, in PostgreSQL",
    clause: "S18",
    file: "internal/postgres/migrations.ts",
    find: "PERFORM ${schema}.tell(p_space, 'Expire', t, p_from);\n    PERFORM ${schema}.tell_gone(p_space, ARRAY[t]);",
    replace: "PERFORM ${schema}.tell(p_space, 'Expire', t, p_from);"
  },
  {
    name: "what a waiter has fetched for good has not left, in PostgreSQL",
    clause: "S18",
    file: "internal/postgres/migrations.ts",
    find: "PERFORM ${schema}.tell_gone(p_space, v_gone);",
    replace: "NULL;"
  },
  {
    name: "it is not written down that somebody watches for what leaves, in SQLite",
    clause: "S18",
    file: "internal/sqlite/tables.ts",
    find: "waiter.events.includes(\"Gone\") ? 1 : null",
    replace: "null"
  },

  // S21: priority
  {
    name: "what is put into SQLite after a low priority comes behind it",
    clause: "S21",
    file: "internal/sqlite/tables.ts",
    find: "if (last < arrivals) {",
    replace: "if (last > 0) {"
  },
  {
    name: "what is put into SQLite at once after a low priority is moved by the first alone",
    clause: "S21",
    file: "internal/sqlite/tables.ts",
    find: "shift.run(last - arrival, last - count, last)",
    replace: "shift.run(last - arrival, last - 1, last)"
  },
  {
    name: "what comes later in SQLite loses its priority",
    clause: "S21",
    file: "internal/sqlite/tables.ts",
    find: "    attempts,\n    priority\n  }",
    replace: "    attempts\n  }"
  },
  {
    name: "what goes behind all others in PostgreSQL loses its priority",
    clause: "S21",
    file: "internal/postgres/migrations.ts",
    find: "nextval('${schema}.ids') + v_from - ${arrivalOf(sql`v_from`)}",
    replace: "nextval('${schema}.ids')"
  },
  {
    name: "what comes later in PostgreSQL loses its priority",
    clause: "S21",
    file: "internal/postgres/migrations.ts",
    find: "newPlace(schema, sql`s.priority`)",
    replace: "newPlace(schema, sql`0`)"
  },
  {
    name: "a put while somebody waits in PostgreSQL loses its priority",
    clause: "S21",
    file: "internal/postgres/migrations.ts",
    find: "newPlace(schema, sql`r.priority`)",
    replace: "newPlace(schema, sql`0`)"
  },
  {
    name: "who takes in PostgreSQL looks from priority 0 on",
    clause: "S21",
    file: "internal/postgres/migrations.ts",
    find: "v_query, ${beginning}, CASE",
    replace: "v_query, 0, CASE"
  },
  {
    name: "an outbox forgets priorities",
    clause: "S21",
    file: "internal/rows.ts",
    find: "  priority: priority || undefined,\n",
    replace: ""
  }
]

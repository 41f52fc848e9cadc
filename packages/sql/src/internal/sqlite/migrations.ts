/**
 * The tables of spaces in SQLite.
 *
 * @internal
 */
import { ofEach } from "../columns.js"
import type { Migration } from "../migrations.js"
import { sql } from "../sql.js"

const definitions = sql`
  arity INTEGER NOT NULL,
  shape TEXT NOT NULL,
  fields TEXT NOT NULL,
  ${ofEach((position) => sql`k${position} INTEGER,`, " ")}
  expires REAL,
  lease INTEGER,
  meta TEXT,
  attempts INTEGER NOT NULL DEFAULT 0`

export const migrations: ReadonlyArray<Migration> = [
  {
    name: sql`tuples, holds, waiters, mail`,
    // AUTOINCREMENT: an id that was used is never used again, for it is the order of age.
    statements: (prefix) =>
      sql`
      CREATE TABLE ${prefix}spaces (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
      CREATE TABLE ${prefix}tuples (
        id INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL, ${definitions}
      );
      ${
        ofEach(
          (position) =>
            sql`CREATE INDEX ${prefix}tuples_k${position} ON ${prefix}tuples (space, k${position}, arity)
          WHERE k${position} IS NOT NULL;`,
          "\n"
        )
      }
      CREATE INDEX ${prefix}tuples_arity ON ${prefix}tuples (space, arity);
      CREATE INDEX ${prefix}tuples_expires ON ${prefix}tuples (space, expires) WHERE expires IS NOT NULL;
      CREATE INDEX ${prefix}tuples_lease ON ${prefix}tuples (lease) WHERE lease IS NOT NULL;
      CREATE TABLE ${prefix}held (
        id INTEGER PRIMARY KEY, space INTEGER NOT NULL, client INTEGER NOT NULL, hold INTEGER NOT NULL, ${definitions}
      );
      CREATE INDEX ${prefix}held_hold ON ${prefix}held (client, hold);
      CREATE INDEX ${prefix}held_lease ON ${prefix}held (lease) WHERE lease IS NOT NULL;
      CREATE TABLE ${prefix}clients (id INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL, until REAL NOT NULL);
      CREATE TABLE ${prefix}waiters (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, client INTEGER NOT NULL, space INTEGER NOT NULL, body TEXT NOT NULL,
        waiter INTEGER NOT NULL, label TEXT NOT NULL, since REAL NOT NULL
      );
      CREATE UNIQUE INDEX ${prefix}waiters_waiter ON ${prefix}waiters (client, waiter);
      CREATE INDEX ${prefix}waiters_space ON ${prefix}waiters (space);
      CREATE TABLE ${prefix}anchors (
        space INTEGER NOT NULL, mask INTEGER NOT NULL, hash INTEGER NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (space, mask, hash, seq)
      ) WITHOUT ROWID;
      CREATE INDEX ${prefix}anchors_seq ON ${prefix}anchors (seq);
      CREATE TABLE ${prefix}mail (id INTEGER PRIMARY KEY AUTOINCREMENT, client INTEGER NOT NULL, body TEXT NOT NULL);
      CREATE INDEX ${prefix}mail_client ON ${prefix}mail (client);`
  },
  {
    name: sql`the format of fields`,
    statements: (prefix) =>
      sql`
      CREATE TABLE ${prefix}meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
      INSERT INTO ${prefix}meta (name, value) VALUES ('format', 1);`
  },
  {
    name: sql`the leases of clients`,
    statements: (prefix) => sql`ALTER TABLE ${prefix}clients ADD COLUMN lease REAL;`
  },
  {
    // By the name of the space, so that the statement is the same in every file.
    name: sql`an outbox`,
    statements: (prefix) =>
      sql`
      CREATE TABLE ${prefix}outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, space TEXT NOT NULL, rows TEXT NOT NULL);
      CREATE INDEX ${prefix}outbox_space ON ${prefix}outbox (space);`
  },
  {
    // A waiter of an earlier program stands in no line.
    name: sql`lines of those who wait`,
    statements: (prefix) =>
      sql`
      ALTER TABLE ${prefix}waiters ADD COLUMN line TEXT;
      ALTER TABLE ${prefix}anchors ADD COLUMN line TEXT;
      CREATE INDEX ${prefix}waiters_line ON ${prefix}waiters (space, line) WHERE line IS NOT NULL;
      CREATE INDEX ${prefix}anchors_line ON ${prefix}anchors (space, mask, hash, line);`
  },
  {
    // Tuples get their ages from the times at which some of the ids were given.
    name: sql`since when tuples are there, and are held`,
    statements: (prefix) =>
      sql`
      CREATE TABLE ${prefix}ages (
        space INTEGER NOT NULL, id INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (space, id)
      ) WITHOUT ROWID;
      ALTER TABLE ${prefix}held ADD COLUMN since REAL;`
  },
  {
    name: sql`numbers of holds`,
    statements: (prefix) => sql`ALTER TABLE ${prefix}spaces ADD COLUMN token INTEGER NOT NULL DEFAULT 0;`
  },
  {
    // A lease of theirs is their id below 0: those of tuples that were put at once are above.
    name: sql`tuples that come later`,
    statements: (prefix) =>
      sql`
      CREATE TABLE ${prefix}scheduled (
        id INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL, due REAL NOT NULL, ttl REAL,
        arity INTEGER NOT NULL, shape TEXT NOT NULL, fields TEXT NOT NULL,
        ${ofEach((position) => sql`k${position} INTEGER,`, " ")}
        meta TEXT, attempts INTEGER NOT NULL
      );
      CREATE INDEX ${prefix}scheduled_due ON ${prefix}scheduled (space, due);`
  },
  {
    // One look into an empty index tells that nobody is to be told.
    name: sql`who watches for what leaves for good`,
    statements: (prefix) =>
      sql`
      ALTER TABLE ${prefix}waiters ADD COLUMN gone INTEGER;
      CREATE INDEX ${prefix}waiters_gone ON ${prefix}waiters (space) WHERE gone = 1;`
  },
  {
    // Those of tuples that have come are in their ids.
    name: sql`the priorities of tuples that come later`,
    statements: (prefix) => sql`ALTER TABLE ${prefix}scheduled ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;`
  }
]

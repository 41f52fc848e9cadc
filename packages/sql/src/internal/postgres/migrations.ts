/**
 * The tables of spaces in PostgreSQL, and the function that does a batch.
 *
 * A batch is one call of `run`, which holds the lock of its space from its first statement to the commit. So batches of
 * a space happen one after the other, whoever sends them, and what they do can be said without a word about
 * concurrency.
 *
 * @internal
 */
import { arrivals } from "@effect-linda/core/SpaceStore"
import { ageOf, arrivalOf, countMarks, isRecent, lastMark, mostMarks, thinMarks } from "../ages.js"
import { columns as named, ofEach as all } from "../columns.js"
import type { Migration } from "../migrations.js"
import { mostMoved } from "../rows.js"
import type { Sql } from "../sql.js"
import { join, quoted, sql } from "../sql.js"

/** Before all places. */
const beginning = -(2 ** 53)

/** What is kept of a tuple, stored or held, in this order: of a table that goes by this name. */
const columnsOf = (table: Sql): Sql => join([sql`id`, sql`space`, ...named].map((column) => sql`${table}.${column}`))

const definitions = sql`
  id bigint PRIMARY KEY,
  space int NOT NULL,
  arity int NOT NULL,
  shape text COLLATE "C" NOT NULL,
  fields text[] COLLATE "C" NOT NULL,
  ${all((i) => sql`k${i} bigint`)},
  expires float8,
  lease bigint,
  meta text,
  attempts int NOT NULL`

/** Many short-lived rows: their remains have to be swept often. */
const swept = sql`autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0`

const tables = (schema: Sql): Sql =>
  sql`
CREATE TABLE ${schema}.spaces (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);

CREATE SEQUENCE ${schema}.ids;

CREATE TABLE ${schema}.tuples (${definitions}) WITH (${swept});
${
    all(
      (i) => sql`CREATE INDEX tuples_k${i} ON ${schema}.tuples (space, k${i}, arity, id) WHERE k${i} IS NOT NULL;`,
      "\n"
    )
  }
-- An expression, so that no query with a key is ever tempted to use it.
CREATE INDEX tuples_arity ON ${schema}.tuples (space, (arity + 0), id);
CREATE INDEX tuples_expires ON ${schema}.tuples (space, expires) WHERE expires IS NOT NULL;
CREATE INDEX tuples_lease ON ${schema}.tuples (lease) WHERE lease IS NOT NULL;

CREATE TABLE ${schema}.clients (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  space int NOT NULL,
  until float8 NOT NULL,
  dead boolean NOT NULL DEFAULT false,
  notified boolean NOT NULL DEFAULT false,
  -- The number of the last batch, and what the last two came to: so many may be under way.
  seq bigint NOT NULL DEFAULT 0,
  even_seq bigint,
  even json,
  odd_seq bigint,
  odd json
) WITH (fillfactor = 20, ${swept});
CREATE INDEX clients_space ON ${schema}.clients (space);

CREATE TABLE ${schema}.held (${definitions}, client bigint NOT NULL, hold bigint NOT NULL) WITH (${swept});
CREATE INDEX held_hold ON ${schema}.held (client, hold);
CREATE INDEX held_lease ON ${schema}.held (lease) WHERE lease IS NOT NULL;

CREATE TABLE ${schema}.waiters (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  client bigint NOT NULL,
  space int NOT NULL,
  waiter bigint NOT NULL,
  kind text NOT NULL,
  queries jsonb NOT NULL,
  exact boolean NOT NULL,
  events text[] NOT NULL,
  final boolean NOT NULL,
  label text NOT NULL,
  since float8 NOT NULL,
  UNIQUE (client, waiter)
) WITH (${swept});
CREATE INDEX waiters_space ON ${schema}.waiters (space, kind);

CREATE TABLE ${schema}.anchors (
  space int NOT NULL,
  mask int NOT NULL,
  hash bigint NOT NULL,
  seq bigint NOT NULL REFERENCES ${schema}.waiters ON DELETE CASCADE,
  PRIMARY KEY (space, mask, hash, seq)
) WITH (${swept});
CREATE INDEX anchors_seq ON ${schema}.anchors (seq);

CREATE TABLE ${schema}.mail (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  client bigint NOT NULL,
  waiter bigint NOT NULL,
  final boolean NOT NULL,
  body json NOT NULL
) WITH (${swept});
CREATE INDEX mail_client ON ${schema}.mail (client, id);
`

const find = (schema: Sql): Sql => {
  const literals = all((i) => sql`(v_texts[${i + 1}] IS NULL OR t.fields[${i + 1}] = v_texts[${i + 1}])`, " AND ")
  /** What else the tuples of an index have to be. */
  const also = sql`t.shape LIKE v_shape AND ${literals}
          AND (NOT v_more OR ${schema}.has_literals(p_query, t.fields))`
  const oldest = (condition: Sql, arity: Sql) =>
    sql`SELECT t.* FROM ${schema}.tuples t
          WHERE t.space = p_space AND ${condition} = ${arity} AND t.id > p_after AND ${also}
          ORDER BY t.id LIMIT p_limit`
  /** Of each arity by itself, for the tuples of one arity are in an index in the order of choice. There are few. */
  const ofEach = (condition: Sql, arity: Sql) =>
    sql`WITH RECURSIVE arities (n) AS (
          (SELECT ${arity} FROM ${schema}.tuples t WHERE t.space = p_space AND ${condition} >= v_arity
            ORDER BY ${arity} LIMIT 1)
          UNION ALL
          SELECT (SELECT ${arity} FROM ${schema}.tuples t WHERE t.space = p_space AND ${condition} > a.n
              ORDER BY ${arity} LIMIT 1)
            FROM arities a WHERE a.n IS NOT NULL
        )
        SELECT f.* FROM arities a CROSS JOIN LATERAL (${oldest(condition, sql`a.n`)}) f
          WHERE a.n IS NOT NULL ORDER BY f.id LIMIT p_limit`
  /** For each index that a query can be looked up by: the condition up to the arity. */
  const byAnchor = (then: (condition: Sql, arity: Sql) => Sql) =>
    sql`CASE v_anchor
    WHEN -1 THEN
      ${then(sql`t.arity + 0`, sql`t.arity + 0`)}
    ${
      all((i) =>
        sql`WHEN ${i} THEN
      ${then(sql`t.k${i} = v_keys[${i + 1}] AND t.arity`, sql`t.arity`)}`, "\n    ")
    }
  END CASE;`
  const declared = sql`
  v_arity int := (p_query->>'arity')::int;
  v_open boolean := (p_query->>'open')::boolean;
  v_shape text := (p_query->>'shape') || CASE WHEN v_open THEN '%' ELSE '' END;
  v_texts text[] := array_fill(NULL::text, ARRAY[8]);
  v_keys bigint[] := array_fill(NULL::bigint, ARRAY[8]);
  v_count int := 0;
  v_most int := CASE WHEN (p_query->>'open')::boolean THEN 2147483647 ELSE (p_query->>'arity')::int END;
  v_more boolean := false;
  v_anchor int := -1;
  v_least int := 17;
  v_n int;
  l jsonb;`
  /** The least common literal is looked up; the others are compared. */
  const anchored = sql`
  FOR i IN 0..jsonb_array_length(p_query->'literals') - 1 LOOP
    l := p_query->'literals'->i;
    IF l->>'key' IS NULL THEN
      v_more := true;
    ELSE
      v_anchor := (l->>'position')::int;
      v_texts[v_anchor + 1] := l->>'text';
      v_keys[v_anchor + 1] := (l->>'key')::bigint;
      v_count := v_count + 1;
    END IF;
  END LOOP;
  IF v_count > 1 THEN
    FOR i IN 0..7 LOOP
      IF v_keys[i + 1] IS NOT NULL THEN
        CASE i
          ${
    all(
      (i) =>
        sql`WHEN ${i} THEN SELECT count(*) INTO v_n FROM (SELECT FROM ${schema}.tuples
            WHERE space = p_space AND k${i} = v_keys[${i + 1}] AND arity >= v_arity AND arity <= v_most LIMIT 16) s;`,
      "\n          "
    )
  }
        END CASE;
        IF v_n < v_least THEN
          v_least := v_n;
          v_anchor := i;
        END IF;
      END IF;
    END LOOP;
  END IF;`
  return sql`
CREATE OR REPLACE FUNCTION ${schema}.has_literals(p_query jsonb, p_fields text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT NOT EXISTS (
    SELECT FROM jsonb_array_elements(p_query->'literals') l
      WHERE p_fields[(l->>'position')::int + 1] IS DISTINCT FROM (l->>'text') COLLATE "C"
  )
$$;

CREATE OR REPLACE FUNCTION ${schema}.matches(p_query jsonb, p_arity int, p_shape text, p_fields text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN (p_query->>'open')::boolean
      THEN p_arity >= (p_query->>'arity')::int AND p_shape LIKE (p_query->>'shape') || '%'
      ELSE p_arity = (p_query->>'arity')::int AND p_shape LIKE p_query->>'shape'
    END AND ${schema}.has_literals(p_query, p_fields)
$$;

-- Tuples that match, in the order of their places.
CREATE OR REPLACE FUNCTION ${schema}.find(p_space int, p_query jsonb, p_after bigint, p_limit int)
RETURNS SETOF ${schema}.tuples LANGUAGE plpgsql AS $$
DECLARE${declared}
BEGIN${anchored}
  ${
    byAnchor((condition, arity) =>
      sql`IF v_open THEN
        RETURN QUERY ${ofEach(condition, arity)};
      ELSE
        RETURN QUERY ${oldest(condition, sql`v_arity`)};
      END IF;`
    )
  }
END $$;

CREATE OR REPLACE FUNCTION ${schema}.tally(p_space int, p_query jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE${declared}
  v_total bigint;
BEGIN${anchored}
  ${
    byAnchor((condition, arity) =>
      sql`SELECT count(*) INTO v_total FROM ${schema}.tuples t
        WHERE t.space = p_space AND ${condition} >= v_arity AND ${arity} <= v_most AND ${also};`
    )
  }
  RETURN v_total;
END $$;
`
}

/** What a program is told of a tuple `t`. */
const sent = sql`t.id, t.arity, t.shape, t.fields, ARRAY[${all((i) => sql`t.k${i}`)}],
    t.expires, t.lease, t.meta, t.attempts`

const delivery = (schema: Sql): Sql =>
  sql`
CREATE OR REPLACE FUNCTION ${schema}.row_json(t ${schema}.tuples) RETURNS json
LANGUAGE sql STABLE AS $$
  SELECT json_build_array(${sent})
$$;

-- A tuple that somebody takes: with a number for the hold, unless that is none.
CREATE OR REPLACE FUNCTION ${schema}.taken_json(t ${schema}.tuples, p_final boolean) RETURNS json
LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN p_final THEN ${schema}.row_json(t) ELSE json_build_array(${sent}, nextval('${schema}.tokens')) END
$$;

CREATE OR REPLACE FUNCTION ${schema}.post(
  p_client bigint, p_waiter bigint, p_kind text, p_index int, t ${schema}.tuples, p_final boolean, p_event text,
  p_from bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ${schema}.mail (client, waiter, final, body) VALUES (p_client, p_waiter, p_final,
    json_build_array(p_waiter, p_kind, p_index, ${schema}.row_json(t), p_final, p_event, p_from));
END $$;

-- The hash under which a tuple is looked up by those who wait, if it has fields at all the positions of the mask.
CREATE OR REPLACE FUNCTION ${schema}.hash_under(p_mask int, t ${schema}.tuples) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_mask WHEN -1 THEN 0 WHEN 0 THEN t.arity ELSE
    ${all((i) => sql`CASE WHEN p_mask & ${1 << i} > 0 THEN t.k${i} % 1125899906842624 ELSE 0 END`, " + ")}
  END
$$;

-- Of those who wait for a tuple the first of each line, with the first of its queries that matches. Those of earlier
-- programs stand in no line. From one line to the next, however many stand in it.
CREATE OR REPLACE FUNCTION ${schema}.waiting(p_space int, t ${schema}.tuples)
RETURNS TABLE (seq bigint, client bigint, waiter bigint, kind text, exact boolean, events text[], final boolean,
  line text, alias bigint, query int)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH RECURSIVE masks AS (
    (SELECT a.mask FROM ${schema}.anchors a WHERE a.space = p_space ORDER BY a.mask LIMIT 1)
    UNION ALL
    SELECT (SELECT a.mask FROM ${schema}.anchors a WHERE a.space = p_space AND a.mask > m.mask ORDER BY a.mask LIMIT 1)
      FROM masks m WHERE m.mask IS NOT NULL
  ), hashes AS (
    SELECT m.mask, ${schema}.hash_under(m.mask, t) AS hash FROM masks m WHERE m.mask IS NOT NULL
  ), lines AS (
    SELECT h.mask, h.hash, (
        SELECT a.line FROM ${schema}.anchors a
          WHERE a.space = p_space AND a.mask = h.mask AND a.hash = h.hash AND a.line > '' ORDER BY a.line LIMIT 1
      ) AS line FROM hashes h WHERE h.hash IS NOT NULL
    UNION ALL
    SELECT l.mask, l.hash, (
        SELECT a.line FROM ${schema}.anchors a
          WHERE a.space = p_space AND a.mask = l.mask AND a.hash = l.hash AND a.line > l.line ORDER BY a.line LIMIT 1
      ) FROM lines l WHERE l.line IS NOT NULL
  ), found AS (
    SELECT (
        SELECT w.seq FROM ${schema}.waiters w WHERE w.space = p_space AND w.line = l.line ORDER BY w.seq + 0 LIMIT 1
      ) AS seq FROM lines l WHERE l.line IS NOT NULL
    UNION
    SELECT s.seq FROM hashes h CROSS JOIN LATERAL (
        SELECT a.seq FROM ${schema}.anchors a
          WHERE a.space = p_space AND a.mask = h.mask AND a.hash = h.hash AND a.line IS NULL OFFSET 0
      ) s
  )
  SELECT w.seq, w.client, w.waiter, w.kind, w.exact, w.events, w.final, w.line, coalesce(w.alias, w.waiter), q.n
    -- One by one, whatever the statistics say of a table that was empty a moment ago.
    FROM found f CROSS JOIN LATERAL (SELECT x.* FROM ${schema}.waiters x WHERE x.seq = f.seq OFFSET 0) w
    CROSS JOIN LATERAL (
      SELECT min(e.n)::int - 1 AS n FROM jsonb_array_elements(w.queries) WITH ORDINALITY e(query, n)
        WHERE ${schema}.matches(e.query, t.arity, t.shape, t.fields)
    ) q
    WHERE q.n IS NOT NULL
    ORDER BY w.seq;
END $$;

-- Tells those who watch, and nobody else.
CREATE OR REPLACE FUNCTION ${schema}.tell(p_space int, p_event text, t ${schema}.tuples, p_from bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM ${schema}.waiters w WHERE w.space = p_space AND w.kind = 'watch') THEN
    PERFORM ${schema}.post(w.client, w.waiter, 'event', w.query, t, false, p_event, p_from)
      FROM ${schema}.waiting(p_space, t) w WHERE w.kind = 'watch' AND p_event = ANY(w.events);
  END IF;
END $$;

-- Tells of tuples that have left for good, if anybody watches for that: one look into an index that is empty most often.
CREATE OR REPLACE FUNCTION ${schema}.tell_gone(p_space int, p_rows ${schema}.tuples[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  t ${schema}.tuples;
BEGIN
  IF EXISTS (SELECT FROM ${schema}.waiters w WHERE w.space = p_space AND 'Gone' = ANY(w.events)) THEN
    FOREACH t IN ARRAY p_rows LOOP
      PERFORM ${schema}.tell(p_space, 'Gone', t, NULL);
    END LOOP;
  END IF;
END $$;

-- S4: a tuple goes to all readers and watchers, then to the first of those who take, or is stored.
-- p_accepted: those of the client's lines that accept it, of those about whom we cannot decide; NULL if nobody knows.
-- p_after: those who wait up to this one have had it; p_event is then NULL, and readers and watchers know of it.
CREATE OR REPLACE FUNCTION ${schema}.hand(
  p_space int, p_client bigint, p_now float8, t ${schema}.tuples, p_accepted bigint[], p_event text, p_from bigint,
  p_after bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  w record;
  v_decided boolean;
  v_readers bigint[];
  v_seq bigint;
  v_taker bigint;
  v_query int;
  v_taking ${schema}.waiters;
  v_clients bigint[] := '{}';
  v_lines bigint[] := '{}';
  v_queries int[] := '{}';
BEGIN
  FOR w IN SELECT * FROM ${schema}.waiting(p_space, t) x WHERE x.seq <> p_after LOOP
    v_decided := w.exact OR w.client = p_client AND w.alias = ANY(p_accepted);
    IF w.kind = 'watch' THEN
      IF p_event = ANY(w.events) THEN
        PERFORM ${schema}.post(w.client, w.waiter, 'event', w.query, t, false, p_event, p_from);
      END IF;
    ELSIF w.kind = 'rd' AND v_decided THEN
      IF p_event IS NOT NULL THEN
        v_readers := ARRAY(SELECT x.seq FROM ${schema}.waiters x WHERE x.space = p_space AND x.line = w.line);
        IF w.line IS NULL THEN
          v_readers := ARRAY[w.seq];
        END IF;
        PERFORM ${schema}.post(x.client, x.waiter, 'served', w.query, t, false, NULL, NULL)
          FROM ${schema}.waiters x WHERE x.seq = ANY(v_readers) ORDER BY x.seq;
        DELETE FROM ${schema}.waiters x WHERE x.seq = ANY(v_readers);
      END IF;
    ELSIF w.kind IN ('in', 'join') AND v_decided THEN
      v_seq := w.seq;
      IF v_seq <= p_after THEN
        v_seq := (SELECT x.seq FROM ${schema}.waiters x
          WHERE x.space = p_space AND x.line = w.line AND x.seq + 0 > p_after ORDER BY x.seq + 0 LIMIT 1);
      END IF;
      IF v_taker IS NULL OR v_seq < v_taker THEN
        v_taker := v_seq;
        v_query := w.query;
      END IF;
    ELSIF w.kind = 'look' OR w.client <> p_client OR p_accepted IS NULL THEN
      v_clients := v_clients || w.client;
      v_lines := v_lines || w.alias;
      v_queries := v_queries || w.query;
    END IF;
  END LOOP;
  IF v_taker IS NULL THEN
    INSERT INTO ${schema}.tuples SELECT t.*;
    FOR i IN 1..cardinality(v_clients) LOOP
      PERFORM ${schema}.post(v_clients[i], v_lines[i], 'hint', v_queries[i], t, false, NULL, NULL);
    END LOOP;
    RETURN;
  END IF;
  SELECT * INTO v_taking FROM ${schema}.waiters x WHERE x.seq = v_taker;
  IF v_taking.kind = 'join' THEN
    INSERT INTO ${schema}.held SELECT t.*, v_taking.client, -v_taking.waiter, p_now;
    PERFORM ${schema}.post(v_taking.client, v_taking.waiter, 'offer', v_query, t, false, NULL, NULL);
  ELSE
    INSERT INTO ${schema}.held SELECT t.*, v_taking.client, v_taking.waiter, p_now;
    DELETE FROM ${schema}.waiters x WHERE x.seq = v_taker;
    INSERT INTO ${schema}.mail (client, waiter, final, body) VALUES (v_taking.client, v_taking.waiter, v_taking.final,
      json_build_array(v_taking.waiter, 'served', v_query, ${schema}.taken_json(t, v_taking.final), v_taking.final,
        NULL, NULL));
    PERFORM ${schema}.tell(p_space, 'In', t, NULL);
  END IF;
END $$;

CREATE OR REPLACE FUNCTION ${schema}.deliver(
  p_space int, p_client bigint, p_now float8, t ${schema}.tuples, p_accepted bigint[], p_event text, p_from bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_event = 'Requeue' AND t.expires <= p_now THEN
    PERFORM ${schema}.tell(p_space, 'Expire', t, p_from);
    PERFORM ${schema}.tell_gone(p_space, ARRAY[t]);
  ELSIF EXISTS (SELECT FROM ${schema}.waiters x WHERE x.space = p_space) THEN
    PERFORM ${schema}.hand(p_space, p_client, p_now, t, p_accepted, p_event, p_from, 0);
  ELSE
    INSERT INTO ${schema}.tuples SELECT t.*;
  END IF;
END $$;

CREATE OR REPLACE FUNCTION ${schema}.expire(p_space int, p_now float8) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  t ${schema}.tuples;
BEGIN
  FOR t IN SELECT * FROM ${schema}.tuples x WHERE x.space = p_space AND x.expires <= p_now ORDER BY x.id LOOP
    DELETE FROM ${schema}.tuples x WHERE x.id = t.id;
    PERFORM ${schema}.tell(p_space, 'Expire', t, NULL);
    PERFORM ${schema}.tell_gone(p_space, ARRAY[t]);
  END LOOP;
END $$;

-- Ends clients whose lease is over: what they held is back.
CREATE OR REPLACE FUNCTION ${schema}.bury(p_space int, p_client bigint, p_now float8) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_client bigint;
  t ${schema}.tuples;
BEGIN
  FOR v_client IN SELECT c.id FROM ${schema}.clients c
      WHERE c.space = p_space AND c.until <= p_now AND NOT c.dead AND c.id <> p_client ORDER BY c.id LOOP
    UPDATE ${schema}.clients SET dead = true WHERE id = v_client;
    DELETE FROM ${schema}.waiters w WHERE w.client = v_client;
    DELETE FROM ${schema}.mail m WHERE m.client = v_client;
    FOR t IN SELECT ${columnsOf(sql`h`)} FROM ${schema}.held h WHERE h.client = v_client ORDER BY h.id LOOP
      DELETE FROM ${schema}.held h WHERE h.id = t.id;
      PERFORM ${schema}.deliver(p_space, p_client, p_now, t, NULL, 'Requeue', t.id);
    END LOOP;
  END LOOP;
  -- For an hour one that comes to life again can ask what has become of its last batch.
  DELETE FROM ${schema}.clients c WHERE c.space = p_space AND c.dead AND c.until < p_now - 3600000;
END $$;
`

/** A new place of a priority, which may be none. */
const newPlace = (schema: Sql, priority: Sql): Sql =>
  sql`nextval('${schema}.ids') - coalesce(${priority}, 0) * ${arrivals}`

const newRow = (schema: Sql) =>
  sql`ROW(${newPlace(schema, sql`r.priority`)}, p_space, r.arity, r.shape, r.fields,
    ${all((i) => sql`r.keys[${i + 1}]`)}, p_now + r.ttl, NULL, r.meta, coalesce(r.attempts, 0))::${schema}.tuples`

/** Whether the command `u.c` changes nothing, and leaves nobody behind who waits. */
const looks =
  sql`(u.c->>'op' IN ('scan', 'held', 'count', 'inspect', 'scheduled') OR u.c->>'op' = 'read' AND u.c->>'wait' IS NULL)`

/** Whether any of `p_commands` is such. */
const anyLooks = sql`jsonb_path_exists(p_commands, '$[*] ? (@.op == "scan" || @.op == "held" || @.op == "count"
    || @.op == "inspect" || @.op == "scheduled" || @.op == "read" && @.wait == null)')`

const commands = (schema: Sql, name: Sql): Sql =>
  sql`
-- Remembers when a place was given, for the ages of tuples: by the number of arrival that is in it.
CREATE OR REPLACE FUNCTION ${schema}.mark(p_space int, p_id bigint, p_now float8) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_last float8;
BEGIN
  v_last := (${lastMark(sql`${schema}.ages`, sql`p_space`)});
  IF ${isRecent(sql`v_last`, sql`p_now`)} THEN
    RETURN;
  END IF;
  INSERT INTO ${schema}.ages (space, id, at) VALUES (p_space, ${arrivalOf(sql`p_id`)}, p_now) ON CONFLICT DO NOTHING;
  IF (${countMarks(sql`${schema}.ages`, sql`p_space`)}) > ${mostMarks} THEN
    ${thinMarks(sql`${schema}.ages`, sql`p_space`, sql`p_now`)};
  END IF;
END $$;

CREATE OR REPLACE FUNCTION ${schema}.put(p_space int, p_client bigint, p_now float8, p_rows jsonb) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
  r record;
  t ${schema}.tuples;
  v_ids bigint[] := '{}';
BEGIN
  IF EXISTS (SELECT FROM ${schema}.waiters w WHERE w.space = p_space) THEN
    FOR r IN SELECT * FROM jsonb_to_recordset(p_rows) AS (
      arity int, shape text, fields text[], keys bigint[], ttl float8, leased boolean, meta text, attempts int,
      priority int, accepted bigint[]
    ) LOOP
      t := ${newRow(schema)};
      IF r.leased THEN
        t.lease := t.id;
      END IF;
      v_ids := v_ids || t.id;
      PERFORM ${schema}.deliver(p_space, p_client, p_now, t, coalesce(r.accepted, '{}'), 'Out', NULL);
    END LOOP;
  ELSE
    WITH added AS (
      INSERT INTO ${schema}.tuples
        SELECT s.id, p_space, s.arity, s.shape, s.fields, ${all((i) => sql`s.keys[${i + 1}]`)},
            p_now + s.ttl, CASE WHEN s.leased THEN s.id END, s.meta, coalesce(s.attempts, 0)
          FROM (
            SELECT ${newPlace(schema, sql`o.priority`)} AS id, o.* FROM (
              SELECT * FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (
                arity int, shape text, fields text[], keys bigint[], ttl float8, leased boolean, meta text,
                attempts int, priority int
              )) WITH ORDINALITY r(arity, shape, fields, keys, ttl, leased, meta, attempts, priority, n) ORDER BY n
            ) o
          ) s
        RETURNING id
    )
    SELECT array_agg(id ORDER BY ${arrivalOf(sql`id`)}) INTO v_ids FROM added;
  END IF;
  IF cardinality(v_ids) > 0 THEN
    PERFORM ${schema}.mark(p_space, v_ids[1], p_now);
  END IF;
  IF jsonb_path_exists(p_rows, '$[*].ttl ? (@ <= 0)') THEN
    PERFORM ${schema}.expire(p_space, p_now);
  END IF;
  RETURN to_json(coalesce(v_ids, '{}'));
END $$;

-- Keeps tuples until they come, and puts those at once whose time has come. Gives their leases.
CREATE OR REPLACE FUNCTION ${schema}.schedule(p_space int, p_client bigint, p_now float8, p_rows jsonb) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
  r jsonb;
  v_due float8;
  v_id bigint;
  v_ids bigint[] := '{}';
BEGIN
  FOR r IN SELECT * FROM jsonb_array_elements(p_rows) LOOP
    v_due := coalesce((r->>'at')::float8, p_now + (r->>'after')::float8);
    IF v_due <= p_now THEN
      v_id := (${schema}.put(p_space, p_client, p_now, jsonb_build_array(r))->>0)::bigint;
    ELSE
      INSERT INTO ${schema}.scheduled
        SELECT nextval('${schema}.ids'), p_space, v_due, x.ttl, x.arity, x.shape, x.fields,
            ${all((i) => sql`x.keys[${i + 1}]`)}, x.meta, coalesce(x.attempts, 0), coalesce(x.priority, 0)
          FROM jsonb_to_record(r) AS x(
            arity int, shape text, fields text[], keys bigint[], ttl float8, meta text, attempts int, priority int
          )
        RETURNING id INTO v_id;
    END IF;
    v_ids := v_ids || v_id;
  END LOOP;
  RETURN to_json(v_ids);
END $$;

-- Has what was taken, and a use has failed on, come in so many milliseconds, for the rest of its life.
CREATE OR REPLACE FUNCTION ${schema}.put_off(p_space int, p_now float8, t ${schema}.tuples, p_after float8) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF t.expires <= p_now + p_after THEN
    PERFORM ${schema}.tell(p_space, 'Expire', t, NULL);
  ELSE
    INSERT INTO ${schema}.scheduled VALUES (nextval('${schema}.ids'), p_space, p_now + p_after,
      t.expires - p_now - p_after, t.arity, t.shape, t.fields, ${all((i) => sql`t.k${i}`)}, t.meta, t.attempts + 1,
      (${arrivalOf(sql`t.id`)} - t.id) / ${arrivals});
  END IF;
  PERFORM ${schema}.tell_gone(p_space, ARRAY[t]);
END $$;

-- Puts those whose time has come, as somebody else would who put them then. What is too much for one batch stays for
-- the next.
CREATE OR REPLACE FUNCTION ${schema}.come(p_space int, p_now float8) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  s record;
  t ${schema}.tuples;
BEGIN
  FOR s IN SELECT x.* FROM ${schema}.scheduled x WHERE x.space = p_space AND x.due <= p_now
      ORDER BY x.due, x.id LIMIT ${mostMoved} LOOP
    DELETE FROM ${schema}.scheduled x WHERE x.id = s.id;
    t := ROW(${newPlace(schema, sql`s.priority`)}, p_space, s.arity, s.shape, s.fields, ${all((i) => sql`s.k${i}`)},
      s.due + s.ttl, s.id, s.meta, s.attempts)::${schema}.tuples;
    PERFORM ${schema}.mark(p_space, t.id, s.due);
    PERFORM ${schema}.deliver(p_space, 0, p_now, t, NULL, 'Out', NULL);
  END LOOP;
  PERFORM ${schema}.expire(p_space, p_now);
END $$;

-- Puts what transactions past the space have committed for it, as somebody else would who put it now: before all that a
-- batch does. What is too much for one batch stays for the next. Whether there is such.
CREATE OR REPLACE FUNCTION ${schema}.empty_outbox(p_space int, p_now float8, p_name text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  o record;
  v_moved int := 0;
BEGIN
  FOR o IN SELECT x.id, x.rows FROM ${schema}.outbox x WHERE x.space = p_name ORDER BY x.id LOOP
    IF v_moved >= ${mostMoved} THEN
      RETURN true;
    END IF;
    DELETE FROM ${schema}.outbox x WHERE x.id = o.id;
    PERFORM ${schema}.put(p_space, 0, p_now, o.rows);
    v_moved := v_moved + jsonb_array_length(o.rows);
  END LOOP;
  RETURN false;
END $$;

-- Puts tuples by the transaction that this runs in, past the lock of the space. Of the programs that have the space open
-- one is told by name that it is the one to fetch them, the one that was heard of last; the others see that it does.
CREATE OR REPLACE FUNCTION ${schema}.outbox_put(p_space text, p_rows text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ${schema}.outbox (space, rows) VALUES (p_space, p_rows::jsonb);
  PERFORM pg_notify('${name}_outbox_' || hashtext(p_space), coalesce((
    SELECT c.id FROM ${schema}.clients c JOIN ${schema}.spaces s ON s.id = c.space
      WHERE s.name = p_space AND NOT c.dead ORDER BY c.until DESC LIMIT 1
  ), 0)::text);
END $$;

-- Those who are not exact stand in lines of their client.
CREATE OR REPLACE FUNCTION ${schema}.wait(
  p_space int, p_client bigint, p_now float8, p_waiters bigint[], p_kind text, p_queries jsonb, p_exact boolean,
  p_events text[], p_final boolean, p_anchors jsonb, p_label text, p_line text, p_alias bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_line text := CASE WHEN p_exact THEN p_line ELSE p_client || ':' || p_alias END;
BEGIN
  WITH added AS (
    INSERT INTO ${schema}.waiters
        (client, space, waiter, kind, queries, exact, events, final, label, since, line, alias)
      SELECT p_client, p_space, w, p_kind, p_queries, p_exact, p_events, p_final, p_label, p_now, v_line, p_alias
        FROM unnest(p_waiters) WITH ORDINALITY u(w, n) ORDER BY n
      RETURNING seq
  )
  INSERT INTO ${schema}.anchors (space, mask, hash, seq, line)
    SELECT DISTINCT p_space, (a->>0)::int, (a->>1)::bigint, added.seq, v_line
      FROM added, jsonb_array_elements(p_anchors) a;
END $$;

-- Tells of stored tuples that are taken.
CREATE OR REPLACE FUNCTION ${schema}.tell_taken(p_space int, p_ids bigint[], p_final boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_rows ${schema}.tuples[];
  t ${schema}.tuples;
BEGIN
  IF EXISTS (SELECT FROM ${schema}.waiters w WHERE w.space = p_space AND w.kind = 'watch') THEN
    v_rows := ARRAY(SELECT x FROM ${schema}.tuples x WHERE x.id = ANY(p_ids) ORDER BY x.id);
    FOREACH t IN ARRAY v_rows LOOP
      PERFORM ${schema}.tell(p_space, 'In', t, NULL);
    END LOOP;
    IF p_final THEN
      PERFORM ${schema}.tell_gone(p_space, v_rows);
    END IF;
  END IF;
END $$;

-- Moves stored tuples to a hold; or removes them, if they are taken for good.
CREATE OR REPLACE FUNCTION ${schema}.hold(
  p_space int, p_client bigint, p_now float8, p_ids bigint[], p_holds bigint[], p_final boolean
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ${schema}.tell_taken(p_space, p_ids, p_final);
  WITH gone AS (DELETE FROM ${schema}.tuples WHERE id = ANY(p_ids) RETURNING *)
    INSERT INTO ${schema}.held SELECT gone.*, p_client, p_holds[1], p_now FROM gone WHERE NOT p_final;
END $$;

CREATE OR REPLACE FUNCTION ${schema}.take(p_space int, p_client bigint, p_now float8, c jsonb) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
  v_holds bigint[] := ARRAY(SELECT h::bigint FROM jsonb_array_elements_text(c->'holds') h);
  v_query jsonb := c->'queries'->0;
  v_limit int := (c->>'limit')::int;
  v_final boolean := (c->>'final')::boolean;
  v_ids bigint[];
  v_found int;
  v_replies json[];
  v_index int;
  v_reply json;
BEGIN
  IF jsonb_array_length(c->'queries') = 1 THEN
    v_ids := ARRAY(SELECT f.id FROM
      ${schema}.find(p_space, v_query, ${beginning}, CASE v_limit WHEN 1 THEN cardinality(v_holds) ELSE v_limit END) f);
    v_found := cardinality(v_ids);
    IF v_found > 0 THEN
      PERFORM ${schema}.tell_taken(p_space, v_ids, v_final);
      WITH gone AS (
        DELETE FROM ${schema}.tuples WHERE id = ANY(v_ids) RETURNING *
      ), moved AS (
        INSERT INTO ${schema}.held
          SELECT gone.*, p_client, CASE v_limit WHEN 1 THEN v_holds[u.n] ELSE v_holds[1] END, p_now
          FROM gone JOIN unnest(v_ids) WITH ORDINALITY u(id, n) USING (id) WHERE NOT v_final
      )
      SELECT array_agg(${schema}.taken_json(gone.*, v_final) ORDER BY gone.id) INTO v_replies FROM gone;
    END IF;
    IF v_limit = 1 THEN
      IF v_found < cardinality(v_holds) AND c->>'wait' IS NOT NULL THEN
        PERFORM ${schema}.wait(p_space, p_client, p_now, v_holds[v_found + 1:], 'in', c->'queries', true, '{}',
          v_final, c->'anchors', c->>'wait', c->>'line', NULL);
      END IF;
      RETURN (SELECT json_agg(CASE WHEN n <= v_found THEN json_build_array(0, json_build_array(v_replies[n])) END ORDER BY n)
        FROM generate_series(1, cardinality(v_holds)) n);
    END IF;
    RETURN json_build_array(CASE WHEN v_found > 0 THEN json_build_array(0, array_to_json(v_replies)) END);
  END IF;
  v_replies := '{}';
  FOR i IN 1..cardinality(v_holds) LOOP
    SELECT ARRAY[f.id], q.n - 1, ${schema}.taken_json(f.*, v_final) INTO v_ids, v_index, v_reply
      FROM jsonb_array_elements(c->'queries') WITH ORDINALITY q(query, n)
      CROSS JOIN LATERAL ${schema}.find(p_space, q.query, ${beginning}, 1) f
      ORDER BY f.id, q.n LIMIT 1;
    IF FOUND THEN
      PERFORM ${schema}.hold(p_space, p_client, p_now, v_ids, v_holds[i:i], v_final);
      v_replies := v_replies || json_build_array(v_index, json_build_array(v_reply));
    ELSE
      v_replies := v_replies || 'null'::json;
      IF c->>'wait' IS NOT NULL THEN
        PERFORM ${schema}.wait(p_space, p_client, p_now, v_holds[i:i], 'in', c->'queries', true, '{}', v_final,
          c->'anchors', c->>'wait', c->>'line', NULL);
      END IF;
    END IF;
  END LOOP;
  RETURN array_to_json(v_replies);
END $$;

CREATE OR REPLACE FUNCTION ${schema}.read(p_space int, p_client bigint, p_now float8, c jsonb) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
  v_reply json;
BEGIN
  SELECT json_build_array(q.n - 1, json_build_array(${schema}.row_json(f.*))) INTO v_reply
    FROM jsonb_array_elements(c->'queries') WITH ORDINALITY q(query, n)
    CROSS JOIN LATERAL ${schema}.find(p_space, q.query, ${beginning}, 1) f
    ORDER BY f.id, q.n LIMIT 1;
  IF NOT FOUND AND c->>'wait' IS NOT NULL THEN
    PERFORM ${schema}.wait(p_space, p_client, p_now, ARRAY[(c->>'waiter')::bigint], 'rd', c->'queries', true, '{}',
      false, c->'anchors', c->>'wait', c->>'line', NULL);
  END IF;
  RETURN coalesce(v_reply, 'null'::json);
END $$;

CREATE OR REPLACE FUNCTION ${schema}.settle(p_space int, p_client bigint, p_now float8, c jsonb) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
  v_holds bigint[] := ARRAY(SELECT h::bigint FROM jsonb_array_elements_text(c->'holds') h);
  v_ids bigint[] := CASE WHEN jsonb_typeof(c->'ids') = 'array'
    THEN ARRAY(SELECT i::bigint FROM jsonb_array_elements_text(c->'ids') i) END;
  v_rows ${schema}.tuples[];
  v_was bigint[];
  v_from bigint;
  t ${schema}.tuples;
BEGIN
  WITH gone AS (
    DELETE FROM ${schema}.held h
      WHERE h.client = p_client AND h.hold = ANY(v_holds) AND (v_ids IS NULL OR h.id = ANY(v_ids)) RETURNING h.*
  )
  SELECT array_agg(DISTINCT g.hold), array_agg(ROW(${columnsOf(sql`g`)})::${schema}.tuples ORDER BY g.id)
    INTO v_was, v_rows FROM gone g;
  IF v_was IS NOT NULL THEN
    IF jsonb_array_length(c->'put') > 0 THEN
      PERFORM ${schema}.put(p_space, p_client, p_now, c->'put');
    END IF;
    IF c->>'how' = 'gone' THEN
      PERFORM ${schema}.tell_gone(p_space, v_rows);
    ELSIF c->>'how' = 'later' THEN
      FOREACH t IN ARRAY v_rows LOOP
        PERFORM ${schema}.put_off(p_space, p_now, t, (c->>'after')::float8);
      END LOOP;
    ELSE
      FOREACH t IN ARRAY v_rows LOOP
        v_from := t.id;
        IF c->>'how' = 'back' THEN
          -- Behind all others of its priority.
          t.id := nextval('${schema}.ids') + v_from - ${arrivalOf(sql`v_from`)};
          PERFORM ${schema}.mark(p_space, t.id, p_now);
        END IF;
        IF (c->>'failed')::boolean THEN
          t.attempts := t.attempts + 1;
        END IF;
        PERFORM ${schema}.deliver(p_space, p_client, p_now, t,
          CASE WHEN c->'accepted' ? v_from::text
            THEN ARRAY(SELECT a::bigint FROM jsonb_array_elements_text(c->'accepted'->(v_from::text)) a) END,
          'Requeue', v_from);
      END LOOP;
    END IF;
  END IF;
  RETURN (SELECT json_agg(coalesce(h = ANY(v_was), false) ORDER BY n) FROM unnest(v_holds) WITH ORDINALITY u(h, n));
END $$;

CREATE OR REPLACE FUNCTION ${schema}.inspect(p_space int, p_now float8) RETURNS json
LANGUAGE sql AS $$
  SELECT json_build_object(
    'tuples', (
      SELECT coalesce(json_agg(json_build_object('arity', s.arity, 'shape', s.shape, 'first', s.first, 'count', s.n,
          'age', (${ageOf(sql`${schema}.ages`, sql`p_space`, sql`s.oldest`, sql`p_now`)})
          ) ORDER BY s.oldest), '[]')
        FROM (
          SELECT t.arity, t.shape, CASE WHEN t.shape LIKE 's%' THEN t.fields[1] END AS first, count(*) AS n,
              min(${arrivalOf(sql`t.id`)}) AS oldest
            FROM ${schema}.tuples t WHERE t.space = p_space GROUP BY 1, 2, 3
        ) s
    ),
    'held', (SELECT count(*) FROM ${schema}.held h WHERE h.space = p_space),
    'holders', (
      SELECT coalesce(json_agg(json_build_object('client', x.client::text, 'count', x.n, 'age', p_now - x.since,
          'lapses', x.until - p_now) ORDER BY x.since), '[]')
        FROM (
          SELECT h.client, count(*) AS n, min(h.since) AS since, min(y.until) AS until
            FROM ${schema}.held h JOIN ${schema}.clients y ON y.id = h.client WHERE h.space = p_space GROUP BY h.client
        ) x
    ),
    'expiring', (
      SELECT json_build_object('count', count(*), 'next', min(t.expires) - p_now)
        FROM ${schema}.tuples t WHERE t.space = p_space AND t.expires IS NOT NULL
    ),
    'scheduled', (
      SELECT json_build_object('count', count(*), 'next', min(s.due) - p_now)
        FROM ${schema}.scheduled s WHERE s.space = p_space
    ),
    'now', p_now,
    'waiters', (
      SELECT coalesce(json_agg(json_build_object('label', w.label, 'age', p_now - w.since) ORDER BY w.seq), '[]')
        FROM ${schema}.waiters w WHERE w.space = p_space
    )
  )
$$;

CREATE OR REPLACE FUNCTION ${schema}.perform(p_space int, p_client bigint, p_now float8, c jsonb) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
  t ${schema}.tuples;
  r record;
  v_ids bigint[];
  v_seq bigint;
  v_reply json;
BEGIN
  CASE c->>'op'
    WHEN 'put' THEN
      RETURN ${schema}.put(p_space, p_client, p_now, c->'rows');
    WHEN 'take' THEN
      RETURN ${schema}.take(p_space, p_client, p_now, c);
    WHEN 'settle' THEN
      RETURN ${schema}.settle(p_space, p_client, p_now, c);
    WHEN 'read' THEN
      RETURN ${schema}.read(p_space, p_client, p_now, c);
    WHEN 'scan' THEN
      RETURN (SELECT coalesce(json_agg(${schema}.row_json(f.*) ORDER BY f.id), '[]')
        FROM ${schema}.find(p_space, c->'query', (c->>'after')::bigint, (c->>'limit')::int) f);
    WHEN 'held' THEN
      RETURN (SELECT coalesce(json_agg(${schema}.row_json(ROW(${
    columnsOf(sql`h`)
  })::${schema}.tuples) ORDER BY h.id), '[]')
        FROM ${schema}.held h WHERE h.space = p_space AND ${schema}.matches(c->'query', h.arity, h.shape, h.fields));
    WHEN 'count' THEN
      RETURN to_json(${schema}.tally(p_space, c->'query'));
    WHEN 'claim' THEN
      v_ids := ARRAY(SELECT i::bigint FROM jsonb_array_elements_text(c->'ids') i);
      IF (SELECT count(*) FROM ${schema}.tuples x WHERE x.id = ANY(v_ids)) < cardinality(v_ids) THEN
        RETURN 'null'::json;
      END IF;
      IF c->>'waiter' IS NOT NULL THEN
        DELETE FROM ${schema}.waiters w WHERE w.client = p_client AND w.waiter = (c->>'waiter')::bigint;
        IF NOT FOUND THEN
          RETURN 'null'::json;
        END IF;
      END IF;
      SELECT json_agg(${schema}.taken_json(x.*, (c->>'final')::boolean) ORDER BY array_position(v_ids, x.id))
        INTO v_reply FROM ${schema}.tuples x WHERE x.id = ANY(v_ids);
      PERFORM ${schema}.hold(p_space, p_client, p_now, v_ids, ARRAY[(c->>'hold')::bigint], (c->>'final')::boolean);
      RETURN v_reply;
    WHEN 'wait' THEN
      PERFORM ${schema}.wait(p_space, p_client, p_now, ARRAY[(c->>'waiter')::bigint], c->>'kind', c->'queries',
        (c->>'exact')::boolean, ARRAY(SELECT jsonb_array_elements_text(c->'events')),
        (c->>'final')::boolean, c->'anchors', c->>'label', NULL, (c->>'line')::bigint);
      RETURN 'null'::json;
    WHEN 'answer' THEN
      DELETE FROM ${schema}.held h
        WHERE h.client = p_client AND h.hold = -(c->>'waiter')::bigint AND h.id = (c->>'id')::bigint
        RETURNING ${columnsOf(sql`h`)} INTO t;
      IF NOT FOUND AND NOT (c->>'take')::boolean THEN
        -- The join could not take it after all.
        DELETE FROM ${schema}.tuples x WHERE x.id = (c->>'id')::bigint RETURNING x.* INTO t;
      END IF;
      IF FOUND THEN
        IF (c->>'take')::boolean THEN
          INSERT INTO ${schema}.tuples SELECT t.*;
        ELSE
          SELECT w.seq INTO v_seq FROM ${schema}.waiters w
            WHERE w.client = p_client AND w.waiter = (c->>'waiter')::bigint;
          PERFORM ${schema}.hand(p_space, p_client, p_now, t,
            CASE jsonb_typeof(c->'accepted') WHEN 'array'
              THEN ARRAY(SELECT a::bigint FROM jsonb_array_elements_text(c->'accepted') a) END, NULL, NULL, coalesce(v_seq, 0));
        END IF;
      END IF;
      RETURN 'null'::json;
    WHEN 'cancel' THEN
      WITH gone AS (
        DELETE FROM ${schema}.waiters w WHERE w.client = p_client
          AND w.waiter = ANY(ARRAY(SELECT x::bigint FROM jsonb_array_elements_text(c->'waiters') x)) RETURNING w.waiter
      )
      SELECT json_agg(x::bigint IN (SELECT waiter FROM gone) ORDER BY n) INTO v_reply
        FROM jsonb_array_elements_text(c->'waiters') WITH ORDINALITY u(x, n);
      RETURN v_reply;
    WHEN 'restore' THEN
      FOR r IN SELECT * FROM jsonb_to_recordset(c->'rows') AS (
        id bigint, arity int, shape text, fields text[], keys bigint[], expires float8, lease bigint, meta text,
        attempts int, accepted bigint[]
      ) LOOP
        t := ROW(r.id, p_space, r.arity, r.shape, r.fields, ${all((i) => sql`r.keys[${i + 1}]`)}, r.expires, r.lease,
          r.meta, r.attempts)::${schema}.tuples;
        PERFORM ${schema}.deliver(p_space, p_client, p_now, t, r.accepted, 'Requeue', r.id);
      END LOOP;
      RETURN 'null'::json;
    WHEN 'renew' THEN
      UPDATE ${schema}.tuples SET expires = p_now + (c->>'ttl')::float8 WHERE lease = (c->>'lease')::bigint;
      IF NOT FOUND THEN
        UPDATE ${schema}.held SET expires = p_now + (c->>'ttl')::float8 WHERE lease = (c->>'lease')::bigint;
      END IF;
      IF NOT FOUND AND (c->>'ttl')::float8 < 0 THEN
        DELETE FROM ${schema}.scheduled WHERE id = (c->>'lease')::bigint;
      ELSIF NOT FOUND THEN
        UPDATE ${schema}.scheduled SET ttl = (c->>'ttl')::float8 WHERE id = (c->>'lease')::bigint;
      END IF;
      v_reply := to_json(FOUND);
      PERFORM ${schema}.expire(p_space, p_now);
      RETURN v_reply;
    WHEN 'schedule' THEN
      RETURN ${schema}.schedule(p_space, p_client, p_now, c->'rows');
    WHEN 'reschedule' THEN
      UPDATE ${schema}.scheduled SET due = p_now + (c->>'after')::float8 WHERE id = (c->>'lease')::bigint;
      v_reply := to_json(FOUND);
      IF FOUND THEN
        PERFORM ${schema}.come(p_space, p_now);
      END IF;
      RETURN v_reply;
    WHEN 'scheduled' THEN
      RETURN (SELECT coalesce(json_agg(json_build_array(s.id, s.arity, s.shape, s.fields, ARRAY[${
    all((i) => sql`s.k${i}`)
  }], s.due, s.ttl, s.meta, s.attempts, s.priority) ORDER BY s.due, s.id), '[]')
        FROM ${schema}.scheduled s WHERE s.space = p_space);
    WHEN 'inspect' THEN
      RETURN ${schema}.inspect(p_space, p_now);
  END CASE;
END $$;

-- Begins a batch: the client lives, and those who do not have left nothing.
-- What a batch came to is kept until the next but one, for a client that has lost its connection meanwhile; but not what
-- it only looked at, which may be much: who asks again is shown what there is then.
CREATE OR REPLACE FUNCTION ${schema}.run(
  p_lock int, p_space int, p_client bigint, p_seq bigint, p_lease float8, p_now float8, p_commands jsonb
) RETURNS json LANGUAGE plpgsql
-- Everything is looked up by an index that fits, whatever the statistics say of a table that was empty a moment ago.
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
DECLARE
  v_now float8;
  v_seq bigint;
  v_dead boolean;
  v_until float8;
  v_expires boolean;
  v_lapses boolean;
  v_due float8;
  v_coming float8;
  v_name text;
  v_more boolean := false;
  v_posted boolean;
  v_told boolean;
  v_next float8;
  v_looks boolean := p_seq IS NOT NULL AND ${anyLooks};
  v_replies json[] := '{}';
  v_mail json := '[]';
  v_outcome json;
  v_kept json;
  v_gone ${schema}.tuples[];
  v_to bigint;
  c jsonb;
BEGIN
  PERFORM pg_advisory_xact_lock(p_lock, p_space);
  v_now := coalesce(p_now, extract(epoch FROM clock_timestamp()) * 1000);
  SELECT x.seq, x.dead, x.until,
      EXISTS (SELECT FROM ${schema}.tuples t WHERE t.space = p_space AND t.expires <= v_now),
      EXISTS (SELECT FROM ${schema}.clients y
        WHERE y.space = p_space AND (y.until <= v_now OR y.until > v_now + y.lease) AND y.id <> p_client),
      (SELECT s.due FROM ${schema}.scheduled s WHERE s.space = p_space ORDER BY s.due, s.id LIMIT 1),
      (SELECT s.name FROM ${schema}.spaces s
        WHERE s.id = p_space AND EXISTS (SELECT FROM ${schema}.outbox o WHERE o.space = s.name))
    INTO v_seq, v_dead, v_until, v_expires, v_lapses, v_due, v_name FROM ${schema}.clients x WHERE x.id = p_client;
  IF p_seq <= v_seq THEN
    IF p_seq < v_seq - 1 THEN
      RAISE EXCEPTION 'a batch came after it had been sent again' USING ERRCODE = '40001';
    END IF;
    SELECT CASE p_seq % 2 WHEN 0 THEN x.even ELSE x.odd END INTO v_outcome
      FROM ${schema}.clients x WHERE x.id = p_client AND p_seq = CASE p_seq % 2 WHEN 0 THEN x.even_seq ELSE x.odd_seq END;
    IF FOUND AND NOT v_looks THEN
      RETURN v_outcome;
    ELSIF FOUND THEN
      PERFORM ${schema}.expire(p_space, v_now);
      RETURN json_build_object(
        'replies', (
          SELECT json_agg(CASE WHEN ${looks} THEN ${schema}.perform(p_space, p_client, v_now, u.c) ELSE u.r END ORDER BY u.n)
            FROM ROWS FROM (jsonb_array_elements(p_commands), json_array_elements(v_outcome->'replies'))
              WITH ORDINALITY u(c, r, n)
        ),
        'mail', v_outcome->'mail',
        'next', v_outcome->'next'
      );
    END IF;
  END IF;
  IF v_seq IS NULL OR v_dead THEN
    RAISE EXCEPTION 'the client has lapsed' USING ERRCODE = 'LINDA';
  END IF;
  IF v_expires THEN
    PERFORM ${schema}.expire(p_space, v_now);
  END IF;
  IF v_until <= v_now AND v_lapses THEN
    -- The clock was set, or the server slept, or this client did. Who could not come for longer than its own lease does
    -- not know who else could: they get the time for a sign of life.
    UPDATE ${schema}.clients y SET until = v_now + p_lease / 3
      WHERE y.space = p_space AND y.until < v_now + p_lease / 3 AND NOT y.dead AND y.id <> p_client;
  ELSIF v_lapses THEN
    -- Where the clock was set back, nobody lives for longer than a lease from now.
    UPDATE ${schema}.clients y SET until = v_now + y.lease
      WHERE y.space = p_space AND y.until > v_now + y.lease AND NOT y.dead;
    PERFORM ${schema}.bury(p_space, p_client, v_now);
  END IF;
  IF v_due <= v_now THEN
    PERFORM ${schema}.come(p_space, v_now);
  END IF;
  IF v_name IS NOT NULL THEN
    v_more := ${schema}.empty_outbox(p_space, v_now, v_name);
  END IF;
  FOR c IN SELECT * FROM jsonb_array_elements(p_commands) LOOP
    v_replies := v_replies || ${schema}.perform(p_space, p_client, v_now, c);
  END LOOP;
  SELECT EXISTS (SELECT FROM ${schema}.mail), EXISTS (SELECT FROM ${schema}.mail m WHERE m.client = p_client),
      (SELECT t.expires FROM ${schema}.tuples t
        WHERE t.space = p_space AND t.expires IS NOT NULL ORDER BY t.expires LIMIT 1),
      (SELECT s.due FROM ${schema}.scheduled s WHERE s.space = p_space ORDER BY s.due, s.id LIMIT 1)
    INTO v_posted, v_told, v_next, v_coming;
  v_next := least(v_next, v_coming) - v_now;
  IF v_next < 0 THEN
    v_next := 0;
  END IF;
  IF v_coming < coalesce(v_due, 'Infinity') THEN
    -- Others who wait do not know that it is so soon.
    PERFORM ${schema}.post(x.client, 0, 'hint', 0, NULL::${schema}.tuples, false, NULL, NULL)
      FROM (SELECT DISTINCT w.client FROM ${schema}.waiters w WHERE w.space = p_space AND w.client <> p_client) x;
    v_posted := true;
  END IF;
  IF v_told THEN
    WITH gone AS (
      DELETE FROM ${schema}.mail m WHERE m.client = p_client RETURNING m.id, m.waiter, m.final, m.body
    ), dropped AS (
      DELETE FROM ${schema}.held h WHERE h.client = p_client AND h.hold IN (SELECT waiter FROM gone WHERE final)
        RETURNING ROW(${columnsOf(sql`h`)})::${schema}.tuples AS t
    )
    SELECT json_agg(body ORDER BY id), (SELECT array_agg(d.t) FROM dropped d) INTO v_mail, v_gone FROM gone;
    IF v_gone IS NOT NULL THEN
      -- What this client is told by that, it fetches when it is notified.
      PERFORM ${schema}.tell_gone(p_space, v_gone);
    END IF;
  END IF;
  v_outcome := json_build_object('replies', array_to_json(v_replies), 'mail', v_mail, 'next', v_next);
  v_kept := v_outcome;
  IF v_looks THEN
    SELECT json_build_object('replies', json_agg(CASE WHEN NOT ${looks} THEN u.r END ORDER BY u.n), 'mail', v_mail,
        'next', v_next)
      INTO v_kept FROM ROWS FROM (jsonb_array_elements(p_commands), unnest(v_replies)) WITH ORDINALITY u(c, r, n);
  END IF;
  UPDATE ${schema}.clients SET until = v_now + p_lease, lease = p_lease, notified = false, seq = greatest(seq, p_seq),
    even_seq = CASE p_seq % 2 WHEN 0 THEN p_seq ELSE even_seq END, even = CASE p_seq % 2 WHEN 0 THEN v_kept ELSE even END,
    odd_seq = CASE p_seq % 2 WHEN 1 THEN p_seq ELSE odd_seq END, odd = CASE p_seq % 2 WHEN 1 THEN v_kept ELSE odd END
    WHERE id = p_client;
  IF v_posted THEN
    -- Who has not looked since it was last told of mail need not be told again.
    FOR v_to IN UPDATE ${schema}.clients x SET notified = true
        WHERE x.id IN (SELECT m.client FROM ${schema}.mail m) AND NOT x.notified AND x.space = p_space
        RETURNING x.id LOOP
      PERFORM pg_notify('${name}_' || v_to, '');
    END LOOP;
  END IF;
  IF v_more THEN
    PERFORM pg_notify('${name}_' || p_client, '');
  END IF;
  RETURN v_outcome;
END $$;

CREATE OR REPLACE FUNCTION ${schema}.leave(p_lock int, p_space int, p_client bigint, p_now float8) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_now float8;
BEGIN
  PERFORM pg_advisory_xact_lock(p_lock, p_space);
  v_now := coalesce(p_now, extract(epoch FROM clock_timestamp()) * 1000);
  UPDATE ${schema}.clients SET until = v_now WHERE id = p_client;
  PERFORM ${schema}.bury(p_space, 0, v_now);
  DELETE FROM ${schema}.clients WHERE id = p_client;
  PERFORM pg_notify('${name}_' || m.client, '') FROM (SELECT DISTINCT client FROM ${schema}.mail) m;
END $$;
`

export const migrations: ReadonlyArray<Migration> = [
  {
    name: sql`tuples, holds, waiters, mail`,
    statements: tables
  },
  {
    name: sql`the format of fields`,
    statements: (schema) =>
      sql`
CREATE TABLE ${schema}.meta (name text PRIMARY KEY, value int NOT NULL);
INSERT INTO ${schema}.meta (name, value) VALUES ('format', 1);`
  },
  {
    // A client whose tables were dropped is then not found in those that were made after it.
    name: sql`numbers of clients that begin anywhere`,
    statements: (schema) =>
      sql`
SELECT setval(s, nextval(s) + (random() * 2 ^ 48)::bigint) FROM pg_get_serial_sequence('${schema}.clients', 'id') s;`
  },
  {
    name: sql`the leases of clients`,
    statements: (schema) => sql`ALTER TABLE ${schema}.clients ADD COLUMN lease float8;`
  },
  {
    // By the name of the space: to make one would have others, who open it, wait for the end of the transaction.
    name: sql`an outbox`,
    statements: (schema) =>
      sql`
CREATE TABLE ${schema}.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  space text NOT NULL,
  rows jsonb NOT NULL
) WITH (${swept});
CREATE INDEX outbox_space ON ${schema}.outbox (space, id);`
  },
  {
    // A waiter of an earlier program stands in no line.
    name: sql`lines of those who wait`,
    statements: (schema) =>
      sql`
ALTER TABLE ${schema}.waiters ADD COLUMN line text COLLATE "C", ADD COLUMN alias bigint;
-- Instead of its key, so that no other index is ever tempting; an expression for the same reason.
ALTER TABLE ${schema}.anchors DROP CONSTRAINT anchors_pkey, ADD COLUMN line text COLLATE "C";
CREATE INDEX anchors_line ON ${schema}.anchors (space, mask, hash, line, seq);
CREATE INDEX waiters_line ON ${schema}.waiters (space, line, (seq + 0)) WHERE line IS NOT NULL;
-- What these are given and give is another now.
DROP FUNCTION IF EXISTS ${schema}.waiting(int, ${schema}.tuples);
DROP FUNCTION IF EXISTS ${schema}.wait(int, bigint, float8, bigint[], text, jsonb, boolean, text[], boolean, jsonb, text);`
  },
  {
    // Tuples get their ages from the times at which some of the ids were given.
    name: sql`since when tuples are there, and are held`,
    statements: (schema) =>
      sql`
CREATE TABLE ${schema}.ages (space int NOT NULL, id bigint NOT NULL, at float8 NOT NULL, PRIMARY KEY (space, id));
ALTER TABLE ${schema}.held ADD COLUMN since float8;
ALTER TABLE ${schema}.held ALTER COLUMN since SET DEFAULT extract(epoch FROM clock_timestamp()) * 1000;`
  },
  {
    name: sql`since when tuples are held, by the clock of the space`,
    statements: (schema) =>
      sql`
ALTER TABLE ${schema}.held ALTER COLUMN since DROP DEFAULT;
-- They are given the time now.
DROP FUNCTION IF EXISTS ${schema}.hand(int, bigint, ${schema}.tuples, bigint[], text, bigint, bigint);
DROP FUNCTION IF EXISTS ${schema}.hold(int, bigint, bigint[], bigint[], boolean);`
  },
  {
    // Of all spaces of the schema: a hold is begun under the lock of its space, so those of each grow.
    name: sql`numbers of holds`,
    statements: (schema) => sql`CREATE SEQUENCE ${schema}.tokens;`
  },
  {
    // Their ids are of those of tuples, since they are leases.
    name: sql`tuples that come later`,
    statements: (schema) =>
      sql`
CREATE TABLE ${schema}.scheduled (
  id bigint PRIMARY KEY,
  space int NOT NULL,
  due float8 NOT NULL,
  ttl float8,
  arity int NOT NULL,
  shape text COLLATE "C" NOT NULL,
  fields text[] COLLATE "C" NOT NULL,
  ${all((i) => sql`k${i} bigint`)},
  meta text,
  attempts int NOT NULL
) WITH (${swept});
CREATE INDEX scheduled_due ON ${schema}.scheduled (space, due, id);`
  },
  {
    name: sql`who watches for what leaves for good`,
    statements: (schema) => sql`CREATE INDEX waiters_gone ON ${schema}.waiters (space) WHERE 'Gone' = ANY(events);`
  },
  {
    // Those of tuples that have come are in their ids, of which each priority has so many.
    name: sql`priorities`,
    statements: (schema) =>
      sql`
ALTER SEQUENCE ${schema}.ids MAXVALUE ${arrivals - 1};
ALTER TABLE ${schema}.scheduled ADD COLUMN priority int NOT NULL DEFAULT 0;`
  }
]

/** The functions of the last version, made after its tables by whoever makes one of these: they may change. */
export const functions = (name: Sql): Sql => {
  const schema = quoted(name)
  return join([find(schema), delivery(schema), commands(schema, name)], "\n")
}

/** Connections to a server of PostgreSQL, by the bare driver. */
import pg from "pg"

export type Connection = pg.ClientConfig

export const connected = async (connection: Connection): Promise<pg.Client> => {
  const client = new pg.Client(connection)
  await client.connect()
  return client
}

/** Connections that listen for what never comes. */
export const idleListeners = async (connection: Connection, count: number): Promise<() => Promise<void>> => {
  const clients = await Promise.all(Array.from({ length: count }, () => connected(connection)))
  await Promise.all(clients.map((client, i) => client.query(`LISTEN idle_${i}`)))
  return async () => {
    await Promise.all(clients.map((client) => client.end()))
  }
}

import { fresh } from "./kit.js"
import { useServer } from "./postgres/useServer.js"
import { fromInsideAThread } from "./thread/suite.js"

const server = useServer()

fromInsideAThread("over PostgreSQL", () => ({
  kind: "postgres",
  options: { connection: server().connection(), space: fresh() }
}))

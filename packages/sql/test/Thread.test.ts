import { fromInsideAThread } from "./thread/suite.js"

fromInsideAThread("over a store in memory", () => ({ kind: "store" }))
fromInsideAThread("over SQLite", () => ({ kind: "sqlite" }))

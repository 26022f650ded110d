/** A saver of the matrix. */
export interface System {
  /** The name of its target, and of its column. */
  readonly id: string;
  readonly column: string;
  readonly packageName: string;
  readonly isOurs: boolean;
  readonly store: "memory" | "Postgres" | "Redis" | "SQLite";
}

/** The columns, from left to right. */
export const systems: readonly System[] = [
  {
    id: "holdfast-postgres",
    column: "Holdfast Postgres",
    packageName: "@holdfast/checkpoint-postgres",
    isOurs: true,
    store: "Postgres",
  },
  { id: "holdfast-redis", column: "Holdfast Redis", packageName: "@holdfast/checkpoint-redis", isOurs: true, store: "Redis" },
  { id: "memory", column: "MemorySaver", packageName: "@langchain/langgraph-checkpoint", isOurs: false, store: "memory" },
  {
    id: "official-sqlite",
    column: "official SQLite",
    packageName: "@langchain/langgraph-checkpoint-sqlite",
    isOurs: false,
    store: "SQLite",
  },
  {
    id: "official-postgres",
    column: "official Postgres",
    packageName: "@langchain/langgraph-checkpoint-postgres",
    isOurs: false,
    store: "Postgres",
  },
  {
    id: "official-redis",
    column: "official Redis",
    packageName: "@langchain/langgraph-checkpoint-redis",
    isOurs: false,
    store: "Redis",
  },
];

/** SQL and Lua files are inlined as text by the bundler (tsdown) and by vitest. */
declare module "*.sql" {
  const text: string;
  export default text;
}

declare module "*.lua" {
  const text: string;
  export default text;
}

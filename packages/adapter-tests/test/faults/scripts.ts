import * as s from "../../../checkpoint-redis/src/scripts/index.js";
export const scripts: Record<string, string> = Object.fromEntries(Object.entries(s).flatMap(([k, v]) => typeof v === "object" && v !== null && "sha1" in v ? [[k.replace('Script', ''), (v as any).sha1]] : []));
console.log(Object.keys(s));

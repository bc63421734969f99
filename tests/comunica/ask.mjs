// Ask with Comunica: `node ask.mjs MEDIA_TYPE SOURCE...`, the query on standard input, the answer on standard output.
import { readFileSync } from "node:fs";
import { QueryEngine } from "@comunica/query-sparql";

const [media, ...given] = process.argv.slice(2);
const sources = given.map((each) => (each.startsWith("sparql@") ? { type: "sparql", value: each.slice(7) } : each));
const engine = new QueryEngine();
const result = await engine.query(readFileSync(0, "utf8"), { sources });
const { data } = await engine.resultToString(result, media);
for await (const piece of data) process.stdout.write(piece);

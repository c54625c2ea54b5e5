// Verifies captured webhooks with the standardwebhooks library from npm.
// argv[2]: directory that holds node_modules; argv[3]: whsec_ secret; argv[4]: JSON lines {headers, body}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.argv[2] + "/");
const { Webhook } = require("standardwebhooks");
const wh = new Webhook(process.argv[3]);
let good = 0, bad = 0, tampered = 0;
for (const line of readFileSync(process.argv[4], "utf8").split("\n").filter(Boolean)) {
  const { headers, body } = JSON.parse(line);
  try { wh.verify(body, headers); good++; } catch (e) { bad++; console.error(String(e)); }
  try { wh.verify(body.replace("{", "{ "), headers); } catch { tampered++; }
}
console.log(JSON.stringify({ good, bad, tampered }));

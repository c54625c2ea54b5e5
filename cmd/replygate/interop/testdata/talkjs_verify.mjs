// Verifies captured webhooks as TalkJS documents it ("Webhook Integrity"): upper-case
// hex HMAC-SHA256, keyed with the app's secret key, of the X-TalkJS-Timestamp
// header, a dot, and the body byte for byte. Nothing but Node's own crypto.
// stdin: JSON lines {headers, body}; the environment's KEY: the secret key.
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

const key = process.env.KEY;
const valid = (timestamp, body, signature) => {
  const want = Buffer.from(createHmac("sha256", key).update(timestamp + "." + body, "utf8").digest("hex").toUpperCase());
  const got = Buffer.from(signature ?? "");
  return want.length === got.length && timingSafeEqual(want, got);
};
let good = 0, bad = 0, tampered = 0, stale = 0;
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const { headers, body } = JSON.parse(line);
  const timestamp = headers["X-TalkJS-Timestamp"], signature = headers["X-TalkJS-Signature"];
  if (valid(timestamp, body, signature)) good++; else bad++;
  if (!valid(timestamp, body.replace("{", "{ "), signature) && !valid(timestamp + "0", body, signature)) tampered++;
  // Receivers that look at the time take milliseconds.
  if (Math.abs(Date.now() - Number(timestamp)) > 5 * 60 * 1000) stale++;
}
console.log(JSON.stringify({ good, bad, tampered, stale }));

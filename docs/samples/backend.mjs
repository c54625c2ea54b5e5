// A chat backend in Node: a message to Bob, who is away, and what he answers by mail.
//
//   replygate dev --key sample-key-0123456789      # in another terminal
//   node docs/samples/backend.mjs
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const URL = process.env.REPLYGATE_URL ?? "http://127.0.0.1:8025";
const KEY = process.env.REPLYGATE_KEY ?? "sample-key-0123456789";

async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" };
  const answer = await fetch(URL + path, { method, headers, body: body && JSON.stringify(body) });
  const data = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(data)}`);
  return data;
}

// verified: the signature is right (standardwebhooks.com), and not older than five minutes.
function verified(headers, body, secret) {
  const mac = createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64"));
  mac.update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`).update(body);
  const want = Buffer.from("v1," + mac.digest("base64"));
  const right = headers["webhook-signature"].split(" ").some((s) => s.length === want.length && timingSafeEqual(Buffer.from(s), want));
  return right && Math.abs(Date.now() / 1000 - headers["webhook-timestamp"]) < 300;
}

// The webhooks; the words of the reply end the program.
let secret;
const hooks = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const genuine = verified(request.headers, body, secret);
  response.writeHead(genuine ? 200 : 400).end();
  if (!genuine) return;
  const { sender, message } = JSON.parse(body).data;
  if (message.origin !== "email") return;
  console.log(`${sender.name} answers: ${message.text}`);
  hooks.close();
  hooks.closeAllConnections();
});
await new Promise((ready) => hooks.listen(0, "127.0.0.1", ready));

await call("DELETE", "/v1/demo/endpoints/sample").catch(() => {}); // of an earlier run
const url = `http://127.0.0.1:${hooks.address().port}/hooks`;
({ secret } = await call("PUT", "/v1/demo/endpoints/sample", { url, types: ["message.sent"] }));
await call("PUT", "/v1/demo/users", { ann: { name: "Ann" }, bob: { name: "Bob", email: "bob@people.example" } });
await call("PUT", "/v1/demo/conversations/order-1047", { subject: "Order 1047", participants: ["ann", "bob"] });
await call("DELETE", "/dev/mails");
await call("POST", "/v1/demo/conversations/order-1047/messages", [{ type: "UserMessage", sender: "ann", text: "Shall we send the green one?" }]);
const [mail] = (await call("GET", "/dev/mails?to=bob@people.example&wait=30")).data;
console.log(`Bob is mailed "${mail.subject}". Answer it at ${URL}/mails/${mail.id} or to ${mail.replyTo}`);

// A bot as it is written for TalkJS, in Node: told by webhook of what people write,
// it checks the signature, takes writing away from the person while it thinks,
// answers, and gives it back, before it answers the webhook. It ends after one
// answer. Prints its address first.
import { createServer } from "node:http";
import { createHmac, timingSafeEqual } from "node:crypto";

const { BASE, APP, KEY } = process.env;
const send = (method, path, body) => fetch(`${BASE}/v1/${APP}/conversations/${path}`, {
  method, headers: { "Content-Type": "application/json", Authorization: `Bearer ${KEY}` }, body: JSON.stringify(body),
}).then((r) => { if (r.status !== 200) throw new Error(`${method} ${path}: ${r.status}`); return r.json(); });

const server = createServer((req, res) => {
  const chunks = [];
  req.on("data", (c) => chunks.push(c)).on("end", async () => {
    try {
      const body = Buffer.concat(chunks);
      const want = createHmac("sha256", KEY).update(Buffer.concat([Buffer.from(req.headers["x-talkjs-timestamp"] + "."), body])).digest("hex").toUpperCase();
      const got = req.headers["x-talkjs-signature"] ?? "";
      if (want.length !== got.length || !timingSafeEqual(Buffer.from(want), Buffer.from(got))) throw new Error("the signature is wrong");
      const { type, data } = JSON.parse(body);
      if (type === "message.sent" && data.sender?.id !== "bot" && data.message.type === "UserMessage") {
        const c = data.conversation.id;
        if (!(data.sender.id in data.conversation.participants)) throw new Error("the sender takes no part");
        await send("PATCH", `${c}/participants/${data.sender.id}`, { access: "Read" });
        const sent = await send("POST", `${c}/messages`, [{ text: `You said: ${data.message.text}`, sender: "bot", type: "UserMessage", referencedMessageId: data.message.id }]);
        await send("PATCH", `${c}/participants/${data.sender.id}`, { access: "ReadWrite" });
        if (!sent[0].id.startsWith("msg_")) throw new Error("no id");
        res.writeHead(200).end();
        server.close();
        server.closeIdleConnections();
        setImmediate(() => process.exit(0)); // the answer is on its way
        return;
      }
      res.writeHead(200).end();
    } catch (e) {
      console.error(String(e));
      res.writeHead(500).end();
      process.exitCode = 1;
      server.close();
    }
  });
}).listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/onMessageSent`));

// The loop, by a client that is generated from the OpenAPI document:
// what does not fit the document does not compile.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const [base, key] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${key}` } });

function must<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${answer.response.url}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

function expect(what: string, ok: boolean) {
  if (!ok) throw new Error(what);
}

async function main() {
  must(await api.PUT("/users", { body: { ann: { name: "Ann" }, "bob@people.test": { name: "Bob", email: ["bob@people.test"], custom: { plan: "gold" } } } }));
  const path = { conversationId: "order 1047/a" };
  must(await api.PUT("/conversations/{conversationId}", { params: { path }, body: { subject: "Order", participants: ["ann", "bob@people.test"] } }));
  const [posted] = must(await api.POST("/conversations/{conversationId}/messages", { params: { path }, body: [{ text: "Green?", sender: "ann", type: "UserMessage" }] }));
  const address = must(await api.GET("/conversations/{conversationId}/participants/{userId}/email", { params: { path: { ...path, userId: "bob@people.test" } } }));
  expect("a reply address", address.emailAddress.includes("@"));

  // Bob's reply waits: it is approved, and stands in the conversation.
  const reply = must(await api.GET("/replies", { params: { query: { state: "held", limit: 5 } } })).data[0];
  const approved: components["schemas"]["Reply"] = must(await api.POST("/replies/{replyId}/approve", { params: { path: { replyId: reply.id } } }));
  expect("posted", approved.state === "posted");
  const { data } = must(await api.GET("/conversations/{conversationId}/messages", { params: { path, query: { limit: 100 } } }));
  expect("two messages, the reply on top", data.length === 2 && data[0].origin === "email" && data[0].senderId === "bob@people.test" && data[1].id === posted.id);

  const told = must(await api.POST("/notifications", { body: { conversationId: "c9", recipient: { id: "carl", email: "carl@people.test" }, messages: [{ id: "m-1", text: "Hi", sender: { id: "ann" } }] } }));
  expect("told by our ids", told.recipientId === "carl" && told.messages[0].id === "m-1");
  const events = must(await api.GET("/events", { params: { query: { limit: 100, types: "message.sent" } } }));
  expect("three messages told", events.data.length === 3);

  const missing = await api.GET("/users/{userId}", { params: { path: { userId: "nobody" } } });
  expect("a 404 with reasons", missing.response.status === 404 && Object.keys(missing.error?.reasons ?? {}).length > 0);
  console.log("done");
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});

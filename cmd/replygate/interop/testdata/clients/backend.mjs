// A chat backend's scripts in Node, as they are written for TalkJS: a sync of users,
// a thread maker, an exporter, an importer, a transfer, an anonymiser and a
// dashboard. Only host, app id and key (BASE, APP, KEY) are this server's.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";

const { BASE, APP, KEY } = process.env;
const root = `${BASE}/v1/${APP}`;
const headers = { "Content-Type": "application/json", Authorization: `Bearer ${KEY}` };

// The exporter's way: the answer's data, [] and a warning when something is wrong;
// what stands in the path is not escaped.
const warnings = [];
async function request(path, verb, body, extra = {}) {
  const response = await fetch(path, { method: verb, body: JSON.stringify(body), headers: { ...headers, ...extra } });
  if (response.status === 200) return (await response.json()).data;
  warnings.push(`${verb} ${path}: ${response.status} ${await response.text()}`);
  return [];
}
async function listAll(resource, limit, lastId) {
  const found = await request(`${root}/${resource}?limit=${limit}${lastId ? `&startingAfter=${lastId}` : ""}`, "GET");
  return found.length === limit ? [...found, ...(await listAll(resource, limit, found.at(-1).id))] : found;
}
// A client library's way: body.data or body, options that may be undefined.
async function call(method, url, { query = {}, body } = {}) {
  const q = Object.entries(query).map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join("&");
  const r = await fetch(`${root}${url}?${q}`, { method, body: body === undefined ? undefined : JSON.stringify(body), headers: { Authorization: headers.Authorization, Accept: "application/json" } });
  assert.equal(r.status, 200, `${method} ${url}`);
  assert.match(r.headers.get("content-type"), /^application\/json/);
  const answer = await r.json();
  return answer.data || answer;
}

// 1. Users, several at once, as a server starts.
const people = ["ann", "bob", "c d", "e@people.test", "42"];
await Promise.all(people.map((id, i) => fetch(`${root}/users/${encodeURIComponent(id)}`, {
  method: "put", headers, body: JSON.stringify({ name: `User ${i}`, email: [`u${i}@people.test`], photoUrl: "https://people.test/a.jpg", role: "default", welcomeMessage: "Hi!", custom: { n: String(i) } }),
}).then(async (r) => { assert.equal(r.status, 200); assert.deepEqual(await r.json(), {}); })));

// 2. A conversation of two by the recommended id; deleted first, whether or not it is there.
const oneOnOne = createHash("sha1").update(JSON.stringify(["ann", "bob"].sort())).digest("hex").slice(0, 20);
const gone = await fetch(`${root}/conversations/${oneOnOne}`, { method: "delete", headers: { Authorization: headers.Authorization } });
assert.equal(gone.status, 404);
assert.ok((await gone.json()).errorCode);
await call("PUT", `/conversations/${oneOnOne}`, { body: { participants: ["ann", "bob"], subject: "Two", custom: { topic: "bikes" } } });
assert.deepEqual(Object.entries((await call("GET", `/conversations/${oneOnOne}`)).participants), [["ann", { access: "ReadWrite", notify: true }], ["bob", { access: "ReadWrite", notify: true }]]);

// 3. Threads: a PUT with a slash at the end and no body, then the parent's text by the system.
const put = await fetch(`${root}/conversations/replyto_1/`, { method: "PUT", headers });
assert.equal(put.status, 200);
assert.deepEqual(await call("GET", "/conversations/replyto_1/messages"), []);
await call("PUT", "/conversations/replyto_1", { body: { participants: ["ann", "bob"], subject: "Replies", custom: { parentConvId: oneOnOne, parentMessageId: "1" } } });
const [parent] = await call("POST", "/conversations/replyto_1/messages", { body: [{ text: "The parent", type: "SystemMessage" }] });
assert.match(parent.id, /^msg_/);
await call("PUT", `/conversations/replyto_1/messages/${parent.id}`, { body: { custom: { replyCount: (1).toString() } } });

// 4. History, in batches of ten, of people who may not write any more; edited as a library does.
await call("PATCH", `/conversations/${oneOnOne}/participants/bob`, { body: { access: "Read", notify: false } });
for (let at = 0; at < 230; at += 10) {
  const batch = Array.from({ length: 10 }, (_, i) => ({ text: `Old ${at + i}`, sender: i % 2 ? "ann" : "bob", type: "UserMessage", timestamp: 1500000000000 + at + i, readBy: [] }));
  assert.equal((await call("POST", `/import/conversations/${oneOnOne}/messages`, { body: batch })).length, 10);
}
const history = await listAll(`conversations/${oneOnOne}/messages`, 100);
assert.equal(history.length, 230);
assert.equal(new Set(history.map((m) => m.id)).size, 230);
assert.deepEqual(history.map((m) => m.text).slice(0, 2), ["Old 229", "Old 228"]);
assert.deepEqual(Object.keys(history[0]).sort(), ["attachment", "conversationId", "createdAt", "custom", "editedAt", "id", "location", "origin", "readBy", "referencedMessageId", "senderId", "text", "type"]);
await call("POST", `/conversations/${oneOnOne}/messages/${history[0].id}`, { body: { text: "Edited" } });

// 5. The export, and what a library asks with undefined options and a filter it escapes itself.
assert.deepEqual((await listAll("users", 2)).map((u) => u.id).sort(), [...people].sort());
assert.deepEqual((await listAll("conversations", 1)).map((c) => c.id).sort(), [oneOnOne, "replyto_1"].sort());
const filter = encodeURIComponent(JSON.stringify({ custom: { topic: "bikes" } }));
const found = await call("GET", "/conversations", { query: { limit: undefined, startingAfter: undefined, lastMessageAfter: undefined, lastMessageBefore: undefined, filter } });
assert.deepEqual(found.map((c) => c.id), [oneOnOne]);
assert.equal((await call("GET", "/users/bob/conversations", { query: { unreadsOnly: undefined, limit: 100 } })).length, 2);

// 6. A transfer asks first what is there, and copies each participant's settings.
const there = async (id) => (await fetch(`${root}/conversations/${encodeURIComponent(id)}`, { method: "GET", headers })).status;
assert.deepEqual([await there("copy of/ü"), await there(oneOnOne)], [404, 200]);
await call("PUT", `/conversations/${encodeURIComponent("copy of/ü")}`, { body: { participants: ["ann"], subject: null, welcomeMessages: [], custom: {}, photoUrl: null } });
await call("PUT", `/conversations/${encodeURIComponent("copy of/ü")}/participants/${encodeURIComponent("c d")}`, { body: { access: "Read", notify: "MentionsOnly" } });
await call("PATCH", `/conversations/${encodeURIComponent("copy of/ü")}/participants/ann`, { body: { readUntil: 1500000000000 } });
const form = new FormData();
form.append("file", new Blob(["hello"], { type: "text/plain" }), "hello.txt");
form.append("filename", "hello.txt");
const { fileToken } = await (await fetch(`${root}/files`, { method: "POST", body: form, headers: { Authorization: headers.Authorization } })).json();
await call("POST", `/import/conversations/${encodeURIComponent("copy of/ü")}/messages`, { body: [{ type: "UserMessage", createdAt: 1500000000000, sender: "ann", content: [{ type: "file", fileToken }] }] });
assert.equal((await call("GET", `/conversations/${encodeURIComponent("copy of/ü")}/messages`))[0].attachment.size, 5);

// 7. Somebody is forgotten.
const nobody = { id: "42", name: "[DELETED]", email: null, phone: null, custom: null, welcomeMessage: null, photoUrl: null, role: null, availabilityText: null, locale: null };
await request(`${root}/users/42`, "PUT", nobody);
const forgotten = await call("GET", "/users/42");
assert.deepEqual([forgotten.name, forgotten.email, forgotten.custom, forgotten.role], ["[DELETED]", null, {}, null]);
await request(`${root}/conversations/${oneOnOne}/messages/${history[5].id}`, "PUT", { custom: null, text: "[DELETED]" });
assert.equal((await call("GET", `/conversations/${oneOnOne}/messages/${history[5].id}`)).text, "[DELETED]");

// 8. A dashboard: who is there, by a token of thirty seconds and an older version.
const b64 = (v) => Buffer.from(JSON.stringify(v)).toString("base64url");
const now = Math.floor(Date.now() / 1000);
const claims = `${b64({ alg: "HS256", typ: "JWT" })}.${b64({ tokenType: "app", iat: now, exp: now + 30, iss: APP })}`;
const token = `${claims}.${createHmac("sha256", KEY).update(claims).digest("base64url")}`;
const asked = { Authorization: `Bearer ${token}`, "Content-Type": "application/json", "TalkJS-REST-Version": "2021-07-30" };
const presences = await (await fetch(`${root}/presences`, { method: "POST", headers: asked, body: JSON.stringify({ includeBackgroundSessions: true }) })).json();
assert.deepEqual(presences, { data: {} });
assert.deepEqual(await (await fetch(`${root}/users/nobody/conversations`, { headers: asked })).json(), { data: [] });
assert.deepEqual(await (await fetch(`${root}/users/ann/sessions`, { headers: asked })).json(), []);
const many = await (await fetch(`${root}/batch`, { method: "POST", headers: asked, body: JSON.stringify([[1, "GET", "/users/ann"], [2, "GET", "/users", { limit: 1 }]]) })).json();
assert.deepEqual(many.map(([n, status, body]) => [n, status, typeof JSON.parse(body)]).sort(), [[1, 200, "object"], [2, 200, "object"]]);

assert.deepEqual(warnings, []);
console.log("ok");

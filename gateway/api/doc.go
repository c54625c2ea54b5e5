// Package api is the HTTP API for the chat backend: TalkJS's public REST
// shapes under /v1/{appId}, and our own routes beside them. It reads requests
// as loosely as TalkJS does, answers always in JSON, and leaves every decision
// and change to the rooms below (chat, app).
//
// On TalkJS's routes only 200, 400, 401, 404, 429 and 5xx occur.
package api

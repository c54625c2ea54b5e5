package api

import "net/http"

// table is every route below /v1/{appId}.
func table() []route {
	const (
		get, put, post  = http.MethodGet, http.MethodPut, http.MethodPost
		patch, delete_  = http.MethodPatch, http.MethodDelete
		conv, member    = "conversations/*", "conversations/*/participants/*"
		messages, users = "conversations/*/messages", "users/*"
	)
	return append(mailRoutes(),
		on(get, "", getApp),
		on(put, "", putApp),

		on(get, "limits", getLimits),
		on(get, "domains", listDomains),
		on(get, "keys", listKeys),
		on(post, "keys", createKey),
		on(delete_, "keys/*", revokeKey),
		on(post, "batch", batch),
		on(post, "presences", presences),
		on(post, filesPath, upload),

		on(get, "users", listUsers),
		on(put, "users", putUsers),
		on(get, users, getUser),
		on(put, users, putUser),
		on(put, users+"/presence", putPresence),
		on(get, users+"/sessions", getSessions),
		on(patch, users+"/"+conv, patchUserConversation),

		on(get, "conversations", listConversations),
		on(get, users+"/conversations", listUserConversations),
		on(get, conv, getConversation),
		on(put, conv, putConversation),
		on(delete_, conv, deleteConversation),
		on(post, conv+"/readBy/*", markRead),
		on(post, conv+"/notifications", forceNotification),
		on(put, member, joinConversation),
		on(patch, member, patchParticipant),
		on(delete_, member, leaveConversation),
		on(get, member+"/email", replyAddress),

		on(get, messages, listMessages),
		on(post, messages, postMessages),
		on(get, messages+"/*", getMessage),
		on(put, messages+"/*", editMessage),
		on(post, messages+"/*", editMessage),
		on(delete_, messages+"/*", deleteMessage),

		on(post, "import/"+messages, importMessages),

		on(get, "departments", listDepartments),
		on(get, "departments/*", getDepartment),
		on(put, "departments/*", putDepartment),
		on(delete_, "departments/*", deleteDepartment),
		on(get, "roles/*", getRole),
		on(put, "roles/*", putRole),
		on(get, "endpoints", listEndpoints),
		on(get, "endpoints/*", getEndpoint),
		on(put, "endpoints/*", putEndpoint),
		on(delete_, "endpoints/*", deleteEndpoint),
		on(post, "endpoints/*/secrets", newSecret),
		on(delete_, "endpoints/*/secrets", endOldSecrets),
		on(post, "endpoints/*/ping", pingEndpoint),
		on(post, "endpoints/*/replay", replayEvents),
		on(get, "endpoints/*/attempts", listAttempts),

		on(get, "authorise", getAuthorise),
		on(put, "authorise", putAuthorise),
		on(delete_, "authorise", deleteAuthorise),
		on(post, "authorise/secrets", newAuthoriseSecret),
		on(delete_, "authorise/secrets", endOldAuthoriseSecrets),
		on(post, "authorise/ask", askAuthorise),

		on(get, "events", listEvents),
		on(get, "events/*", getEvent),
		on(post, "events/*/redeliver", redeliverEvent),

		on(get, "notifications", listNotifications),
		on(post, "notifications", tellOnce),
		on(post, runPath, run),
		on(get, runPath, run),
		on(post, "render", render),
		on(post, parsePath, parse),
		on(get, "deliveries", listDeliveries),
		on(get, "suppressions", listSuppressions),
		on(get, "suppressions/*", getSuppression),
		on(put, "suppressions/*", putSuppression),
		on(delete_, "suppressions/*", deleteSuppression),
		on(get, "replies", listReplies),
		on(post, "replies/*/approve", approveReply),
		on(post, "replies/*/reject", rejectReply),
	)
}

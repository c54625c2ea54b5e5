// Package clients holds no code of the product: its tests play mail clients in
// many languages that answer a notification which outbound/compose really made.
// What they write travels as MIME through inbound/message and inbound/extract,
// and must come out as exactly the words the person typed.
//
// The simulator knows nothing of how quotations are found: it shares no table
// with the extractor, and each client's shape and each language's lines come
// from public samples, named beside them.
//
// A fixed share of the combinations always runs. REPLYGATE_LONG=1 runs them all,
// in some minutes (go test -timeout 30m); REPLYGATE_CLIENTS=text runs those whose
// name contains the text and shows the mails that fail.
package clients

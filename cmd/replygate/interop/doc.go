// Package interop holds no code of the product: its tests run the built binary
// beside real peers (Postfix, swaks, dkimpy, OpenDKIM, the npm library of
// Standard Webhooks) on loopback. A peer that is missing is a skip, or a
// failure where REPLYGATE_INTEROP=require says that all must be there.
package interop

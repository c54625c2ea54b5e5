// Package gateway is the language every other room speaks: the words of the
// product (app, user, conversation, participant, message, notification,
// delivery, reply, event, address, status) as plain values.
//
// It performs no I/O, keeps no state and imports nothing of ours, so that
// everybody may import it. Decisions, storage and protocols live elsewhere.
package gateway

// Package outbound turns what is due into mail and sees it delivered. It holds
// the handlers of two durable queues:
//
//   - Notifier: a conversation whose messages waited long enough. It decides per
//     participant (gateway/notify), composes and signs a mail per address, and
//     has everything stored in one transaction. Notices about received mail are
//     made by it too.
//   - Courier: a mail that is to be handed to a next hop, again and again until
//     it is taken, refused for good, or too old.
//
// Composing is left to compose, the next hop to route, the SMTP dialogue to
// delivery, and what the outcomes mean for the chat to gateway/chat.
package outbound

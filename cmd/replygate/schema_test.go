package main

import (
	"reflect"
	"slices"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/gatewaytest"
	"github.com/replygate/replygate/gateway/webhook"
	"github.com/replygate/replygate/gateway/wire"
)

// eventData is what each type of event is made of.
var eventData = map[gateway.EventType]any{
	gateway.EventMessageSent: wire.MessageData{}, gateway.EventMessageUpdated: wire.MessageData{}, gateway.EventMessageDeleted: wire.MessageData{},
	gateway.EventMessageRead: wire.ReadData{}, gateway.EventConversationDeleted: wire.ConversationData{},
	gateway.EventUserCreated: wire.UserData{}, gateway.EventUserUpdated: wire.UserData{},
	gateway.EventNotificationTriggered: wire.NotificationData{}, gateway.EventNotificationSkipped: wire.NotificationData{},
	gateway.EventNotificationSent: wire.NotificationData{}, gateway.EventNotificationDeferred: wire.NotificationData{},
	gateway.EventNotificationBounced: wire.NotificationData{}, gateway.EventReplyRejected: wire.ReplyData{}, gateway.EventReplyHeld: wire.ReplyData{},
	gateway.EventReplyDuplicate: wire.ReplyData{}, gateway.EventReplyAutomatic: wire.ReplyData{},
	gateway.EventReplyReaction:       wire.ReactionData{},
	gateway.EventAddressUnsubscribed: wire.AddressData{}, gateway.EventAddressResubscribed: wire.AddressData{}, gateway.EventAddressSuppressed: wire.AddressData{},
	gateway.EventEndpointDisabled: webhook.DisabledData{}, gateway.EventTemplateFailed: wire.TemplateData{}, gateway.EventWebhookPing: event.PingData{},
}

// TestEveryEventHasItsSchema: one for each type and no other, and each names what
// the product writes: all of it, and nothing else.
func TestEveryEventHasItsSchema(t *testing.T) {
	s := gatewaytest.LoadSchemas(t, "../../docs/schema")
	want := []string{"common", "authorise.question", "authorise.answer"}
	for _, typ := range gateway.EventTypes() {
		want = append(want, string(typ))
	}
	slices.Sort(want)
	if got := s.Names(); !slices.Equal(got, want) {
		t.Errorf("schemas of %q\nwant       %q", got, want)
	}
	for _, typ := range gateway.EventTypes() {
		data, ok := eventData[typ]
		if !ok {
			t.Errorf("what %s is made of is not said here", typ)
			continue
		}
		for _, wrong := range s.Describes(string(typ), "data", reflect.TypeOf(data)) {
			t.Errorf("%s: %s", typ, wrong)
		}
	}
}

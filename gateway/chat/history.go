package chat

import (
	"context"
	"errors"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// MessagesQuery narrows a list of messages.
type MessagesQuery struct {
	Limit int
	// StartingAfter lists what is older than this message.
	StartingAfter gateway.MessageID
}

// Messages lists a conversation's messages, the newest first; those of one
// moment in the order they were stored, the latest first.
func (s *Service) Messages(ctx context.Context, app gateway.AppID, c gateway.ConversationID, q MessagesQuery) ([]wire.Message, error) {
	var out []wire.Message
	err := s.view(ctx, "list messages", func(rd store.Reader) error {
		out = []wire.Message{}
		if _, err := LoadConversation(rd, app, c); err != nil {
			return err
		}
		people, err := LoadParticipants(rd, app, c)
		if err != nil {
			return err
		}
		rg := store.Range{Prefix: store.ConversationKey(app, c), Reverse: true}
		if q.StartingAfter != "" {
			place, err := findPlace(rd, app, c, q.StartingAfter)
			if err != nil {
				return gateway.Wrong("startingAfter", "There is no message %q in the conversation.", q.StartingAfter)
			}
			rg.To = store.MessageKey(app, c, place.CreatedAt, place.Number)
		}
		return store.Messages.Scan(rd, rg, func(_ store.Key, m gateway.Message) (bool, error) {
			out = append(out, wire.MessageOf(m, people, s.Links))
			return len(out) < q.Limit, nil
		})
	})
	return out, err
}

// Message returns one message as GET shows it.
func (s *Service) Message(ctx context.Context, app gateway.AppID, c gateway.ConversationID, id gateway.MessageID) (wire.Message, error) {
	var out wire.Message
	err := s.view(ctx, "get message", func(rd store.Reader) error {
		if _, err := LoadConversation(rd, app, c); err != nil {
			return err
		}
		m, err := findMessage(rd, app, c, id)
		if err != nil {
			return err
		}
		people, err := LoadParticipants(rd, app, c)
		out = wire.MessageOf(m, people, s.Links)
		return err
	})
	return out, err
}

func findPlace(rd store.Reader, app gateway.AppID, c gateway.ConversationID, id gateway.MessageID) (store.MessagePlace, error) {
	return store.MessagePlaces.Get(rd, store.ConversationKey(app, c).String(string(id)))
}

// findMessage is store.FindMessage with a NotFound.
func findMessage(rd store.Reader, app gateway.AppID, c gateway.ConversationID, id gateway.MessageID) (gateway.Message, error) {
	m, err := store.FindMessage(rd, app, c, id)
	if errors.Is(err, store.ErrNotFound) {
		err = NotFound{What: "message", ID: string(id)}
	}
	return m, err
}

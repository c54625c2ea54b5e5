package chat

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/wire"
)

// react tells of a mail that is nothing but an emoji about a message. What the
// mail that it answers showed counts as read.
func (r *room) react(p *gateway.Participant, in ReplyInput, reply gateway.Reply) (gateway.Reply, error) {
	about, err := r.markShown(p, in.Answers, reply.Test)
	if err != nil {
		return reply, err
	}
	if p.ReadCount == r.conv.Count && !reply.Test {
		p.Unread = false
	}
	if err := r.putPerson(p); err != nil {
		return reply, err
	}
	if reply.Trace == "" {
		reply.Trace = gateway.TraceID(r.tx.NewID(gateway.PrefixTrace))
	}
	reply.State, reply.Reason, reply.Posted, reply.Attachments = gateway.ReplyReaction, "", nil, nil
	if err := putReply(r.tx, r.app.ID, reply); err != nil {
		return reply, err
	}
	sender, err := r.sender(reply.Participant)
	if err != nil {
		return reply, err
	}
	shown, err := r.show()
	if err != nil {
		return reply, err
	}
	data := wire.ReactionDataOf(wire.ReplyOf(reply, r.Links), sender, &shown, reply.Reaction, about)
	if err := r.event(gateway.EventReplyReaction, data, reply.Trace); err != nil {
		return reply, err
	}
	return reply, r.close()
}

package store

import "github.com/replygate/replygate/gateway"

// PutReply stores a reply, new or changed, where it is found by each facet. One
// that names no mail as received goes ReplyAge after it came; the others stay until
// they are put without it.
func PutReply(tx Tx, app gateway.AppID, r gateway.Reply) error {
	k := AppKey(app).String(string(r.ID))
	old, found, err := Replies.Find(tx, k)
	if err != nil {
		return err
	}
	var was []Key
	if found {
		was = replyPlaces(app, old)
	}
	if err := Replies.Put(tx, k, r); err != nil {
		return err
	}
	is := replyPlaces(app, r)
	if _, err := movePlaces(tx, RepliesBy, was, is); err != nil || r.Raw != "" {
		return err
	}
	return expirePlaced(tx, r.ReceivedAt.Add(ReplyAge), Row{Replies.Table, k}, RepliesBy, is)
}

// replyPlaces are where a reply is found.
func replyPlaces(app gateway.AppID, r gateway.Reply) []Key {
	return placesOf(app, string(r.ID), facet{ByConversation, string(r.Conversation)}, facet{ByState, string(r.State)})
}

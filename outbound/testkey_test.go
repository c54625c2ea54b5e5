package outbound

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/mailbox"
	"github.com/replygate/replygate/gateway/store"
)

// shown are the marked words of a mail: LIVE and TEST with a number.
func shown(raw []byte) []string {
	text := strings.ReplaceAll(string(raw), "=\r\n", "") // RFC 2045, section 6.7: soft line breaks
	words := regexp.MustCompile(`(LIVE|TEST)\d+x`).FindAllString(text, -1)
	slices.Sort(words)
	return slices.Compact(words)
}

// left are the mails that left, kept those in the built-in mailbox: to whom and
// with which marked words, the oldest first.
func (l *lab) left() (out []string) {
	for _, m := range l.peer.mails() {
		out = append(out, fmt.Sprint(m.at.Format(time.TimeOnly), " ", m.to, " ", shown(m.raw)))
	}
	return out
}

func (l *lab) kept() (out []string) {
	l.Helper()
	mails, err := l.mailbox().List(context.Background(), shop, mailbox.Query{Limit: mailbox.MaxMails})
	l.ok(err)
	for _, m := range slices.Backward(mails) {
		if !m.Test {
			l.Errorf("a mail to %s is in the mailbox, and no test", m.To)
		}
		out = append(out, fmt.Sprint(m.To, " ", shown(m.Raw)))
	}
	return out
}

// as posts as ann, with a test key or not.
func (l *lab) as(test bool, text string) {
	l.Helper()
	in := chat.NewMessage{Text: chat.Give(text), Sender: chat.Give[gateway.UserID]("ann"), IdempotencyKey: chat.Give(text[4:])}
	_, err := l.chat.PostMessages(context.Background(), shop, "c1", []chat.NewMessage{in}, chat.Posting{Test: test})
	l.ok(err)
}

// call tells bob of a message, by a single call.
func (l *lab) call(test bool, text string) {
	l.Helper()
	in := chat.NewMessage{Text: chat.Give(text), Sender: chat.Give[gateway.UserID]("ann")}
	_, err := l.chat.Tell(context.Background(), shop, chat.Call{
		Conversation: "c1", Recipient: "bob", Messages: []chat.CalledMessage{{ID: gateway.MessageID(text[4:]), NewMessage: in}},
	}, chat.Posting{Test: test})
	l.ok(err)
}

// answer posts what bob writes to the reply address in his mails, or in test mails.
func (l *lab) answer(test bool, text string) {
	l.Helper()
	address := l.chat.ReplyAddress
	if test {
		address = l.chat.TestAddress
	}
	_, err := address(context.Background(), shop, "c1", "bob")
	l.ok(err)
	l.ok(l.store.Update(context.Background(), store.ConversationScope(shop, "c1"), func(tx store.Tx) error {
		p, err := store.Participants.Get(tx, store.ParticipantKey(shop, "c1", "bob"))
		if err != nil {
			return err
		}
		in := chat.ReplyInput{App: shop, Handle: p.Handle, Reply: gateway.Reply{MessageID: text, Content: &gateway.ReplyContent{Text: text}}, Digest: text}
		if test {
			in.Handle = p.TestHandle
		}
		r, err := l.chat.PostReply(tx, time.Now(), in)
		if err == nil && r.Test != test {
			l.Errorf("the record says %v", r.Test)
		}
		return err
	}))
}

// TestTestKeys: what a test key causes is in the mailbox and nowhere else, and
// nothing that anybody else wrote is.
func TestTestKeys(t *testing.T) {
	bubble(t, func(l *lab) {
		l.as(false, "LIVE1x")
		l.as(true, "TEST1x")
		l.as(false, "LIVE2x")
		l.pass(delay + time.Second)
		if got := l.left(); len(got) != 1 || !strings.HasSuffix(got[0], " bob@people.test [LIVE1x LIVE2x]") {
			t.Errorf("left: %q", got)
		}
		if got := l.kept(); !slices.Equal(got, []string{"bob@people.test [TEST1x]"}) {
			t.Errorf("kept: %q", got)
		}
		live, test := l.peer.mails()[0].parse(t).Header, ""
		mails, err := l.mailbox().List(context.Background(), shop, mailbox.Query{Limit: 1})
		l.ok(err)
		test = string(mails[0].Raw)
		for _, field := range []string{"Reply-To", "List-Unsubscribe", "Message-Id"} {
			secret := regexp.MustCompile(`[a-z0-9]{30,}`).FindString(live.Get(field))
			if secret != "" && strings.Contains(test, secret) {
				t.Errorf("both mails have the same %s", field)
			}
		}
		if to := mails[0].From.Address.Domain; to != domain {
			t.Errorf("the envelope is from %s", to)
		}
		// A test reply is told to Ann as a test; a reply as what it is.
		l.answer(true, "TEST2x")
		l.answer(false, "LIVE3x")
		// What is quoted is not shown either.
		var tested gateway.MessageID
		for _, m := range rows(l, store.Messages, store.ConversationKey(shop, "c1")) {
			if m.Text == "TEST1x" {
				tested = m.ID
			}
		}
		l.post("c1", "LIVE4x", tested)
		l.pass(delay + time.Second)
		if got := l.left(); len(got) != 3 || !strings.Contains(strings.Join(got, "|"), "ann@people.test [LIVE3x]") || !strings.Contains(strings.Join(got, "|"), "bob@people.test [LIVE4x]") {
			t.Errorf("left: %q", got)
		}
		if got := l.kept(); len(got) != 2 || got[1] != "ann@people.test [TEST2x]" {
			t.Errorf("kept: %q", got)
		}
	})
}

// TestTestNotices: what is written about a reply to a test mail stays here, and
// holds no other notice back.
func TestTestNotices(t *testing.T) {
	bubble(t, func(l *lab) {
		for i, test := range []bool{true, false, true} {
			l.ok(l.store.Update(context.Background(), store.ConversationScope(shop, "c1"), func(tx store.Tx) error {
				for _, kind := range []gateway.NoticeKind{gateway.NoticeRefused, gateway.NoticeUnsubscribe, gateway.NoticeUnsubscribed} {
					bob, _ := gateway.ParseAddress("bob@people.test")
					n := gateway.Notice{Kind: kind, Reason: gateway.ReasonReadOnly, Conversation: "c1", Recipient: "bob", To: bob, Test: test}
					if err := chat.QueueNotice(tx, time.Now(), shop, n); err != nil {
						return err
					}
				}
				return nil
			}))
			l.pass(time.Second)
			if left, kept := len(l.left()), len(l.kept()); kept != 3 || left != []int{0, 3, 3}[i] {
				t.Errorf("after test=%v: %d left, %d are kept", test, left, kept)
			}
		}
	})
}

// TestTestsChangeNothing plays random days twice, with what test keys do and
// without: the same mails leave, at the same times, and none shows a test message.
// Every test message is in a mail that stays, or was read before.
func TestTestsChangeNothing(t *testing.T) {
	roles := map[string]func(*gateway.Role){
		"default":     func(*gateway.Role) {},
		"whole":       func(r *gateway.Role) { r.Context = gateway.ContextWhole },
		"since":       func(r *gateway.Role) { r.Context = gateway.ContextSinceLastMail },
		"once":        func(r *gateway.Role) { r.Policy = gateway.PolicyOncePerAbsence },
		"capped":      func(r *gateway.Role) { r.DailyCap = 2 },
		"interval":    func(r *gateway.Role) { r.MinInterval = 20 * time.Minute },
		"from away":   func(r *gateway.Role) { r.DelayFrom = gateway.DelayFromOffline },
		"by schedule": func(r *gateway.Role) { r.Schedule = gateway.ScheduleExternal },
	}
	seeds := uint64(1)
	if os.Getenv("REPLYGATE_LONG") != "" {
		seeds = 20
	}
	for name, change := range roles {
		t.Run(name, func(t *testing.T) {
			for seed := range seeds {
				var left [2][]string
				for run := range left {
					bubble(t, func(l *lab) {
						l.role(change)
						posted := l.day(rand.New(rand.NewPCG(seed, 7)), run == 0)
						left[run] = slices.Sorted(slices.Values(l.left())) // two of one moment go in any order
						if all := strings.Join(left[run], "\n"); strings.Contains(all, "TEST") {
							l.Errorf("seed %d: test messages left:\n%s", seed, all)
						}
						kept := strings.Join(l.kept(), "\n")
						if strings.Contains(kept, "LIVE") {
							l.Errorf("seed %d: not of a test:\n%s", seed, kept)
						}
						for _, word := range posted {
							if strings.HasPrefix(word, "TEST") && !strings.Contains(kept, word) && !l.skipped(word) {
								l.Errorf("seed %d: %s is in no mail:\n%s", seed, word, kept)
							}
						}
					})
				}
				if !slices.Equal(left[0], left[1]) || len(left[0]) == 0 {
					t.Errorf("seed %d: with tests left\n%s\nwithout\n%s", seed, strings.Join(left[0], "\n"), strings.Join(left[1], "\n"))
				}
			}
		})
	}
}

// skipped tells whether a test message was decided against, for it was read.
func (l *lab) skipped(text string) bool {
	l.Helper()
	for _, m := range rows(l, store.Messages, store.ConversationKey(shop, "c1")) {
		if m.Text != text {
			continue
		}
		for _, n := range rows(l, store.Decisions, store.AppKey(shop)) {
			if n.Test && n.Reason == gateway.ReasonRead && slices.Contains(n.Messages, m.ID) {
				return true
			}
		}
	}
	return false
}

// day does what a day brings, with or without what test keys do, and returns the
// words that were posted.
func (l *lab) day(r *rand.Rand, tests bool) (posted []string) {
	ctx := context.Background()
	for i := range 30 {
		test, act, wait := r.IntN(2) == 0, r.IntN(10), time.Duration(r.IntN(600))*time.Second
		if test && !tests {
			l.pass(wait)
			continue
		}
		word := map[bool]string{false: "LIVE", true: "TEST"}[test] + fmt.Sprint(i) + "x"
		switch {
		case act < 4:
			l.as(test, word)
			posted = append(posted, word)
		case act < 5:
			l.call(test, word)
			posted = append(posted, word)
		case act < 6:
			l.answer(test, word)
			posted = append(posted, word)
		case act < 7 && test:
			l.ok(l.chat.ForceTests(ctx, shop, "c1"))
		case act < 7:
			l.ok(l.chat.ForceNotification(ctx, shop, "c1"))
		case act < 8 && test:
			_, err := l.chat.RunTests(ctx, shop)
			l.ok(err)
		case act < 8:
			_, err := l.chat.Run(ctx, shop)
			l.ok(err)
		}
		l.pass(wait)
	}
	l.ok(l.chat.ForceNotification(ctx, shop, "c1"))
	if tests {
		l.ok(l.chat.ForceTests(ctx, shop, "c1"))
	}
	l.pass(time.Hour)
	return posted
}

// TestManyTests: however many test messages were posted since, what a person wrote
// before them is mailed.
func TestManyTests(t *testing.T) {
	bubble(t, func(l *lab) {
		l.as(false, "LIVE1x")
		for range 210 {
			l.postTests(10)
		}
		l.pass(2 * delay)
		if left := l.left(); len(left) != 1 || !strings.Contains(left[0], "LIVE1x") {
			l.Errorf("left: %v", left)
		}
	})
}

// postTests has ann post with a test key, by one call.
func (l *lab) postTests(n int) {
	l.Helper()
	in := chat.NewMessage{Text: chat.Give("TEST1x"), Sender: chat.Give[gateway.UserID]("ann")}
	_, err := l.chat.PostMessages(context.Background(), shop, "c1", slices.Repeat([]chat.NewMessage{in}, n), chat.Posting{Test: true})
	l.ok(err)
}

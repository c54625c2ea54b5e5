package inbound

import (
	"context"
	"log/slog"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/dns"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/inbound/mailauth"
	"github.com/replygate/replygate/inbound/smtpd"
)

// Receiver is the backend of the SMTP front. Its fields are set before use and
// not changed; it is safe for concurrent use.
type Receiver struct {
	Store    store.Store
	Chat     *chat.Service
	Tokens   *token.Minter
	Box      *secret.Box
	Resolver *dns.Resolver
	// Domain is the installation's mail domain (A-labels, lower case); apps may have
	// others.
	Domain string
	// Hostname is our name in the Authentication-Results of what is kept (A-labels,
	// lower case).
	Hostname string
	// LinkHosts are the hosts of our own links, which are kept out of what is posted.
	LinkHosts []string
	// Postmaster, if set, is where mail to postmaster@ and abuse@ is forwarded.
	Postmaster gateway.Address
	// Files bounds what may come with the words; the zero value does not.
	Files FileLimits
	// Reporters are the domains (with those below them) and addresses whose signed
	// abuse reports are believed, in lower case.
	Reporters []string
	// Authoriser asks the hooks of apps that have one.
	Authoriser Authoriser
	Log        *slog.Logger
	// Observe, if set, is told what became of each mail and recipient.
	Observe func(state gateway.ReplyState, reason gateway.Reason)
	// Checked, if set, is told who vouches for each mail.
	Checked func(gateway.Verdicts)

	forwards allowance
}

var _ smtpd.Backend = (*Receiver)(nil)

// Begin starts a mail. SPF is looked up from here on, while the recipients and
// the data are still on their way.
func (r *Receiver) Begin(ctx context.Context, c smtpd.Client, from gateway.ReversePath, _ smtpd.MailOptions) (smtpd.Transaction, error) {
	budget := dns.WithBudget(r.Resolver, dns.MailQueries, dns.MailTime)
	// SPF outlives the call that starts it: the session cancels it in Close.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	return &transaction{
		Receiver: r, client: c, from: from, budget: budget, cancel: cancel,
		spf: mailauth.StartSPF(ctx, budget, c.Addr.Addr(), c.Helo, from),
	}, nil
}

// transaction is one mail on its way in; smtpd calls its methods one by one.
type transaction struct {
	*Receiver
	client smtpd.Client
	from   gateway.ReversePath
	budget *dns.Budget
	spf    *mailauth.SPF
	cancel context.CancelFunc

	to []recipient
}

// Close ends what Begin started.
func (t *transaction) Close() {
	t.cancel()
	t.spf.Close()
}

// clock is the time of an outcome, to the millisecond rows are kept in.
func clock() time.Time { return time.Now().Truncate(time.Millisecond) }

func (r *Receiver) observe(state gateway.ReplyState, reason gateway.Reason) {
	if r.Observe != nil {
		r.Observe(state, reason)
	}
}

package metrics

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/replygate/replygate/gateway"
)

// inbound counts what comes in by mail.
type inbound struct {
	connections, ended, answers, replies, verdicts *prometheus.CounterVec
	open                                           *prometheus.GaugeVec
	sessions, toAnswer                             *prometheus.HistogramVec
	size                                           *prometheus.HistogramVec
	lastAccepted                                   *prometheus.GaugeVec
}

func newInbound(m *Metrics) inbound {
	return inbound{
		connections:  m.counters("smtp_connections_total", "Connections to the SMTP listeners, by how they were met.", "how"),
		ended:        m.counters("smtp_sessions_total", "SMTP sessions that ended, by why.", "why"),
		open:         m.gauges("smtp_sessions_open", "SMTP sessions going on."),
		answers:      m.counters("smtp_answers_total", "Answers to SMTP commands; the verb \".\" is the final dot.", "verb", "code"),
		sessions:     m.histograms("smtp_session_seconds", "How long SMTP sessions took.", slow),
		toAnswer:     m.histograms("smtp_answer_seconds", "From the final dot of a mail to our answer.", fast, "class"),
		size:         m.histograms("smtp_message_bytes", "Size of received mails.", prometheus.ExponentialBuckets(1<<10, 4, 8)),
		replies:      m.counters("replies_total", "What became of received mails, by recipient.", "state", "reason"),
		verdicts:     m.counters("mail_verdicts_total", "Verdicts on who sent a mail.", "method", "verdict"),
		lastAccepted: m.gauges("smtp_last_accepted_timestamp_seconds", "When a mail was last accepted, Unix time."),
	}
}

// accepted is how smtpd says that a connection was let in.
const accepted = "accepted"

// Connection counts a connection; it is a method of smtpd.Observer.
func (m *Metrics) Connection(how string) {
	m.inbound.connections.WithLabelValues(how).Inc()
	if how == accepted {
		m.inbound.open.WithLabelValues().Inc()
	}
}

// Ended counts a session's end; it is a method of smtpd.Observer.
func (m *Metrics) Ended(why string, took time.Duration) {
	m.inbound.open.WithLabelValues().Dec()
	m.inbound.ended.WithLabelValues(why).Inc()
	m.inbound.sessions.WithLabelValues().Observe(took.Seconds())
}

// Answer counts an answer to a command; it is a method of smtpd.Observer.
func (m *Metrics) Answer(verb string, s gateway.Status) {
	m.inbound.answers.WithLabelValues(verb, class(s.Code)).Inc()
}

// Message counts a mail that came to its end; it is a method of smtpd.Observer.
func (m *Metrics) Message(size int64, s gateway.Status, took time.Duration) {
	m.inbound.size.WithLabelValues().Observe(float64(size))
	m.inbound.toAnswer.WithLabelValues(class(s.Code)).Observe(took.Seconds())
	if s.Positive() {
		m.inbound.lastAccepted.WithLabelValues().SetToCurrentTime()
	}
}

// Reply counts what became of a mail for one recipient.
func (m *Metrics) Reply(state gateway.ReplyState, reason gateway.Reason) {
	m.inbound.replies.WithLabelValues(string(state), why(reason)).Inc()
}

// verdictWords are the results of SPF, DKIM and DMARC (RFC 8601, section 2.7)
// that are told apart.
var verdictWords = []gateway.Verdict{"", "none", "neutral", "pass", "fail", "softfail", "policy", "temperror", "permerror"}

// Verdicts counts who vouched for a mail.
func (m *Metrics) Verdicts(v gateway.Verdicts) {
	for method, word := range map[string]gateway.Verdict{"spf": v.SPF, "dkim": v.DKIM, "dmarc": v.DMARC} {
		if !slices.Contains(verdictWords, word) {
			word = "other"
		}
		m.inbound.verdicts.WithLabelValues(method, string(word)).Inc()
	}
}

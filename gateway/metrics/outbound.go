package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/replygate/replygate/gateway"
)

// outbound counts what goes out, by mail and by webhook.
type outbound struct {
	notifications, deliveries, events *prometheus.CounterVec
	hops                              *prometheus.HistogramVec
	answers, delays                   *prometheus.HistogramVec
}

func newOutbound(m *Metrics) outbound {
	return outbound{
		notifications: m.counters("notifications_total", "Decisions about telling somebody by mail.", "state", "reason"),
		deliveries:    m.counters("delivery_attempts_total", "Tries to hand a mail to a next hop, by the delivery's state after it and the class of the answer.", "state", "class"),
		hops:          m.histograms("delivery_attempt_seconds", "How long handing a mail to a next hop took.", slow),
		events:        m.counters("event_attempts_total", "Tries to tell an endpoint an event, by the state after it and the class of the answer.", "state", "class"),
		answers:       m.histograms("event_attempt_seconds", "How long an endpoint took to answer.", slow),
		delays:        m.histograms("event_first_attempt_delay_seconds", "How old an event was when it was first told to an endpoint.", slow),
	}
}

// Notification counts a decision about one person.
func (m *Metrics) Notification(state gateway.NotificationState, reason gateway.Reason) {
	m.outbound.notifications.WithLabelValues(string(state), why(reason)).Inc()
}

// Delivery counts a try to hand a mail to a next hop.
func (m *Metrics) Delivery(state gateway.DeliveryState, a gateway.Attempt) {
	m.outbound.deliveries.WithLabelValues(string(state), class(a.Status.Code)).Inc()
	m.outbound.hops.WithLabelValues().Observe(float64(a.Took) / 1000)
}

// Event counts a try to tell an endpoint an event: the telling's state after
// it, the HTTP status (0: no answer), how long it took and, at the first try,
// how old the event was.
func (m *Metrics) Event(state string, status int, first bool, took, since time.Duration) {
	m.outbound.events.WithLabelValues(state, class(status)).Inc()
	m.outbound.answers.WithLabelValues().Observe(took.Seconds())
	if first {
		m.outbound.delays.WithLabelValues().Observe(since.Seconds())
	}
}

// Package metrics counts what the rooms of the gateway do, for Prometheus.
//
// It promises a small, fixed set of series: no label holds an app, an address,
// a host or anything else that strangers choose. Every method is quick and safe
// for concurrent use, and fits the hook of the room it is for, so that no room
// knows of Prometheus. Nothing is kept in the package itself.
//
// What the figures mean for an operator is left to the documentation.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/replygate/replygate/gateway"
)

// Metrics holds every series of one process.
type Metrics struct {
	registry *prometheus.Registry
	inbound  inbound
	outbound outbound
	work     work
}

// fast are bounds in seconds for what takes a millisecond when all is well.
var fast = []float64{.00025, .0005, .001, .002, .003, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 15}

// slow are bounds in seconds for what a peer has a part in.
var slow = []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10, 30, 100, 300, 1000, 3600}

// New makes the metrics of a process; version is that of the program.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.inbound = newInbound(m)
	m.outbound = newOutbound(m)
	m.work = newWork(m)
	info := m.gauges("build_info", "The running version; the value is always 1.", "version")
	info.WithLabelValues(version).Set(1)
	return m
}

// Handler serves the figures in Prometheus's formats.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

const namespace = "replygate"

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) histograms(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: bounds}, labels)
	m.registry.MustRegister(h)
	return h
}

func (m *Metrics) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(g)
	return g
}

// gaugeFunc registers a gauge that is read when somebody asks.
func (m *Metrics) gaugeFunc(name, help string, labels prometheus.Labels, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: name, Help: help, ConstLabels: labels,
	}, read))
}

// counterFunc registers a counter that is kept elsewhere.
func (m *Metrics) counterFunc(name, help string, read func() int64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Namespace: namespace, Name: name, Help: help,
	}, func() float64 { return float64(read()) }))
}

// class is an SMTP or HTTP code's first digit, "4xx"; "none" without an answer.
func class(code int) string {
	if code < 100 || code > 599 {
		return "none"
	}
	return strconv.Itoa(code/100) + "xx"
}

// why is a reason as a label: one of the registry, or "other".
func why(r gateway.Reason) string {
	if r == "" || r.Known() {
		return string(r)
	}
	return "other"
}

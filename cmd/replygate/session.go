package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/cmd/replygate/server"
)

// operatorFlags are shared by commands that ask the server, or open its
// database when it does not run.
type operatorFlags struct {
	Config string `required:"" help:"The configuration file." placeholder:"replygate.toml"`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// call asks one thing.
func (c operatorFlags) call(e *env, method, path string, in, out any) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.close()
	return s.ask(e.ctx, method, path, in, out)
}

// session asks the operator's API: the running server's over its socket, or,
// when none runs, that of a database this process has opened itself.
type session struct {
	client *http.Client
	close  func()
}

// open begins a session; close ends it.
func (c operatorFlags) open() (*session, error) {
	conf, err := config.Load(c.Config)
	if err != nil {
		return nil, err
	}
	socket := server.ControlSocket(conf)
	if conn, err := net.Dial("unix", socket); err == nil {
		conn.Close()
		return dial(socket, func() {}), nil
	}
	s, err := server.OpenStore(server.Options{Config: conf, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	offline, err := serveOffline(s)
	if err != nil {
		s.Close()
	}
	return offline, err
}

// serveOffline serves the operator's API on a socket of its own.
func serveOffline(s *server.Server) (*session, error) {
	dir, err := os.MkdirTemp("", "replygate-")
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "control.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	srv := &http.Server{Handler: s.Operator()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(l) // ends with Close
	}()
	return dial(socket, func() {
		srv.Close()
		<-done
		os.RemoveAll(dir)
		s.Close()
	}), nil
}

// dial makes a session over a unix socket.
func dial(socket string, end func()) *session {
	t := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}
	return &session{client: &http.Client{Transport: t}, close: func() {
		t.CloseIdleConnections()
		end()
	}}
}

// ask makes one call; what is not 200 is an error in the server's own words.
func (s *session) ask(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if in == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://replygate"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return problemOf(resp.StatusCode, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// problemError is an answer that is not 200, in the server's own words.
type problemError struct {
	status  int
	reasons map[string][]string
}

// problemOf reads an error answer.
func problemOf(status int, answer []byte) error {
	var p struct {
		Reasons map[string][]string `json:"reasons"`
	}
	_ = json.Unmarshal(answer, &p) // what is no JSON has no reasons
	return problemError{status, p.Reasons}
}

// names tells whether a reason is about a field.
func (p problemError) names(field string) bool { return len(p.reasons[field]) > 0 }

// Error lists the reasons by their fields.
func (p problemError) Error() string {
	if len(p.reasons) == 0 {
		return fmt.Sprintf("the server answered %d %s", p.status, http.StatusText(p.status))
	}
	var all []string
	for field, sentences := range p.reasons {
		all = append(all, field+": "+strings.Join(sentences, " "))
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

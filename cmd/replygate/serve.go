package main

import (
	"io"
	"log/slog"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/cmd/replygate/server"
)

type serveCommand struct {
	Config string `required:"" help:"The configuration file." placeholder:"replygate.toml"`
}

// Help shows an example.
func (serveCommand) Help() string {
	return "Example: replygate serve --config /etc/replygate/replygate.toml\n\nSIGTERM drains: mail in progress is finished (at most 30 s), what waits stays in the database."
}

// Run serves until the context ends.
func (c serveCommand) Run(e *env) error {
	conf, keys, err := loadConfig(c.Config)
	if err != nil {
		return err
	}
	s, err := server.Open(server.Options{Config: conf, Keys: keys, Log: newLogger(conf.Log, e.stderr), Version: version()})
	if err != nil {
		return err
	}
	return s.Run(e.ctx)
}

// newLogger logs as the configuration says; it has checked the words.
func newLogger(c config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

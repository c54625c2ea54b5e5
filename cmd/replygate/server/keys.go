package server

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/gateway/secret"
)

// loadKeys reads the master keys. On the very first start, when there is no
// database yet either, it makes them; later a missing key file is an error,
// since a new one would make every reply address and stored mail worthless.
func loadKeys(c config.Config, log *slog.Logger) (*secret.Keys, error) {
	raw, err := os.ReadFile(c.KeyFile)
	if err == nil {
		warnIfReadable(c.KeyFile, log)
		return secret.Parse(raw)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "db")); err == nil {
		return nil, fmt.Errorf("key file %s is missing but the database exists; put the key file back from your backup", c.KeyFile)
	}
	keys := secret.Generate()
	if err := writeNew(c.KeyFile, keys.Format()); err != nil {
		return nil, fmt.Errorf("make key file: %w", err)
	}
	log.Info("made the master keys; back this file up apart from the data", "file", c.KeyFile)
	return keys, nil
}

func warnIfReadable(path string, log *slog.Logger) {
	if st, err := os.Stat(path); err == nil && st.Mode().Perm()&0o077 != 0 {
		log.Warn("others can read the key file; run: chmod 600", "file", path)
	}
}

// writeNew makes a file that must not exist, durable before it returns.
func writeNew(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/storage/bolt"
)

var ctx = context.Background()

func open(t *testing.T) (app.Service, string) {
	t.Helper()
	dir := t.TempDir()
	e, err := bolt.Open(dir, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	s := app.Service{Store: e, Box: secret.NewBox(secret.Generate())}
	for _, id := range []gateway.AppID{"shop", "other"} {
		if _, err := s.Create(ctx, app.New{ID: id, Name: "Shop"}); err != nil {
			t.Fatal(err)
		}
	}
	return s, dir
}

func wrongField(err error) string {
	var v gateway.Invalid
	if errors.As(err, &v) {
		for f := range v {
			return f
		}
	}
	return ""
}

func missing(err error) bool {
	var n gateway.NotFound
	return errors.As(err, &n)
}

func TestCreate(t *testing.T) {
	s, _ := open(t)
	made, err := s.Create(ctx, app.New{Name: "Other", DefaultLocale: "fr", Policy: gateway.PolicyStrict, Sender: gateway.Sender{Name: "O"}})
	if err != nil || !strings.HasPrefix(string(made.ID), "app_") {
		t.Fatalf("%+v, %v", made, err)
	}
	if got, err := s.App(ctx, made.ID); err != nil || got.Policy != gateway.PolicyStrict || got.Sender.Name != "O" || got.DefaultLocale != "fr" {
		t.Errorf("%+v, %v", got, err)
	}
	for field, in := range map[string]app.New{
		"id": {ID: "shop"}, "policy": {Policy: "lenient"}, "name": {Name: "a\r\nBcc: x"}, "sender.name": {Sender: gateway.Sender{Name: strings.Repeat("x", 300)}},
	} {
		if _, err := s.Create(ctx, in); wrongField(err) != field {
			t.Errorf("%+v: %v", in, err)
		}
	}
	if _, err := s.App(ctx, "nobody"); !missing(err) {
		t.Error(err)
	}
	if all, err := s.List(ctx); err != nil || len(all) != 3 {
		t.Errorf("%d apps, %v", len(all), err)
	}
}

func TestSettings(t *testing.T) {
	s, _ := open(t)
	name, policy, value := "New", gateway.PolicyToken, "v"
	for _, in := range []app.Settings{
		{Name: &name, Custom: map[string]*string{"k": &value, "l": &value}},
		{Policy: &policy, Custom: map[string]*string{"k": nil}},
		{},
	} {
		if _, err := s.PutSettings(ctx, "shop", in); err != nil {
			t.Fatal(err)
		}
	}
	a, err := s.App(ctx, "shop")
	if err != nil || a.Name != "New" || a.Policy != policy || len(a.Custom) != 1 || a.Custom["l"] != "v" {
		t.Errorf("%+v, %v", a, err)
	}
	bad := gateway.AuthPolicy("none")
	if _, err := s.PutSettings(ctx, "shop", app.Settings{Policy: &bad}); wrongField(err) != "policy" {
		t.Error(err)
	}
}

func TestKeys(t *testing.T) {
	s, dir := open(t)
	live, err := s.CreateKey(ctx, "shop", false)
	if err != nil {
		t.Fatal(err)
	}
	test, err := s.CreateKey(ctx, "shop", true)
	if err != nil {
		t.Fatal(err)
	}
	own, err := s.ImportKey(ctx, "shop", "sk_test_of_another_system", false)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.ImportKey(ctx, "shop", own.Secret, false); err != nil || again.ID != own.ID {
		t.Errorf("imported twice: %v, %v", again.ID, err)
	}
	if !strings.HasPrefix(live.Secret, "sk_live_") || !strings.HasPrefix(test.Secret, "sk_test_") || !test.Test || live.Test {
		t.Errorf("made %.8s and %.8s", live.Secret, test.Secret)
	}
	opens := func(id gateway.AppID, key string) gateway.KeyID {
		a, k, err := s.Authenticate(ctx, id, key)
		if err != nil && !errors.Is(err, app.ErrUnauthorized) {
			t.Fatal(err)
		}
		if err == nil && a.ID != id {
			t.Errorf("opened %s", a.ID)
		}
		return k.ID
	}
	for _, k := range []app.NewKey{live, test, own} {
		if got := opens("shop", k.Secret); got != k.ID {
			t.Errorf("%.8s opens as %q", k.Secret, got)
		}
		if opens("other", k.Secret)+opens("nobody", k.Secret)+opens("shop", k.Secret+"x")+opens("shop", k.Secret[1:]) != "" {
			t.Errorf("%.8s opens what is not its own", k.Secret)
		}
	}
	if opens("shop", "") != "" || opens("nobody", "") != "" {
		t.Error("no key opens")
	}
	if err := s.RevokeKey(ctx, "shop", live.ID); err != nil || opens("shop", live.Secret) != "" {
		t.Errorf("a revoked key opens, %v", err)
	}
	if err := s.RevokeKey(ctx, "shop", "key_no"); !missing(err) {
		t.Error(err)
	}
	a, err := s.App(ctx, "shop")
	if err != nil {
		t.Fatal(err)
	}
	values, err := s.KeyValues(a)
	if err != nil || len(values) != 2 || string(values[0].Value) != own.Secret || string(values[1].Value) != test.Secret {
		t.Errorf("%d live values, %v", len(values), err)
	}
	for _, bad := range []string{"short", "with a space in it, see", strings.Repeat("x", 600)} {
		if _, err := s.ImportKey(ctx, "shop", bad, false); wrongField(err) != "key" {
			t.Errorf("%.10q imported: %v", bad, err)
		}
	}
	notOnDisk(t, dir, live.Secret, test.Secret, own.Secret)
}

// notOnDisk looks for secrets in the files of the database.
func notOnDisk(t *testing.T, dir string, secrets ...string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, f := range files {
		if st, err := os.Stat(f); err != nil || st.IsDir() {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range secrets {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%s holds a secret as it is", filepath.Base(f))
			}
		}
	}
}

func TestEndpoints(t *testing.T) {
	s, dir := open(t)
	ep, made, err := s.PutEndpoint(ctx, "shop", "", app.EndpointSettings{URL: "https://b.example/hook"})
	if err != nil || !strings.HasPrefix(string(ep.ID), gateway.PrefixEndpoint) {
		t.Fatalf("%+v, %v", ep, err)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(made, app.SecretPrefix))
	if err != nil || len(raw) != 32 || !strings.HasPrefix(made, app.SecretPrefix) {
		t.Errorf("the secret has %d bytes, %v", len(raw), err)
	}
	again, second, err := s.PutEndpoint(ctx, "shop", ep.ID, app.EndpointSettings{URL: "https://b.example/2", Types: []gateway.EventType{gateway.EventMessageSent}, Strict: true})
	if err != nil || second != "" || again.URL != "https://b.example/2" || len(again.Secrets) != 1 || !again.Strict {
		t.Errorf("%+v, %q, %v", again, second, err)
	}
	issued := []string{made}
	for range 5 {
		fresh, err := s.RotateSecret(ctx, "shop", ep.ID, app.SecretOverlap)
		if err != nil {
			t.Fatal(err)
		}
		issued = append(issued, fresh)
	}
	got, err := s.Endpoint(ctx, "shop", ep.ID)
	if err != nil {
		t.Fatal(err)
	}
	alive, err := s.EndpointSecrets(got)
	if err != nil || len(alive) != app.MaxSecrets || alive[0] != issued[5] || alive[3] != issued[2] {
		t.Errorf("%d secrets are alive, %v", len(alive), err)
	}
	s.Now = func() time.Time { return time.Now().Add(app.SecretOverlap + time.Minute) }
	if alive, err := s.EndpointSecrets(got); err != nil || len(alive) != 1 || alive[0] != issued[5] {
		t.Errorf("%d secrets are alive a day later, %v", len(alive), err)
	}
	s.Now = nil
	fresh, err := s.RotateSecret(ctx, "shop", ep.ID, 0)
	if got, _ = s.Endpoint(ctx, "shop", ep.ID); err != nil || len(got.Secrets) != 1 {
		t.Errorf("%d secrets without an overlap, %v", len(got.Secrets), err)
	}
	if issued = append(issued, fresh); wrongField(func() error { _, err := s.RotateSecret(ctx, "shop", ep.ID, 8*24*time.Hour); return err }()) != "oldValidFor" {
		t.Error("an overlap of eight days is taken")
	}
	if err := s.DropOldSecrets(ctx, "shop", ep.ID); err != nil {
		t.Fatal(err)
	}
	if got, _ = s.Endpoint(ctx, "shop", ep.ID); len(got.Secrets) != 1 {
		t.Errorf("%d secrets are left", len(got.Secrets))
	}
	notOnDisk(t, dir, issued...)
	if err := s.DeleteEndpoint(ctx, "shop", ep.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Endpoint(ctx, "shop", ep.ID); !missing(err) || !missing(s.DeleteEndpoint(ctx, "shop", ep.ID)) {
		t.Error("deleted and still there", err)
	}
	for url, field := range map[string]string{
		"": "url", "b.example": "url", "ftp://b.example": "url", "https://": "url", "https://u:p@b.example": "url", "https://b.example/#x": "url", "https://b.example:x/": "url",
	} {
		if _, _, err := s.PutEndpoint(ctx, "shop", "", app.EndpointSettings{URL: url}); wrongField(err) != field {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, _, err := s.PutEndpoint(ctx, "shop", "", app.EndpointSettings{URL: "https://b.example", Types: []gateway.EventType{"message.sung"}}); wrongField(err) != "types" {
		t.Error(err)
	}
}

func TestRoles(t *testing.T) {
	s, _ := open(t)
	short, long := 5*time.Second, gateway.MaxDelay+1
	if err := s.PutRole(ctx, "shop", gateway.DefaultRole, gateway.Role{Delay: &short}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutRole(ctx, "shop", "quiet", gateway.Role{EmailDisabled: true}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]time.Duration{"": short, "undefined": short, "quiet": gateway.DefaultDelay} {
		if r, err := s.Role(ctx, "shop", name); err != nil || r.WaitsFor() != want || r.EmailDisabled != (name == "quiet") {
			t.Errorf("%q: %+v, %v", name, r, err)
		}
	}
	negative := -time.Second
	for _, d := range []*time.Duration{&long, &negative} {
		if err := s.PutRole(ctx, "shop", "x", gateway.Role{Delay: d}); wrongField(err) != "delay" {
			t.Errorf("%v: %v", *d, err)
		}
	}
	if err := s.PutRole(ctx, "shop", "", gateway.Role{}); wrongField(err) != "role" {
		t.Error(err)
	}
}

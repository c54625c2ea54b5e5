package interop

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestNmap has three of nmap's scripts look at the door.
func TestNmap(t *testing.T) {
	need(t, "nmap")
	far := startSink(t)
	p := startDoor(t, far.port, "refusals_per_hour = 0")
	scan := func(script string, args ...string) string {
		out, err := exec.Command("nmap", append([]string{"-Pn", "-n", "-p", strconv.Itoa(p.smtp), "--script", "+" + script}, append(args, "127.0.0.1")...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("nmap: %v\n%s", err, out)
		}
		return string(out)
	}
	if out := scan("smtp-commands"); !regexp.MustCompile(`mx\.gateway\.test.*PIPELINING, 8BITMIME, ENHANCEDSTATUSCODES, SMTPUTF8, SIZE 26214400, LIMITS RCPTMAX=100`).MatchString(out) || strings.Contains(out, "CHUNKING") {
		t.Errorf("smtp-commands:\n%s", out)
	}
	if out := scan("smtp-open-relay"); !strings.Contains(out, "Server doesn't seem to be an open relay") {
		t.Errorf("smtp-open-relay:\n%s", out)
	}
	users := scan("smtp-enum-users", "--script-args", "smtp-enum-users.methods={VRFY,EXPN,RCPT},smtp-enum-users.domain="+mailDomain)
	if found := regexp.MustCompile(`\|\s+(root|admin|administrator|webadmin|sysadmin|netadmin|guest|user|web|test)\b`).FindString(users); found != "" {
		t.Errorf("smtp-enum-users found %q:\n%s", found, users)
	}
}

// relayForms are the ways to ask a server to send mail elsewhere.
func relayForms() []string {
	out := []string{"", "nobody", "postmaster@other.test", "abuse@other.test", "POSTMASTER@other.test", "notifications@other.test"}
	const us, them = mailDomain, "other.test"
	for _, user := range []string{"u@" + them, "u%" + them, them + "!u", "u", `"u@` + them + `"`, `"u%` + them + `"`, `"` + them + `!u"`} {
		for _, at := range []string{"", "@" + us, "@[127.0.0.1]", "@[IPv6:::1]", "@localhost", "@127.0.0.1", "@mx.gateway.test", "@" + them} {
			out = append(out, user+at)
		}
	}
	return append(out,
		"@"+us+":u@"+them, "@"+us+",@x.test:u@"+them, "@[127.0.0.1]:u@"+them, "@:u@"+them, "u@"+them+"@"+us, "u@"+us+"@"+them, "u%"+them+"%"+us+"@"+us,
		"u@"+us+"."+them, "u@"+us+"\\@"+them, "u@ "+us, "u@"+us+".", "u@."+us, "postmaster%"+them+"@"+us, "postmaster@"+us+"%"+them, "postmaster@sub."+us,
		"postmaster+u@"+us, "u@"+strings.ToUpper(them), "u@xn--"+us, "root", "postmaster@", "@"+us, us+"!postmaster",
	)
}

// TestNoRelay: nothing but our own addresses is accepted, in whatever way others
// are written.
func TestNoRelay(t *testing.T) {
	far := startSink(t)
	p := startDoor(t, far.port, "refusals_per_hour = 0")
	k := (*talker)(nil)
	for i, form := range relayForms() {
		if i%10 == 0 {
			k = dialDoor(t, "127.0.0.1", p.smtp)
			k.want("", "220")
			k.want("EHLO c.test", "250")
			k.want("MAIL FROM:<ann@"+peopleMail+">", "250")
		}
		if got := k.say("RCPT TO:<" + form + ">"); !strings.HasPrefix(got, "5") || strings.HasPrefix(got, "503") {
			t.Errorf("<%s>: %s", form, got)
		}
	}
	k = dialDoor(t, "127.0.0.1", p.smtp)
	k.want("", "220")
	k.want("EHLO c.test", "250")
	k.want("MAIL FROM:<>", "250")
	for _, own := range []string{"Postmaster", "postmaster@" + mailDomain, "ABUSE@" + strings.ToUpper(mailDomain)} {
		k.want("RCPT TO:<"+own+">", "250 2.1.5")
	}
	t.Logf("%d forms", len(relayForms()))
	if n := len(far.got); n > 0 {
		t.Errorf("%d mails went out", n)
	}
}

package message

import "strings"

const (
	armourSigned    = "-----BEGIN PGP SIGNED MESSAGE-----"
	armourSignature = "-----BEGIN PGP SIGNATURE-----"
	armourEnd       = "-----END PGP SIGNATURE-----"
	armourEncrypted = "-----BEGIN PGP MESSAGE-----"
)

// unwrapArmour takes the words out of a text that is signed in place (RFC
// 9580, section 7), and notes one that is encrypted in place.
func (a *assembly) unwrapArmour() {
	if a.m.HTML != "" {
		return
	}
	text := strings.TrimLeft(a.m.Text, "\n ")
	if strings.HasPrefix(text, armourEncrypted) {
		a.m.Encrypted = true
		return
	}
	if !strings.HasPrefix(text, armourSigned) {
		return
	}
	_, rest, ok := strings.Cut(text, "\n\n") // behind the Hash header
	if !ok {
		return
	}
	body, signature, ok := strings.Cut(rest, "\n"+armourSignature)
	if !ok {
		return
	}
	var b strings.Builder
	for line := range strings.Lines(body) {
		b.WriteString(strings.TrimPrefix(line, "- ")) // section 7.1: dash-escaped
	}
	if _, after, ok := strings.Cut(signature, armourEnd); ok {
		b.WriteString(after)
	}
	a.m.Text, a.m.Signed = b.String(), true
}

package api

import (
	"bytes"
	"context"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

func form(t *testing.T, name, content string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("note", "ignored"); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// TestFiles: uploaded, sent with one message, served, dropped with it.
func TestFiles(t *testing.T) {
	l := newLab(t).populate()
	content := strings.Repeat("picture ", 5000)
	body, kind := form(t, "../dir/photo.png", content)
	var up struct{ AttachmentToken string }
	l.do("POST", "/files", body, "Content-Type", kind).is(200).into(&up)
	send := `[{"text":"Look","sender":"ann","type":"UserMessage","attachmentToken":"` + up.AttachmentToken + `"}]`
	id := l.do("POST", "/conversations/c1/messages", send).is(200).posted()[0]
	var m struct {
		Attachment struct {
			URL, Name string
			Size      int
		}
	}
	l.do("GET", "/conversations/c1/messages/"+id, "").is(200).into(&m)
	if m.Attachment.Name != "photo.png" || m.Attachment.Size != len(content) || !strings.HasPrefix(m.Attachment.URL, "https://pages.example.com/a/") {
		t.Errorf("%+v", m.Attachment)
	}
	h, ok := l.chat.Tokens.ReadFor(token.Attachment, strings.TrimPrefix(m.Attachment.URL, "https://pages.example.com/a/"), l.chat.Domain)
	l.ok(l.engine.View(context.Background(), func(rd store.Reader) error {
		row, err := store.Handles.Get(rd, store.HandleKey(h))
		if err != nil || !ok {
			t.Fatalf("the link stands for nothing: %v", err)
		}
		sealed, err := l.engine.Blob(context.Background(), "shop", row.Attachment.Blob)
		l.ok(err)
		if plain, err := l.apps.Box.Open(secret.PurposeFile, sealed); err != nil || string(plain) != content {
			t.Errorf("the file is %d octets, %v", len(plain), err)
		}
		return nil
	}))
	// One file, one message.
	l.do("POST", "/conversations/c1/messages", send).wrong("[0].attachmentToken")
	// The file alone, in an import, and of a small size.
	l.do("POST", "/files?filename=note.txt", "small", "Content-Type", "text/plain").is(200).into(&up)
	l.raw("POST", "/v1/club/conversations/c/messages", l.other, "").is(400)
	l.raw("PUT", "/v1/club/conversations/c", l.other, `{"participants":["ann"]}`).is(200)
	l.raw("POST", "/v1/club/conversations/c/messages", l.other, `[{"sender":"ann","attachmentToken":"`+up.AttachmentToken+`"}]`).wrong("[0].attachmentToken")
	id2 := l.do("POST", "/import/conversations/c1/messages", `[{"sender":"ann","timestamp":5,"attachmentToken":"`+up.AttachmentToken+`"}]`).is(200).posted()[0]
	l.do("GET", "/conversations/c1/messages/"+id2, "").has(`"name":"note.txt"`, `"size":5`)
	for _, x := range []string{id, id2} {
		l.do("DELETE", "/conversations/c1/messages/"+x, "").is(200)
	}
	for name, bad := range map[string]string{"nonsense": "x", "empty": "", "a reply address": "r" + up.AttachmentToken[1:], "used": up.AttachmentToken} {
		if a := l.do("POST", "/conversations/c1/messages", `[{"text":"x","sender":"ann","attachmentToken":"`+bad+`"}]`); a.status != 400 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	for kind, body := range map[string]string{kind: "", "text/plain": "", "multipart/form-data": "x", "multipart/form-data; boundary=x": "--x\r\n\r\nbroken"} {
		l.do("POST", "/files", body, "Content-Type", kind).is(400)
	}
	if a := l.do("POST", "/files", strings.Repeat("x", chat.MaxUpload+1)); a.status != 400 || !strings.Contains(a.body, `"file":[`) {
		t.Errorf("a file that is too large: %d", a.status)
	}
}

// TestFilesForgotten: a file no message came for goes after a day.
func TestFilesForgotten(t *testing.T) {
	l := newLab(t).populate()
	var up struct{ AttachmentToken string }
	l.do("POST", "/files", strings.Repeat("x", 20000)).is(200).into(&up)
	h, _ := l.chat.Tokens.ReadFor(token.Attachment, up.AttachmentToken, l.chat.Domain)
	var ref gateway.BlobRef
	l.ok(l.engine.View(t.Context(), func(rd store.Reader) error {
		row, err := store.Handles.Get(rd, store.HandleKey(h))
		ref = row.Attachment.Blob
		return err
	}))
	l.ok(l.chat.RemoveRest(t.Context()))
	if _, err := l.engine.Blob(t.Context(), "shop", ref); err != nil {
		t.Fatalf("dropped at once: %v", err)
	}
	l.chat.Now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	l.ok(l.chat.RemoveRest(t.Context()))
	if _, err := l.engine.Blob(t.Context(), "shop", ref); err == nil {
		t.Error("the file is still there")
	}
	l.do("POST", "/conversations/c1/messages", `[{"text":"x","sender":"ann","attachmentToken":"`+up.AttachmentToken+`"}]`).is(400)
}

func TestFileNames(t *testing.T) {
	for in, want := range map[string]string{
		"a.png": "a.png", "../../etc/passwd": "passwd", `C:\x\y.doc`: "y.doc", "": "file", "/": "file", ".": "file", "a\r\nb\x00": "ab", "ü 日.txt": "ü 日.txt", "\xff.txt": ".txt",
		strings.Repeat("x", 300) + ".pdf": strings.Repeat("x", 251) + ".pdf",
	} {
		if got := fileName(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// TestContent: a message in blocks, as newer clients write it, is its text, its
// file and its place; what is said beside the blocks stands above them.
func TestContent(t *testing.T) {
	l := newLab(t).populate()
	var up struct{ AttachmentToken, FileToken string }
	l.raw("POST", "/v1/shop/files?filename=a.txt", l.key, "hello", "Content-Type", "text/plain").is(200).into(&up)
	if up.FileToken == "" || up.FileToken != up.AttachmentToken {
		t.Fatalf("%+v", up)
	}
	ids := l.do("POST", "/conversations/c1/messages", `[
		{"sender":"ann","type":"UserMessage","content":[{"type":"text","children":["Hi ",{"type":"bold","children":["there",{"type":"emoji","text":"🙂"}]}," ",{"type":"link","url":"https://x.test","children":["see"]}]},{"type":"text","children":["Two"]}]},
		{"sender":"ann","type":"UserMessage","content":[{"type":"file","fileToken":"`+up.FileToken+`"}]},
		{"sender":"ann","type":"UserMessage","content":[{"type":"location","latitude":1.5,"longitude":-2}]},
		{"sender":"ann","type":"UserMessage","text":"Above","content":[{"type":"text","children":["below"]}]}]`).is(200).posted()
	for i, want := range []string{`"text":"Hi there🙂 see\nTwo"`, `"name":"a.txt"`, `"location":[1.5,-2]`, `"text":"Above"`} {
		l.do("GET", "/conversations/c1/messages/"+ids[i], "").is(200).has(want)
	}
	old := l.do("POST", "/import/conversations/c1/messages", `[{"sender":"ann","type":"UserMessage","createdAt":5,"content":[{"type":"text","children":["Old"]}]}]`).is(200).posted()[0]
	l.do("GET", "/conversations/c1/messages/"+old, "").has(`"text":"Old"`)
	for _, bad := range []string{`"x"`, `{}`, `[5]`, `["x"]`, `[{"children":["x"]}]`, `[{"type":"text","children":"x"}]`, `[{"type":"text","children":` + strings.Repeat(`[{"children":`, 300) + `]}]`, `[{"type":"text","children":` + strings.Repeat(`[{"children":`, 9000) + `5` + strings.Repeat(`}]`, 9000) + `}]`} {
		if a := l.do("POST", "/conversations/c1/messages", `[{"sender":"ann","type":"UserMessage","content":`+bad+`}]`); a.status != 400 {
			t.Errorf("%s: %d %s", bad, a.status, a.body)
		}
	}
	l.do("POST", "/conversations/c1/messages", `[{"sender":"ann","type":"UserMessage","content":[]}]`).is(200)
}

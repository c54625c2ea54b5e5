// Command samples is a chat backend: start `replygate dev --key sample-key-0123456789`, then this.
package main

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
)

type event struct{ Data data } // what is looked at of a webhook
type data struct{ Message message }
type message struct{ Origin, Text string }

var url = cmp.Or(os.Getenv("REPLYGATE_URL"), "http://127.0.0.1:8025")

func call(method, path, body string) (out map[string]any) {
	req, _ := http.NewRequest(method, url+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+cmp.Or(os.Getenv("REPLYGATE_KEY"), "sample-key-0123456789"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	json.NewDecoder(resp.Body).Decode(&out)
	return out
}

func main() {
	secret, reply := "", make(chan string, 1)
	hooks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_")) // standardwebhooks.com
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
		var told event
		if !hmac.Equal([]byte(r.Header.Get("webhook-signature")), []byte("v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))) {
			w.WriteHeader(http.StatusBadRequest)
		} else if json.Unmarshal(body, &told); told.Data.Message.Origin == "email" {
			reply <- told.Data.Message.Text
		}
	}))
	call("DELETE", "/v1/demo/endpoints/sample", "") // of an earlier run
	secret = call("PUT", "/v1/demo/endpoints/sample", `{"url": "`+hooks.URL+`", "types": ["message.sent"]}`)["secret"].(string)
	call("PUT", "/v1/demo/users", `{"ann": {}, "bob": {"email": "bob@people.example"}}`)
	call("PUT", "/v1/demo/conversations/order-1047", `{"subject": "Order 1047", "participants": ["ann", "bob"]}`)
	call("DELETE", "/dev/mails", "")
	call("POST", "/v1/demo/conversations/order-1047/messages", `[{"type": "UserMessage", "sender": "ann", "text": "Shall we send the green one?"}]`)
	mail := call("GET", "/dev/mails?to=bob@people.example&wait=30", "")["data"].([]any)[0].(map[string]any)
	fmt.Printf("Bob is mailed %q. Answer it at %s/mails/%s or to %s\n", mail["subject"], url, mail["id"], mail["replyTo"])
	fmt.Println("Bob answers:", <-reply)
}

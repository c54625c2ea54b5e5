"""A chat backend in Python: a message to Bob, who is away, and what he answers by mail.

  replygate dev --key sample-key-0123456789      # in another terminal
  python3 docs/samples/backend.py
"""
import base64, hashlib, hmac, http.server, json, os, time, urllib.error, urllib.request

URL = os.environ.get("REPLYGATE_URL", "http://127.0.0.1:8025")
KEY = os.environ.get("REPLYGATE_KEY", "sample-key-0123456789")


def call(method, path, body=None):
    request = urllib.request.Request(URL + path, method=method, data=json.dumps(body or {}).encode())
    request.add_header("Authorization", "Bearer " + KEY)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class Hooks(http.server.BaseHTTPRequestHandler):
    """Receives the webhooks; the words of the reply end the program."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        genuine = verified(self.headers, body)
        self.send_response(200 if genuine else 400)
        self.end_headers()
        data = json.loads(body)["data"] if genuine else {}
        if genuine and data["message"]["origin"] == "email":
            self.server.reply = data["sender"]["name"] + " answers: " + data["message"]["text"]

    def log_message(self, *_):
        pass


def verified(headers, body):
    """The signature is right (standardwebhooks.com), and not older than five minutes."""
    signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
    mac = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    right = any(hmac.compare_digest(s, "v1," + base64.b64encode(mac).decode()) for s in headers["webhook-signature"].split())
    return right and abs(time.time() - int(headers["webhook-timestamp"])) < 300


hooks = http.server.HTTPServer(("127.0.0.1", 0), Hooks)
try:
    call("DELETE", "/v1/demo/endpoints/sample")  # of an earlier run
except urllib.error.HTTPError:
    pass
url = f"http://127.0.0.1:{hooks.server_port}/hooks"
SECRET = call("PUT", "/v1/demo/endpoints/sample", {"url": url, "types": ["message.sent"]})["secret"]
call("PUT", "/v1/demo/users", {"ann": {"name": "Ann"}, "bob": {"name": "Bob", "email": "bob@people.example"}})
call("PUT", "/v1/demo/conversations/order-1047", {"subject": "Order 1047", "participants": ["ann", "bob"]})
call("DELETE", "/dev/mails")
call("POST", "/v1/demo/conversations/order-1047/messages", [{"type": "UserMessage", "sender": "ann", "text": "Shall we send the green one?"}])
mail = call("GET", "/dev/mails?to=bob@people.example&wait=30")["data"][0]
print(f'Bob is mailed "{mail["subject"]}". Answer it at {URL}/mails/{mail["id"]}', "or to", mail["replyTo"], flush=True)
hooks.reply = None
while hooks.reply is None:
    hooks.handle_request()
print(hooks.reply)

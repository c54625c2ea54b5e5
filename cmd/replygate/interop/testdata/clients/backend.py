"""A chat backend's scripts in Python, as they are written for TalkJS: urllib and, where
it is installed, requests. Only host, app id and key (BASE, APP, KEY) are this server's."""
import hashlib, hmac, json, os, sys, urllib.error, urllib.parse, urllib.request, uuid

base, app, key = os.environ["BASE"], os.environ["APP"], os.environ["KEY"]
url = f"{base}/v1/{app}"
auth = {"Authorization": "Bearer " + key}


class Answer:
    def __init__(self, status, body, headers):
        self.status_code, self.text, self.headers = status, body, headers

    def json(self):
        return json.loads(self.text)

    def raise_for_status(self):
        if self.status_code >= 400:
            raise RuntimeError(f"{self.status_code} {self.text}")


def plain(method, path, json_body=None, params=None, headers=None):
    """urllib only; raises nothing for an error status."""
    q = "?" + urllib.parse.urlencode(params) if params else ""
    data = None if json_body is None else json.dumps(json_body).encode()
    req = urllib.request.Request(url + path + q, data=data, method=method, headers={**auth, **({"Content-Type": "application/json"} if data else {}), **(headers or {})})
    try:
        with urllib.request.urlopen(req, timeout=20) as r:
            return Answer(r.status, r.read().decode(), r.headers)
    except urllib.error.HTTPError as e:
        return Answer(e.code, e.read().decode(), e.headers)


try:
    import requests

    session = requests.Session()

    def fancy(method, path, json_body=None, params=None, headers=None):
        return session.request(method, url + path, json=json_body, params=params, headers={**auth, **(headers or {})}, timeout=20)
except ImportError:
    fancy = None


def script(call, prefix):
    def ok(*a, **kw):
        r = call(*a, **kw)
        r.raise_for_status()
        assert r.headers["Content-Type"].startswith("application/json"), r.headers
        return r.json()

    ids = [f"{prefix}{i}" for i in range(12)]
    # Users one by one, with fields a model has and TalkJS ignores; then all at once.
    for i in ids[:2]:
        assert ok("PUT", f"/users/{i}", {"id": i, "name": i, "email": f"{i}@people.test", "phone": None, "role": "customer", "isActive": True}) == {}
    assert ok("PUT", "/users", {i: {"name": i.upper(), "email": [f"{i}@people.test"], "custom": {"k": "v"}} for i in ids}) == {}
    user = ok("GET", f"/users/{ids[0]}")
    assert user["email"] == [f"{ids[0]}@people.test"] and user["custom"] == {"k": "v"} and isinstance(user["createdAt"], int), user
    bad = call("PUT", "/users", {"x": {"name": "x"}, "y": {"email": "nonsense"}})
    assert bad.status_code == 400 and "y" in bad.json()["reasons"] and call("GET", "/users/x").status_code == 404, bad.text

    # A conversation is looked up, and made when it is not there.
    conv = f"{prefix} order 7"
    path = "/conversations/" + urllib.parse.quote(conv, safe="")
    assert call("GET", path).status_code == 404
    ok("PUT", path, {"participants": ids[:2], "subject": "Order 7", "welcomeMessages": ["Hello"]})
    for i in ids[2:5]:
        ok("PUT", f"{path}/participants/{i}", {"access": "ReadWrite", "notify": True})
    ok("PATCH", f"{path}/participants/{ids[2]}", {"access": "Read"})
    ok("DELETE", f"{path}/participants/{ids[3]}")
    people = ok("GET", path)["participants"]
    assert list(people) == [ids[0], ids[1], ids[2], ids[4]] and people[ids[2]] == {"access": "Read", "notify": True}, people

    # A bot answers as whoever was written to, once, though it asks twice.
    once = str(uuid.uuid1())
    body = [{"text": "hello world!", "sender": ids[1], "type": "UserMessage", "idempotencyKey": once}]
    first, second = ok("POST", f"{path}/messages", body), ok("POST", f"{path}/messages", body)
    assert first == second and len(first) == 1, (first, second)
    wrong = call("POST", f"{path}/messages", [{"text": "x", "sender": ids[1], "type": "system"}])
    assert wrong.status_code == 400 and wrong.json()["errorCode"], wrong.text
    stranger = call("POST", f"{path}/messages", [{"text": "x", "sender": "stranger", "type": "UserMessage"}])
    assert stranger.status_code == 400, stranger.text
    assert call("POST", f"{path}/messages", [{"text": "x", "type": "SystemMessage"}] * 11).status_code == 400

    # Everything page by page, until a page is shorter than asked for.
    seen, after = [], None
    while True:
        page = ok("GET", "/users", params={"limit": 5, **({"startingAfter": after} if after else {})})["data"]
        seen += [u["id"] for u in page]
        if len(page) < 5:
            break
        after = page[-1]["id"]
    assert set(ids) <= set(seen) and len(seen) == len(set(seen)), seen
    unread = ok("GET", f"/users/{ids[0]}/conversations", params={"unreadsOnly": "true"})["data"]
    assert [c["id"] for c in unread] == [conv] and unread[0]["lastMessage"]["text"] == "hello world!", unread
    ok("POST", f"{path}/readBy/{ids[0]}")
    assert ok("GET", f"/users/{ids[0]}/conversations", params={"unreadsOnly": "true"})["data"] == []
    assert ok("GET", f"{path}/messages")["data"][0]["readBy"] == [ids[0]]
    assert ok("POST", "/presences", {"userIds": ids, "selectedConversationId": None}) == {"data": {}}
    assert call("GET", "/users", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert call("GET", "/no/such/route").status_code == 404
    ok("DELETE", path)
    assert call("DELETE", path).status_code == 404


def verify():
    """Webhooks on stdin, JSON lines of headers and body, checked as documented."""
    n = 0
    for line in sys.stdin:
        hook = json.loads(line)
        h, body = hook["headers"], hook["body"].encode()
        want = hmac.new(key.encode(), h["X-TalkJS-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest().upper()
        assert hmac.compare_digest(want, h["X-TalkJS-Signature"]), h
        event = json.loads(body)
        assert event["type"] and isinstance(event["createdAt"], int) and event["id"] == h["webhook-id"], event
        n += 1
    return n


if sys.argv[1:] == ["verify"]:
    print("ok", verify())
else:
    script(plain, "u")
    if fancy:
        script(fancy, "r")
    print("ok")

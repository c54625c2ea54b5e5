<?php
// A client library of TalkJS in PHP, with the strict comparisons of its own tests:
// curl, a JSON content type on every call whether or not there is a body, arrays
// out of json_decode. Only host, app id and key (BASE, APP, KEY) are this server's.
declare(strict_types=1);

$base = getenv('BASE') . '/v1/' . getenv('APP') . '/';
$key = getenv('KEY');

function same($want, $got, string $about): void {
    if ($want !== $got) {
        fwrite(STDERR, "$about: " . json_encode($got) . ', want ' . json_encode($want) . "\n");
        exit(1);
    }
}

function request(string $method, string $path, ?array $params = null): array {
    global $base, $key;
    $c = curl_init($base . $path . ($method === 'GET' && $params ? '?' . http_build_query($params) : ''));
    curl_setopt_array($c, [
        CURLOPT_CUSTOMREQUEST => $method, CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 20,
        CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Accept: application/json', "Authorization: Bearer $key"],
    ]);
    if ($method !== 'GET' && $params !== null && count($params) > 0) {
        curl_setopt($c, CURLOPT_POSTFIELDS, json_encode($params));
    }
    $body = curl_exec($c);
    $status = curl_getinfo($c, CURLINFO_RESPONSE_CODE);
    $type = (string) curl_getinfo($c, CURLINFO_CONTENT_TYPE);
    if (strpos($type, 'application/json') !== 0) {
        fwrite(STDERR, "$method $path: expecting application/json, got $type\n");
        exit(1);
    }
    $data = json_decode($body, true);
    if (JSON_ERROR_NONE !== json_last_error() || !is_array($data)) {
        fwrite(STDERR, "$method $path: $body\n");
        exit(1);
    }
    return [$status, $data];
}

function ok(string $method, string $path, ?array $params = null): array {
    [$status, $data] = request($method, $path, $params);
    same(200, $status, "$method $path " . json_encode($data));
    return $data;
}

if (($argv[1] ?? '') === 'verify') {
    $n = 0;
    while (($line = fgets(STDIN)) !== false) {
        $hook = json_decode($line, true);
        $timestamp = $hook['headers']['X-TalkJS-Timestamp'];
        $signed = strtoupper(hash_hmac('sha256', "$timestamp.{$hook['body']}", $key));
        same(true, hash_equals($signed, $hook['headers']['X-TalkJS-Signature']), 'signature');
        $n++;
    }
    echo "ok $n\n";
    exit(0);
}

$id = 'conversation_' . bin2hex(random_bytes(10));
ok('PUT', "users/php_user", ['name' => 'Php', 'email' => ['php@people.test'], 'role' => 'default']);
same([], ok('PUT', "conversations/$id", ['participants' => ['php_user'], 'subject' => 'An amazing conversation', 'welcomeMessages' => ['Hello', 'World'], 'photoUrl' => 'photo_url']), 'made');
$c = ok('GET', "conversations/$id");
same([$id, 'An amazing conversation', null, 'photo_url', ['Hello', 'World'], []], [$c['id'], $c['subject'], $c['topicId'], $c['photoUrl'], $c['welcomeMessages'], $c['custom']], 'as made');
same(['php_user' => ['access' => 'ReadWrite', 'notify' => true]], $c['participants'], 'participants');
same(true, is_int($c['createdAt']) && abs(time() - intdiv($c['createdAt'], 1000)) < 600, 'createdAt');
ok('PUT', "conversations/$id", ['subject' => 'An amazing conversation!', 'custom' => ['test' => 'x']]);
same(['An amazing conversation!', ['test' => 'x']], [($c = ok('GET', "conversations/$id"))['subject'], $c['custom']], 'merged');
same(true, in_array($id, array_column(ok('GET', 'conversations', ['limit' => 50])['data'], 'id'), true), 'listed');
same([], ok('DELETE', "conversations/$id/participants/php_user"), 'left');
same([], ok('GET', "conversations/$id")['participants'], 'nobody');
ok('PUT', "conversations/$id/participants/php_user", []);
ok('PATCH', "conversations/$id/participants/php_user", ['notify' => false, 'access' => 'Read']);
same(['php_user' => ['access' => 'Read', 'notify' => false]], ok('GET', "conversations/$id")['participants'], 'changed');
same([], ok('GET', "conversations/$id/messages")['data'], 'no messages');
ok('POST', "conversations/$id/messages", [['type' => 'SystemMessage', 'text' => 'An amazing system message', 'custom' => (object) ['foo' => 'bar']]]);
ok('POST', "conversations/$id/messages", [['type' => 'UserMessage', 'text' => 'An amazing user message', 'custom' => (object) [], 'sender' => 'php_user']]);
[$user, $system] = ok('GET', "conversations/$id/messages")['data'];
same(['An amazing user message', 'php_user', [], 'rest', null, [], null, $id], [$user['text'], $user['senderId'], $user['readBy'], $user['origin'], $user['location'], $user['custom'], $user['attachment'], $user['conversationId']], 'user message');
same([null, 'SystemMessage', ['foo' => 'bar']], [$system['senderId'], $system['type'], $system['custom']], 'system message');
ok('POST', "conversations/$id/readBy/php_user");
ok('DELETE', "conversations/$id/messages/{$system['id']}");
foreach ([['GET', "conversations/nosuch", 404], ['DELETE', "conversations/$id/messages/{$system['id']}", 404], ['GET', 'nonsense', 404]] as [$m, $p, $s]) {
    [$status, $error] = request($m, $p);
    same([$s, true, true], [$status, is_string($error['errorCode']), is_array($error['reasons']) && count($error['reasons']) > 0], "$m $p");
}
[$status, $error] = request('PUT', 'users/php_user', ['email' => ['good@people.test', 'bad']]);
same([400, ['email[1]']], [$status, array_keys($error['reasons'])], 'a bad address');
ok('DELETE', "conversations/$id");
echo "ok\n";

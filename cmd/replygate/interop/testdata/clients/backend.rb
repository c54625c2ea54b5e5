# A client library of TalkJS in Ruby: it sends {} with every call, GET and DELETE
# too, and parses every answer. Only host, app id and key (BASE, APP, KEY) are this
# server's.
require 'json'
require 'net/http'
require 'openssl'
require 'securerandom'
require 'uri'

KEY = ENV.fetch('KEY')
ROOT = URI("#{ENV.fetch('BASE')}/v1/#{ENV.fetch('APP')}/")
VERBS = { get: Net::HTTP::Get, put: Net::HTTP::Put, post: Net::HTTP::Post, patch: Net::HTTP::Patch, delete: Net::HTTP::Delete }.freeze

if ARGV == ['verify']
  n = 0
  STDIN.each_line do |line|
    hook = JSON.parse(line)
    signed = OpenSSL::HMAC.hexdigest('SHA256', KEY, "#{hook['headers']['X-TalkJS-Timestamp']}.#{hook['body']}").upcase
    raise "signature of #{line}" unless signed == hook['headers']['X-TalkJS-Signature']
    n += 1
  end
  puts "ok #{n}"
  exit
end

HTTP = Net::HTTP.start(ROOT.host, ROOT.port, open_timeout: 20, read_timeout: 20)

def call(verb, endpoint, query = {}, body = {})
  uri = ROOT + endpoint
  uri.query = URI.encode_www_form(query) unless query.empty?
  req = VERBS.fetch(verb).new(uri, 'Content-Type' => 'application/json', 'Authorization' => "Bearer #{KEY}")
  req.body = body.to_json
  response = HTTP.request(req)
  { status: response.code.to_i, body: JSON.parse(response.body) } # raises for an empty body
end

def same(want, got, about)
  raise "#{about}: #{got.inspect}, want #{want.inspect}" unless want == got
end

def ok(*args)
  answer = call(*args)
  same(200, answer[:status], "#{args.first(2)} #{answer[:body]}")
  answer[:body]
end

id = "rb-#{SecureRandom.uuid}"
same({}, ok(:put, "users/#{id}", {}, { name: 'Rb', email: ["#{id}@people.test"], configuration: 'buyer' }), 'user')
same('buyer', ok(:get, "users/#{id}")['role'], 'the old name of role')
same({}, ok(:put, "conversations/#{id}", {}, { subject: 'Rb', participants: [id] }), 'conversation')
same({}, ok(:put, "conversations/#{id}"), 'an empty body changes nothing')
same('Rb', ok(:get, "conversations/#{id}")['subject'], 'subject')
same({}, ok(:put, "conversations/#{id}/participants/other", {}, { access: 'Write', notify: false }), 'join')
same({ 'access' => 'ReadWrite', 'notify' => false }, ok(:get, "conversations/#{id}")['participants']['other'], 'Write is ReadWrite')
sent = ok(:post, "conversations/#{id}/messages", {}, [{ text: 'One', sender: id, type: 'UserMessage' }, { text: 'Two', type: 'SystemMessage' }])
same(2, sent.length, 'ids')
list = ok(:get, "conversations/#{id}/messages", { limit: 1 })['data']
same([sent[1]['id'], 'Two'], [list[0]['id'], list[0]['text']], 'the newest first')
list = ok(:get, "conversations/#{id}/messages", { limit: 1, startingAfter: list[0]['id'] })['data']
same('One', list[0]['text'], 'the next page')
same([id], ok(:get, "users/other/conversations", { limit: 10, startingAfter: '' })['data'].map { |c| c['id'] }, "the user's conversations")
same([], ok(:get, "users/#{id}/sessions"), 'sessions')
same({}, ok(:delete, "conversations/#{id}/participants/other"), 'leave')
same({}, ok(:delete, "conversations/#{id}/participants/other"), 'leave again')
same(404, call(:get, 'users/nobody-of-that-name')[:status], 'unknown')
same({}, ok(:delete, "conversations/#{id}"), 'delete')
same(404, call(:get, "conversations/#{id}")[:status], 'deleted')
puts 'ok'

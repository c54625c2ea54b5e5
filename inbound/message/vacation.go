package message

import "strings"

// vacationSubjects begin the subject of vacation notices, in lower case, as
// mail programs and people write them. A person can write each of them too:
// alone they prove nothing.
var vacationSubjects = [...]string{
	// English
	"out of office", "out of the office", "automatic reply", "auto reply", "auto-reply", "autoreply", "auto response",
	"automated reply", "automated response", "vacation reply", "away from my mail", "on vacation", "on leave", "i am away", "i'm away",
	// German
	"automatische antwort", "abwesenheitsnotiz", "abwesenheitsnachricht", "abwesend", "abwesenheit", "nicht im büro", "nicht im hause",
	// French
	"réponse automatique", "reponse automatique", "absence du bureau", "absent du bureau", "message d'absence", "message d’absence", "absence :",
	// Spanish
	"respuesta automática", "respuesta automatica", "fuera de la oficina", "fuera de oficina", "ausencia de la oficina",
	// Italian
	"risposta automatica", "fuori ufficio", "fuori sede", "assenza dall'ufficio",
	// Portuguese
	"resposta automática", "resposta automatica", "fora do escritório", "fora do escritorio", "ausência temporária", "ausente do escritório",
	// Dutch
	"automatisch antwoord", "automatische reactie", "afwezig", "niet aanwezig", "niet op kantoor",
	// Danish, Norwegian, Swedish, Finnish
	"autosvar", "automatisk svar", "automatiskt svar", "fraværsbesked", "ikke til stede", "ikke på kontoret", "fravær", "frånvaro",
	"frånvarande", "inte på kontoret", "automaattinen vastaus", "poissa", "poissaoloilmoitus",
	// Polish, Czech, Slovak, Hungarian, Romanian
	"automatyczna odpowiedź", "odpowiedź automatyczna", "poza biurem", "nieobecność", "automatická odpověď", "automatická odpoveď",
	"mimo kancelář", "mimo kanceláriu", "automatikus válasz", "házon kívül", "nem vagyok az irodában", "răspuns automat", "raspuns automat",
	// Russian, Ukrainian, Bulgarian
	"автоматический ответ", "автоответ", "вне офиса", "отсутствую", "автоматична відповідь", "автоматичен отговор", "извън офиса",
	// Greek, Turkish
	"αυτόματη απάντηση", "εκτός γραφείου", "otomatik yanıt", "otomatik cevap", "ofis dışında",
	// Japanese, Chinese, Korean
	"自動応答", "自動返信", "不在", "自动回复", "自動回覆", "自动答复", "外出", "자동 응답", "자동 회신", "부재중",
	// Arabic, Hebrew
	"رد تلقائي", "خارج المكتب", "תשובה אוטומטית", "מענה אוטומטי", "מחוץ למשרד",
}

// vacation tells a vacation notice whose program wrote no header of RFC 3834:
// by its subject together with another sign of a program. A subject that
// begins with "Re:" or its like is the answer of a person.
func vacation(m *Message) bool {
	subject := strings.ToLower(m.Subject)
	for _, prefix := range vacationSubjects {
		if strings.HasPrefix(strings.TrimLeft(subject, `[("'`), prefix) {
			return programSign(m.Header)
		}
	}
	return false
}

// programSign tells headers that programs write, but that come with mails of
// people as well.
func programSign(h Header) bool {
	for _, name := range [...]string{
		"X-Auto-Response-Suppress", "X-MS-Exchange-Inbox-Rules-Loop", "X-MS-Exchange-Generated-Message-Source",
		"X-Loop", "Return-Receipt", "X-Autosent",
	} {
		if h.Has(name) {
			return true
		}
	}
	for _, a := range parseAddresses(h.Raw("From")) {
		local := strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(a.LocalPart))
		if local == "noreply" || local == "donotreply" || strings.Contains(local, "autorepl") || strings.Contains(local, "autorespon") {
			return true
		}
	}
	mailer := strings.ToLower(h.Get("X-Mailer"))
	return strings.Contains(mailer, "vacation") || strings.Contains(mailer, "autorespon")
}

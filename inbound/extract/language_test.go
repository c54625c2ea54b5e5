package extract

import (
	"strings"
	"testing"
)

// clientWords are what mail clients write in a language: the attribution of Gmail and of Apple Mail, the header block of
// Outlook, the line of an iPhone.
var clientWords = []struct{ code, gmail, apple, outlook, device string }{
	{"en", "On Mon, Jan 3, 2022 at 4:00 PM Ann Lee <ann@example.com> wrote:", "On 3 Jan 2022, at 16:00, Ann Lee <ann@example.com> wrote:",
		"From: Ann Lee <ann@example.com>\nSent: Monday, January 3, 2022 4:00 PM\nTo: Bob <bob@example.com>\nSubject: Party", "Sent from my iPhone"},
	{"de", "Am Mo., 3. Jan. 2022 um 16:00 Uhr schrieb Ann Lee <ann@example.com>:", "Am 03.01.2022 um 16:00 schrieb Ann Lee <ann@example.com>:",
		"Von: Ann Lee <ann@example.com>\nGesendet: Montag, 3. Januar 2022 16:00\nAn: Bob <bob@example.com>\nBetreff: Party", "Von meinem iPhone gesendet"},
	{"fr", "Le lun. 3 janv. 2022 à 16:00, Ann Lee <ann@example.com> a écrit :", "Le 3 janv. 2022 à 16:00, Ann Lee <ann@example.com> a écrit :",
		"De : Ann Lee <ann@example.com>\nEnvoyé : lundi 3 janvier 2022 16:00\nÀ : Bob <bob@example.com>\nObjet : Party", "Envoyé de mon iPhone"},
	{"es", "El lun, 3 ene 2022 a las 16:00, Ann Lee (<ann@example.com>) escribió:", "El 3 ene 2022, a las 16:00, Ann Lee <ann@example.com> escribió:",
		"De: Ann Lee <ann@example.com>\nEnviado: lunes, 3 de enero de 2022 16:00\nPara: Bob <bob@example.com>\nAsunto: Party", "Enviado desde mi iPhone"},
	{"pt", "Em seg., 3 de jan. de 2022 às 16:00, Ann Lee <ann@example.com> escreveu:", "No dia 03/01/2022, às 16:00, Ann Lee <ann@example.com> escreveu:",
		"De: Ann Lee <ann@example.com>\nEnviado: segunda-feira, 3 de janeiro de 2022 16:00\nPara: Bob <bob@example.com>\nAssunto: Party", "Enviado do meu iPhone"},
	{"it", "Il giorno lun 3 gen 2022 alle ore 16:00 Ann Lee <ann@example.com> ha scritto:", "Il giorno 3 gen 2022, alle ore 16:00, Ann Lee <ann@example.com> ha scritto:",
		"Da: Ann Lee <ann@example.com>\nInviato: lunedì 3 gennaio 2022 16:00\nA: Bob <bob@example.com>\nOggetto: Party", "Inviato da iPhone"},
	{"nl", "Op ma 3 jan. 2022 om 16:00 schreef Ann Lee <ann@example.com>:", "Op 3 jan. 2022, om 16:00 heeft Ann Lee <ann@example.com> het volgende geschreven:",
		"Van: Ann Lee <ann@example.com>\nVerzonden: maandag 3 januari 2022 16:00\nAan: Bob <bob@example.com>\nOnderwerp: Party", "Verstuurd vanaf mijn iPhone"},
	{"sv", "Den mån 3 jan. 2022 kl 16:00 skrev Ann Lee <ann@example.com>:", "3 jan. 2022 kl. 16:00 skrev Ann Lee <ann@example.com>:",
		"Från: Ann Lee <ann@example.com>\nSkickat: den 3 januari 2022 16:00\nTill: Bob <bob@example.com>\nÄmne: Party", "Skickat från min iPhone"},
	{"nb", "man. 3. jan. 2022 kl. 16:00 skrev Ann Lee <ann@example.com>:", "3. jan. 2022 kl. 16:00 skrev Ann Lee <ann@example.com>:",
		"Fra: Ann Lee <ann@example.com>\nSendt: mandag 3. januar 2022 16:00\nTil: Bob <bob@example.com>\nEmne: Party", "Sendt fra min iPhone"},
	{"da", "Den man. 3. jan. 2022 kl. 16.00 skrev Ann Lee <ann@example.com>:", "Den 3. jan. 2022 kl. 16.00 skrev Ann Lee <ann@example.com>:",
		"Fra: Ann Lee <ann@example.com>\nSendt: 3. januar 2022 16:00\nTil: Bob <bob@example.com>\nEmne: Party", "Sendt fra min iPhone"},
	{"fi", "ma 3. tammik. 2022 klo 16.00 Ann Lee (ann@example.com) kirjoitti:", "Ann Lee <ann@example.com> kirjoitti 3.1.2022 kello 16.00:",
		"Lähettäjä: Ann Lee <ann@example.com>\nLähetetty: maanantai 3. tammikuuta 2022 16.00\nVastaanottaja: Bob <bob@example.com>\nAihe: Party", "Lähetetty iPhonesta"},
	{"is", "Þann mán., 3. jan. 2022 kl. 16:00 skrifaði Ann Lee <ann@example.com>:", "Þann 3. jan. 2022, kl. 16:00, skrifaði Ann Lee <ann@example.com>:",
		"Frá: Ann Lee <ann@example.com>\nSent: mánudagur, 3. janúar 2022 16:00\nTil: Bob <bob@example.com>\nEfni: Party", "Sent úr iPhone"},
	{"pl", "pon., 3 sty 2022 o 16:00 Ann Lee <ann@example.com> napisał(a):", "Wiadomość napisana przez Ann Lee <ann@example.com> w dniu 03.01.2022, o godz. 16:00:",
		"Od: Ann Lee <ann@example.com>\nWysłano: poniedziałek, 3 stycznia 2022 16:00\nDo: Bob <bob@example.com>\nTemat: Party", "Wysłane z iPhone'a"},
	{"cs", "po 3. 1. 2022 v 16:00 odesílatel Ann Lee <ann@example.com> napsal:", "3. 1. 2022 v 16:00, Ann Lee <ann@example.com>:",
		"Od: Ann Lee <ann@example.com>\nOdesláno: pondělí 3. ledna 2022 16:00\nKomu: Bob <bob@example.com>\nPředmět: Party", "Odesláno z iPhonu"},
	{"sk", "po 3. 1. 2022 o 16:00 Ann Lee <ann@example.com> napísal(a):", "Dňa 3. 1. 2022 o 16:00 užívateľ Ann Lee <ann@example.com> napísal:",
		"Od: Ann Lee <ann@example.com>\nOdoslané: pondelok 3. januára 2022 16:00\nKomu: Bob <bob@example.com>\nPredmet: Party", "Odoslané z iPhonu"},
	{"hu", "Ann Lee <ann@example.com> ezt írta (időpont: 2022. jan. 3., H, 16:00):", "2022. 01. 03. dátummal, 16:00 időpontban Ann Lee <ann@example.com> írta:",
		"Feladó: Ann Lee <ann@example.com>\nElküldve: 2022. január 3., hétfő 16:00\nCímzett: Bob <bob@example.com>\nTárgy: Party", "Az iPhone-omról küldve"},
	{"ro", "lun., 3 ian. 2022 la 16:00, Ann Lee <ann@example.com> a scris:", "Pe 3 ian. 2022, la 16:00, Ann Lee <ann@example.com> a scris:",
		"De la: Ann Lee <ann@example.com>\nTrimis: luni, 3 ianuarie 2022 16:00\nCătre: Bob <bob@example.com>\nSubiect: Party", "Trimis de pe iPhone-ul meu"},
	{"bg", "На пн, 3.01.2022 г. в 16:00 Ann Lee <ann@example.com> написа:", "На 3.01.2022 г., в 16:00 ч., Ann Lee <ann@example.com> написа:",
		"От: Ann Lee <ann@example.com>\nИзпратено: понеделник, 3 януари 2022 г. 16:00\nДо: Bob <bob@example.com>\nТема: Party", "Изпратено от моя iPhone"},
	{"hr", "pon, 3. sij 2022. u 16:00 Ann Lee <ann@example.com> napisao je:", "Dana 03.01.2022., u 16:00, Ann Lee <ann@example.com> je napisao/la:",
		"Od: Ann Lee <ann@example.com>\nPoslano: ponedjeljak, 3. siječnja 2022. 16:00\nPrima: Bob <bob@example.com>\nPredmet: Party", "Poslano s mog iPhonea"},
	{"sr", "пон, 3. јан 2022. у 16:00 Ann Lee <ann@example.com> је написао/ла:", "Дана 3. 1. 2022., у 16:00, Ann Lee <ann@example.com> је написао:",
		"Од: Ann Lee <ann@example.com>\nПослато: понедељак, 3. јануар 2022. 16:00\nЗа: Bob <bob@example.com>\nТема: Party", "Послато са iPhone-а"},
	{"sl", "V V pon., 3. jan. 2022 ob 16:00 je oseba Ann Lee <ann@example.com> napisala:", "Dne 3. jan. 2022, ob 16:00, je Ann Lee <ann@example.com> napisal:",
		"Od: Ann Lee <ann@example.com>\nPoslano: ponedeljek, 3. januar 2022 16:00\nZa: Bob <bob@example.com>\nZadeva: Party", "Poslano iz mojega iPhona"},
	{"ru", "пн, 3 янв. 2022 г. в 16:00, Ann Lee <ann@example.com>:", "3 янв. 2022 г., в 16:00, Ann Lee <ann@example.com> написал(а):",
		"От: Ann Lee <ann@example.com>\nОтправлено: понедельник, 3 января 2022 г. 16:00\nКому: Bob <bob@example.com>\nТема: Party", "Отправлено с iPhone"},
	{"uk", "пн, 3 січ. 2022 р. о 16:00 Ann Lee <ann@example.com> пише:", "3 січ. 2022 р. о 16:00 Ann Lee <ann@example.com> написав:",
		"Від: Ann Lee <ann@example.com>\nНадіслано: понеділок, 3 січня 2022 р. 16:00\nКому: Bob <bob@example.com>\nТема: Party", "Надіслано з iPhone"},
	{"el", "Στις Δευ 3 Ιαν 2022 στις 4:00 μ.μ., ο/η Ann Lee <ann@example.com> έγραψε:", "Στις 3 Ιαν 2022, στις 16:00, ο χρήστης Ann Lee <ann@example.com> έγραψε:",
		"Από: Ann Lee <ann@example.com>\nΣτάλθηκε: Δευτέρα, 3 Ιανουαρίου 2022 16:00\nΠρος: Bob <bob@example.com>\nΘέμα: Party", "Στάλθηκε από το iPhone μου"},
	{"tr", "Ann Lee <ann@example.com>, 3 Oca 2022 Pzt, 16:00 tarihinde şunu yazdı:", "Ann Lee <ann@example.com> şunları yazdı (3 Oca 2022 16:00):",
		"Kimden: Ann Lee <ann@example.com>\nGönderildi: 3 Ocak 2022 Pazartesi 16:00\nKime: Bob <bob@example.com>\nKonu: Party", "iPhone'umdan gönderildi"},
	{"ar", "‫في الاثنين، 3 يناير 2022 في 4:00 م تمت كتابة ما يلي بواسطة ‪Ann Lee‬‏ <‪ann@example.com‬‏>:‬", "في ٣ يناير 2022، الساعة 4:00 م، كتب Ann Lee <ann@example.com>:",
		"من: Ann Lee <ann@example.com>\nتم الإرسال: الاثنين، 3 يناير 2022 04:00 م\nإلى: Bob <bob@example.com>\nالموضوع: Party", "أُرسلت من الـ iPhone"},
	{"he", "‫בתאריך יום ב׳, 3 בינו׳ 2022 ב-16:00 מאת ‪Ann Lee‬‏ <‪ann@example.com‬‏>:‬", "ב-3 בינו׳ 2022, בשעה 16:00, ‏Ann Lee <ann@example.com> כתב/ה:",
		"מאת: Ann Lee <ann@example.com>\nנשלח: יום שני 3 ינואר 2022 16:00\nאל: Bob <bob@example.com>\nנושא: Party", "נשלח מה-iPhone שלי"},
	{"fa", "در تاریخ دوشنبه ۳ ژانویهٔ 2022، 16:00 Ann Lee <ann@example.com> نوشت:", "در 3 ژانویه 2022، ساعت 16:00، Ann Lee <ann@example.com> نوشت:",
		"از: Ann Lee <ann@example.com>\nارسال شده: دوشنبه، 3 ژانویه 2022 16:00\nبه: Bob <bob@example.com>\nموضوع: Party", "ارسال‌شده از iPhone"},
	{"hi", "सोम, 3 जन॰ 2022 को 4:00 pm बजे को Ann Lee <ann@example.com> ने लिखा:", "3 जनवरी 2022 को 16:00 बजे, Ann Lee <ann@example.com> ने लिखा:",
		"प्रेषक: Ann Lee <ann@example.com>\nभेजा गया: सोमवार, 3 जनवरी 2022 16:00\nप्रति: Bob <bob@example.com>\nविषय: Party", "मेरे iPhone से भेजा गया"},
	{"th", "ในวันที่ จ. 3 ม.ค. 2022 เวลา 16:00 Ann Lee <ann@example.com> เขียนว่า:", "เมื่อวันที่ 3 ม.ค. 2565 เวลา 16:00 น. Ann Lee <ann@example.com> เขียน:",
		"จาก: Ann Lee <ann@example.com>\nส่ง: วันจันทร์ที่ 3 มกราคม 2022 16:00\nถึง: Bob <bob@example.com>\nเรื่อง: Party", "ส่งจาก iPhone ของฉัน"},
	{"vi", "Vào Th 2, 3 thg 1, 2022 vào lúc 16:00 Ann Lee <ann@example.com> đã viết:", "Vào 16:00, 3 thg 1, 2022, Ann Lee <ann@example.com> đã viết:",
		"Từ: Ann Lee <ann@example.com>\nĐã gửi: Thứ Hai, 3 tháng 1, 2022 16:00\nĐến: Bob <bob@example.com>\nChủ đề: Party", "Đã gửi từ iPhone của tôi"},
	{"id", "Pada Sen, 3 Jan 2022 pukul 16.00 Ann Lee <ann@example.com> menulis:", "Pada 3 Jan 2022, pukul 16.00, Ann Lee <ann@example.com> menulis:",
		"Dari: Ann Lee <ann@example.com>\nDikirim: Senin, 03 Januari 2022 16:00\nKepada: Bob <bob@example.com>\nSubjek: Party", "Dikirim dari iPhone saya"},
	{"ms", "Pada Isn, 3 Jan 2022 pada 4:00 PTG Ann Lee <ann@example.com> menulis:", "Pada 3 Jan 2022, jam 4:00 PTG, Ann Lee <ann@example.com> menulis:",
		"Daripada: Ann Lee <ann@example.com>\nDihantar: Isnin, 3 Januari 2022 16:00\nKepada: Bob <bob@example.com>\nSubjek: Party", "Dihantar daripada iPhone saya"},
	{"zh-Hans", "Ann Lee <ann@example.com> 于2022年1月3日周一 16:00写道：", "在 2022年1月3日，16:00，Ann Lee <ann@example.com> 写道：",
		"发件人: Ann Lee <ann@example.com>\n发送时间: 2022年1月3日 16:00\n收件人: Bob <bob@example.com>\n主题: Party", "发自我的iPhone"},
	{"zh-Hant", "Ann Lee <ann@example.com> 於 2022年1月3日 週一 下午4:00寫道：", "Ann Lee <ann@example.com> 於 2022年1月3日 下午4:00 寫道：",
		"寄件者: Ann Lee <ann@example.com>\n寄件日期: 2022年1月3日 下午 04:00\n收件者: Bob <bob@example.com>\n主旨: Party", "從我的 iPhone 傳送"},
	{"ja", "2022年1月3日(月) 16:00 Ann Lee <ann@example.com>:", "2022/01/03 16:00、Ann Lee <ann@example.com>のメール:",
		"差出人: Ann Lee <ann@example.com>\n送信日時: 2022年1月3日 16:00\n宛先: Bob <bob@example.com>\n件名: Party", "iPhoneから送信"},
	{"ko", "2022년 1월 3일 (월) 오후 4:00, Ann Lee <ann@example.com>님이 작성:", "2022. 1. 3. 오후 4:00, Ann Lee <ann@example.com> 작성:",
		"보낸 사람: Ann Lee <ann@example.com>\n보낸 날짜: 2022년 1월 3일 월요일 오후 4:00\n받는 사람: Bob <bob@example.com>\n제목: Party", "나의 iPhone에서 보냄"},
	{"ca", "Missatge de Ann Lee <ann@example.com> del dia dl., 3 de gen. 2022 a les 16:00:", "El 3 gen 2022, a les 16:00, Ann Lee <ann@example.com> va escriure:",
		"De: Ann Lee <ann@example.com>\nEnviat: dilluns, 3 de gener de 2022 16:00\nPer a: Bob <bob@example.com>\nAssumpte: Party", "Enviat des del meu iPhone"},
	{"eu", "Ann Lee (<ann@example.com>) igorleak hau idatzi zuen (2022 urt. 3, al. (16:00)):", "Ann Lee <ann@example.com> erabiltzaileak hau idatzi du 2022/01/03 16:00:",
		"Nork: Ann Lee <ann@example.com>\nBidalia: astelehena, 2022(e)ko urtarrilaren 3a 16:00\nNori: Bob <bob@example.com>\nGaia: Party", "Nire iPhonetik bidalia"},
	{"et", "Kuupäev E, 3. jaanuar 2022 kell 16:00 kirjutas Ann Lee <ann@example.com>:", "Ann Lee <ann@example.com> kirjutas 03.01.2022 kell 16:00:",
		"Saatja: Ann Lee <ann@example.com>\nSaadetud: esmaspäev, 3. jaanuar 2022 16:00\nAdressaat: Bob <bob@example.com>\nTeema: Party", "Saadetud minu iPhone'ist"},
	{"lv", "pirmd., 2022. g. 3. janv., plkst. 16:00 — lietotājs Ann Lee (<ann@example.com>) rakstīja:", "2022. gada 3. janv., plkst. 16:00, Ann Lee <ann@example.com> rakstīja:",
		"No: Ann Lee <ann@example.com>\nNosūtīts: pirmdiena, 2022. gada 3. janvāris 16:00\nKam: Bob <bob@example.com>\nTēma: Party", "Nosūtīts no mana iPhone"},
	{"lt", "2022-01-03, pr, 16:00 Ann Lee <ann@example.com> rašė:", "Ann Lee <ann@example.com> rašė 2022-01-03 16:00:",
		"Nuo: Ann Lee <ann@example.com>\nIšsiųsta: 2022 m. sausio 3 d., pirmadienis 16:00\nKam: Bob <bob@example.com>\nTema: Party", "Išsiųsta iš mano iPhone"},
}

const (
	answer   = "Gladly, at nine.\nI bring a cake."
	question = "Will you come on Friday?\n\nWe begin at eight."
)

// TestLanguages reads the answer of clients in every language, with and without quote marks.
func TestLanguages(t *testing.T) {
	marked := "> " + strings.ReplaceAll(question, "\n", "\n> ")
	for _, c := range clientWords {
		bodies := map[string]string{
			"Gmail":                answer + "\n\n" + c.gmail + "\n\n" + marked,
			"Gmail, not marked":    answer + "\n\n" + c.gmail + "\n\n" + question,
			"Gmail, glued":         answer + "\n" + c.gmail + "\n\n" + marked,
			"Gmail, wrapped":       answer + "\n\n" + wrap(c.gmail, 60) + "\n\n" + question,
			"Apple Mail":           answer + "\n\n> " + c.apple + "\n> \n" + marked,
			"Apple Mail, unmarked": answer + "\n\n" + c.apple + "\n\n" + question,
			"iPhone":               answer + "\n\n" + c.device + "\n\n> " + c.apple + "\n> \n" + marked,
			"Outlook":              answer + "\n\n" + c.outlook + "\n\n" + question,
			"Outlook, drawn line":  answer + "\n________________________________\n" + c.outlook + "\n\n" + question,
			"Outlook, starred":     answer + "\n\n" + starred(c.outlook) + "\n\n" + question,
			"device":               answer + "\n\n" + c.device,
		}
		for name, body := range bodies {
			t.Run(c.code+"/"+name, func(t *testing.T) {
				r := Extract(text(body))
				if r.Text != answer {
					t.Errorf("of\n%s\ncame\n%s\nsignature %q", body, r.Text, r.Signature)
				}
			})
		}
		t.Run(c.code+"/bottom", func(t *testing.T) {
			r := Extract(text(c.gmail + "\n\n" + marked + "\n\n" + answer))
			if r.Text != answer || r.Posting != PostingBottom {
				t.Errorf("came\n%s\nposting %s", r.Text, r.Posting)
			}
		})
	}
}

func starred(block string) string {
	var out []string
	for l := range strings.SplitSeq(block, "\n") {
		key, value, _ := strings.Cut(l, ":")
		out = append(out, "*"+key+":*"+value)
	}
	return strings.Join(out, "\n")
}

// wrap breaks a line at spaces, as clients do at the width given.
func wrap(s string, width int) string {
	var b strings.Builder
	n := 0
	for w := range strings.FieldsSeq(s) {
		if n > 0 && n+1+len(w) > width {
			b.WriteByte('\n')
			n = 0
		} else if n > 0 {
			b.WriteByte(' ')
			n++
		}
		b.WriteString(w)
		n += len(w)
	}
	return b.String()
}

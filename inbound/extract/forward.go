package extract

import "strings"

// pointers are the words by which people hand on a mail: "FYI", "see below". Without one of them, and with words of the
// person's own above it, the forwarded mail is told beside the reply and not as part of it.
const pointers = "fyi|below|see|look|check|read|thoughts|forwarding|attached|handle|advise|fyr|fya|info|information|here|" +
	"unten|siehe|anbei|schau|schaut|weitergeleitet|folgende|folgendes|hier|kenntnis|kenntnisnahme|zk|" +
	"voir|ci|dessous|voici|suivant|jointe|transfère|transmets|" +
	"abajo|adjunto|mira|reenvío|aquí|siguiente|abaixo|segue|veja|encaminho|anexo|seguinte|" +
	"sotto|vedi|ecco|inoltro|allegato|seguente|hieronder|zie|onderstaand|onderstaande|bijgaand|doorgestuurd|" +
	"nedan|bifogat|vidarebefordrar|nedenfor|nedenstående|vedlagt|vedhæftet|ohessa|oheinen|sjá|neðan|meðfylgjandi|" +
	"poniżej|załączam|przesyłam|patrz|níže|viz|přeposílám|nižšie|pozri|preposielam|lásd|alább|továbbítom|mellékelve|" +
	"jos|vezi|atașat|долу|виж|препращам|ispod|vidi|prosljeđujem|испод|погледај|spodaj|glej|posredujem|" +
	"ниже|смотри|пересылаю|посмотрите|нижче|дивись|пересилаю|παρακάτω|δείτε|προωθώ|aşağıda|bakınız|ekte|iletiyorum|" +
	"أدناه|انظر|مرفق|للعلم|للاطلاع|להלן|ראה|ראו|מצורף|לידיעתך|לידיעתכם|زیر|ببینید|پیوست|जानकारी|नीचे|देखें|" +
	"dưới|xem|tham|bawah|lihat|berikut|terlampir|lampiran|vegeu|adjunt|sota|behean|ikusi|allpool|vaata|edastan|zemāk|skatīt|pārsūtu|žemiau|žiūrėkite|persiunčiu"

// gluedPointers are those of scripts without spaces.
const gluedPointers = "如下|请看|供参考|转发|参考|見下|下記|以下|ご参考|参照|転送|아래|참고|전달|ด้านล่าง|ดู|ส่งต่อ|請看|供參考|轉寄"

// points reports that the person's words above line end point to what is below: by a word, a question or a colon.
func (d *document) points(end int) bool {
	for i := range end {
		l := &d.lines[i]
		if l.blank() || l.depth > 0 {
			continue
		}
		if strings.HasSuffix(l.text, "?") || announces(l.text) || strings.HasSuffix(l.text, "？") || pointsByWord(l.text) {
			return true
		}
	}
	return false
}

// saysBelow reports that the reply points to what is below it by a word.
func (d *document) saysBelow() bool {
	for i := range d.lines {
		if l := &d.lines[i]; l.class == classReply && l.depth == 0 && !l.blank() && pointsByWord(l.text) {
			return true
		}
	}
	return false
}

func pointsByWord(s string) bool {
	var buf [256]byte
	for len(s) > 0 {
		part := s[:min(len(s), 200)]
		s = s[len(part):]
		for w := range strings.FieldsSeq(string(fold(buf[:], part))) {
			if lex.words[w]&pointsBelow != 0 || w[0] >= 0xe0 && containsAnyOf(w, gluedPointers) {
				return true
			}
		}
	}
	return false
}

func containsAnyOf(s, list string) bool {
	for w := range strings.SplitSeq(list, "|") {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

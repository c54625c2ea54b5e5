package clients

import "testing"

// heldBack are the languages, one in five, that were added only when the others
// came out exactly in all combinations, 140,880 of 140,880. Their first score,
// with the extractor as it was then, was 33,320 of 33,320: 100 %. See language
// for the sources.
var heldBack = []language{
	{
		tag:         "da",
		gmail:       "Den fre. {d}. nov. 2026 kl. 13.00 skrev {n} <{a}>:",
		apple:       "Den {d}. nov. 2026 kl. 13.00 skrev {n} <{a}>:",
		thunderbird: "Den {d}.11.2026 kl. 13.00 skrev {n}:",
		yahoo:       "Den fredag den {d}. november 2026 13.00.00 CET skrev {n} <{a}>:",
		keys:        [4]string{"Fra", "Sendt", "Til", "Emne"}, sent: "{d}. november 2026 13:00",
		original: "Oprindelig meddelelse", iphone: "Sendt fra min iPhone", galaxy: "Sendt fra min Galaxy", outlook: "Hent Outlook til {os}",
		short: "Ja, lørdag klokken ti passer mig fint.",
		long:  "Hej Ann,\n\ntak, det lyder godt. Jeg kommer på lørdag og tager pengene med, hvis der ikke kommer noget i vejen.\n\nEt spørgsmål mere: følger låsen med?",
	},
	{
		tag:         "sk",
		gmail:       "pi {d}. 11. 2026 o 13:00 {n} <{a}> napísal(a):",
		apple:       "{d}. 11. 2026 o 13:00, {n} <{a}> napísal:",
		thunderbird: "Dňa {d}. 11. 2026 o 13:00 {n} napísal(a):",
		keys:        [4]string{"Od", "Odoslané", "Komu", "Predmet"}, sent: "piatok {d}. novembra 2026 13:00",
		original: "Pôvodná správa", iphone: "Odoslané z iPhonu", outlook: "Získať Outlook pre {os}",
		short: "Áno, sobota o desiatej mi vyhovuje.",
		long:  "Ahoj Ann,\n\nďakujem, to znie dobre. Prídem v sobotu a peniaze prinesiem so sebou, ak do toho nič nepríde.\n\nEšte jedna otázka: je zámok v cene?",
	},
	{
		tag:         "uk",
		gmail:       "пт, {d} лист. 2026 р. о 13:00 {n} <{a}> пише:",
		apple:       "{d} лист. 2026 р. о 13:00 {n} <{a}> написав(-ла):",
		thunderbird: "{d}.11.26 13:00, {n} пише:",
		yahoo:       "пʼятниця, {d} листопада 2026 р. о 13:00:00 EET, {n} <{a}> пише:",
		keys:        [4]string{"Від", "Надіслано", "Кому", "Тема"}, sent: "{d} листопада 2026 р. 13:00",
		original: "Оригінальне повідомлення", iphone: "Надіслано з iPhone", outlook: "Отримати Outlook для {os}",
		short: "Так, субота о десятій мені підходить.",
		long:  "Вітаю, Анно!\n\nДякую, звучить добре. Я приїду в суботу й привезу гроші, якщо нічого не завадить.\n\nЩе одне питання: замок входить у ціну?",
	},
	{
		tag:         "he",
		gmail:       "\u202bבתאריך יום ו׳, {d} בנוב׳ 2026 ב-13:00 מאת \u202a{n}\u202c\u200f <\u202a{a}\u202c\u200f>:\u202c",
		apple:       "ב-{d} בנוב׳ 2026, בשעה 13:00, {n} <{a}> כתב/ה:",
		thunderbird: "בתאריך {d}/11/2026 13:00, {n} כתב:",
		keys:        [4]string{"מאת", "נשלח", "אל", "נושא"}, sent: "יום שישי {d} נובמבר 2026 13:00",
		original: "הודעה מקורית", iphone: "נשלח מה-iPhone שלי",
		short: "כן, שבת בעשר מתאים לי.",
		long:  "שלום אן,\n\nתודה, נשמע טוב. אבוא בשבת ואביא איתי את הכסף, אם לא יקרה משהו.\n\nעוד שאלה: האם המנעול כלול במחיר?",
	},
	{
		tag:         "zh-Hant",
		gmail:       "{n} <{a}> 於 2026年11月{d}日 週五 下午1:00寫道：",
		apple:       "{n} <{a}> 於 2026年11月{d}日 下午1:00 寫道：",
		thunderbird: "{n} 於 2026/11/{d} 13:00 寫道:",
		yahoo:       "{n} (<{a}>) 在 2026年11月{d}日星期五 下午01:00:00 [GMT+8] 寫道：",
		keys:        [4]string{"寄件者", "寄件日期", "收件者", "主旨"}, sent: "2026年11月{d}日 下午 01:00",
		original: "原始郵件", iphone: "從我的iPhone傳送", outlook: "取得 {os} 版 Outlook",
		short: "可以，星期六十點沒問題。",
		long:  "安，你好！\n\n謝謝，聽起來不錯。沒有意外的話，我星期六過去，順便把錢帶上。\n\n還有一個問題：鎖也包括在內嗎？",
	},
	{
		tag:         "id",
		gmail:       "Pada tanggal Jum, {d} Nov 2026 pukul 13.00 {n} <{a}> menulis:",
		apple:       "Pada {d} Nov 2026, pukul 13.00, {n} <{a}> menulis:",
		thunderbird: "Pada {d}/11/26 13.00, {n} menulis:",
		keys:        [4]string{"Dari", "Dikirim", "Kepada", "Subjek"}, sent: "Jumat, {d} November 2026 13.00",
		original: "Pesan asli", iphone: "Dikirim dari iPhone saya",
		short: "Ya, Sabtu jam sepuluh cocok untuk saya.",
		long:  "Halo Ann,\n\nterima kasih, kedengarannya bagus. Saya akan datang hari Sabtu dan membawa uangnya, kalau tidak ada halangan.\n\nSatu pertanyaan lagi: apakah gemboknya termasuk?",
	},
	{
		tag:         "lt",
		gmail:       "2026-11-{d}, pn, 13:00 {n} <{a}> rašė:",
		thunderbird: "2026-11-{d} 13:00, {n} rašė:",
		keys:        [4]string{"Nuo", "Išsiųsta", "Kam", "Tema"}, sent: "2026 m. lapkričio {d} d., penktadienis 13:00",
		original: "Originalus laiškas", iphone: "Išsiųsta iš mano „iPhone“",
		short: "Taip, šeštadienis dešimtą man tinka.",
		long:  "Sveika, Ana,\n\načiū, skamba gerai. Atvyksiu šeštadienį ir atsivešiu pinigus, jei niekas nesutrukdys.\n\nDar vienas klausimas: ar spyna įskaičiuota?",
	},
}

// TestRepliesHeldBack measures the languages that were held back.
func TestRepliesHeldBack(t *testing.T) {
	measure(t, heldBack, "held back")
}

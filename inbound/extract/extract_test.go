package extract

import (
	"testing"
)

// reading is a body and what must come of it.
type reading struct {
	name    string
	in      Input
	text    string
	posting string // if not empty
	check   func(t *testing.T, r Result)
}

func run(t *testing.T, all []reading) {
	t.Helper()
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			r := Extract(c.in)
			if r.Text != c.text {
				t.Errorf("text\n%s\nwant\n%s\nquoted\n%s\nsignature\n%s", r.Text, c.text, r.Quoted, r.Signature)
			}
			if c.posting != "" && r.Posting != c.posting {
				t.Errorf("posting %s, want %s", r.Posting, c.posting)
			}
			if c.check != nil {
				c.check(t, r)
			}
		})
	}
}

func text(s string) Input { return Input{Text: s} }

func confidence(want string) func(*testing.T, Result) {
	return func(t *testing.T, r Result) {
		t.Helper()
		if r.Confidence != want {
			t.Errorf("confidence %s, want %s", r.Confidence, want)
		}
	}
}

// TestWordsSurvive holds what people write and other extractors lose.
func TestWordsSurvive(t *testing.T) {
	kept := map[string]string{
		"I wrote in running text":      "On Monday I wrote: the door is open.\n\nIt still is.",
		"I wrote at the end of a line": "On 3 May 2021 at 10:00 I wrote:\n\nthe door is open.",
		"French running text":          "Le client a écrit que tout va bien, le 3 mai 2021.",
		"more than five items":         "> 5 items\n\nis what I asked for.",
		"a list of chevrons":           "We need:\n> 5 apples\n> 6 pears",
		"only chevrons":                "> 5 apples\n> 6 pears",
		"code":                         "Try this:\n\n```\n> echo a\n-- \nFrom: x@example.com\nSubject: y\n```\n\nIt works.",
		"markdown list":                "Todo\n- first\n- second\n- third",
		"two dashes in prose":          "it was late -- very late -- when we came\nnisi--ratione",
		"an option":                    "Call it with\n-rf",
		"one emoji":                    "👍",
		"emoji with modifiers":         "👍🏽 ❤️",
		"ends with a colon":            "Here they are:",
		"colon before a list":          "Here they are:\n\none\ntwo",
		"from and to":                  "From: Paris\nTo: London\n\nThe train at 9.",
		"thanks in a sentence":         "Thanks, I will come tomorrow.\nBest of all: it is free.",
		"thanks alone":                 "Thanks!",
		"thanks and a name alone":      "Thanks!\nRoman",
		"sent from my desk":            "Sent from my desk, is much easier than my phone.",
		"sent the papers":              "Sent the papers to Bob with Outlook yesterday.",
		"date at the end":              "We meet on Monday, 3 May 2021 at 10:00:",
		"path":                         "It is in\n/etc/hosts",
		"a question with a colon":      "Which time?\n10:30",
		"headings":                     "# Plan\n\nstart: today\nend: tomorrow",
		"smile":                        ">:(",
		"arrow":                        "-> here",
		"prompt":                       ">>> print(1)\n1",
		"number of people":             "Ann wrote to 5 people on 3 May.",
		"contact as the answer":        "Here is the address:\n\nAnn Lee\nTel: +44 20 7946 0000\nwww.example.com",
	}
	for name, s := range kept {
		t.Run(name, func(t *testing.T) {
			if r := Extract(text(s)); r.Text != s {
				t.Errorf("%q became %q\nquoted %q\nsignature %q", s, r.Text, r.Quoted, r.Signature)
			}
		})
	}
}

func TestPosting(t *testing.T) {
	run(t, []reading{
		{"top", text("Yes.\n\nOn Mon, Jan 3, 2022 at 4:00 PM Ann <ann@example.com> wrote:\n\n> Will you come?\n"), "Yes.", PostingTop, confidence(High)},
		{"bottom", text("On Mon, Jan 3, 2022 at 4:00 PM Ann <ann@example.com> wrote:\n\n> Will you come?\n\nYes.\n"), "Yes.", PostingBottom, nil},
		{"interleaved", text("On Mon, Jan 3, 2022 at 4:00 PM Ann <ann@example.com> wrote:\n> Will you come?\n\nYes.\n\n> And Bob?\n\nNo.\n\n> Regards\n> Ann\n"),
			"> Will you come?\n\nYes.\n\n> And Bob?\n\nNo.", PostingInterleaved, nil},
		{"interleaved without blank lines", text("Ann wrote on 3 Jan 2022:\n> Will you come?\nYes.\n> And Bob?\nNo.\n"), "> Will you come?\nYes.\n> And Bob?\nNo.", PostingInterleaved, nil},
		{"forward", text("FYI\n\n---------- Forwarded message ---------\nFrom: Ann <ann@example.com>\nSubject: x\n\nHello\n"),
			"FYI\n\n---------- Forwarded message ---------\nFrom: Ann <ann@example.com>\nSubject: x\n\nHello", PostingForward, nil},
		{"forward, German", text("Siehe unten.\n\n-------- Weitergeleitete Nachricht --------\nBetreff: x\nVon: Ann <ann@example.com>\n\nHallo\n"),
			"Siehe unten.\n\n-------- Weitergeleitete Nachricht --------\nBetreff: x\nVon: Ann <ann@example.com>\n\nHallo", PostingForward, nil},
		{"forward with a question", text("Can you help?\n\nBegin forwarded message:\n\n> From: Ann <ann@example.com>\n> Subject: x\n>\n> Hello\n"),
			"Can you help?\n\nBegin forwarded message:\n\n> From: Ann <ann@example.com>\n> Subject: x\n>\n> Hello", PostingForward, nil},
		{"none", text("Just a line.\n"), "Just a line.", PostingNone, confidence(High)},
		{"quotation only", text("On Mon, Jan 3, 2022 at 4:00 PM Ann <ann@example.com> wrote:\n\n> Will you come?\n"), "", "", func(t *testing.T, r Result) {
			if !r.QuotationOnly {
				t.Error("not said to be a quotation only")
			}
		}},
		{"attribution above nothing marked", text("On Mon, Jan 3, 2022 at 4:00 PM Ann <ann@example.com> wrote:\n\nYes, I come.\n"), "Yes, I come.", "", confidence(Low)},
		{"empty", text(""), "", PostingNone, func(t *testing.T, r Result) {
			if r.QuotationOnly {
				t.Error("an empty mail is not a quotation")
			}
		}},
		{"quoted twice", text("Yes.\n\nOn 4 Jan 2022, Bob wrote:\n> On 3 Jan 2022, Ann wrote:\n>> Will you?\n> Perhaps.\n"), "Yes.", PostingTop, nil},
	})
}

func TestSignature(t *testing.T) {
	run(t, []reading{
		{"separator", text("Yes.\n\n-- \nBob\nAcme Ltd\n"), "Yes.", PostingNone, func(t *testing.T, r Result) {
			if r.Full != "Yes.\n\n-- \nBob\nAcme Ltd" || r.Signature != "-- \nBob\nAcme Ltd" {
				t.Errorf("full %q, signature %q", r.Full, r.Signature)
			}
		}},
		{"closing", text("Yes.\n\nRegards,\nBob"), "Yes.", "", nil},
		{"closing, German", text("Ja.\n\nMit freundlichen Grüßen\nBob Meier\nAcme GmbH"), "Ja.", "", nil},
		{"closing without a name", text("Yes.\n\nRegards"), "Yes.\n\nRegards", "", nil},
		{"dash", text("Yes.\n\n-Bob"), "Yes.", "", nil},
		{"device", text("Yes.\n\nSent from my iPhone"), "Yes.", "", func(t *testing.T, r Result) {
			if r.Signature != "Sent from my iPhone" || r.Full != "Yes." {
				t.Errorf("full %q, signature %q", r.Full, r.Signature)
			}
		}},
		{"device above", text("Sent from my iPhone\n\nYes.\n"), "Yes.", "", nil},
		{"device only", text("Sent from my iPhone\n"), "", "", nil},
		{"between reply and quotation", text("Yes.\n\n-- \nBob\n\nOn 3 Jan 2022, Ann wrote:\n> Will you?\n"), "Yes.", "", nil},
		{"below the quotation", text("Yes.\n\nOn 3 Jan 2022, Ann wrote:\n> Will you?\n\n-- \nBob\n"), "Yes.", PostingTop, nil},
		{"contact details", text("Yes.\n\nBob Lee\nSales\nTel: +44 20 7946 0000\nbob@example.com\nwww.example.com\n\nThis mail is confidential and for the recipient named in it only. If you are not the recipient, delete it.\n"), "Yes.", "", nil},
		{"list footer", text("Yes.\n\n_______________________________________________\nusers mailing list\nusers@example.com\n"), "Yes.", "", nil},
	})
}

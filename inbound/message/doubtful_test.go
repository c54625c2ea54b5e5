package message

import "testing"

func TestDoubtful(t *testing.T) {
	for header, want := range map[string]string{
		"From: noreply@example.com":                                           RuleNoReply,
		"From: Shop <no-reply@example.com>":                                   RuleNoReply,
		"From: do_not_reply+4711@example.com":                                 RuleNoReply,
		"From: Nicht.Antworten@example.com":                                   RuleNoReply,
		"From: NE-PAS-REPONDRE@example.com":                                   RuleNoReply,
		"X-TMDA-Confirm: x":                                                   RuleChallenge,
		"X-SpamArrest-Challenge: 1":                                           RuleChallenge,
		"Subject: Re: Flat (Verification Required)":                           RuleChallenge,
		"Subject: Please confirm your message":                                RuleChallenge,
		"X-Delivery-Agent: TMDA/1.1\r\nFrom: bob-confirm-1.2.abc@example.com": RuleChallenge,
		"X-Delivery-Agent: TMDA/1.1\r\nFrom: bob@example.com":                 "",
		"From: Noreply Jones <jones@example.com>":                             "",
		"From: noreplacement@example.com":                                     "",
		"Subject: Re: please confirm the appointment":                         "",
		"Subject: Re: Flat":                                                   "",
	} {
		m, err := Parse(mailWith(header, "--x\r\n\r\ntext\r\n--x--\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if rule, doubtful := Doubtful(m); rule != want || doubtful != (want != "") {
			t.Errorf("%q: got %q, want %q", header, rule, want)
		}
	}
	m, err := Parse(mailWith("Subject: AW: Re: Account: verification required", "--x\r\n\r\ntext\r\n--x--\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if rule, doubtful := Doubtful(m, "Order", "Account: Verification required"); doubtful {
		t.Errorf("an answer with our own subject: got %q", rule)
	}
	if _, doubtful := Doubtful(m, "Order"); !doubtful {
		t.Error("another's challenge passes")
	}
}

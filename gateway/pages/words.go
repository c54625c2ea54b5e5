package pages

import (
	"net/http"
	"strings"

	"golang.org/x/text/language"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// words are what the pages say in one language. In them %[1]s is the app's name
// and %[2]s an address.
type words struct {
	// The page to unsubscribe.
	LeaveAsk, Mailed, MayStop, Leave string
	Left, NoMore, CanUndo, Undo      string
	Back                             string
	// The page about a held reply.
	Wrote, Came, Post, Discard, Mine string
	Posted, Stands                   string
	TooLate, Waited                  string
	Discarded, NotPosted             string
	CannotPost, NotNow               string
	// What may happen on any page.
	Unclear                   string
	NoLink, Incomplete, Whole string
	Again, Wrong              string
	// Here stands for an app without a name.
	Here string
}

// tongue is a language with its words.
type tongue struct {
	*words
	lang, dir string
}

// speak picks the language for somebody: of those tags that say something, the
// first for which there are words; else English. Each may be a tag (RFC 5646) or
// an Accept-Language field (RFC 9110, section 12.5.4).
func speak(tags ...string) tongue {
	for _, tag := range tags {
		if len(tag) > maxTags {
			continue
		}
		wanted, _, err := language.ParseAcceptLanguage(strings.ReplaceAll(tag, "_", "-"))
		if err != nil || len(wanted) == 0 {
			continue
		}
		if _, i, sure := matcher.Match(wanted...); sure >= language.High {
			return tongueOf(spoken[i])
		}
	}
	return tongueOf("en")
}

// maxTags bounds a field that a stranger sends, in octets.
const maxTags = 500

func tongueOf(lang string) tongue {
	t := tongue{locales[lang], lang, "ltr"}
	if lang == "ar" || lang == "he" {
		t.dir = "rtl"
	}
	return t
}

// view begins a page in this language.
func (t tongue) view(title string, text ...string) view {
	return view{Lang: t.lang, Dir: t.dir, Title: title, Text: text}
}

// say fills an app's name and an address into a sentence that has places for them.
func (t tongue) say(sentence string, app gateway.App, address string) string {
	name := app.Name
	if name == "" {
		name = t.Here
	}
	return strings.NewReplacer("%[1]s", name, "%[2]s", address).Replace(sentence)
}

// of picks the language for whom a link was mailed to: their own, else their
// browser's, else the app's.
func (p *Pages) of(r *http.Request, row store.HandleRow, app gateway.App) tongue {
	var u gateway.User
	err := p.Store.View(r.Context(), func(rd store.Reader) (err error) {
		u, _, err = store.Users.Find(rd, store.UserKey(row.App, row.User))
		return err
	})
	if err != nil { // the page matters more than its language
		p.log(r).Warn("the language of a page is not known", "err", err)
	}
	return speak(u.Locale, r.Header.Get("Accept-Language"), app.DefaultLocale)
}

// stranger is the language of somebody of whom nothing is known but the browser.
func stranger(r *http.Request) tongue { return speak(r.Header.Get("Accept-Language")) }

// spoken are the languages, English first: it stands in for all others.
var spoken = []string{"en", "de", "fr", "es", "pt", "it", "nl", "pl", "sv", "tr", "ru", "uk", "ja", "ko", "zh", "zh-hant", "ar", "he"}

var matcher = func() language.Matcher {
	var tags []language.Tag
	for _, s := range spoken {
		tags = append(tags, language.MustParse(s))
	}
	return language.NewMatcher(tags)
}()

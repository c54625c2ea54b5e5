package pages

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var places = regexp.MustCompile(`%\[\d\]s|%`)

// TestEveryLanguageSaysEverything: no word is missing, and each has the places of
// the English one.
func TestEveryLanguageSaysEverything(t *testing.T) {
	if len(spoken) != 18 || len(locales) != len(spoken) {
		t.Errorf("%d languages, %d of them spoken", len(locales), len(spoken))
	}
	english := reflect.ValueOf(*locales["en"])
	for _, lang := range spoken {
		w := reflect.ValueOf(*locales[lang])
		same := 0
		for i := range w.NumField() {
			name, got, want := w.Type().Field(i).Name, w.Field(i).String(), english.Field(i).String()
			if got == "" || strings.TrimSpace(got) != got {
				t.Errorf("%s: %s is %q", lang, name, got)
			}
			a, b := places.FindAllString(got, -1), places.FindAllString(want, -1)
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(a, b) {
				t.Errorf("%s: %s has the places %v, want %v", lang, name, a, b)
			}
			if got == want {
				same++
			}
		}
		if lang != "en" && same > 0 {
			t.Errorf("%s: %d sentences are English", lang, same)
		}
	}
}

func TestSpeak(t *testing.T) {
	for want, tags := range map[string][]string{
		"de":      {"de", "fr"},
		"fr":      {"", "fr-CA,fr;q=0.9,en;q=0.8"},
		"pt":      {"pt_BR"},
		"zh":      {"zh-CN"},
		"zh-hant": {"zh-TW"},
		"he":      {"iw"},
		"ar":      {"xx", "ar-EG"},
		"es":      {"xx", "es-419"},
		"en":      {"", "", ""},
		"it":      {strings.Repeat("de,", 1000), "it"},
		"ja":      {"\x00\xff;;q=,", "ja-JP"},
		"sv":      {"q=1;;", "*;q=0.1,sv"},
	} {
		if got := speak(tags...); got.lang != want || (got.dir == "rtl") != (want == "ar" || want == "he") || got.words != locales[want] {
			t.Errorf("%.40q: %s %s, want %s", tags, got.lang, got.dir, want)
		}
	}
}

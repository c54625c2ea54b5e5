package pages_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/pages"
	"github.com/replygate/replygate/gateway/store"
)

// TestPagesInTheirLanguage: the user's own, else the browser's, else the app's.
func TestPagesInTheirLanguage(t *testing.T) {
	for name, c := range map[string]struct {
		user, browser, app string
		path               string
		says, lang, dir    string
	}{
		"the user's":      {"de-AT", "fr", "es", "", "Abmelden?", "de", "ltr"},
		"the browser's":   {"", "ar-EG,en;q=0.5", "es", "", "هل تريد إلغاء الاشتراك؟", "ar", "rtl"},
		"the app's":       {"", "xx", "ja", "", "配信を停止しますか？", "ja", "ltr"},
		"nobody's":        {"", "", "", "", "Unsubscribe?", "en", "ltr"},
		"of a dead link":  {"de", "it", "es", "/u/nothing", "Questo link non funziona", "it", "ltr"},
		"of a wrong path": {"", "ko", "", "/nowhere", "이 링크는 작동하지 않습니다", "ko", "ltr"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			s.update(func(tx store.Tx) error {
				if err := store.Users.Put(tx, store.UserKey("shop", "u1"), gateway.User{ID: "u1", Locale: c.user}); err != nil {
					return err
				}
				return store.Apps.Put(tx, store.AppKey("shop"), gateway.App{ID: "shop", Name: "Birch", DefaultLocale: c.app})
			})
			path := c.path
			if path == "" {
				path = pages.UnsubscribePath + s.leave
			}
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Accept-Language", c.browser)
			w := httptest.NewRecorder()
			s.pages.ServeHTTP(w, r)
			body := w.Body.String()
			if !strings.Contains(body, "<h1>"+c.says+"</h1>") || !strings.Contains(body, `<html lang="`+c.lang+`" dir="`+c.dir+`">`) || w.Header().Get("Content-Language") != c.lang {
				t.Errorf("the page is %s: %.300s", w.Header().Get("Content-Language"), body)
			}
			if strings.Contains(body, "%[") || strings.Contains(body, "%!") {
				t.Errorf("a place is left empty: %s", body)
			}
		})
	}
}

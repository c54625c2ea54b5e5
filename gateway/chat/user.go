package chat

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/wire"
)

// Bounds of what is said of a user.
const (
	MaxUserBatch = 100
	MaxAddresses = 50
)

// UserPatch is what a PUT says of a user: absent fields stay, null clears.
type UserPatch struct {
	Name             Field[string]
	Email            Field[Strings]
	Phone            Field[Strings]
	PhotoURL         Field[string]
	WelcomeMessage   Field[string]
	Role             Field[string]
	Locale           Field[string]
	AvailabilityText Field[string]
	Custom           Field[map[string]*string]
	PushTokens       Field[map[string]*bool]
	Kind             Field[gateway.Kind]
	TimeZone         Field[string]
	QuietHours       Field[QuietHours]
}

// UnmarshalJSON reads the body of a PUT; "configuration" is an old name of "role".
func (p *UserPatch) UnmarshalJSON(b []byte) error {
	*p = UserPatch{}
	var old Field[string]
	err := decode(b, map[string]any{
		"name": &p.Name, "email": &p.Email, "phone": &p.Phone, "photoUrl": &p.PhotoURL,
		"welcomeMessage": &p.WelcomeMessage, "role": &p.Role, "configuration": &old, "locale": &p.Locale,
		"availabilityText": &p.AvailabilityText, "custom": &p.Custom, "pushTokens": &p.PushTokens,
		"kind": &p.Kind, "timeZone": &p.TimeZone,
		"quietHours": &p.QuietHours,
	})
	if !p.Role.Set {
		p.Role = old
	}
	return err
}

// check says what cannot be taken.
func (p UserPatch) check() error {
	v := Invalid{}
	for i, e := range p.Email.Value {
		if e = strings.TrimSpace(e); e == "" {
			continue
		}
		if _, err := gateway.ParseAddress(e); err != nil {
			field := fmt.Sprintf("email[%d]", i)
			v.Add(field, "%s: %q %v.", field, e, err)
		}
	}
	if len(p.Email.Value) > MaxAddresses {
		v.Add("email", "A user has at most %d addresses.", MaxAddresses)
	}
	if kinds := []gateway.Kind{"", gateway.KindUser, gateway.KindAgent, gateway.KindBot}; !slices.Contains(kinds, p.Kind.Value) {
		v.Add("kind", `kind is "user", "agent" or "bot".`)
	}
	if _, err := time.LoadLocation(p.TimeZone.Value); err != nil {
		v.Add("timeZone", "timeZone is a name like Europe/Paris.")
	}
	return v.Err()
}

// apply merges p into u.
func (p UserPatch) apply(u *gateway.User) {
	p.Name.into(&u.Name)
	p.Role.into(&u.Role)
	p.Locale.into(&u.Locale)
	p.Kind.into(&u.Kind)
	p.TimeZone.into(&u.TimeZone)
	if p.Email.Set {
		u.Email = p.Email.Value.compact()
	}
	if p.Phone.Set {
		u.Phone = p.Phone.Value.compact()
	}
	intoPointer(quiet(p.QuietHours), &u.QuietHours)
	intoPointer(p.PhotoURL, &u.PhotoURL)
	intoPointer(p.WelcomeMessage, &u.WelcomeMessage)
	intoPointer(p.AvailabilityText, &u.AvailabilityText)
	intoMap(p.Custom, &u.Custom)
	intoMap(p.PushTokens, &u.PushTokens)
}

// BatchInvalid says for each user of a batch what is wrong with it.
type BatchInvalid map[gateway.UserID]Invalid

// Error names the users in order.
func (b BatchInvalid) Error() string {
	var parts []string
	for _, id := range slices.Sorted(maps.Keys(b)) {
		parts = append(parts, string(id)+": "+b[id].Error())
	}
	return strings.Join(parts, "; ")
}

// PutUser makes or merges a user and returns the result. Nothing changed is
// nothing written and nothing told.
func (s *Service) PutUser(ctx context.Context, app gateway.AppID, id gateway.UserID, p UserPatch) (gateway.User, error) {
	if err := checkID("id", string(id)); err != nil {
		return gateway.User{}, err
	}
	if err := p.check(); err != nil {
		return gateway.User{}, err
	}
	var out gateway.User
	var dumb bool
	now := s.now()
	err := s.update(ctx, store.UserScope(app, id), "put user", func(tx store.Tx) error {
		a, err := loadApp(tx, app)
		if err != nil {
			return err
		}
		out, dumb, err = putUser(tx, &a, id, p, now)
		return err
	})
	if err == nil && dumb {
		err = s.withdrawEverywhere(ctx, app, id, gateway.ReasonNoAddress)
	}
	return out, err
}

// PutUsers makes or merges up to MaxUserBatch users, all or none; what is wrong
// is a BatchInvalid. Several users have no scope in common but the app's.
func (s *Service) PutUsers(ctx context.Context, app gateway.AppID, users map[gateway.UserID]UserPatch) error {
	if len(users) > MaxUserBatch {
		return gateway.Wrong("users", "A batch has at most %d users.", MaxUserBatch)
	}
	wrong := BatchInvalid{}
	for id, p := range users {
		err := checkID("id", string(id))
		if err == nil {
			err = p.check()
		}
		if v, bad := err.(Invalid); bad {
			wrong[id] = v
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	var silenced []gateway.UserID
	now := s.now()
	err := s.update(ctx, store.AppScope(app), "put users", func(tx store.Tx) error {
		silenced = nil
		a, err := loadApp(tx, app)
		if err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(users)) {
			_, dumb, err := putUser(tx, &a, id, users[id], now)
			if err != nil {
				return err
			}
			if dumb {
				silenced = append(silenced, id)
			}
		}
		return nil
	})
	for _, id := range silenced {
		if err == nil {
			err = s.withdrawEverywhere(ctx, app, id, gateway.ReasonNoAddress)
		}
	}
	return err
}

// putUser makes or merges a user and tells of it; dumb tells that no address is
// left, so that what waits for the user is to be withdrawn.
func putUser(tx store.Tx, app *gateway.App, id gateway.UserID, p UserPatch, now time.Time) (out gateway.User, dumb bool, err error) {
	u, change, err := mergeUser(tx, app.ID, id, p, now, now)
	if err != nil || !change.any {
		return u, false, err
	}
	typ := gateway.EventUserUpdated
	if change.made {
		typ = gateway.EventUserCreated
	}
	_, err = event.Record(tx, app, nil, typ, wire.UserData{User: wire.UserOf(u)}, now, "")
	return u, change.dumb, err
}

// userChange is what merging made of a user.
type userChange struct {
	any  bool // something changed
	made bool // the user is new
	dumb bool // no address is left
}

// mergeUser makes or merges a user; one who is new has the age that is given.
// Mails queued to an address the user has no more are cancelled.
func mergeUser(tx store.Tx, app gateway.AppID, id gateway.UserID, p UserPatch, created, now time.Time) (gateway.User, userChange, error) {
	k := store.UserKey(app, id)
	old, found, err := store.Users.Find(tx, k)
	if err != nil {
		return old, userChange{}, err
	}
	u := old
	if !found {
		u = gateway.User{ID: id, CreatedAt: created}
	}
	p.apply(&u)
	if found && reflect.DeepEqual(u, old) {
		return u, userChange{}, nil
	}
	if err := store.Users.Put(tx, k, u); err != nil {
		return u, userChange{}, err
	}
	if err := listAgent(tx, app, &old, &u); err != nil {
		return u, userChange{}, err
	}
	err = changeAddresses(tx, app, &old, &u, now)
	return u, userChange{true, !found, len(old.Addresses()) > 0 && len(u.Addresses()) == 0}, err
}

// listAgent keeps the list of the app's agents.
func listAgent(tx store.Tx, app gateway.AppID, old, u *gateway.User) error {
	k := store.AppKey(app).String(string(u.ID))
	switch was, is := old.Kind == gateway.KindAgent, u.Kind == gateway.KindAgent; {
	case is && !was:
		return store.Agents.Put(tx, k, store.Agent{User: u.ID})
	case was && !is:
		return store.Agents.Delete(tx, k)
	}
	return nil
}

// changeAddresses keeps whose the addresses are, and cancels the mails queued to
// those that were taken away.
func changeAddresses(tx store.Tx, app gateway.AppID, old, u *gateway.User, now time.Time) error {
	for _, a := range u.Addresses() {
		if old.Owns(a) {
			continue
		}
		if err := store.AddressOwners.Put(tx, ownerKey(app, a, u.ID), store.AddressOwner{User: u.ID}); err != nil {
			return err
		}
	}
	for _, a := range old.Addresses() {
		if u.Owns(a) {
			continue
		}
		if err := store.AddressOwners.Delete(tx, ownerKey(app, a, u.ID)); err != nil {
			return err
		}
		_, err := suppression.CancelTo(tx, app, a, gateway.ReasonNoAddress, now, func(m store.UnsentMail) bool { return m.Recipient == u.ID })
		if err != nil {
			return err
		}
	}
	return nil
}

// User returns a user; one who was never PUT is NotFound.
func (s *Service) User(ctx context.Context, app gateway.AppID, id gateway.UserID) (gateway.User, error) {
	var u gateway.User
	err := s.view(ctx, "get user", func(rd store.Reader) (err error) {
		if u, err = LoadUser(rd, app, id); err == nil && u.Stub {
			err = NotFound{What: "user", ID: string(id)}
		}
		return err
	})
	return u, err
}

// UsersQuery narrows a list of users.
type UsersQuery struct {
	Limit         int
	StartingAfter gateway.UserID
	// Online lists only those who are online.
	Online bool
}

// Users lists users in one stable order.
func (s *Service) Users(ctx context.Context, app gateway.AppID, q UsersQuery) ([]gateway.User, error) {
	rg := store.Range{Prefix: store.AppKey(app)}
	if q.StartingAfter != "" {
		rg.From = store.UserKey(app, q.StartingAfter).Next()
	}
	var out []gateway.User
	err := s.view(ctx, "list users", func(rd store.Reader) error {
		out = nil
		if q.Online {
			return s.onlineUsers(ctx, rd, rg, q.Limit, &out)
		}
		return store.Users.Scan(rd, rg, func(_ store.Key, u gateway.User) (bool, error) {
			out = append(out, u)
			return len(out) < q.Limit, nil
		})
	})
	return out, err
}

// onlineUsers goes through those who are online.
func (s *Service) onlineUsers(ctx context.Context, rd store.Reader, rg store.Range, limit int, out *[]gateway.User) error {
	return eachOnline(ctx, rd, rg, s.now(), func(who store.Session, _ gateway.Presence) (bool, error) {
		u, found, err := store.Users.Find(rd, store.UserKey(who.App, who.User))
		if found {
			*out = append(*out, u)
		}
		return len(*out) < limit, err
	})
}

func ownerKey(app gateway.AppID, a gateway.Address, u gateway.UserID) store.Key {
	return store.AddressKey(app, a).String(string(u))
}

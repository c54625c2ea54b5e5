package chat

import (
	"context"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// MaxDepartments bounds the departments of an app.
const MaxDepartments = 1000

// DepartmentPatch is what a PUT says of a department: absent fields stay, null
// clears.
type DepartmentPatch struct {
	Name   Field[string]
	Agents Field[[]gateway.UserID]
}

// UnmarshalJSON reads the body of a PUT.
func (p *DepartmentPatch) UnmarshalJSON(b []byte) error {
	*p = DepartmentPatch{}
	return decode(b, map[string]any{"name": &p.Name, "agents": &p.Agents})
}

// PutDepartment makes or merges a department. Its agents need not be users yet.
func (s *Service) PutDepartment(ctx context.Context, app gateway.AppID, id gateway.DepartmentID, p DepartmentPatch) (gateway.Department, error) {
	if err := p.check(id); err != nil {
		return gateway.Department{}, err
	}
	var out gateway.Department
	err := s.update(ctx, store.AppScope(app), "put department", func(tx store.Tx) error {
		k := store.AppKey(app).String(string(id))
		var err error
		if out, _, err = store.Departments.Find(tx, k); err != nil {
			return err
		}
		out.ID = id
		p.Name.into(&out.Name)
		p.Agents.into(&out.Agents)
		return store.Departments.Put(tx, k, out)
	})
	return out, err
}

func (p DepartmentPatch) check(id gateway.DepartmentID) error {
	if err := checkID("id", string(id)); err != nil {
		return err
	}
	if len(p.Agents.Value) > MaxRouted {
		return gateway.Wrong("agents", "A department has at most %d agents.", MaxRouted)
	}
	for _, u := range p.Agents.Value {
		if err := checkID("agents", string(u)); err != nil {
			return err
		}
	}
	return nil
}

// Department returns a department, or NotFound.
func (s *Service) Department(ctx context.Context, app gateway.AppID, id gateway.DepartmentID) (gateway.Department, error) {
	var out gateway.Department
	err := s.view(ctx, "get department", func(rd store.Reader) error {
		d, found, err := store.Departments.Find(rd, store.AppKey(app).String(string(id)))
		if err == nil && !found {
			err = NotFound{What: "department", ID: string(id)}
		}
		out = d
		return err
	})
	return out, err
}

// Departments lists an app's departments in the order of their ids.
func (s *Service) Departments(ctx context.Context, app gateway.AppID) ([]gateway.Department, error) {
	var out []gateway.Department
	err := s.view(ctx, "list departments", func(rd store.Reader) error {
		out = nil
		return store.Departments.Scan(rd, store.Range{Prefix: store.AppKey(app)}, func(_ store.Key, d gateway.Department) (bool, error) {
			out = append(out, d)
			return len(out) < MaxDepartments, nil
		})
	})
	return out, err
}

// DeleteDepartment removes a department, or says NotFound. Conversations that
// name it are routed as if they named none.
func (s *Service) DeleteDepartment(ctx context.Context, app gateway.AppID, id gateway.DepartmentID) error {
	return s.update(ctx, store.AppScope(app), "delete department", func(tx store.Tx) error {
		k := store.AppKey(app).String(string(id))
		if _, found, err := store.Departments.Find(tx, k); err != nil {
			return err
		} else if !found {
			return NotFound{What: "department", ID: string(id)}
		}
		return store.Departments.Delete(tx, k)
	})
}

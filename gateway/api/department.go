package api

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
)

// shownDepartment is a department as GET shows it.
type shownDepartment struct {
	ID     gateway.DepartmentID `json:"id"`
	Name   string               `json:"name"`
	Agents []gateway.UserID     `json:"agents"`
}

func showDepartment(d gateway.Department) shownDepartment {
	return shownDepartment{d.ID, d.Name, append([]gateway.UserID{}, d.Agents...)}
}

func putDepartment(c *call, ids []string) (any, error) {
	var p chat.DepartmentPatch
	if err := c.into(&p); err != nil {
		return nil, err
	}
	_, err := c.Chat.PutDepartment(c.ctx, c.app.ID, gateway.DepartmentID(ids[0]), p)
	return nil, err
}

func getDepartment(c *call, ids []string) (any, error) {
	d, err := c.Chat.Department(c.ctx, c.app.ID, gateway.DepartmentID(ids[0]))
	if err != nil {
		return nil, err
	}
	return showDepartment(d), nil
}

func listDepartments(c *call, _ []string) (any, error) {
	ds, err := c.Chat.Departments(c.ctx, c.app.ID)
	out := []shownDepartment{}
	for _, d := range ds {
		out = append(out, showDepartment(d))
	}
	return list{out}, err
}

func deleteDepartment(c *call, ids []string) (any, error) {
	return nil, c.Chat.DeleteDepartment(c.ctx, c.app.ID, gateway.DepartmentID(ids[0]))
}

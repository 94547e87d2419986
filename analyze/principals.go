package analyze

import (
	"context"
	"fmt"
	"slices"

	"bucketproof/analyze/engine"
	"bucketproof/internal/config"
)

// Who did what is nobody's in a shared bucket, as the view access shows it.
const (
	someone        = "someone in the shared bucket"
	someoneForeign = "another account in the shared bucket"
	otherAccount   = "another account"
)

// ownRequesters are the sessions of the role that bucketproof itself assumes for
// the tenant. Without one nothing can be told to be its own.
func (v *View) ownRequesters(principals engine.Table) engine.Table {
	t := engine.Table{Name: "own_requesters", Columns: columns("requester", engine.Text)}
	if v.Tenant.AWS.RoleARN == "" {
		return t
	}
	self := []config.Principal{{Match: v.Tenant.AWS.RoleARN, Name: "bucketproof", Role: config.RoleAudit}}
	for _, row := range principals.Rows {
		if r, ok := row[0].(string); ok && identify(r, self).role != "" {
			t.Rows = append(t.Rows, []any{r})
		}
	}
	return t
}

// shares tells whether the tenant has a bucket together with another.
func (v *View) shares() bool {
	return slices.ContainsFunc(v.Tenant.Buckets, func(b config.Bucket) bool { return len(v.sharing(b.Name)) > 0 })
}

// sharing returns the other tenants that have a bucket of this one.
func (v *View) sharing(bucket string) []config.Tenant {
	var out []config.Tenant
	for _, t := range v.data.Config.Tenants {
		if t.ID != v.Tenant.ID && slices.ContainsFunc(t.Buckets, func(b config.Bucket) bool { return b.Name == bucket }) {
			out = append(out, t)
		}
	}
	return out
}

// principals resolves every requester of the slice, and finds those that
// belong to another tenant with whom a bucket is shared: by its mapping or by
// its account; and the strangers in such a bucket, who are neither ours nor theirs, with
// what is shown of them.
func (v *View) principals(ctx context.Context, query engine.Query) (own, others, strangers engine.Table, err error) {
	result, err := query(ctx, v.data.Catalog.tables["requesters"])
	if err != nil {
		return own, others, strangers, fmt.Errorf("list requesters: %w", err)
	}
	requesters, err := texts(result)
	if err != nil {
		return own, others, strangers, err
	}
	own = engine.Table{Name: "principals", Columns: columns("requester", engine.Text, "identity", engine.Text, "principal", engine.Text,
		"session", engine.Text, "account", engine.Text, "role", engine.Text, "mapped", engine.Bool, "named", engine.Bool, "backup", engine.Bool, "foreign_account", engine.Bool, "service", engine.Bool, "match", engine.Text)}
	others = engine.Table{Name: "other_requesters", Columns: columns("bucket", engine.Text, "requester", engine.Text, "shown", engine.Text)}
	strangers = engine.Table{Name: "strangers", Columns: columns("bucket", engine.Text, "requester", engine.Text, "shown", engine.Text)}
	for _, r := range requesters {
		id := identify(r, v.Tenant.Principals)
		mapped := id.role != ""
		backup := id.role == config.RoleBackup
		if len(v.Tenant.Principals) == 0 {
			backup = r != Anonymous && !isService(r) // with no mapping at all, who wrote is not asked
		}
		foreign := id.account != "" && len(v.Tenant.Accounts) > 0 && !slices.Contains(v.Tenant.Accounts, id.account)
		own.Rows = append(own.Rows, []any{r, id.name, id.principal, orNull(id.session), id.account, id.role, mapped, id.named, backup, foreign, isService(r), matchFor(id.name)})
		if mapped {
			continue
		}
		for _, b := range v.Tenant.Buckets {
			belongs := false
			for _, t := range v.sharing(b.Name) {
				theirs := slices.Contains(t.Accounts, id.account) && !slices.Contains(v.Tenant.Accounts, id.account)
				belongs = belongs || theirs || identify(r, t.Principals).role != ""
			}
			if belongs {
				others.Rows = append(others.Rows, []any{b.Name, r, anotherClient})
				continue
			}
			if len(v.sharing(b.Name)) == 0 || isService(r) || slices.Contains(v.Tenant.Accounts, id.account) {
				continue
			}
			shown := any(someone)
			switch {
			case r == Anonymous:
				shown = nil
			case foreign:
				shown = someoneForeign
			}
			strangers.Rows = append(strangers.Rows, []any{b.Name, r, shown})
		}
	}
	if len(others.Rows) > 0 {
		own.Rows = append(own.Rows, []any{anotherClient, anotherClient, anotherClient, nil, "", "", false, false, false, false, false, ""})
	}
	if len(strangers.Rows) > 0 {
		own.Rows = append(own.Rows, []any{someone, someone, someone, nil, "", "", false, false, false, false, false, ""},
			[]any{someoneForeign, someoneForeign, someoneForeign, nil, otherAccount, "", false, false, false, true, false, ""})
	}
	return own, others, strangers, nil
}

// usualRequesters are those from whom is learnt what is usual: who is in the mapping, also
// in that of a tenant who shares a bucket, or everyone where there is none.
func (v *View) usualRequesters(principals, others engine.Table) engine.Table {
	t := engine.Table{Name: "usual_requesters", Columns: columns("requester", engine.Text, "mapped", engine.Bool)}
	shared := map[any]bool{}
	for _, row := range others.Rows {
		shared[row[others.At("requester")]] = true
	}
	requester, mapped := principals.At("requester"), principals.At("mapped")
	for _, row := range principals.Rows {
		r := row[requester]
		t.Rows = append(t.Rows, []any{r, row[mapped] == true || shared[r] || len(v.Tenant.Principals) == 0})
	}
	return t
}

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

// shares tells whether the tenant has a bucket together with another.
func (v *Slice) shares() bool { return len(v.shared) > 0 }

// sharing returns the other tenants that have a bucket of this one.
func (v *Slice) sharing(bucket string) []config.Tenant { return v.shared[bucket] }

// sharedBuckets are those of a tenant that others have, too, with these.
func sharedBuckets(all []config.Tenant, own config.Tenant) map[string][]config.Tenant {
	out := map[string][]config.Tenant{}
	for _, t := range all {
		for _, b := range own.Buckets {
			if t.ID != own.ID && slices.ContainsFunc(t.Buckets, func(o config.Bucket) bool { return o.Name == b.Name }) {
				out[b.Name] = append(out[b.Name], t)
			}
		}
	}
	return out
}

// atOnce is how many requesters or addresses are held at a time. Whoever sends requests can
// make any number of them.
const atOnce = 10_000

// eachPart runs one of the statements behind the bound tables and hands on its rows in parts.
func eachPart[T any](ctx context.Context, e Engine, c *Catalog, name string, do func(part []T) error) error {
	var part []T
	each := func(do func([]string, []any) error) ([]string, error) { return e.Each(ctx, do, c.tables[name]) }
	err := eachRow(tableFile(name), each, func(row T) error {
		if part = append(part, row); len(part) < atOnce {
			return nil
		}
		defer func() { part = part[:0] }()
		return do(part)
	})
	if err != nil {
		return err
	}
	return do(part)
}

// whose are the tables that say who the requesters of a slice are.
type whose struct {
	principals engine.Table
	// others belong to another tenant with whom a bucket is shared, by its mapping or by its
	// account; strangers in such a bucket are neither ours nor theirs. Both with what is shown
	// of them.
	others, strangers engine.Table
	// own are the sessions of the role that bucketproof itself assumes for the tenant. Without
	// one nothing can be told to be its own.
	own engine.Table
	// usual are those from whom is learnt what is usual: who is in the mapping, also in that of
	// a tenant who shares a bucket, or everyone where there is none.
	usual engine.Table
}

func newWhose() *whose {
	return &whose{
		principals: engine.Table{Name: "principals",
			Columns: columns("requester", engine.Text, "identity", engine.Text, "principal", engine.Text,
				"session", engine.Text, "account", engine.Text, "role", engine.Text, "mapped", engine.Bool, "named",
				engine.Bool, "backup", engine.Bool,
				"foreign_account", engine.Bool, "service", engine.Bool, "match", engine.Text)},
		others: engine.Table{Name: "other_requesters",
			Columns: columns("bucket", engine.Text, "requester", engine.Text, "shown", engine.Text)},
		strangers: engine.Table{Name: "strangers", Columns: columns("bucket", engine.Text, "requester", engine.Text, "shown", engine.Text)},
		own:       engine.Table{Name: "own_requesters", Columns: columns("requester", engine.Text)},
		usual:     engine.Table{Name: "usual_requesters", Columns: columns("requester", engine.Text, "mapped", engine.Bool)},
	}
}

// load adds the rows to the tables of the engine, and holds none of them any more.
func (w *whose) load(ctx context.Context, e Engine) error {
	for _, t := range []*engine.Table{&w.principals, &w.others, &w.strangers, &w.own, &w.usual} {
		if err := e.Load(ctx, *t); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
		t.Rows = t.Rows[:0]
	}
	return nil
}

// loadPrincipals resolves every requester of the slice, and makes the tables that say who
// they are.
func (v *records) loadPrincipals(ctx context.Context, e Engine) error {
	v.mapped = newMapping(v.Tenant.Principals)
	v.theirs = map[string]*mapping{}
	for _, b := range v.Tenant.Buckets {
		for _, t := range v.sharing(b.Name) {
			v.theirs[t.ID] = newMapping(t.Principals)
		}
	}
	var self *mapping
	if v.Tenant.AWS.RoleARN != "" {
		self = newMapping([]config.Principal{{Match: v.Tenant.AWS.RoleARN, Name: "bucketproof", Role: config.RoleAudit}})
	}
	w := newWhose()
	if v.shares() { // then the view principals has those alone who are the tenant's to see
		w.principals.Name = "every_principal"
	}
	anyOther, anyStranger := false, false
	type row struct {
		Requester string `column:"requester"`
	}
	err := eachPart(ctx, e, v.data.Catalog, "requesters", func(part []row) error {
		for _, r := range part {
			v.resolve(w, r.Requester)
			if self != nil && self.identify(r.Requester).role != "" {
				w.own.Rows = append(w.own.Rows, []any{r.Requester})
			}
		}
		anyOther, anyStranger = anyOther || len(w.others.Rows) > 0, anyStranger || len(w.strangers.Rows) > 0
		v.readsItself = v.readsItself || len(w.own.Rows) > 0
		return w.load(ctx, e)
	})
	if err != nil {
		return fmt.Errorf("list requesters: %w", err)
	}
	if anyOther {
		w.principals.Rows = append(w.principals.Rows,
			[]any{anotherClient, anotherClient, anotherClient, nil, "", "", false, false, false, false, false, ""})
	}
	if anyStranger {
		w.principals.Rows = append(w.principals.Rows, []any{someone, someone, someone, nil, "", "", false, false, false, false, false, ""},
			[]any{someoneForeign, someoneForeign, someoneForeign, nil, otherAccount, "", false, false, false, true, false, ""})
	}
	return w.load(ctx, e)
}

// resolve adds who a requester is.
func (v *records) resolve(w *whose, r string) {
	id := v.mapped.identify(r)
	mapped := id.role != ""
	backup := id.role == config.RoleBackup
	if len(v.Tenant.Principals) == 0 {
		backup = r != Anonymous && !isService(r) // with no mapping at all, who wrote is not asked
	}
	foreign := id.account != "" && len(v.Tenant.Accounts) > 0 && !slices.Contains(v.Tenant.Accounts, id.account)
	w.principals.Rows = append(w.principals.Rows, []any{r, id.name, id.principal, orNull(id.session), id.account, id.role, mapped, id.named,
		backup, foreign, isService(r), matchFor(id.name)})
	usual := mapped || len(v.Tenant.Principals) == 0
	for _, b := range v.Tenant.Buckets {
		sharing := v.sharing(b.Name)
		if mapped || len(sharing) == 0 {
			continue
		}
		belongs := false
		for _, t := range sharing {
			of := slices.Contains(t.Accounts, id.account) && !slices.Contains(v.Tenant.Accounts, id.account)
			belongs = belongs || of || v.theirs[t.ID].identify(r).role != ""
		}
		if belongs {
			usual = true
			w.others.Rows = append(w.others.Rows, []any{b.Name, r, anotherClient})
			continue
		}
		if isService(r) || slices.Contains(v.Tenant.Accounts, id.account) {
			continue
		}
		shown := any(someone)
		switch {
		case r == Anonymous:
			shown = nil
		case foreign:
			shown = someoneForeign
		}
		w.strangers.Rows = append(w.strangers.Rows, []any{b.Name, r, shown})
	}
	w.usual.Rows = append(w.usual.Rows, []any{r, usual})
}

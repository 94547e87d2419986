package oracle

import (
	"slices"
	"strings"
	"time"
)

// incidents chooses what goes wrong, and on which days.
func (g *generator) incidents(beta bool) map[Date][]string {
	out := map[Date][]string{}
	kinds := []string{"missed", "failed", "some fail", "removed", "removed by admin", "removed by stranger",
		"expired early", "emptied", "zero", "uncompleted", "late",
		"huge", "tiny", "200 with an error", "outside prefix", "stranger reads", "stranger writes", "refused burst",
		"refused few", "anonymous", "anonymous refused", "many deletes",
		"admin deletes", "deletes outside", "unlogged multi-delete", "retention", "hold by admin", "overwritten",
		"overwritten by admin", "large put", "large read", "copied away",
		"odd agent", "one backer missing", "list outside", "self copy", "service reads", "lookalike", "lock only", "moved",
		"removed later", "other network", "weak transport", "sensitive", "reads at night", "folder made", "asks of the bucket"}
	if beta {
		kinds = kinds[:8]
	}
	n := pick(g, 0, 0, 1, 1, 2, 3, 4)
	if g.calm {
		n = 0
	}
	for range n {
		kind := pick(g, kinds...)
		d := Date{g.made.Year, g.made.Month, 1}.Add(g.IntN(28))
		days := pick(g, 1, 1, 1, 2, 5)
		for i := range days {
			out[d.Add(i)] = append(out[d.Add(i)], kind)
		}
		g.tell("%s: %s on %s for %d", g.bucket.Name, kind, d, days)
	}
	return out
}

// incident is something that happens beside the backups.
func (g *generator) incident(d Date, w interval, due bool, kind string) {
	b := g.bucket
	p := b.Prefixes[0]
	noon, _ := instant(d.Y, d.M, d.D, 11*60+g.IntN(200), b.zone)
	if due && g.chance(0.3) {
		noon = w.from.Add(20 * time.Minute)
	}
	there := make([]string, 0, len(b.keys))
	for key, since := range b.keys {
		if since.Before(noon) {
			there = append(there, key)
		}
	}
	slices.Sort(there)
	times := func(n int, step time.Duration, r request) {
		for i := range n {
			x := r
			x.at, x.kind = noon.Add(time.Duration(i)*step), kind
			x.key = strings.ReplaceAll(r.key, "#", number(i))
			g.log(x)
		}
	}
	who := pick(g, strangers...)
	switch kind {
	case "outside prefix":
		times(3, time.Minute, request{who: pick(g, backupRole+"veeam", who), op: "REST.PUT.OBJECT",
			key: "finance/#.xls", size: "5000", agent: "MyBackup"})
	case "stranger reads":
		times(4, time.Minute, request{who: who, op: "REST.GET.OBJECT", key: p + "x#", sent: "700", size: "700"})
	case "lookalike":
		times(2, time.Minute, request{who: pick(g, otherRole, longerRole, likeUser), op: "REST.PUT.OBJECT",
			key: p + d.String() + "/look#", size: "7000000"})
	case "stranger writes":
		times(2, time.Minute, request{who: who, op: "REST.PUT.OBJECT", key: p + d.String() + "/s#", size: "7000"})
	case "refused burst":
		times(14, time.Minute, request{who: pick(g, who, adminUser), op: "REST.GET.OBJECT", key: p + "x",
			status: "403", code: "AccessDenied", sent: "243"})
	case "refused few":
		times(4, 5*time.Minute, request{who: who, op: "REST.GET.OBJECT", key: p + "x#", status: "403",
			code: "AccessDenied", sent: "243"})
	case "anonymous":
		times(2, time.Minute, request{who: anonymous, op: "REST.GET.OBJECT", key: p + "x#", sent: "100"})
	case "anonymous refused":
		times(3, time.Minute, request{who: anonymous, op: "REST.GET.OBJECT", key: p + "x#", status: "403", code: "AccessDenied"})
	case "many deletes":
		n := min(len(there), 20+g.IntN(60))
		g.remove(pick(g, backupRole+"veeam", adminUser, stranger), there[:n], noon, kind)
		for _, key := range there[:n] {
			delete(b.keys, key)
		}
	case "admin deletes":
		if len(there) > 0 {
			g.log(request{at: noon, who: adminUser, op: "REST.DELETE.OBJECT", key: there[0], status: "204", kind: kind})
			delete(b.keys, there[0])
		}
	case "deletes outside":
		if len(there) > 1 {
			g.log(request{at: noon, who: backupRole + "veeam", op: "REST.DELETE.OBJECT", key: there[1], status: "204", kind: kind})
			delete(b.keys, there[1])
		}
	case "unlogged multi-delete":
		g.remove(pick(g, backupRole+"veeam", adminUser), nil, noon, kind)
	case "retention":
		times(3, time.Minute, request{who: backupRole + "veeam", op: "REST.PUT.OBJECT_LOCK_RETENTION", key: p + "x#",
			query: "?retention"})
	case "hold by admin":
		times(1, time.Minute, request{who: adminUser, op: "REST.PUT.OBJECT_LOCK_LEGALHOLD", key: p + "x#", query: "?legal-hold"})
	case "overwritten", "overwritten by admin":
		by := backupRole + "veeam"
		if kind == "overwritten by admin" {
			by = adminUser
		}
		for i, key := range there[:min(len(there), 4)] {
			g.log(request{at: noon.Add(time.Duration(i) * time.Minute), who: by, op: "REST.PUT.OBJECT", key: key,
				size: "777", kind: kind})
		}
	case "large put":
		times(1, time.Minute, request{who: pick(g, adminUser, backupRole+"veeam", who), op: "REST.PUT.OBJECT",
			key: p + d.String() + "/big#", size: "2147483648"})
	case "large read":
		times(20, time.Minute, request{who: pick(g, adminUser, auditRole), op: "REST.GET.OBJECT", key: p + "x#",
			sent: "700000000", size: "700000000"})
	case "copied away":
		times(20, time.Minute, request{who: pick(g, adminUser, backupRole+"veeam"), op: "REST.COPY.OBJECT_GET",
			key: p + "x#", size: "700000000"})
	case "odd agent":
		times(3, time.Minute, request{who: adminUser, op: "REST.GET.OBJECT", key: p + "x#", sent: "10", agent: "curl/8.1 [test]"})
	case "list outside":
		times(2, time.Minute, request{who: adminUser, op: "REST.GET.BUCKET", query: "?list-type=2&prefix=finance%2F", sent: "900"})
	case "other network":
		times(3, time.Minute, request{who: pick(g, backupRole+"veeam", adminUser, stranger, "svc:cloudfront.amazonaws.com"),
			op: "REST.GET.OBJECT", key: p + "x#", sent: "10", ip: pick(g, "198.51.100.9", "2001:db8::7")})
		times(2, 2*time.Minute, request{who: stranger, op: "REST.GET.OBJECT", key: p + "x#", status: "403",
			code: "AccessDenied", ip: "198.51.100.10"})
	case "weak transport":
		times(2, time.Minute, request{who: adminUser, op: "REST.GET.OBJECT", key: p + "x#", sent: "10", tls: pick(g,
			"SigV4 ECDHE-RSA-AES128-SHA AuthHeader x.s3.eu-west-1.amazonaws.com TLSv1.1 - -",
			"SigV2 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader x.s3.eu-west-1.amazonaws.com TLSv1.2 - -",
			"SigV4 - AuthHeader x.s3.eu-west-1.amazonaws.com - - -", "SigV4 - AuthHeader - - - -",
			"SigV4 TLS_AES_128_GCM_SHA256 AuthHeader x.s3.eu-west-1.amazonaws.com TLSv1.3 - -")})
	case "asks of the bucket":
		who := pick(g, stranger, likeUser, otherRole, anonymous, strangers[len(strangers)-1])
		times(2, time.Minute, request{who: who, op: "REST.GET.BUCKET", query: "?list-type=2", sent: "900"})
		times(1, time.Minute, request{who: who, op: "REST.GET.BUCKETPOLICY", query: "?policy", status: "403", code: "AccessDenied"})
		times(1, time.Minute, request{who: who, op: "REST.GET.OBJECT", key: "nowhere/x", sent: "900"})
	case "folder made":
		times(1, time.Minute, request{who: pick(g, adminUser, stranger, backupRole+"veeam"), op: "REST.PUT.OBJECT",
			key: p + "made/", size: "0"})
	case "sensitive":
		times(2, time.Minute, request{who: pick(g, adminUser, stranger, auditRole), op: pick(g, "REST.GET.OBJECT", "REST.HEAD.OBJECT"),
			key: pick(g, p+"catalogue", "finance/x.xls", p+"catalogue.vbm"), sent: "10"})
	case "reads at night":
		noon, _ = instant(d.Y, d.M, d.D, 23*60+g.IntN(59), b.zone)
		times(3, 30*time.Second, request{who: pick(g, adminUser, auditRole, backupRole+"veeam", stranger), op: "REST.GET.OBJECT",
			key: p + "x#", sent: "10", status: pick(g, "200", "206", "304")})
	case "service reads":
		times(3, time.Minute, request{who: "svc:cloudfront.amazonaws.com", op: "REST.GET.OBJECT", key: p + "x#", sent: "900"})
	}
}

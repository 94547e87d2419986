package demo

import (
	"fmt"
	"strings"
	"time"
)

// tenant is a made-up client. Its traffic and its trouble follow from it.
type tenant struct {
	id, name, zone, account, region string
	language, paper                 string // of its packets
	owner                           string // canonical user ID of the bucket owner
	backupRole, restoreUser         string // ARNs; the role gets a session name
	backupName, restoreName         string
	agent                           string // of the backup tool
	patterns                        []string
	buckets                         []bucket
	trouble                         func(*traffic)
	witnesses                       bool // it has a trail, metrics and backup reports
}

type bucket struct {
	name, logs, prefix string
	partitioned        bool // log objects under ACCOUNT/REGION/BUCKET/YYYY/MM/DD/
	records            int  // in all, planted ones included
	folders            []string
}

var tenants = []tenant{
	{
		id: "acme", name: "Acme Dental", zone: "America/Chicago", account: "111122223333", region: "us-east-1",
		language: "en", paper: "Letter",
		owner:      strings.Repeat("a1c3e57b", 8),
		backupRole: "arn:aws:sts::111122223333:assumed-role/BackupRole", restoreUser: "arn:aws:iam::111122223333:user/restore-operator",
		backupName: "Nightly backup role", restoreName: "Restore operator",
		agent:    "APN/1.0 Veeam/1.0 VeeamBackup/12.1.2",
		patterns: []string{"*VeeamBackup*", "aws-cli/*", "S3Console/*", "EvidenceMonitor/*"},
		buckets: []bucket{
			{name: "acme-backups", logs: "acme-backups/", prefix: "veeam/", records: 50_000,
				folders: []string{"Server01", "Server02", "Practice%20DB"}},
			{name: "acme-sql-dumps", logs: "acme-sql-dumps/", prefix: "dumps/", partitioned: true, records: 20_000,
				folders: []string{"charts", "billing"}},
		},
		trouble: troubleAtAcme,
	},
	{
		id: "lodz", name: "Łódź & Ελλάς Logistics", zone: "Europe/Warsaw", account: "222233334444",
		region: "eu-central-1", language: "en", paper: "A4",
		owner:      strings.Repeat("0b5d2f91", 8),
		backupRole: "arn:aws:sts::222233334444:assumed-role/NocneKopie", restoreUser: "arn:aws:iam::222233334444:user/odtwarzanie",
		backupName: "Nocne kopie (Łódź)", restoreName: "Αποκατάσταση (Ελλάς)",
		agent:    "APN/1.0 Veeam/1.0 VeeamBackup/12.1.2",
		patterns: []string{"*VeeamBackup*", "aws-cli/*", "EvidenceMonitor/*"},
		buckets: []bucket{
			{name: "lodz-archiwum", logs: "lodz-archiwum/", prefix: "kopie/", records: 25_000,
				folders: []string{"%C5%81%C3%B3d%C5%BA", "%CE%95%CE%BB%CE%BB%CE%AC%CF%82"}},
		},
		trouble: troubleAtLodz, witnesses: true,
	},
	{
		id: "zurich-cafe", name: "Zürich Café", zone: "Europe/Zurich", account: "555566667777",
		region: "eu-central-2", language: "de", paper: "A4",
		owner:      strings.Repeat("7e9a4c20", 8),
		backupRole: "arn:aws:sts::555566667777:assumed-role/NightlyBackup", restoreUser: "arn:aws:iam::555566667777:user/restore",
		backupName: "Nächtliche Sicherung", restoreName: "Wiederherstellung",
		agent:    "APN/1.0 Veeam/1.0 VeeamBackup/12.1.2",
		patterns: []string{"*VeeamBackup*", "aws-cli/*", "EvidenceMonitor/*"},
		buckets: []bucket{
			{name: "zuerich-cafe-backups", logs: "zuerich-cafe-backups/", prefix: "veeam/", records: 25_000,
				folders: []string{"Z%C3%BCrich%20Caf%C3%A9", "Kasse"}},
		},
		trouble: func(*traffic) {},
	},
}

func (t *tenant) location() *time.Location {
	loc, err := time.LoadLocation(t.zone)
	if err != nil {
		panic(err) // the zones are constants above, and package config embeds them all
	}
	return loc
}

// monitor is the read-only role with which the MSP looks at the buckets.
func (t *tenant) monitor() string {
	return "arn:aws:sts::" + t.account + ":assumed-role/EvidenceMonitor/probe"
}

func (t *tenant) admin() string { return "arn:aws:iam::" + t.account + ":user/storage-admin" }

// configText is the demo's config.toml. Its URLs are relative, so that nothing
// in a packet depends on where the demo runs.
func configText(witnesses bool) string {
	var b strings.Builder
	b.WriteString("# Made by `bucketproof demo`. A commented example of every key: `bucketproof init`.\n\ntimezone " +
		"= \"UTC\"\n\n[evidence]\nurl = \"file:packets\"\nlock_mode = \"\"\n\n[report]\nmsp = \"Northwind Managed IT\"\n")
	for _, t := range tenants {
		fmt.Fprintf(&b, "\n[[tenant]]\nid = %q\nname = %q\ntimezone = %q\nlanguage = %q\npaper = %q\naccounts = [%q]\nuser_agents = [%s]\n",
			t.id, t.name, t.zone, t.language, t.paper, t.account, quoted(t.patterns))
		if witnesses && t.witnesses {
			fmt.Fprintf(&b,
				"cloudtrail = \"file:trail/\"\ncloudtrail_keys = \"cloudtrail-keys.json\"\napproved_changes = "+
					"\"changes.csv\"\nmetrics_file = \"metrics.csv\"\nbackup_reports = %q\n", "file:reports/"+t.id+"/")
		}
		for _, bk := range t.buckets {
			fmt.Fprintf(&b,
				"\n  [[tenant.bucket]]\n  name = %q\n  logs = %q\n  prefixes = [%q]\n  window = { start = \"22:00\", end = \"06:00\" }\n",
				bk.name, "file:logs/"+bk.logs, bk.prefix)
		}
		for _, p := range [][3]string{
			{t.backupRole + "/*", t.backupName, "backup"},
			{t.restoreUser, t.restoreName, "restore"},
			{t.admin(), "Storage administrator", "admin"},
			{"arn:aws:sts::" + t.account + ":assumed-role/EvidenceMonitor/*", "Evidence monitor", "audit"},
			{"AmazonS3", "S3 lifecycle", "service"},
		} {
			fmt.Fprintf(&b, "\n  [[tenant.principal]]\n  match = %q\n  name = %q\n  role = %q\n", p[0], p[1], p[2])
		}
		fmt.Fprintf(&b, "\n  [[tenant.contact]]\n  name = \"Dana Reyes\"\n  email = \"dana@%s.example\"\n  role = \"auditor\"\n", t.id)
	}
	return b.String()
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(out, ", ")
}

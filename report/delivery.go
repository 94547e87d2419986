package report

import (
	"context"

	"bucketproof/internal/state"
	"bucketproof/report/draw"
)

// Delivery is what became of a mail that brought an earlier packet to a contact.
type Delivery struct {
	At      string `json:"at"`     // local time of the tenant
	Packet  string `json:"packet"` // month, and revision past the first
	Contact string `json:"contact"`
	Email   string `json:"email"`
	Role    string `json:"role"`
	Outcome string `json:"outcome"` // sent or refused
}

// Download is a use of a link to the download page of an earlier packet.
type Download struct {
	At      string `json:"at"` // local time of the tenant
	Packet  string `json:"packet"`
	Contact string `json:"contact"` // whose link it was
	Email   string `json:"email"`
	File    string `json:"file"` // "" for the page itself
	Address string `json:"address"`
}

// addDelivery tells who was sent packets in the month, and who opened them.
func (p *Packet) addDelivery(ctx context.Context, s *state.State) error {
	mails, err := s.Mails.Between(ctx, p.Tenant.ID, p.Range.Start(), p.Range.End())
	if err != nil {
		return err
	}
	for _, m := range mails {
		p.Deliveries = append(p.Deliveries,
			Delivery{At: p.local(m.Ended), Packet: PacketName(m.Month, m.Revision), Contact: m.Name, Email: m.Email,
				Role: m.Role, Outcome: m.Status})
	}
	uses, err := s.Links.Uses(ctx, p.Tenant.ID, p.Range.Start(), p.Range.End())
	if err != nil {
		return err
	}
	for _, u := range uses {
		p.Downloads = append(p.Downloads,
			Download{At: p.local(u.At), Packet: PacketName(u.Link.Month, u.Link.Revision), Contact: u.Link.Name,
				Email: u.Link.Email, File: u.File, Address: u.Address})
	}
	return nil
}

// delivery says to whom earlier packets went in the month.
func (d *pages) delivery(s section) error {
	p := d.p
	d.begin(s, 30)
	if len(p.Deliveries) == 0 {
		d.Text(p.say("delivery.no-mail"))
	} else {
		var rows [][]draw.Cell
		for _, m := range p.Deliveries[:min(len(p.Deliveries), maxRows)] {
			mark := draw.OK
			if m.Outcome != state.MailSent {
				mark = draw.Attention
			}
			rows = append(rows, []draw.Cell{{Text: m.At}, {Text: m.Packet}, {Text: m.Contact + " " + m.Email},
				{Text: p.say("delivery.role." + m.Role)}, {Text: p.say("delivery." + m.Outcome), Mark: mark}})
		}
		d.Draw(d.NewTable(draw.Column{Head: p.say("head.when"), Width: 28},
			draw.Column{Head: p.say("head.packet"), Width: 24}, draw.Column{Head: p.say("head.contact"), Width: 70},
			draw.Column{Head: p.say("head.role"), Width: 28}, draw.Column{Head: p.say("head.outcome"), Width: 26}), rows)
		d.Note(p.rowsNote(len(rows), len(p.Deliveries)) + ".")
	}
	d.Space(2)
	if len(p.Downloads) == 0 {
		d.Text(p.say("delivery.no-use"))
	} else {
		var rows [][]draw.Cell
		for _, u := range p.Downloads[:min(len(p.Downloads), maxRows)] {
			file := u.File
			if file == "" {
				file = p.say("delivery.page")
			}
			rows = append(rows, draw.Cells(u.At, u.Packet, u.Contact+" "+u.Email, file, u.Address))
		}
		d.Draw(d.NewTable(draw.Column{Head: p.say("head.when"), Width: 28},
			draw.Column{Head: p.say("head.packet"), Width: 24}, draw.Column{Head: p.say("head.link-of"), Width: 60},
			draw.Column{Head: p.say("head.file"), Width: 36}, draw.Column{Head: p.say("head.address"), Width: 28, Mono: true}), rows)
		d.Note(p.rowsNote(len(rows), len(p.Downloads)) + ". " + p.say("delivery.note"))
	}
	return nil
}

package accesslog

import "bucketproof/internal/dataset"

// parseTime reads [02/Jan/2006:15:04:05 +0000] as milliseconds since 1970 UTC.
// S3 always writes +0000; another offset is honoured.
func parseTime(b []byte) (int64, bool) {
	if len(b) != timeLength || b[0] != '[' || b[3] != '/' || b[7] != '/' || b[12] != ':' || b[15] != ':' ||
		b[18] != ':' || b[21] != ' ' || b[27] != ']' || b[22] != '+' && b[22] != '-' {
		return 0, false
	}
	month := monthOf(b[4:7])
	day, century, inCentury := two(b[1], b[2]), two(b[8], b[9]), two(b[10], b[11])
	hour, minute, second := two(b[13], b[14]), two(b[16], b[17]), two(b[19], b[20])
	offHour, offMinute := two(b[23], b[24]), two(b[25], b[26])
	year := 100*century + inCentury
	// One that is no number is negative, and so is what it is or'ed with.
	if day|century|inCentury|hour|minute|second|offHour|offMinute < 0 || year < 1970 || month == 0 || day < 1 ||
		day > daysIn(year, month) ||
		hour > 23 || minute > 59 || second > 60 || offHour > 14 || offMinute > 59 {
		return 0, false
	}
	offset := (offHour*60 + offMinute) * 60
	if b[22] == '-' {
		offset = -offset
	}
	seconds := int64(daysSince1970(year, month, day))*86400 + int64(hour*3600+minute*60+second-offset)
	return seconds * 1000, dataset.ValidTime(seconds * 1000)
}

// two is the number of two digits, negative where they are none.
func two(tens, ones byte) int {
	t, o := tens-'0', ones-'0'
	if t > 9 || o > 9 {
		return -1
	}
	return int(t)*10 + int(o)
}

func monthOf(b []byte) int {
	switch string(b) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts days of the proleptic Gregorian calendar, with years
// that begin in March so that the leap day is the last of a year.
func daysSince1970(year, month, day int) int {
	if month <= 2 {
		year--
		month += 12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
}

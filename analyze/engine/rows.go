package engine

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Rows reads rows of a statement into T, a struct whose fields name their columns:
//
//	type night struct {
//		Bucket string    `column:"bucket"`
//		First  time.Time `column:"known_first,null"`  // zero where the column is NULL
//		Share  *float64  `column:"share"`             // nil where it is NULL
//		Who    []string  `column:"who,optional"`      // nil where it is NULL, or the statement has no such column
//	}
//
// Fields are string, int64, float64, bool, time.Time or []string, as the cells of a [Result], or
// pointers to numbers. Those of an embedded struct count, too; columns that no field names are
// passed over. A column that is missing or that holds something else is an error that names it
// and the statement, and tells nothing of what it holds.
func Rows[T any](statement string, columns []string, rows [][]any) ([]T, error) {
	r, err := NewRowReader[T](statement, columns)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(rows))
	for i, cells := range rows {
		if err := r.Read(cells, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ColumnOf reads one column of the rows of a statement, none of which may be NULL.
func ColumnOf[V any](statement string, columns []string, rows [][]any, name string) ([]V, error) {
	at, err := columnAt(statement, columns, name)
	if err != nil {
		return nil, err
	}
	out := make([]V, len(rows))
	for i, cells := range rows {
		if err := set(statement, name, &out[i], cells[at]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// columnAt is the position of a column that must be there once.
func columnAt(statement string, columns []string, name string) (int, error) {
	at := slices.Index(columns, name)
	if at < 0 {
		return at, fmt.Errorf("%s: it has no column %s, which is needed; its columns are %s", statement, name,
			strings.Join(columns, ", "))
	}
	if slices.Contains(columns[at+1:], name) {
		return at, fmt.Errorf("%s: two of its columns are named %s; give one another name", statement, name)
	}
	return at, nil
}

// RowReader does what [Rows] does, for rows that come one by one.
type RowReader[T any] struct {
	statement string
	fields    []rowField
}

// rowField is a field of T and its column.
type rowField struct {
	name  string
	index []int // of the field, see reflect.Value.FieldByIndex
	at    int   // of the column; -1 where the statement has none
	null  bool
}

// NewRowReader finds the columns of T among those of a statement.
func NewRowReader[T any](statement string, columns []string) (*RowReader[T], error) {
	r := &RowReader[T]{statement: statement, fields: fieldsOf[T]()}
	for i := range r.fields {
		f := &r.fields[i]
		if f.at < 0 && !slices.Contains(columns, f.name) {
			continue // optional
		}
		var err error
		if f.at, err = columnAt(statement, columns, f.name); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// fieldsOf are the fields of T that name a column; at is -1 for optional ones.
func fieldsOf[T any]() []rowField {
	var out []rowField
	t := reflect.TypeFor[T]()
	for _, f := range reflect.VisibleFields(t) {
		tag, ok := f.Tag.Lookup("column")
		if !ok {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		field := rowField{name: name, index: f.Index, null: f.Type.Kind() == reflect.Pointer}
		switch option {
		case "":
		case "null":
			field.null = true
		case "optional":
			field.null, field.at = true, -1
		default:
			panic(fmt.Sprintf("%s.%s: unknown option %q of a column", t, f.Name, option))
		}
		out = append(out, field)
	}
	return out
}

// Read reads the cells of a row.
func (r *RowReader[T]) Read(cells []any, into *T) error {
	row := reflect.ValueOf(into).Elem()
	for i := range r.fields {
		f := &r.fields[i]
		var cell any
		if f.at >= 0 {
			cell = cells[f.at]
		}
		to := row.FieldByIndex(f.index)
		if cell == nil && f.null {
			to.SetZero()
			continue
		}
		if err := set(r.statement, f.name, to.Addr().Interface(), cell); err != nil {
			return err
		}
	}
	return nil
}

// ColumnsOf are the columns that the fields of T name, for a table whose rows [CellsOf] makes.
func ColumnsOf[T any]() []Column {
	var out []Column
	for _, f := range fieldsOf[T]() {
		kind, ok := fieldTypes[reflect.TypeFor[T]().FieldByIndex(f.index).Type]
		if !ok {
			panic(fmt.Sprintf("no column can be made of %s in %s", f.name, reflect.TypeFor[T]()))
		}
		out = append(out, Column{f.name, kind})
	}
	return out
}

var fieldTypes = map[reflect.Type]string{reflect.TypeFor[string](): Text, reflect.TypeFor[int64](): Int,
	reflect.TypeFor[float64](): Double, reflect.TypeFor[bool](): Bool, reflect.TypeFor[time.Time](): Time}

// CellsOf are what the fields of T hold, in the order of [ColumnsOf].
func CellsOf[T any](from *T) []any {
	fields := fieldsOf[T]()
	out := make([]any, len(fields))
	for i, f := range fields {
		out[i] = reflect.ValueOf(from).Elem().FieldByIndex(f.index).Interface()
	}
	return out
}

// set puts a cell of a column where a field points, if it is what the field takes.
func set(statement, column string, to, cell any) error {
	ok, want := false, ""
	switch to := to.(type) {
	case *string:
		*to, ok = cell.(string)
		want = aText
	case *int64:
		*to, ok = cell.(int64)
		want = anInteger
	case *float64:
		*to, ok = cell.(float64)
		want = aNumber
	case **int64:
		var n int64
		n, ok = cell.(int64)
		*to, want = &n, anInteger
	case **float64:
		var n float64
		n, ok = cell.(float64)
		*to, want = &n, aNumber
	case *bool:
		*to, ok = cell.(bool)
		want = aBool
	case *time.Time:
		*to, ok = cell.(time.Time)
		want = anInstant
	case *[]string:
		*to, ok = cell.([]string)
		want = aList
	default:
		panic(fmt.Sprintf("%s: no column can be read into %T", statement, to))
	}
	if !ok {
		return fmt.Errorf("%s: column %s is %s, where %s is needed", statement, column, described(cell), want)
	}
	return nil
}

// Cells of a [Result], for people.
const (
	aText     = "a text"
	anInteger = "a whole number"
	aNumber   = "a number with a fraction"
	aBool     = "true or false"
	anInstant = "a time"
	aList     = "a list of texts"
)

func described(cell any) string {
	switch cell.(type) {
	case nil:
		return "NULL"
	case string:
		return aText
	case int64:
		return anInteger
	case float64:
		return aNumber
	case bool:
		return aBool
	case time.Time:
		return anInstant
	case []string:
		return aList
	}
	return fmt.Sprintf("a %T", cell)
}

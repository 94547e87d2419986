package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Parser reads SQL without running it. Close it.
type Parser struct{ db *sql.DB }

// NewParser opens one.
func NewParser() (*Parser, error) {
	db, err := sql.Open("duckdb", "")
	return &Parser{db}, err
}

// Close releases it.
func (p *Parser) Close() error { return p.db.Close() }

// Names are what a statement names, as DuckDB reads it: in lower case, sorted, each once.
type Names struct {
	Tables         []string // tables, views and files; SCHEMA.NAME where a schema is given
	Local          []string // statements that it names itself (WITH)
	Functions      []string
	TableFunctions []string // those that stand for a table
	Shows          bool     // it describes a table, or lists them
}

// Parse tells what a statement names. An error tells what is no SQL, and anything but one
// SELECT.
func (p *Parser) Parse(ctx context.Context, sql string) (names Names, err error) {
	var answer string
	// DuckDB writes a parsed statement as JSON, and only SELECTs.
	if err := p.db.QueryRowContext(ctx, "SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)", sql).Scan(&answer); err != nil {
		return names, err
	}
	var parsed struct {
		Error      bool   `json:"error"`
		Type       string `json:"error_type"`
		Message    string `json:"error_message"`
		Statements []any  `json:"statements"`
	}
	if err := json.Unmarshal([]byte(answer), &parsed); err != nil {
		return names, err
	}
	switch {
	case parsed.Error && parsed.Type == "not implemented":
		return names, errors.New("it is no SELECT; a saved query is one SELECT, or WITH … SELECT")
	case parsed.Error:
		return names, fmt.Errorf("it is no SQL: %s", parsed.Message)
	case len(parsed.Statements) != 1:
		return names, fmt.Errorf("it holds %d statements; a saved query is one SELECT", len(parsed.Statements))
	}
	names.walk(parsed.Statements[0])
	for _, list := range []*[]string{&names.Tables, &names.Local, &names.Functions, &names.TableFunctions} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return names, nil
}

// text is a member of a part of the tree, in lower case; "" where there is none.
func text(part any, member string) string {
	m, ok := part.(map[string]any)
	if !ok {
		return ""
	}
	s, ok := m[member].(string)
	if !ok {
		return ""
	}
	return strings.ToLower(s)
}

// walk gathers the names of a part of the tree. What lacks its name has the name "", which is
// on no list.
func (n *Names) walk(node any) {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			n.walk(child)
		}
	case map[string]any:
		switch node["type"] {
		case "BASE_TABLE":
			name := text(node, "table_name")
			for _, outer := range []string{text(node, "schema_name"), text(node, "catalog_name")} {
				if outer != "" {
					name = outer + "." + name
				}
			}
			n.Tables = append(n.Tables, name)
		case "TABLE_FUNCTION":
			n.TableFunctions = append(n.TableFunctions, text(node["function"], "function_name"))
		case "SHOW_REF":
			n.Shows = true
		}
		if node["class"] == "FUNCTION" || node["class"] == "WINDOW" {
			n.Functions = append(n.Functions, text(node, "function_name"))
		}
		if ctes, ok := node["cte_map"].(map[string]any); ok {
			if list, ok := ctes["map"].([]any); ok {
				for _, entry := range list {
					n.Local = append(n.Local, text(entry, "key"))
				}
			}
		}
		for _, child := range node {
			n.walk(child)
		}
	}
}

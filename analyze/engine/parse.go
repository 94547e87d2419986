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
func (p *Parser) Parse(ctx context.Context, text string) (names Names, err error) {
	var answer string
	// DuckDB writes a parsed statement as JSON, and only SELECTs.
	if err := p.db.QueryRowContext(ctx, "SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)", text).Scan(&answer); err != nil {
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

// walk gathers the names of a part of the tree.
func (n *Names) walk(node any) {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			n.walk(child)
		}
	case map[string]any:
		text := func(key string) string {
			s, _ := node[key].(string) // null where there is none
			return strings.ToLower(s)
		}
		switch node["type"] {
		case "BASE_TABLE":
			name := text("table_name")
			for _, outer := range []string{text("schema_name"), text("catalog_name")} {
				if outer != "" {
					name = outer + "." + name
				}
			}
			n.Tables = append(n.Tables, name)
		case "TABLE_FUNCTION":
			if f, ok := node["function"].(map[string]any); ok {
				name, _ := f["function_name"].(string)
				n.TableFunctions = append(n.TableFunctions, strings.ToLower(name))
			}
		case "SHOW_REF":
			n.Shows = true
		}
		if node["class"] == "FUNCTION" || node["class"] == "WINDOW" {
			n.Functions = append(n.Functions, text("function_name"))
		}
		if ctes, ok := node["cte_map"].(map[string]any); ok {
			list, _ := ctes["map"].([]any)
			for _, entry := range list {
				if e, ok := entry.(map[string]any); ok {
					key, _ := e["key"].(string)
					n.Local = append(n.Local, strings.ToLower(key))
				}
			}
		}
		for _, child := range node {
			n.walk(child)
		}
	}
}

package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// Parse reads SQL without running it. An error tells what is no SQL, and
// anything but one SELECT.
func Parse(ctx context.Context, text string) (err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var answer string
	// DuckDB writes a parsed statement as JSON, and only SELECTs.
	if err := db.QueryRowContext(ctx, "SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)", text).Scan(&answer); err != nil {
		return err
	}
	var parsed struct {
		Error      bool              `json:"error"`
		Type       string            `json:"error_type"`
		Message    string            `json:"error_message"`
		Statements []json.RawMessage `json:"statements"`
	}
	if err := json.Unmarshal([]byte(answer), &parsed); err != nil {
		return err
	}
	switch {
	case parsed.Error && parsed.Type == "not implemented":
		return errors.New("it is no SELECT; a saved query is one SELECT, or WITH … SELECT")
	case parsed.Error:
		return fmt.Errorf("it is no SQL: %s", parsed.Message)
	case len(parsed.Statements) != 1:
		return fmt.Errorf("it holds %d statements; a saved query is one SELECT", len(parsed.Statements))
	}
	return nil
}

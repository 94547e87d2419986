package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// fault is one change of one file: the bytes from start to end become text.
type fault struct {
	file       string // from the root of the repository
	path       string
	line       int
	function   string
	kind       int
	start, end int
	body       [2]int // the braces of the function around it; zero where it can't be chosen while a test runs
	old, text  string
}

// The kinds of faults.
const (
	negated    = iota // if x becomes if !(x)
	compared          // < becomes <=, == becomes != ...
	joined            // && becomes ||
	calculated        // + becomes -, ++ becomes --
	offByOne          // 3 becomes 4
	flipped           // true becomes false
	dropped           // a call or an assignment is left out
	swapped           // f(a, b) becomes f(b, a)
	returned          // an early return, with its condition, is left out
	swallowed         // return err becomes return nil
	left              // break becomes continue
	unset             // a field of a literal is left out
	kinds
)

var operators = map[token.Token]struct {
	kind int
	text []string
}{
	token.EQL:  {compared, []string{"!="}},
	token.NEQ:  {compared, []string{"=="}},
	token.LSS:  {compared, []string{"<=", ">="}},
	token.LEQ:  {compared, []string{"<", ">"}},
	token.GTR:  {compared, []string{">=", "<="}},
	token.GEQ:  {compared, []string{">", "<"}},
	token.LAND: {joined, []string{"||"}},
	token.LOR:  {joined, []string{"&&"}},
	token.ADD:  {calculated, []string{"-"}},
	token.SUB:  {calculated, []string{"+"}},
	token.MUL:  {calculated, []string{"/"}},
	token.QUO:  {calculated, []string{"*"}},
}

// String is what a survivor's line says.
func (f fault) String() string {
	return fmt.Sprintf("%s:%d %s", f.file, f.line, f.change())
}

// key names the fault whatever line it stands on.
func (f fault) key() string { return f.file + " " + f.change() }

func (f fault) change() string {
	text := short(f.text)
	if text == "" {
		text = "(left out)"
	}
	return fmt.Sprintf("%s: %s -> %s", f.function, short(f.old), text)
}

// short is source on one line, with a bound.
func short(source string) string {
	s := []rune(strings.Join(strings.Fields(source), " "))
	if len(s) > 90 {
		s = append(s[:87], []rune("...")...)
	}
	return string(s)
}

// find returns all faults that can be put into a file, by kind.
func find(name, path string, source []byte, files *token.FileSet, tree *ast.File) [kinds][]fault {
	s := &search{name: name, path: path, source: source, files: files}
	for _, d := range tree.Decls {
		s.function, s.body = "package", [2]int{}
		if f, ok := d.(*ast.FuncDecl); ok {
			s.function = f.Name.Name
			if f.Body == nil {
				continue
			}
			if !labelled(f.Body) {
				s.body = [2]int{files.Position(f.Body.Pos()).Offset, files.Position(f.Body.End()).Offset}
			}
		}
		ast.Inspect(d, s.visit)
	}
	return s.found
}

// labelled tells whether a function has labels, which can't stand in it twice.
func labelled(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		if _, ok := n.(*ast.LabeledStmt); ok {
			found = true
		}
		return !found
	})
	return found
}

// search gathers the faults of one file.
type search struct {
	name, path, function string
	body                 [2]int
	source               []byte
	files                *token.FileSet
	found                [kinds][]fault
}

func (s *search) text(n ast.Node) string {
	return string(s.source[s.files.Position(n.Pos()).Offset:s.files.Position(n.End()).Offset])
}

func (s *search) add(kind int, from, to token.Pos, text string) {
	start, end := s.files.Position(from), s.files.Position(to)
	s.found[kind] = append(s.found[kind], fault{
		file: s.name, path: s.path, line: start.Line, function: s.function, kind: kind, body: s.body,
		start: start.Offset, end: end.Offset, old: string(s.source[start.Offset:end.Offset]), text: text,
	})
}

func (s *search) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ImportSpec, *ast.Field:
		return false
	case *ast.IfStmt:
		s.add(negated, n.Cond.Pos(), n.Cond.End(), "!("+s.text(n.Cond)+")")
	case *ast.ForStmt:
		if n.Cond != nil {
			s.add(negated, n.Cond.Pos(), n.Cond.End(), "!("+s.text(n.Cond)+")")
		}
	case *ast.BinaryExpr:
		for _, text := range operators[n.Op].text {
			s.add(operators[n.Op].kind, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), text)
			s.widen(operators[n.Op].kind, n)
		}
	case *ast.IncDecStmt:
		other := map[token.Token]string{token.INC: "--", token.DEC: "++"}[n.Tok]
		s.add(calculated, n.Pos(), n.End(), s.text(n.X)+other)
	case *ast.BasicLit:
		if value, err := strconv.Atoi(n.Value); n.Kind == token.INT && err == nil {
			s.add(offByOne, n.Pos(), n.End(), strconv.Itoa(value+1))
			if value > 0 {
				s.add(offByOne, n.Pos(), n.End(), strconv.Itoa(value-1))
			}
		}
	case *ast.Ident:
		if other := map[string]string{"true": "false", "false": "true"}[n.Name]; other != "" {
			s.add(flipped, n.Pos(), n.End(), other)
		}
	case *ast.CallExpr:
		s.swaps(n)
	case *ast.BlockStmt:
		s.statements(n.List)
	case *ast.CaseClause:
		s.statements(n.Body)
	case *ast.CommClause:
		s.statements(n.Body)
	case *ast.ReturnStmt:
		s.swallows(n)
	case *ast.BranchStmt:
		other := map[token.Token]string{token.BREAK: "continue", token.CONTINUE: "break"}[n.Tok]
		if other != "" && n.Label == nil {
			s.add(left, n.Pos(), n.End(), other)
		}
	case *ast.CompositeLit:
		for _, e := range n.Elts {
			if pair, ok := e.(*ast.KeyValueExpr); ok {
				s.drop(unset, e, pair)
			}
		}
	}
	return true
}

// widen lets the last fault tell the whole expression, where the bare operator says little.
func (s *search) widen(kind int, n *ast.BinaryExpr) {
	of := s.found[kind]
	f := &of[len(of)-1]
	from, to := s.files.Position(n.Pos()).Offset, s.files.Position(n.End()).Offset
	f.text = string(s.source[from:f.start]) + f.text + string(s.source[f.end:to])
	f.start, f.end, f.old = from, to, string(s.source[from:to])
}

// swaps exchanges two arguments that stand beside each other.
func (s *search) swaps(n *ast.CallExpr) {
	if name := s.text(n.Fun); name == "max" || name == "min" || strings.HasSuffix(name, ".Equal") {
		return // the order is no matter
	}
	for i := 1; i < len(n.Args); i++ {
		a, b := s.text(n.Args[i-1]), s.text(n.Args[i])
		if a == b {
			continue
		}
		from, to := n.Args[i-1].Pos(), n.Args[i].End()
		between := string(s.source[s.files.Position(n.Args[i-1].End()).Offset:s.files.Position(n.Args[i].Pos()).Offset])
		s.add(swapped, from, to, b+between+a)
	}
}

// statements leaves out calls, assignments and early returns.
func (s *search) statements(list []ast.Stmt) {
	for _, statement := range list {
		switch n := statement.(type) {
		case *ast.ExprStmt:
			s.drop(dropped, n, n)
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				s.drop(dropped, n, n)
			}
		case *ast.IncDecStmt:
			s.drop(dropped, n, n)
		case *ast.IfStmt:
			if n.Else != nil || len(n.Body.List) == 0 {
				continue
			}
			switch n.Body.List[len(n.Body.List)-1].(type) {
			case *ast.ReturnStmt, *ast.BranchStmt:
				s.drop(returned, n, n)
			}
		}
	}
}

// drop leaves a statement, or an element of a literal with the comma behind it, out.
func (s *search) drop(kind int, n, shown ast.Node) {
	to := n.End()
	if at := s.files.Position(to).Offset; kind == unset && at < len(s.source) && s.source[at] == ',' {
		to++
	}
	s.add(kind, shown.Pos(), to, "")
}

// swallows makes an error that is returned nil.
func (s *search) swallows(n *ast.ReturnStmt) {
	if len(n.Results) == 0 {
		return
	}
	last := n.Results[len(n.Results)-1]
	switch e := last.(type) {
	case *ast.Ident:
		if e.Name != "err" {
			return
		}
	case *ast.CallExpr:
		switch s.text(e.Fun) {
		case "fmt.Errorf", "errors.New", "errors.Join":
		default:
			return
		}
	default:
		return
	}
	s.add(swallowed, last.Pos(), last.End(), "nil")
}

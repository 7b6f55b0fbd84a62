// template-helper renders templates with Go's text/template and sprig. The tests compare keywave's own interpreter with it.
//
// It reads one JSON object a line on stdin and answers each with one line:
//
//	{"template": "<base64>", "data": ..., "numbers": "float"|"number", "input": true|false, "others": {"name": "<base64>"}}
//	{"output": "<base64>"}  or  {"error": "parse"|"exec", "message": "..."}
//
// `numbers`: what a JSON number becomes, float64 (encoding/json's way) or json.Number (as Vault's client decodes). `input`: the
// data is the struct with Secrets, Metadata, Annotations and Labels that an operator would hand over, otherwise it is a plain value.
// Functions: those of sprig's HermeticTxtFuncMap whose names are the argument, and Go's own.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
)

type question struct {
	Template []byte            `json:"template"`
	Data     json.RawMessage   `json:"data"`
	Numbers  string            `json:"numbers"`
	Input    bool              `json:"input"`
	Others   map[string][]byte `json:"others"`
}

type answer struct {
	Output  *[]byte `json:"output,omitempty"`
	Error   string  `json:"error,omitempty"`
	Message string  `json:"message,omitempty"`
}

type input struct {
	Secrets     map[string]any `json:"secrets"`
	Metadata    map[string]any `json:"metadata"`
	Annotations map[string]any `json:"annotations"`
	Labels      map[string]any `json:"labels"`
}

// A template may recurse or grow for ever: what it writes is bounded here.
type bounded struct {
	bytes.Buffer
}

const most = 1 << 20

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > most {
		return 0, fmt.Errorf("too much output")
	}
	return b.Buffer.Write(p)
}

func decode(asked question, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(asked.Data))
	if asked.Numbers == "number" {
		decoder.UseNumber()
	}
	return decoder.Decode(into)
}

func functions(names string) template.FuncMap {
	all := sprig.HermeticTxtFuncMap()
	allowed := template.FuncMap{}
	for _, name := range strings.Fields(names) {
		function, there := all[name]
		if !there {
			fmt.Fprintln(os.Stderr, "sprig has no function", name)
			os.Exit(2)
		}
		allowed[name] = function
	}
	return allowed
}

func reply(asked question, allowed template.FuncMap) (said answer) {
	defer func() {
		if problem := recover(); problem != nil {
			said = answer{Error: "exec", Message: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	var data any
	if asked.Input {
		whole := &input{}
		if err := decode(asked, whole); err != nil {
			return answer{Error: "question", Message: err.Error()}
		}
		data = whole
	} else if err := decode(asked, &data); err != nil {
		return answer{Error: "question", Message: err.Error()}
	}
	root := template.New("root").Funcs(allowed)
	// In order: of two definitions of one name the later counts.
	for _, name := range slices.Sorted(maps.Keys(asked.Others)) {
		if _, err := root.New(name).Parse(string(asked.Others[name])); err != nil {
			return answer{Error: "parse", Message: err.Error()}
		}
	}
	parsed, err := root.New("main").Parse(string(asked.Template))
	if err != nil {
		return answer{Error: "parse", Message: err.Error()}
	}
	written := &bounded{}
	if err := parsed.Execute(written, data); err != nil {
		return answer{Error: "exec", Message: err.Error()}
	}
	output := written.Bytes()
	if output == nil {
		output = []byte{}
	}
	return answer{Output: &output}
}

func main() {
	// As everywhere in the rig: no local time zone.
	time.Local = time.UTC
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: template-helper 'NAME NAME ...'")
		os.Exit(2)
	}
	allowed := functions(os.Args[1])
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			asked, said := question{}, answer{}
			if problem := json.Unmarshal(line, &asked); problem != nil {
				said = answer{Error: "question", Message: problem.Error()}
			} else {
				said = reply(asked, allowed)
			}
			encoded, _ := json.Marshal(said)
			out.Write(encoded)
			out.WriteByte('\n')
			// Whole batches are written at once: answer when nothing more waits.
			if in.Buffered() == 0 {
				out.Flush()
			}
		}
		if err == io.EOF {
			return
		}
	}
}

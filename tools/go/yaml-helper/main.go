// yaml-helper says what a YAML text means to Kubernetes. The tests compare keywave's own reading with it.
//
// It reads one JSON object a line on stdin, {"mode": "...", "doc": "<base64>"}, and answers each with one line:
//
//	value   (the default)  {"json": ...}               sigs.k8s.io/yaml.YAMLToJSON: what client-go and the API server read
//	strict                 {"json": ...}               the same, duplicate keys refused
//	split                  {"documents": ["<base64>"]} the documents of a stream, as text (apimachinery's YAMLReader)
//	stream                 {"json": [...]}             the documents of a stream, as values (YAMLOrJSONDecoder: kubectl's and Argo CD's way)
//
// A text that cannot be read gives {"error": "..."}. The mode of a line may also be given once for all as the first argument.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type question struct {
	Mode string `json:"mode"`
	Doc  []byte `json:"doc"`
}

type answer struct {
	JSON      json.RawMessage `json:"json,omitempty"`
	Documents *[][]byte       `json:"documents,omitempty"`
	Error     string          `json:"error,omitempty"`
}

func split(stream []byte) ([][]byte, error) {
	documents := [][]byte{}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
}

func decode(stream []byte) (json.RawMessage, error) {
	values := []json.RawMessage{}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(stream), 4096)
	for {
		var value json.RawMessage
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return json.Marshal(values)
		}
		if err != nil {
			return nil, err
		}
		if len(value) == 0 {
			value = json.RawMessage("null")
		}
		values = append(values, value)
	}
}

// reply never panics: a text that brings the parser down is an answer too.
func reply(asked question) (said answer) {
	defer func() {
		if problem := recover(); problem != nil {
			said = answer{Error: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	var err error
	switch asked.Mode {
	case "", "value":
		said.JSON, err = yaml.YAMLToJSON(asked.Doc)
	case "strict":
		said.JSON, err = yaml.YAMLToJSONStrict(asked.Doc)
	case "split":
		var documents [][]byte
		documents, err = split(asked.Doc)
		said.Documents = &documents
	case "stream":
		said.JSON, err = decode(asked.Doc)
	default:
		err = fmt.Errorf("unknown mode %q", asked.Mode)
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return said
}

func main() {
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if text := bytes.TrimSpace(line); len(text) > 0 {
			asked := question{Mode: mode}
			said := answer{}
			if problem := json.Unmarshal(text, &asked); problem != nil {
				said = answer{Error: "not a question: " + problem.Error()}
			} else {
				said = reply(asked)
			}
			encoded, problem := json.Marshal(said)
			if problem != nil {
				encoded, _ = json.Marshal(answer{Error: "cannot be said in JSON: " + problem.Error()})
			}
			out.Write(encoded)
			out.WriteByte('\n')
			// A test asks one line and waits for its answer.
			out.Flush()
		}
		if err != nil {
			return
		}
	}
}

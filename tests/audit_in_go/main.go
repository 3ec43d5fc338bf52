// Checks checkpoints and proofs of ToldOnce's audit with Go's own implementation of the formats: signed notes
// (sumdb/note) and RFC 6962 proofs (sumdb/tlog). Reads one JSON document on standard input; prints "ok", or what is wrong.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type event struct {
	Index   int64
	Salt    []byte
	Content []byte
	Proof   string // a C2SP tlog-proof
}

type growth struct {
	First  int64
	Second int64
	Proof  []string
}

type document struct {
	Vkey        string
	Checkpoints []string // notes, by size
	Events      []event
	Growth      []growth
}

func main() {
	var said document
	if err := json.NewDecoder(os.Stdin).Decode(&said); err != nil {
		fail(err)
	}
	verifier, err := note.NewVerifier(said.Vkey)
	if err != nil {
		fail(err)
	}
	known := note.VerifierList(verifier)
	roots := map[int64]tlog.Hash{}
	for _, text := range said.Checkpoints {
		tree, err := open(text, known)
		if err != nil {
			fail(err)
		}
		roots[tree.N] = tree.Hash
	}
	for _, one := range said.Events {
		if err := check(one, known); err != nil {
			fail(fmt.Errorf("event %d: %w", one.Index, err))
		}
	}
	for _, one := range said.Growth {
		hashes, err := decode(one.Proof)
		if err != nil {
			fail(err)
		}
		if err := tlog.CheckTree(hashes, one.Second, roots[one.Second], one.First, roots[one.First]); err != nil {
			fail(fmt.Errorf("from %d to %d: %w", one.First, one.Second, err))
		}
	}
	fmt.Println("ok")
}

// open verifies a note and reads the checkpoint in it: origin, size, root.
func open(text string, known note.Verifiers) (tlog.Tree, error) {
	opened, err := note.Open([]byte(text), known)
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// check follows a tlog-proof from the event's bytes to the checkpoint at its end.
func check(one event, known note.Verifiers) error {
	head, checkpoint, found := strings.Cut(one.Proof, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("no tlog-proof")
	}
	if lines[1] != fmt.Sprintf("index %d", one.Index) {
		return fmt.Errorf("proof of another event: %s", lines[1])
	}
	tree, err := open(checkpoint, known)
	if err != nil {
		return err
	}
	path, err := decode(lines[2:])
	if err != nil {
		return err
	}
	leaf := tlog.RecordHash(bytes.Join([][]byte{one.Salt, one.Content}, nil))
	return tlog.CheckRecord(path, tree.N, tree.Hash, one.Index, leaf)
}

func decode(lines []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(lines))
	for i, line := range lines {
		data, err := base64.StdEncoding.DecodeString(line)
		if err != nil || copy(hashes[i][:], data) != tlog.HashSize {
			return nil, fmt.Errorf("no hash: %q", line)
		}
	}
	return hashes, nil
}

func fail(err error) {
	fmt.Println(err)
	os.Exit(1)
}

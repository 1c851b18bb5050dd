// Package app keeps notes: PUT, GET and DELETE of /notes/NAME.
package app

import (
	"fmt"
	"strings"

	handler "mosaic.local/app/acme/backend/httphandler"
	"mosaic.local/app/wasi/keyvalue/store"
	"mosaic.local/app/wasi/logging/logging"
	"mosaic.local/app/wit"
)

// Handle answers one request.
func Handle(request handler.Request) handler.Response {
	path, _, _ := strings.Cut(request.Path, "?")
	name, found := strings.CutPrefix(path, "/notes/")
	if !found || name == "" || strings.Contains(name, "/") {
		return text(404, "there is no such page; notes are at /notes/NAME\n")
	}
	response, err := note(request, name)
	if err != nil {
		logging.Log(logging.LevelError, "notes", err.Error())
		return text(500, "the notes cannot be reached\n")
	}
	logging.Log(logging.LevelInfo, "notes", fmt.Sprintf("%s %s: %d", request.Method, name, response.Status))
	return response
}

func note(request handler.Request, name string) (handler.Response, error) {
	bucket, err := store.Open("notes")
	if err != nil {
		return handler.Response{}, err
	}
	defer bucket.Drop()
	switch request.Method {
	case "GET":
		note, err := bucket.Get(name)
		if err != nil {
			return handler.Response{}, err
		}
		if note.IsNone() {
			return text(404, "there is no such note\n"), nil
		}
		return text(200, string(note.Some())), nil
	case "PUT":
		if request.Body.IsNone() {
			return text(400, "a note needs a text\n"), nil
		}
		return text(204, ""), bucket.Set(name, request.Body.Some())
	case "DELETE":
		return text(204, ""), bucket.Delete(name)
	default:
		return text(405, "notes know GET, PUT and DELETE\n"), nil
	}
}

func text(status uint16, body string) handler.Response {
	response := handler.Response{Status: status}
	if body != "" {
		response.Headers = []wit.Tuple2[string, string]{{F0: "content-type", F1: "text/plain; charset=utf-8"}}
		response.Body = wit.Some([]byte(body))
	}
	return response
}

"""Routes and commands of Go, also in files that nobody has finished writing."""

from __future__ import annotations

from devassist.conflicts.manifests.go import go_facts


def keys(body: str) -> list[str]:
    return [fact.key for fact in go_facts("main.go", f"package main\n\nfunc main() {{\n{body}\n}}\n")]


def test_a_file_that_ends_in_the_middle_of_a_call_still_has_the_routes_before_it() -> None:
    assert keys('mux.Get("/users", users)\nmux.Post("/orders", func(w') == ["GET /users"]


def test_half_written_lines_leave_the_routes_around_them() -> None:
    assert keys('mux.Get("/a", a)\nif user. {\n}\nnext :=\nmux.Get("/b", b)') == ["GET /a", "GET /b"]


def test_routes_in_comments_and_strings_are_none() -> None:
    assert keys('// mux.Get("/a", a)\n/* mux.Get("/b", b) */\nprint(`mux.Get("/c", c)`)') == []


def test_gorilla_methods_narrow_a_route() -> None:
    stated = 'mux.HandleFunc("/users", users).Methods("GET", http.MethodPost)'
    assert keys(stated) == ["GET /users", "POST /users"]


def test_prefixes_of_groups_and_nested_routers_add_up() -> None:
    body = """
    api := mux.PathPrefix("/api").Subrouter()
    v1 := api.Group("/v1")
    v1.Route("/users", func(r chi.Router) {
        v1.Get("/{id}", user)
    })
    """
    assert keys(body) == ["GET /api/v1/users/{}"]


def test_a_command_made_in_the_call_that_adds_it_has_its_parent() -> None:
    body = """
    root.AddCommand(func() *cobra.Command {
        cmd := &cobra.Command{
            // Use: "other",
            Use: "serve [port]",
        }
        return cmd
    }())
    """
    (command,) = go_facts("cmd/root.go", f"package cmd\n\nfunc init() {{{body}}}\n")
    assert (command.key, command.scope) == ("command serve", "cmd:root")

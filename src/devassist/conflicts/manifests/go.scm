; Routes of Go's muxes (net/http, chi, gorilla, gin, echo) and subcommands of cobra.

(comment) @comment

; mux.HandleFunc("GET /users", users)
(call_expression
  function: (selector_expression
    operand: [(identifier) (selector_expression)] @route.receiver
    field: (field_identifier) @route.verb)
  arguments: (argument_list
    . [(interpreted_string_literal) (raw_string_literal)] @route.pattern
    (_) @route.more) @route.arguments
  (#any-of? @route.verb
    "HandleFunc" "Handle" "Any"
    "Get" "Post" "Put" "Delete" "Patch" "Head" "Options"
    "GET" "POST" "PUT" "DELETE" "PATCH" "HEAD" "OPTIONS")) @route

; r.Route("/api", func(r chi.Router) { ... })
(call_expression
  function: (selector_expression field: (field_identifier) @nest.verb)
  arguments: (argument_list . (interpreted_string_literal) @nest.prefix . (func_literal))
  (#eq? @nest.verb "Route")) @nest

; api := mux.Group("/api")    api := mux.PathPrefix("/api").Subrouter()
([
  (short_var_declaration
    left: (expression_list . (identifier) @group)
    right: (expression_list . [
      (call_expression
        function: (selector_expression operand: (identifier) @group.receiver field: (field_identifier) @group.verb)
        arguments: (argument_list . (interpreted_string_literal) @group.prefix))
      (call_expression
        function: (selector_expression operand: (call_expression
          function: (selector_expression operand: (identifier) @group.receiver field: (field_identifier) @group.verb)
          arguments: (argument_list . (interpreted_string_literal) @group.prefix))))
    ]))
  (assignment_statement
    left: (expression_list . (identifier) @group)
    right: (expression_list . [
      (call_expression
        function: (selector_expression operand: (identifier) @group.receiver field: (field_identifier) @group.verb)
        arguments: (argument_list . (interpreted_string_literal) @group.prefix))
      (call_expression
        function: (selector_expression operand: (call_expression
          function: (selector_expression operand: (identifier) @group.receiver field: (field_identifier) @group.verb)
          arguments: (argument_list . (interpreted_string_literal) @group.prefix))))
    ]))
]
(#any-of? @group.verb "Group" "PathPrefix" "Party"))

; mux := http.NewServeMux()
(short_var_declaration left: (expression_list . (_) @made) right: (expression_list . (call_expression)))
(assignment_statement left: (expression_list . (_) @made) right: (expression_list . (call_expression)))
(var_spec name: (identifier) @made value: (expression_list . (call_expression)))

; var serve = &cobra.Command{Use: "serve"}
(unary_expression
  operand: (composite_literal
    type: (qualified_type package: (package_identifier) @command.package name: (type_identifier) @command.type)
    body: (literal_value
      (keyed_element
        key: (literal_element (identifier) @command.key)
        value: (literal_element [(interpreted_string_literal) (raw_string_literal)] @command.use))) @command.body)
  (#eq? @command.package "cobra")
  (#eq? @command.type "Command")
  (#eq? @command.key "Use")) @command

; root.AddCommand(serve)
(call_expression
  function: (selector_expression operand: (_) @added.parent field: (field_identifier) @added.verb)
  arguments: (argument_list) @added
  (#eq? @added.verb "AddCommand"))

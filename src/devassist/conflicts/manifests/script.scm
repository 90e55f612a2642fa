; Routes and mounts of Express and its like, in JavaScript and TypeScript.

(comment) @comment

; app.get("/users", users)    router.route("/users").get(list).post(create)
(call_expression
  function: (member_expression
    object: [(identifier) (member_expression)] @route.receiver
    property: (property_identifier) @route.verb)
  arguments: (arguments . [(string) (template_string)] @route.url) @route.arguments
  (#any-of? @route.verb "get" "post" "put" "delete" "patch" "head" "options" "all" "route")) @route

; app.use("/api", users)
(call_expression
  function: (member_expression
    object: [(identifier) (member_expression)] @use.receiver
    property: (property_identifier) @use.verb)
  arguments: (arguments) @use
  (#eq? @use.verb "use"))

; const app = express()    const { router } = require("./users")
(variable_declarator name: [(identifier) (object_pattern)] @bound value: (_) @bound.value)

; import users, { admin as boss } from "./users"
(import_statement (import_clause) @import source: (string) @import.origin)

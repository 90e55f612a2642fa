# Makes of the events of `go test -json` what `go test` prints: without -v only what failed, and a line per package.

function value(name,   quoted) {
    if (!match($0, "\"" name "\":\"([^\"\\\\]|\\\\.)*\"")) return ""
    quoted = substr($0, RSTART, RLENGTH)
    return unescaped(substr(quoted, length(name) + 5, length(quoted) - length(name) - 5))
}

function unescaped(s,   out, i, c) {
    while ((i = index(s, "\\")) > 0) {
        c = substr(s, i + 1, 1)
        out = out substr(s, 1, i - 1)
        if (c == "u") {
            out = out character(substr(s, i + 2, 4))
            s = substr(s, i + 6)
        } else {
            out = out (c == "n" ? "\n" : c == "t" ? "\t" : c == "r" ? "\r" : c == "b" ? "\b" : c == "f" ? "\f" : c)
            s = substr(s, i + 2)
        }
    }
    return out s
}

function character(digits,   i, code) {
    for (i = 1; i <= 4; i++) code = code * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
    return code < 128 ? sprintf("%c", code) : "?"
}

function show(text) {
    printf "%s", text
    fflush()
}

function output(text, key, of_test) {
    if (verbose) show(text)
    else if (!of_test) { if (text != "PASS\n") show(text) }
    else if (text !~ /^=== (RUN|PAUSE|CONT|NAME) /) held[key] = held[key] text
}

function ended(action, key, of_test,   other) {
    if (of_test && action == "fail" && (key in held)) show(held[key])
    if (of_test) { delete held[key]; return }
    for (other in held) if (index(other, key) == 1) {
        if (action == "fail") show(held[other])
        delete held[other]
    }
}

!/^\{.*\}$/ { print; fflush(); next }

{
    action = value("Action")
    test = value("Test")
    key = value("Package") SUBSEP test
    if (action == "output") output(value("Output"), key, test != "")
    else if (action == "build-output") show(value("Output"))
    else if (action == "pass" || action == "fail" || action == "skip") ended(action, key, test != "")
}

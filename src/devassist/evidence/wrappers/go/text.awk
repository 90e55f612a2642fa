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

# Events come as with -v, the outcome last: people read it above what the test said, and a subtest below its parent.
function output(text, package, test,   key) {
    key = package SUBSEP test
    if (verbose) show(text)
    else if (test == "") { if (text != "PASS\n") show(text) }
    else if (text ~ /^ *--- / && index(text, "--- FAIL: " test " (")) head[key] = text
    else if (text !~ /^=== (RUN|PAUSE|CONT|NAME) /) held[key] = held[key] text
}

function said(key,   text) {
    text = head[key] held[key] below[key]
    delete head[key]; delete held[key]; delete below[key]
    return text
}

function parent(package, test,   cut) {
    while ((cut = match(test, /\/[^\/]*$/)) > 0) {
        test = substr(test, 1, cut - 1)
        if ((package SUBSEP test) in begun) return package SUBSEP test
    }
    return ""
}

function test_ended(action, package, test,   key, above, text) {
    key = package SUBSEP test
    text = said(key)
    delete begun[key]
    if (action != "fail") return
    above = parent(package, test)
    if (above == "") show(text)
    else below[above] = below[above] text
}

# Tests that have not ended when their package has: of a crash, or of an outcome that is no event before Go 1.20.
function package_ended(action, package,   key, text) {
    for (key in begun) if (index(key, package SUBSEP) == 1) {
        text = said(key)
        if (action == "fail") show(text)
        delete begun[key]
    }
}

!/^\{.*\}$/ { print; fflush(); next }

{
    action = value("Action")
    test = value("Test")
    package = value("Package")
    if (test != "") begun[package SUBSEP test]
    if (action == "output") output(value("Output"), package, test)
    else if (action == "build-output") show(value("Output"))
    else if (action == "pass" || action == "fail" || action == "skip") {
        if (test != "") test_ended(action, package, test)
        else package_ended(action, package)
    }
}

# Sourced by each wrapper: finds the program that it stands before on PATH, and whether anybody wants a report.
#
# A wrapper never changes a command's exit code, standard input or the order of its output; in doubt it runs the program
# as it was called. Only the outermost runner reports: what it starts sees neither the wrappers nor DEVASSIST_RESULTS.

# $me is the wrapper itself, also where somebody made a link to it.
tool=${me##*/}
here=${me%/*}
wrappers=${here%/*}

real=
rest=
old_ifs=$IFS
IFS=:
set -f
for directory in $PATH; do
    case $directory in "$wrappers"/*) continue ;; esac
    rest=$rest${rest:+:}$directory
    if [ -z "$real" ] && [ -f "$directory/$tool" ] && [ -x "$directory/$tool" ]; then
        real=$directory/$tool
    fi
done
set +f
IFS=$old_ifs
if [ -z "$real" ]; then
    echo "$tool: not found" >&2
    exit 127
fi

has() { # WORD ARGUMENT...: whether WORD or WORD=... is among the arguments before `--` and `-args`
    wanted=$1
    shift
    for word in "$@"; do
        case $word in
        "$wanted" | "$wanted"=*) return 0 ;;
        -- | -args | --args) return 1 ;;
        esac
    done
    return 1
}

begin() { # RUNNER: claim the files $base.* and hide from children, or fail if nobody listens
    [ -n "$DEVASSIST_RESULTS" ] || return 1
    base=$DEVASSIST_RESULTS/$1-$$
    { true >"$base.begun"; } 2>/dev/null || return 1
    unset DEVASSIST_RESULTS
    PATH=$rest
    export PATH
}

finish() { # CODE: note how the program ended, and end in the same way
    { echo "$1" >"$base.code"; } 2>/dev/null
    exit "$1"
}

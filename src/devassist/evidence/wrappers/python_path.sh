# Sourced by the wrappers of Python and of what starts it.
hook=${wrappers%/*}/python
if [ -n "$DEVASSIST_RESULTS" ]; then
    case :$PYTHONPATH: in
    *:"$hook":*) ;;
    *)
        PYTHONPATH=$hook${PYTHONPATH:+:$PYTHONPATH}
        export PYTHONPATH
        ;;
    esac
fi

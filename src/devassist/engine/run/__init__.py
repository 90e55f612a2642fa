"""
Who owns a run: which thread decides what happens next.

coordinator   the thread that called `Supervisor.execute`: results, parked tasks, landings, the end of all worktrees.
              It alone takes from the inbox, and looks at the state anew on every pass: no message is a fact.
task-<id>     one task's step: its worker and its agents' worktrees. Gets values, posts StepEnded or StepBroke.
landing       the result branch, one landing at a time. Posts what it came to.
baseline      runs the checks on the base, beside planning and work. Their fresh tree is for who holds their lock.
log-listener  reads into the journal what other processes record, pulls the stop switch, posts LogChanged.
signals, clock, wind-down   pull the stop switch and kill; conflict-watch looks on. They own nothing.
audit         the log's only writer. It hands each record to the journal, which is the run's state, then to views.

A thread that breaks ends the run: it posts its error or pulls the switch. Whoever holds more than one lock took them
in this order: Checks, Journal's deciding, Journal.lock; all other locks are taken last, and nothing is awaited in them.
"""

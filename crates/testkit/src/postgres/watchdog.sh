# Waits until its input ends: the test is over, however it ended. Then server $1/data and folder $1 go.
trap '' INT TERM HUP
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
[ -n "$pid" ] && sh "$1/processes.sh" KILL "$pid"
rm -rf "$1"

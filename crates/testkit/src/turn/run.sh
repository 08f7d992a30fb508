# Runs $2... in the folder $1 until the input ends: the test is over, however it ended. Then both go.
trap '' INT TERM HUP
folder=$1
shift
cd "$folder" || exit 1
"$@" </dev/null >log 2>&1 &
echo $!
exec 1>&-
cat >/dev/null
kill -KILL $! 2>/dev/null
wait
cd / && rm -rf "$folder"

# Runs $2... with folder $1 of its own until the input ends: the test is over, however it ended. Then both go.
trap '' INT TERM HUP
folder=$1
shift
mkdir -p "$folder"
"$@" --dir "$folder" </dev/null >"$folder/log" 2>&1 &
echo $!
exec 1>&-
cat >/dev/null
kill -KILL $! 2>/dev/null
wait
rm -rf "$folder"

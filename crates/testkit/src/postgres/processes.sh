# Sends signal $1 to the server with process id $2 and to its children. It is stopped first: a server that runs might
# fork between the look and the signal, and children of a killed one are no longer found.
kill -STOP "$2" 2>/dev/null || exit 0
children=$(grep -ls "^PPid:[[:space:]]*$2\$" /proc/[0-9]*/status | cut -d/ -f3)
kill "-$1" "$2" $children 2>/dev/null
true

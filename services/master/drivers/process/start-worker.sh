#!/bin/sh
# start-worker.sh <pid file> <command> [argument...]
#
# Writes down which process it is, then becomes the command, under the same pid. The process does this itself,
# before it is a worker, so a master that dies in between leaves no worker that nobody knows. The file is whole
# from its first moment and made by one process only: a second launch of the same machine ends here with 75.
set -eu
pid_file=$1
shift

# pid, boot of the system, start of the process: pids are reused, and all three together are not.
if [ -r "/proc/$$/stat" ]; then
  IFS= read -r boot </proc/sys/kernel/random/boot_id
  IFS= read -r stat <"/proc/$$/stat"
  start_time() { shift 19 && printf '%s' "$1"; }
  # The second field is the name in parentheses, which may hold anything; the 22nd is the 20th after it. proc(5)
  # shellcheck disable=SC2046,SC2086
  start=$(start_time ${stat##*) })
else # macOS
  boot=$(sysctl -n kern.bootsessionuuid)
  start=$(LC_ALL=C ps -o lstart= -p $$)
fi

printf '%s\n%s\n%s\n' "$$" "$boot" "$start" >"$pid_file.$$"
if ln "$pid_file.$$" "$pid_file" 2>/dev/null; then
  rm -f "$pid_file.$$"
  exec "$@"
fi
rm -f "$pid_file.$$"
exit 75

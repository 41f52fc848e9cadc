#!/bin/sh
# An agent: claims a task whose predecessor is done, together with the file that the task changes, and works on it. Ends
# when no task has become free for a while.
AGENT=${1:?which agent?}
export AGENT

while :; do
  linda with '["task", ?id, ?after, ?file]' --lock '["file", ?file]' --if '["done", ?after]' \
    --wait "${PATIENCE:-5s}" --lease "${LEASE:-10s}" --attempts 3 -- sh work.sh {id} {file}
  case $? in
    0) echo "$AGENT: $(linda count '["done", _]') done" ;;
    1) exit 0 ;; # nothing to do
    *) echo "$AGENT: it failed, and is back for whoever comes next" ;;
  esac
done

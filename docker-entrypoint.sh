#!/bin/sh
# Runs an entry point of the project as an ordinary user.
#
# A bind-mounted ./runs belongs to whoever made it: the caller, or root where Docker made
# it. The process takes the caller's identity, so that results belong to the caller, and
# never root's: then it hands /runs to user 1000 first.
#
# In a rootless engine the caller is root in here, and 1000 somebody whose files the
# caller could not delete outside: what is root's is the caller's, and stays so.
set -eu

# Whether users have other numbers outside.
is_rootless() {
    grep -qsvE '^ *0 +0 +4294967295$' /proc/self/uid_map
}

if [ "$(id -u)" = 0 ]; then
    user=$(stat -c %u /runs)
    group=$(stat -c %g /runs)
    if [ "$user" = 0 ] && ! is_rootless; then
        user=1000 group=1000
        chown "$user:$group" /runs
    fi
    if [ "$user" != 0 ]; then
        exec setpriv --reuid "$user" --regid "$group" --clear-groups sh "$0" "$@"
    fi
fi

# A user id that the image does not know has neither name nor home folder.
export HOME=/tmp USER="${USER:-tp2}"
export MLFLOW_TRACKING_URI="${MLFLOW_TRACKING_URI:-sqlite:////runs/mlflow.db}"
# Two containers on a new store: the first makes it, the other waits.
PYTHONPATH=/app python -m lab.runs.store
exec mlflow run /app --env-manager local "$@"

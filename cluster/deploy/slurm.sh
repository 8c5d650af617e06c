#!/bin/bash
# Mines on the machines of one Slurm job, from the folder with your .venv:
#
#   sbatch --nodes=4 cluster/deploy/slurm.sh CONFIG NAME [options of `outvoted mine`]
#
# Near its time limit, or when its machines are wanted by others, the run writes what it has; the job then goes back
# into the queue, and resumes when it starts again. The home folder must be one that all its machines share.
#SBATCH --job-name=outvoted
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --exclusive
#SBATCH --time=12:00:00
#SBATCH --signal=B:USR1@180
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=outvoted-%j.log
set -euo pipefail

config=${1:?usage: sbatch slurm.sh CONFIG NAME [options]}
name=${2:?usage: sbatch slurm.sh CONFIG NAME [options]}
shift 2
# shellcheck disable=SC1091  # yours
source "${OUTVOTED_ENV:-$PWD/.venv}/bin/activate"

# Whoever would use this Ray must show a token that only you can read. Each start has its own.
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH="$HOME/.outvoted/slurm-$SLURM_JOB_ID.token"
export RAY_USAGE_STATS_ENABLED=0 RAY_ENABLE_UV_RUN_RUNTIME_ENV=0
# A lost machine is noticed within 10 seconds rather than a minute.
export RAY_health_check_initial_delay_ms=1000 RAY_health_check_period_ms=1000
export RAY_health_check_timeout_ms=2000 RAY_health_check_failure_threshold=3
unset RAY_AUTH_TOKEN
trap 'rm -f "$RAY_AUTH_TOKEN_PATH"' EXIT
trap 'exit 130' USR1 TERM
rm -f "$RAY_AUTH_TOKEN_PATH"
(
    umask 077
    mkdir -p "${RAY_AUTH_TOKEN_PATH%/*}"
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$RAY_AUTH_TOKEN_PATH"
)

names=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${names%%$'\n'*}                               # this script runs there
ip=${OUTVOTED_IP:-$(hostname -I | cut -d ' ' -f 1)} # of another network card, if you name one
port=$((20000 + SLURM_JOB_ID % 10000))
on_node=(--overlap --ntasks-per-node=1 --cpus-per-task="$SLURM_CPUS_PER_TASK")
started=()

echo "starting Ray on $SLURM_JOB_NUM_NODES machines, the first is $head ($ip:$port)"
srun "${on_node[@]}" --nodes=1 --nodelist="$head" \
    ray start --head --block --node-ip-address="$ip" --port="$port" --dashboard-host=127.0.0.1 \
    --num-cpus="$SLURM_CPUS_PER_TASK" --temp-dir="/tmp/ray-$SLURM_JOB_ID" &
started+=($!)
for _ in {1..60}; do
    ray health-check --address "$ip:$port" > /dev/null 2>&1 && break
    sleep 2
done
if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
    srun "${on_node[@]}" --nodes=$((SLURM_JOB_NUM_NODES - 1)) --exclude="$head" --no-kill \
        ray start --block --address="$ip:$port" --num-cpus="$SLURM_CPUS_PER_TASK" --temp-dir="/tmp/ray-$SLURM_JOB_ID" &
    started+=($!)
fi
machines() {
    python -c 'import ray, sys; ray.init(sys.argv[1], logging_level="ERROR"); print(sum(n["Alive"] for n in ray.nodes()))' "$@"
}
for _ in {1..30}; do # those that come later join the run
    [ "$(machines "$ip:$port" 2> /dev/null || echo 0)" -ge "$SLURM_JOB_NUM_NODES" ] && break
    sleep 2
done

# USR1 comes from Slurm before the time is up, TERM when the job is cancelled or has to make room: the run is told.
outvoted mine "$config" --name "$name" --address "$ip:$port" --start-or-resume "$@" &
run=$!
told=
trap 'trap "" USR1 TERM; told=USR1; kill -TERM "$run"' USR1
trap 'trap "" USR1 TERM; told=TERM; kill -TERM "$run"' TERM
code=0
wait "$run" || code=$?
if [ -n "$told" ]; then # the signal ended the waiting, not the run
    code=0
    wait "$run" || code=$?
fi
trap '' USR1 TERM

kill -TERM "${started[@]}" 2> /dev/null || true # ray start --block lets its machine finish what it has
for _ in {1..300}; do
    kill -0 "${started[@]}" 2> /dev/null || break
    sleep 0.2
done
kill -KILL "${started[@]}" 2> /dev/null || true
if [ "$code" -ne 0 ] && [ "$told" = USR1 ]; then # after TERM, Slurm itself knows whether the job is wanted again
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
